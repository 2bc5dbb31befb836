"""Orders that ended long ago: memory has let them go, the log has not, and no decision shows the difference."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.exchange.wire.messages import ExecType, Execution, OrderStatusReport, OrdStatus
from squall.system.config import DeskConfig, OmsConfig
from squall.system.domain import recall, snapshots
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.commands import AnyCommand, ApplyReport, ApplyStatus, JudgeOrder
from squall.system.domain.events import AnyEvent, FillQuarantined, TradeBusted, TransitionRefused
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.messages import AmendFill, OrderChecked, VenueReport
from squall.system.domain.oms import OmsState, rebuild
from squall.system.domain.oms_state import ENDED_KEPT, ENDED_KEPT_MIN
from tests.profiles import examples
from tests.system.oms_stage import EPOCH, VENUE, Desk, place, report
from tests.system.test_oms_service import Rig, submit

NAMES = tuple(ClOrdID(f"pulse-ACME-{number}") for number in range(1, 5))


class Forgetful(Desk):
    """Keeps two orders that have ended, and looks up the others in its log."""

    def __init__(self) -> None:
        super().__init__()
        self.state = OmsState(ended_kept=ENDED_KEPT_MIN)
        self.looked_up = 0

    def tell(self, *commands: AnyCommand) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        for command in commands:
            if recall.is_needed(self.state, command):
                self.looked_up += len(recall.recall(self.state, command, self.log))
            events = super().tell(command)
        return events


def trade(name: ClOrdID, execution: str, lots: int, price: int = 20_000) -> ApplyReport:
    exec_id = f"{name}/{execution}"
    return report(ExecType.TRADE, name=name, exec_id=exec_id, last_lots=lots, last_price_half_ticks=price)


def amended(kind: ExecType, name: ClOrdID, by: str, owner: ClOrdID, ref: str, lots: int, price: int) -> ApplyReport:
    return report(
        kind,
        name=name,
        exec_id=f"{name}/{by}",
        exec_ref_id=f"{owner}/{ref}",
        last_lots=lots,
        last_price_half_ticks=price,
    )


def told(name: ClOrdID, listed: dict[str, tuple[int, str]]) -> ApplyStatus:
    each = tuple(
        Execution(f"{name}/{execution}", lots, 20_000, 0, by and f"{name}/{by}")
        for execution, (lots, by) in listed.items()
    )
    return ApplyStatus(VENUE, name, VENUE, OrderStatusReport(name, 1, OrdStatus.FILLED, 10, 0, each))


def lived(name: ClOrdID) -> tuple[AnyCommand, ...]:
    """An order is filled by two trades."""
    return place(name), JudgeOrder("risk", name, (), EPOCH), trade(name, "e1", 4), trade(name, "e2", 6)


names = st.sampled_from(NAMES)
executions = st.sampled_from(("e1", "e2", "e3"))
revisions = st.sampled_from(("c1", "c2", "c3"))
news = st.one_of(
    st.builds(trade, names, executions, st.integers(1, 6)),
    st.builds(
        amended,
        st.sampled_from((ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)),
        names,
        revisions,
        names,
        st.sampled_from(("e1", "e2")),
        st.integers(1, 6),
        st.sampled_from((19_990, 20_000)),
    ),
    st.builds(
        lambda kind, name, by, ref, lots: amended(kind, name, by, name, ref, lots, 20_000),
        st.sampled_from((ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)),
        names,
        revisions,
        executions | revisions,
        st.integers(1, 6),
    ),
    st.builds(
        told, names, st.dictionaries(executions, st.tuples(st.integers(0, 6), st.just("") | revisions), max_size=3)
    ),
)


@settings(max_examples=examples(200))
@given(st.lists(news, max_size=25))
def test_an_oms_that_forgets_decides_as_one_that_keeps_everything(stream: list[AnyCommand]) -> None:
    everything, forgetful = Desk(), Forgetful()
    for command in [each for name in NAMES for each in lived(name)] + stream:
        assert forgetful.tell(command) == everything.tell(command)
        assert len(forgetful.state.ended) <= ENDED_KEPT_MIN
    assert forgetful.state.hash() == everything.state.hash()
    assert rebuild(forgetful.log).hash() == rebuild(forgetful.log, OmsState(2)).hash() == everything.state.hash()
    restored = snapshots.restore(snapshots.take(forgetful.state), 2)
    assert restored is not None
    assert restored.hash() == everything.state.hash()


def test_a_trade_that_is_told_again_long_after_is_old_news() -> None:
    desk = Forgetful()
    desk.tell(*(each for name in NAMES for each in lived(name)))
    assert desk.tell(trade(NAMES[0], "e1", 4)) == []
    assert desk.looked_up == 1


def test_a_bust_of_a_forgotten_order_s_trade_by_another_order_is_refused() -> None:
    desk = Forgetful()
    desk.tell(*(each for name in NAMES for each in lived(name)))
    events = desk.tell(amended(ExecType.TRADE_CANCEL, NAMES[3], "c1", NAMES[0], "e1", 4, 20_000))
    assert [type(event) for event in events] == [TransitionRefused, FillQuarantined]
    (event,) = desk.tell(amended(ExecType.TRADE_CANCEL, NAMES[0], "c1", NAMES[0], "e1", 4, 20_000))
    assert isinstance(event, TradeBusted)
    assert event.lots == 4


def test_memory_keeps_no_more_ended_orders_than_it_is_told_to() -> None:
    state = OmsState()
    assert state.ended_kept == ENDED_KEPT == OmsConfig().ended_kept
    desk = Forgetful()
    for number in range(1, 200):
        desk.tell(*lived(ClOrdID(f"pulse-ACME-{number}")))
    assert (len(desk.state.ended), len(desk.state.exec_ids), desk.looked_up) == (2, 4, 0)


# --- the service ---


def busted(rig: Rig) -> list[Any]:
    """Three orders are filled, of which memory keeps two, and the first one's trade is voided: what positions hear."""
    rig.lead()
    for name in NAMES[:3]:
        rig.hear("strategy", submit(name))
        rig.hear("risk", OrderChecked(name, ()))
        rig.hear("execution", VenueReport(Venue("exchange-a"), name, trade(name, "e1", 10).report))
        rig.sync()
    bust = amended(ExecType.TRADE_CANCEL, NAMES[0], "c1", NAMES[0], "e1", 10, 20_000)
    rig.hear("execution", VenueReport(Venue("exchange-a"), NAMES[0], bust.report))
    rig.sync()
    return rig.take(AmendFill)


def test_the_leader_looks_up_in_its_journal_what_memory_has_let_go() -> None:
    rig = Rig(config=DeskConfig(oms=OmsConfig(ended_kept=2)))
    (amendment,) = busted(rig)
    assert (amendment.ref_exec_id, amendment.lots) == (f"{NAMES[0]}/e1", 0)
    acted = [claim.protection for claim in rig.runtime.claims if isinstance(claim, ProtectionActed)]
    assert acted.count("oms.recall") == 1


@pytest.mark.parametrize(("config", "heard"), [(OmsConfig(), 1), (OmsConfig(ended_kept=2, recall=False), 0)])
def test_a_bust_of_what_is_neither_kept_nor_looked_up_is_refused_and_said_aloud(config: OmsConfig, heard: int) -> None:
    rig = Rig(config=DeskConfig(oms=config))
    assert len(busted(rig)) == heard
    alerts = [claim.kind for claim in rig.runtime.claims if isinstance(claim, AlertRaised)]
    assert ("oms.illegal_transition" in alerts) is not bool(heard)
