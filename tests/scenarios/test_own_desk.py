"""A desk of one's own in a scenario: laid out as it says, judged from the venues' side, measured as far as it shows."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from squall.cli import cli
from squall.faults.fault import during
from squall.faults.host import Crash
from squall.scenarios import desk_promises, venue_promises
from squall.scenarios.checks.orders import filled_within_ordered, no_order_twice, orders_end
from squall.scenarios.checks.sla import latency_within
from squall.scenarios.checks.told import positions_told
from squall.scenarios.compare import without_faults
from squall.scenarios.desk import Desk, DeskError, Floor, Seat
from squall.scenarios.inspect import inspect
from squall.scenarios.our_desk import our_desk
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, judge, run
from squall.scenarios.scenario import Promise, Scenario
from squall.scenarios.search.coverage import Coverage
from squall.scenarios.topology import Stage, build
from squall.sim.core_group import CoreGroup, GroupSpec
from squall.sim.exchange.wire.messages import (
    BookUpdate,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrdType,
    Side,
    Snapshot,
    SnapshotRequest,
    TimeInForce,
)
from squall.sim.guard import NondeterminismError
from squall.sim.ring import QueueSpec
from squall.sim.service import read_empirical
from squall.system.runtime import Runtime
from tests.scenarios.stages import Tale, fired, held, status, undecided

MS = 1_000_000
SECOND = 1_000 * MS
HANDLERS = Path(__file__).parents[2] / "docs" / "own_desk" / "handlers.py"


class Trader:
    """Logs on to every venue and sends it one order; keeps what it is sent."""

    def __init__(self, runtime: Runtime, floor: Floor) -> None:
        self.runtime, self.floor = runtime, floor
        self.heard: list[Any] = []

    def on_start(self) -> None:
        for venue in self.floor.venues:
            self.runtime.open(venue.address)

    def on_stream_open(self, peer: str) -> None:
        self.runtime.write(peer, Logon(self.runtime.address, 1))
        self.runtime.write(peer, SnapshotRequest(self.runtime.address, 1))

    def on_message(self, sender: str, message: Any) -> None:
        self.heard.append(message)
        if isinstance(message, LogonAccepted):
            name = f"mine-{sender}"
            market, ioc = OrdType.MARKET, TimeInForce.IOC
            self.runtime.write(sender, NewOrderSingle(name, name, "ACME", Side.BUY, 3, market, ioc, None))

    def on_stream_closed(self, peer: str, reason: str) -> None: ...
    def on_timer(self, key: Any) -> None: ...
    def on_durable(self, token: int) -> None: ...
    def on_config(self, config: Any) -> None: ...


def _seat(host: str = "box", address: str = "trader", **changes: Any) -> Seat:
    return Seat(host, address, Trader, **changes)


def _choice(desk: Desk, *promises: Promise, **changes: Any) -> Choice:
    made = Scenario(desk=desk, promises=promises or venue_promises.always(), duration_ns=1 * SECOND, **changes)
    return Choice(name="own", scenario=made, proves="", seed=1)


def _over(desk: Desk, *promises: Promise, **changes: Any) -> Stage:
    choice = _choice(desk, *promises, **changes)
    return judge(choice, choice.settled()).stage


ALONE = Desk(seats=(_seat(),), orders_from=("box",))


# --- how it is laid out ---


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Desk(seats=(), orders_from=()), "expected at least one program"),
        (lambda: Desk(seats=(_seat(), _seat("other")), orders_from=("box",)), "'trader' more than once"),
        (lambda: Desk(seats=(_seat(),), orders_from=("bax",)), "no host 'bax'; hosts are box"),
        (lambda: Desk(seats=(_seat(),), orders_from=()), "no order could leave"),
        (lambda: Desk(seats=(_seat(),), orders_from=("box",), snapshots_from=("md",)), "no host 'md'"),
        (lambda: Desk(seats=(_seat(feed_lines=("C",)),), orders_from=("box",)), "no feed line 'C'; lines are A and B"),
        (lambda: Desk(seats=(_seat(),), orders_from=("box",), groups={"venues": ("box",)}), "choose another name"),
        (lambda: Desk(seats=(_seat(),), orders_from=("box",), groups={"mine": ("bix",)}), "no host 'bix'"),
    ],
)
def test_a_desk_that_cannot_be_is_refused_with_what_was_expected(made: Callable[[], Desk], said: str) -> None:
    with pytest.raises(DeskError, match=said):
        made()


def test_its_programs_stand_where_it_says_and_trade_over_the_lines_it_has() -> None:
    stage = _over(ALONE)
    assert [host for host in stage.world.hosts if host not in stage.world.venues] == ["box"]
    assert tuple(stage.world.network.links) == ("box/lan", "exchange-a/orders", "exchange-b/orders")
    assert stage.measure.totals["fills"] > 0
    assert stage.world.groups["desk"] == ("box",)
    assert stage.world.groups["orders"] == ("exchange-a/orders", "exchange-b/orders")


def test_market_data_comes_to_whoever_subscribes_on_a_card_of_its_own() -> None:
    desk = Desk(
        seats=(_seat(), _seat("quotes", "book", feed_lines=("A", "B")), _seat("tape", "tape", feed_lines=("A",))),
        orders_from=("box", "quotes", "tape"),
        snapshots_from=("quotes",),
    )
    stage = _over(desk)
    feeds = stage.world.groups["feeds"]
    assert feeds[:3] == ("exchange-a/feed-A", "exchange-a/feed-A/tape/A", "exchange-a/feed-B")
    assert "exchange-a/snapshots" not in stage.world.network.links  # its host has a line there already
    lines = {address: _lines_heard(stage, address) for address in ("trader", "book", "tape")}
    assert lines == {"trader": set(), "book": {"A", "B"}, "tape": {"A"}}
    assert any(isinstance(message, Snapshot) for message in _heard(stage, "book"))


def _heard(stage: Stage, address: str) -> list[Any]:
    program: Any = stage.world.program(address)
    return list(program.heard)


def _lines_heard(stage: Stage, address: str) -> set[str]:
    return {message.line for message in _heard(stage, address) if isinstance(message, BookUpdate)}


def test_selectors_know_its_groups_and_its_primary() -> None:
    desk = Desk(
        seats=(_seat(), _seat("spare", "spare")),
        orders_from=("box", "spare"),
        groups={"pair": ("box", "spare")},
        primary=lambda world: lambda: "spare",
    )
    crash = during(400 * MS, 500 * MS, Crash("primary of pair"))
    stage = _over(desk, plan=(crash,))
    assert stage.plan.struck == ["spare"]


def test_our_own_desk_is_a_value_of_the_same_shape() -> None:
    default, stated = build("calm", Scenario(), 1), build("calm", Scenario(desk=our_desk()), 1)
    assert tuple(default.world.network.links) == tuple(stated.world.network.links)
    assert default.wiring == stated.wiring


# --- how it is judged ---


def test_a_promise_about_our_own_services_is_refused_by_name() -> None:
    for promise in desk_promises.always() + desk_promises.settles():
        if promise.of_our_desk:
            with pytest.raises(DeskError, match=re.escape(promise.name)):
                _over(ALONE, promise)
    with pytest.raises(DeskError, match="signal_to_wire p99"):
        _over(ALONE, latency_within("signal_to_wire", 99, 1))


def test_nobody_finds_services_of_ours_on_another_desk() -> None:
    with pytest.raises(DeskError, match="no services by Squall's names"):
        _ = build("own", Scenario(desk=ALONE), 1).wiring


def test_on_the_command_line_that_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    text = HANDLERS.read_text().replace("*venue_promises.settles()", "one_leader()")
    own.write_text("from squall.scenarios.checks.leadership import one_leader\n" + text)
    result = CliRunner().invoke(cli, ["run", f"{own}:own_oms"])
    assert result.exit_code == 2
    assert "promise 'at most one leader acts per epoch' judges Squall's own desk" in result.output


@pytest.fixture
def tale() -> Tale:
    return Tale(desk=ALONE)


def test_an_order_is_what_was_first_sent_under_its_link_and_twice_is_found(tale: Tale) -> None:
    judge = tale.judge(no_order_twice())
    tale.left("mine-1", lots=10)
    tale.accepted("mine-1", lots=10)
    assert held(judge.ruling())
    tale.left("mine-1", name="mine-1b", lots=10)
    assert held(judge.ruling())  # it may be refused yet
    tale.accepted("mine-1", lots=10, name="mine-1b", venue="exchange-b")
    assert fired(judge.ruling())


def test_what_goes_from_one_program_of_the_desk_to_another_is_no_order_yet(tale: Tale) -> None:
    judge = tale.judge(filled_within_ordered())
    tale.left("mine-1", lots=99, venue="gateway")
    tale.left("mine-1", lots=10)
    tale.executed("mine-1", lots=10)
    assert held(judge.ruling())
    tale.executed("mine-1", lots=1)
    assert fired(judge.ruling())


def test_an_order_ends_at_its_venue(tale: Tale) -> None:
    judge = tale.judge(orders_end())
    assert undecided(judge.ruling())
    tale.left("mine-1")
    assert fired(judge.ruling())
    tale.accepted("mine-1")
    assert fired(judge.ruling())
    tale.closed("mine-1")
    assert held(judge.ruling())


def test_an_order_ends_by_a_refusal_or_by_asking_after_it(tale: Tale) -> None:
    judge = tale.judge(orders_end())
    tale.left("mine-1")
    tale.refused("mine-1")
    assert held(judge.ruling())
    tale.left("mine-2")
    tale.handled("trader", "exchange-a", status("mine-2", known=True))
    assert fired(judge.ruling())
    tale.handled("trader", "exchange-a", status("mine-2", known=False))
    assert held(judge.ruling())


def test_limits_are_those_that_are_stated(tale: Tale) -> None:
    size, exposure = (tale.judge(each) for each in venue_promises.always(15, 12)[2:4][::-1])
    tale.left("mine-1", lots=10)
    tale.accepted("mine-1", lots=10)
    assert held(size.ruling())
    assert held(exposure.ruling())
    tale.left("mine-2", lots=13)
    assert fired(size.ruling())
    tale.accepted("mine-2", lots=13)
    assert fired(exposure.ruling())


def test_what_the_desk_says_it_has_is_held_against_the_venues(tale: Tale) -> None:
    said: dict[str, int] = {}
    judge = tale.judge(positions_told(lambda stage: said))
    assert undecided(judge.ruling())
    tale.accepted("mine-1")
    tale.executed("mine-1", lots=10)
    tale.executed("mine-2", lots=4, buy=False)
    assert fired(judge.ruling())
    said["ACME"] = 6
    assert held(judge.ruling())
    said["BOLT"] = 1
    assert fired(judge.ruling())
    assert fired(tale.judge(positions_told(lambda stage: None)).ruling())


# --- what is shown of it ---


def test_figures_that_need_our_services_are_absent_and_the_others_begin_on_the_wire() -> None:
    result = run(_choice(ALONE))
    figures = result.metrics
    assert result.verdict is Verdict.PASS
    assert (figures["orders"], figures["orders_sent_to_venues"]) == (2, 2)
    assert figures["order_to_ack_count"] == 2
    assert 0 < figures["order_to_ack_max_ns"] < 1 * MS
    assert not [name for name in figures if name.startswith("signal_to_wire") or name == "execution_timeouts"]
    assert [series.metric for series in result.latencies] == ["order_to_ack", "order_to_fill"]
    assert result.lanes == ()


def test_its_orders_are_compared_and_inspected_by_their_own_names() -> None:
    choice = _choice(ALONE, plan=(during(100 * MS, 200 * MS, Crash("box")),))
    comparison = without_faults(choice)
    assert comparison.orders == 2
    assert "signal_to_wire_p50_ns" not in comparison.first.figures
    assert comparison.first.figures["orders_at_venues"] == 2
    inspection = inspect(choice, 50 * MS, "mine-exchange-a")
    assert inspection.order is not None
    assert any("accepts mine-exchange-a" in step.words for step in inspection.order.steps)
    assert inspection.services == {"trader": {}}


def test_what_was_seen_of_it_is_what_its_venues_did() -> None:
    choice = _choice(ALONE)
    watching: list[Coverage] = []
    judge(choice, choice.settled(), watch=lambda stage: watching.append(Coverage(stage)))
    seen = watching[0].seen()
    assert seen["order sent, no fault"] == 2
    assert seen["order sent → accepted, no fault"] == 2
    assert seen["order executed → closed, no fault"] == 2


# --- its modules are scanned ---


def _campaign_file(tmp_path: Path, before: str, inside: str) -> str:
    """The OMS in handlers, with something captured before its imports and used when it trades."""
    text = HANDLERS.read_text()
    trades = "def trade(oms: Oms) -> None:\n"
    assert text.count(trades) == 1
    head, _, rest = text.partition("from typing import Any\n")
    own = tmp_path / "own.py"
    own.write_text(f"{head}{before}\nfrom typing import Any\n{rest.replace(trades, trades + inside)}")
    return f"{own}:own_oms"


def test_a_captured_clock_of_a_program_is_refused_where_it_is_read(tmp_path: Path) -> None:
    own = _campaign_file(tmp_path, "from time import time", "    time()\n")
    result = CliRunner().invoke(cli, ["run", own])
    assert isinstance(result.exception, NondeterminismError)
    assert "own.py:" in str(result.exception)
    assert "called time.time during a run" in str(result.exception)


def test_a_clock_that_cannot_be_replaced_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    own = _campaign_file(tmp_path, "from time import time\nCLOCKS = [time]", "")
    result = CliRunner().invoke(cli, ["run", own])
    assert result.exit_code == 2
    assert "CLOCKS holds time.time; " in result.output


def test_a_constructor_is_guarded_like_any_handler(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    begins = "        self.runtime, self.floor = runtime, floor\n"
    text = HANDLERS.read_text()
    assert text.count(begins) == 1
    own.write_text("import time\n" + text.replace(begins, begins + "        time.time()\n"))
    result = CliRunner().invoke(cli, ["run", f"{own}:own_oms"])
    assert isinstance(result.exception, NondeterminismError)


def test_a_coroutine_reads_its_hosts_clock_through_a_captured_name_too(tmp_path: Path) -> None:
    text = (HANDLERS.parent / "coroutines.py").read_text()
    asks = "        while len(self.orders) < orders:\n            assert now() < 60 and stamp.now().year < 1971\n"
    own = tmp_path / "own.py"
    own.write_text(
        "from time import time as now\nfrom datetime import datetime as stamp\n"
        + text.replace("        while len(self.orders) < orders:\n", asks)
    )
    assert CliRunner().invoke(cli, ["run", f"{own}:own_trader", "--no-faults"]).exit_code == 0


def test_a_seat_may_be_pinned_to_cores_that_take_what_somebody_has_measured(tmp_path: Path) -> None:
    measured = tmp_path / "service.csv"
    measured.write_text("service_ns\n5000\n5000\n")
    cores = GroupSpec(cores=2, service={LogonAccepted: read_empirical(measured)}, queue=QueueSpec(8))
    seats = (_seat(core="isolated", cores=cores, memory_bytes=1 << 30), _seat(address="second", core="isolated"))
    host = _over(Desk(seats=seats, orders_from=("box",))).world.host("box")
    assert list(host.cores) == ["isolated"]
    assert {slot.address: slot.core.name for slot in host.slots} == {"trader": "isolated", "second": "isolated"}
    group = host.cores["isolated"]
    assert isinstance(group, CoreGroup)
    assert group.spec is cores
    assert host.slots[0].memory is not None


def test_cores_that_are_described_twice_are_refused() -> None:
    seats = (_seat(core="x", cores=GroupSpec()), _seat(address="second", core="x", cores=GroupSpec()))
    with pytest.raises(DeskError, match=r"desk\.seats: second: core 'x' of box is described already"):
        Desk(seats=seats, orders_from=("box",))
