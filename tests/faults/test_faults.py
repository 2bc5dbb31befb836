"""Every fault: what it refuses, what it does in its window and not outside it, what it counts, and how it composes."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.faults.exchange import ApiSlow, PriceSlide, ReportsLost, RequestsLost
from squall.faults.fault import Fault, InstalledPlan, Planned, Tally, during
from squall.faults.host import Crash, Pause
from squall.faults.market import BookThins
from squall.faults.network import LinkCut, PacketLoss, Partition
from squall.scenarios.find import choose
from squall.scenarios.topology import build
from squall.sim.core import HOUSEKEEPING_NS
from squall.sim.exchange.wire.messages import NewOrderSingle, OrdType, Side, TimeInForce
from squall.sim.host import Costs
from squall.sim.link import LinkSpec
from squall.sim.trace import (
    DiskLost,
    FaultBegan,
    FaultHealed,
    Handled,
    HostCrashed,
    HostPaused,
    HostRestarted,
    HostResumed,
    PacketDropped,
    ProgramRaised,
    Record,
    Sent,
    VenueAccepted,
    VenueIgnored,
)
from squall.sim.world import World
from tests.faults.stages import Market, chatter, heard, stage_with
from tests.profiles import examples
from tests.sim.machines import Memory, Note, TwoHosts
from tests.sim.markets import MILLISECOND, lay_market

SECOND = 1_000 * MILLISECOND


# --- what is refused ---------------------------------------------------------------------------------

REFUSED: list[tuple[Fault, str]] = [
    (PacketLoss("wier", 0.5), "no link 'wier'; links are left-orders, left-feed-A, left-feed-B"),
    (PacketLoss("left-orders", 0.0), "packet loss: the share must be above 0 and at most 1, found 0.0"),
    (PacketLoss("left-orders", 1.5), "packet loss: the share must be above 0 and at most 1, found 1.5"),
    (PacketLoss("left-orders", float("nan")), "packet loss: the share must be above 0 and at most 1, found nan"),
    (LinkCut("left"), "no link 'left'; links are left-orders, left-feed-A, left-feed-B"),
    (Partition(("lfet",), ("left",)), "no host 'lfet'; hosts are left, left-trader"),
    (Partition(("left",), ("trader",)), "no host 'trader'; hosts are left, left-trader"),
    (Partition((), ("left",)), "partition: there must be a host on each side, found none on the left"),
    (Partition(("left",), ()), "partition: there must be a host on each side, found none on the right"),
    (
        Partition(("left", "left-trader"), ("left",)),
        "partition: a host is on one side only, found left on both",
    ),
    (Crash("oms3"), "no host 'oms3'; hosts are left, left-trader"),
    (Pause("oms3"), "no host 'oms3'; hosts are left, left-trader"),
    (RequestsLost("exchange-c"), "no venue 'exchange-c'; venues are left"),
    (RequestsLost("left", 0.0), "exchange API: requests lost: the share must be above 0 and at most 1, found 0.0"),
    (ReportsLost("exchange-c"), "no venue 'exchange-c'; venues are left"),
    (ReportsLost("left", -1.0), "exchange API: reports lost: the share must be above 0 and at most 1, found -1.0"),
    (ApiSlow("exchange-c", 5), "no venue 'exchange-c'; venues are left"),
    (ApiSlow("left", 0), "exchange API: slow: the delay must be above 0 ns, found 0"),
    (PriceSlide("BOLT", -5), "no fair value for 'BOLT'; there are ACME"),
    (PriceSlide("ACME", 0), "market: prices slide: the speed must not be 0 half ticks a second"),
    (BookThins("BOLT"), "no fair value for 'BOLT'; there are ACME"),
    (BookThins("ACME", 0.0), "market: book thins: the share must be above 0 and at most 1, found 0.0"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_a_fault_that_cannot_be_is_refused_in_one_line_with_its_place_in_the_plan(fault: Fault, line: str) -> None:
    sound = during(0, SECOND, Pause("left"))
    with pytest.raises(ValueError, match=r"plan\[1\]: ") as caught:
        Market(sound, during(0, SECOND, fault))
    assert str(caught.value) == f"plan[1]: {line}"


def test_a_plan_that_is_refused_leaves_nothing_in_the_world() -> None:
    world = World(1)
    world.add_host("host")
    with pytest.raises(ValueError, match="no host"):
        InstalledPlan(world, (during(0, SECOND, Crash("host")), during(0, SECOND, Crash("hots"))))
    world.run_until(2 * SECOND)
    assert world.trace.records == 0


@pytest.mark.parametrize(("start_ns", "end_ns"), [(5, 5), (6, 5), (-1, 5)])
def test_a_window_that_is_none_is_refused_however_it_was_made(start_ns: int, end_ns: int) -> None:
    expected = (
        f"host crash: the window must begin before it ends, and not before 0 ns, found {start_ns} ns to {end_ns} ns"
    )
    for make in (during, lambda start, end, fault: Planned(fault, start, end)):
        with pytest.raises(ValueError, match="window") as caught:
            make(start_ns, end_ns, Crash("host"))
        assert str(caught.value) == expected


# --- windows -----------------------------------------------------------------------------------------

TOUCHING: dict[str, tuple[Fault, Callable[[Record], bool]]] = {
    "packet loss": (PacketLoss("wire", 1.0), lambda r: type(r.event) is PacketDropped),
    "link cut": (LinkCut("wire"), lambda r: type(r.event) is PacketDropped),
    "partition": (Partition(("host1",), ("host2",)), lambda r: type(r.event) is PacketDropped),
    "partition both ways": (
        Partition(("host1",), ("host2",), both_ways=True),
        lambda r: type(r.event) is PacketDropped,
    ),
    "crash": (Crash("host2"), lambda r: type(r.event) is HostCrashed),
    "pause": (Pause("host2"), lambda r: type(r.event) is HostPaused),
}


@pytest.mark.parametrize("name", TOUCHING)
def test_its_beginning_and_its_end_are_on_the_record_and_nothing_is_touched_outside_of_it(name: str) -> None:
    fault, touched = TOUCHING[name]
    stage, plan = stage_with(during(2_000, 4_000, fault), link=LinkSpec(100))
    chatter(stage, 50, 100)
    stage.run(10_000)
    (began,) = [record for record in stage.memory.records if type(record.event) is FaultBegan]
    (healed,) = [record for record in stage.memory.records if type(record.event) is FaultHealed]
    assert (began.at_ns, began.event) == (2_000, FaultBegan(0, fault.kind, fault.target))
    effects = plan.tallies[0].effects
    assert effects > 0
    assert (healed.at_ns, healed.event) == (4_000, FaultHealed(0, fault.kind, fault.target, effects))
    assert all(2_000 <= record.at_ns < 4_000 for record in stage.memory.records if touched(record))
    # After it, all is as it was: what is sent from its last instant on arrives.
    assert set(range(4_000, 6_000, 50)) <= set(heard(stage, "b"))
    assert set(range(4_000, 6_000, 50)) <= set(heard(stage, "a"))
    assert stage.world.network.link("wire").plain
    assert stage.world.host("host2").up
    assert not stage.world.host("host2").paused


def test_windows_are_half_open_and_heal_before_inject_before_work() -> None:
    """At 3,000 ns one cut ends and another begins, and a packet is sent: it is the second one's."""
    stage, plan = stage_with(during(2_000, 3_000, LinkCut("wire")), during(3_000, 4_000, LinkCut("wire")))
    for at_ns in (1_899, 2_000, 2_999, 3_000, 3_999, 4_000):
        stage.at(at_ns, lambda at_ns=at_ns: stage.diary("a").runtime.send("b", Note(f"{at_ns}")))
    stage.run(9_000)
    assert heard(stage, "b") == [1_899, 4_000]
    assert [tally.words for tally in plan.tallies] == ["1 link down, 2 packets lost"] * 2
    order = [
        (record.at_ns, type(record.event).__name__)
        for record in stage.memory.records
        if type(record.event) not in (Sent, Handled)
    ]
    assert order == [
        (2_000, "FaultBegan"),
        (2_000, "PacketDropped"),
        (2_999, "PacketDropped"),
        (3_000, "FaultHealed"),
        (3_000, "FaultBegan"),
        (3_000, "PacketDropped"),
        (3_999, "PacketDropped"),
        (4_000, "FaultHealed"),
    ]


def test_what_a_fault_does_is_caused_by_its_beginning_and_what_heals_by_its_end() -> None:
    stage, _ = stage_with(during(2_000, 3_000, Crash("host2")))
    stage.run(9_000)
    records = {record.seq: record for record in stage.memory.records}
    causes = {type(r.event): type(records[r.cause].event) for r in records.values() if r.cause}
    assert causes[HostCrashed] is FaultBegan
    assert causes[HostRestarted] is FaultHealed


# --- network -----------------------------------------------------------------------------------------


def test_packet_loss_takes_its_share_of_both_directions_and_counts_what_the_trace_shows() -> None:
    stage, plan = stage_with(during(2_000, 10**9, PacketLoss("wire", 0.3)))
    chatter(stage, 100, 3_000)
    stage.run(400_000)
    sent = len([event for event in stage.memory.events(Sent) if int(event.message.name) >= 2_000])
    dropped = stage.memory.events(PacketDropped)
    assert plan.tallies[0].effects == len(dropped)
    for sender in ("a", "b"):
        share = len([event for event in dropped if event.sender == sender]) / (sent / 2)
        # Five standard deviations of a binomial of some 3,000: 0.042.
        assert abs(share - 0.3) < 0.042


def test_a_bigger_share_loses_all_that_a_smaller_one_does() -> None:
    """Keyed chance: a plan that shrinks loses some of the same packets, not others."""

    def lost(share: float) -> set[str]:
        stage, _ = stage_with(during(2_000, 10**9, PacketLoss("wire", share)))
        chatter(stage, 100, 500)
        stage.run(60_000)
        return {f"{event.sender} {event.what}" for event in stage.memory.events(PacketDropped)}

    assert lost(0.1) < lost(0.4) < lost(1.0)


def test_two_losses_on_one_link_are_independent_and_each_counts_its_own() -> None:
    """Half of what the first lets through is the second's; once the first heals, half of all."""
    stage, plan = stage_with(
        during(2_000, 202_000, PacketLoss("wire", 0.5)), during(2_000, 402_000, PacketLoss("wire", 0.5))
    )
    chatter(stage, 100, 5_000)
    stage.run(600_000)
    dropped = [r.at_ns for r in stage.memory.records if type(r.event) is PacketDropped]
    both = len([at_ns for at_ns in dropped if at_ns < 202_000])
    alone = len([at_ns for at_ns in dropped if at_ns >= 202_000])
    first, second = (tally.effects for tally in plan.tallies)
    assert first + second == both + alone
    assert second == both - first + alone
    # Of 4,000 each; five standard deviations are some 160.
    assert abs(first - 2_000) < 160
    assert abs(both - first - 1_000) < 160
    assert abs(alone - 2_000) < 160
    assert max(dropped) < 402_000


def test_packet_loss_does_not_count_what_the_link_loses_by_itself() -> None:
    stage, plan = stage_with(during(2_000, 60_000, PacketLoss("wire", 0.2)), link=LinkSpec(100, loss=0.3))
    chatter(stage, 100, 500)
    stage.run(60_000)
    inside = [r for r in stage.memory.records if type(r.event) is PacketDropped and r.at_ns >= 2_000]
    assert 100 < plan.tallies[0].effects < len(inside) - 100


@settings(max_examples=examples(40))
@given(
    windows=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 30)).map(lambda w: (w[0], w[0] + w[1])), min_size=1, max_size=5
    )
)
def test_a_link_is_down_exactly_as_long_as_any_cut_holds_it(windows: list[tuple[int, int]]) -> None:
    """The reference knows windows only. A packet passes if none meets the 100 ns that it takes."""
    plan = [during(2_000 + 100 * start, 2_000 + 100 * end, LinkCut("wire")) for start, end in windows]
    stage, installed = stage_with(*plan)
    sendings = range(1_950, 10_000, 50)
    for at_ns in sendings:
        stage.at(at_ns, lambda at_ns=at_ns: stage.diary("a").runtime.send("b", Note(f"{at_ns}")))
    stage.run(20_000)
    passed = [
        at_ns for at_ns in sendings if not any(cut.start_ns <= at_ns + 100 and at_ns < cut.end_ns for cut in plan)
    ]
    assert heard(stage, "b") == passed
    dropped = len(stage.memory.events(PacketDropped))
    assert dropped == len(sendings) - len(passed)
    assert sum(tally.effects for tally in installed.tallies) == dropped + len(plan)
    assert stage.world.network.link("wire").plain


def test_the_first_heal_does_not_mend_a_link_that_another_cut_still_holds() -> None:
    stage, _ = stage_with(during(2_000, 4_000, LinkCut("wire")), during(3_000, 6_000, LinkCut("wire")))
    chatter(stage, 100, 80)
    stage.run(20_000)
    assert heard(stage, "b") == [*range(1_000, 1_900, 100), *range(6_000, 9_000, 100)]


def test_a_cut_counts_what_was_in_flight_even_where_it_would_have_arrived_after_the_end() -> None:
    stage, plan = stage_with(during(2_000, 2_010, LinkCut("wire")))
    stage.at(1_950, lambda: stage.diary("a").runtime.send("b", Note("1950")))
    stage.run(9_000)
    assert heard(stage, "b") == []
    assert plan.tallies[0].words == "1 link down, 1 packets lost"
    (healed,) = stage.memory.events(FaultHealed)
    assert healed.effects == 1, "so far: what was in flight is missed when it would have arrived"


def test_losses_and_cuts_on_one_link_heal_each_by_itself() -> None:
    stage, _ = stage_with(
        during(2_000, 6_000, LinkCut("wire")),
        during(3_000, 8_000, PacketLoss("wire", 1.0)),
        during(4_000, 5_000, Partition(("host2",), ("host1",))),
    )
    chatter(stage, 100, 90)
    stage.run(20_000)
    after = [*range(1_000, 1_900, 100), *range(8_000, 10_000, 100)]
    assert (heard(stage, "a"), heard(stage, "b")) == (after, after)


def test_partitions_of_different_hosts_compose_and_leave_the_others_alone() -> None:
    world = World(1, sink=(memory := Memory()))
    world.add_switch("lan")
    for name in ("one", "two", "three"):
        world.add_host(name)
        world.connect(f"{name}/lan", name, "lan", LinkSpec(50))
        world.place(name, name, lambda runtime: _Talker(runtime, ("one", "two", "three")), Costs(0))
    plan = InstalledPlan(
        world,
        (
            during(2_000, 4_000, Partition(("one",), ("two", "three"))),
            during(3_000, 5_000, Partition(("one", "three"), ("two",), both_ways=True)),
        ),
    )
    world.start()
    world.run_until(8_000)
    gone: dict[str, list[int]] = {}
    for record in memory.records:
        if type(record.event) is PacketDropped:
            gone.setdefault(f"{record.event.sender}>{record.event.to}", []).append(record.at_ns // 1_000)
    assert {way: sorted(set(times)) for way, times in gone.items()} == {
        "one>two": [2, 3, 4],
        "one>three": [2, 3],
        "three>two": [3, 4],
        "two>one": [3, 4],
        "two>three": [3, 4],
    }
    assert sum(tally.effects for tally in plan.tallies) == sum(len(times) for times in gone.values())


class _Talker:
    """Sends everybody else a note every 100 ns."""

    def __init__(self, runtime: Any, everybody: tuple[str, ...]) -> None:
        self.runtime = runtime
        self.others = [name for name in everybody if name != runtime.address]
        self.sent = 0

    def on_start(self) -> None:
        self.runtime.set_timer(100, "talk")

    def on_timer(self, key: Any) -> None:
        self.sent += 1
        for other in self.others:
            self.runtime.send(other, Note(f"{self.sent}"))
        self.runtime.set_timer(100, "talk")

    def on_message(self, sender: str, message: Any) -> None:
        """Listens."""


def test_each_effect_of_a_loss_has_the_name_of_what_was_lost() -> None:
    stage, plan = stage_with(during(2_000, 100 * MILLISECOND, PacketLoss("wire", 1.0)))
    a, b = stage.diary("a").runtime, stage.diary("b").runtime
    a.open("b")
    stage.run(500)
    stage.at(2_100, lambda: a.write("b", Note("streamed")))
    stage.at(2_200, lambda: b.send("a", Note("datagram")))
    stage.at(2_300, lambda: b.close("a"))
    stage.run(50 * MILLISECOND)
    assert plan.tallies[0].words == "1 connection packets lost, 2 packets lost, 1 repeated packets lost"
    assert plan.tallies[0].effects == len(stage.memory.events(PacketDropped))


# --- hosts -------------------------------------------------------------------------------------------


def life(stage: TwoHosts) -> list[tuple[int, str]]:
    """What the trace says of host2's ups and downs."""
    kinds = (HostCrashed, HostRestarted, HostPaused, HostResumed, DiskLost)
    return [(r.at_ns, type(r.event).__name__) for r in stage.memory.records if type(r.event) in kinds]


def test_a_crash_takes_its_streams_with_it_and_counts_them() -> None:
    stage, plan = stage_with(during(5_000, 9_000, Crash("host2")))
    stage.diary("a").runtime.open("b")
    stage.run(20_000)
    assert plan.tallies[0].words == "1 host crashed, 1 streams broken"
    assert life(stage) == [(5_000, "HostCrashed"), (9_000, "HostRestarted")]


def test_a_host_that_two_crashes_hold_down_comes_back_when_the_last_one_ends() -> None:
    stage, plan = stage_with(during(2_000, 4_000, Crash("host2")), during(3_000, 6_000, Crash("host2")))
    stage.run(20_000)
    assert life(stage) == [(2_000, "HostCrashed"), (6_000, "HostRestarted")]
    assert [tally.words for tally in plan.tallies] == ["1 host crashed", "nothing"]
    assert stage.diary("b").entries == [(6_000 + HOUSEKEEPING_NS, "start")]


def test_a_host_that_is_not_to_come_back_is_not_brought_back_by_another_crash() -> None:
    stage, _ = stage_with(during(2_000, 3_000, Crash("host2", comes_back=False)), during(2_500, 6_000, Crash("host2")))
    stage.run(20_000)
    assert life(stage) == [(2_000, "HostCrashed")]
    assert not stage.world.host("host2").up


def test_a_crash_with_the_disk_takes_the_disk_of_a_host_that_is_down_already() -> None:
    stage, plan = stage_with(
        during(30_000, 50_000, Crash("host2")), during(40_000, 60_000, Crash("host2", with_disk=True))
    )
    stage.diary("b").runtime.append("file", b"durable")
    stage.run(100_000)
    assert life(stage) == [(30_000, "HostCrashed"), (40_000, "DiskLost"), (60_000, "HostRestarted")]
    assert plan.tallies[1].words == "1 disk lost"
    assert stage.diary("b").runtime.read("file") == []


def test_a_host_that_went_down_by_itself_is_not_touched_by_a_crash_nor_brought_back_by_its_end() -> None:
    stage, plan = stage_with(during(3_000, 5_000, Crash("host2")), during(3_000, 5_000, Pause("host2")))

    def divide(_: str) -> None:
        raise ZeroDivisionError("by zero")

    stage.diary("b").reactions["boom"] = divide
    stage.diary("a").runtime.send("b", Note("boom"))
    stage.run(20_000)
    assert len(stage.memory.events(ProgramRaised)) == 1
    assert life(stage) == [(1_100, "HostCrashed")]
    assert [tally.effects for tally in plan.tallies] == [0, 0]


def test_a_host_that_two_pauses_hold_goes_on_when_the_last_one_ends() -> None:
    stage, plan = stage_with(during(2_000, 4_000, Pause("host2")), during(3_000, 6_000, Pause("host2")))
    stage.at(2_500, lambda: stage.diary("a").runtime.send("b", Note("2500")))
    stage.run(20_000)
    assert life(stage) == [(2_000, "HostPaused"), (6_000, "HostResumed")]
    assert [entry[0] for entry in stage.diary("b").entries] == [500, 6_000]
    assert [tally.effects for tally in plan.tallies] == [1, 1]


def test_a_pause_inside_a_crash_does_nothing() -> None:
    stage, plan = stage_with(during(2_000, 6_000, Crash("host2")), during(3_000, 4_000, Pause("host2")))
    stage.run(20_000)
    assert life(stage) == [(2_000, "HostCrashed"), (6_000, "HostRestarted")]
    assert plan.tallies[1].words == "nothing"


def test_a_host_that_comes_back_inside_a_pause_stands_still_until_its_end() -> None:
    stage, plan = stage_with(during(2_000, 4_000, Crash("host2")), during(3_000, 6_000, Pause("host2")))
    stage.at(5_000, lambda: stage.diary("a").runtime.send("b", Note("5000")))
    stage.run(20_000)
    assert life(stage) == [
        (2_000, "HostCrashed"),
        (4_000, "HostRestarted"),
        (4_000, "HostPaused"),
        (6_000, "HostResumed"),
    ]
    assert stage.diary("b").entries == [(6_500, "start"), (6_500, "message", "a", "5000")]
    assert plan.tallies[1].words == "1 host paused"


def test_a_crash_inside_a_pause_crashes_and_the_pause_goes_on_after_it() -> None:
    stage, _ = stage_with(during(2_000, 6_000, Pause("host2")), during(3_000, 4_000, Crash("host2")))
    stage.run(20_000)
    assert life(stage) == [
        (2_000, "HostPaused"),
        (3_000, "HostCrashed"),
        (4_000, "HostRestarted"),
        (4_000, "HostPaused"),
        (6_000, "HostResumed"),
    ]


def test_healing_twice_is_harmless() -> None:
    """Of two faults of a kind, the one that was healed twice does not heal the other."""
    stage = TwoHosts()
    for fault in (LinkCut("wire"), PacketLoss("wire", 1.0), Crash("host2"), Pause("host2")):
        heal = fault.inject(stage.world, Tally())
        other = fault.inject(stage.world, Tally())
        heal()
        heal()
        link, host = stage.world.network.link("wire"), stage.world.host("host2")
        assert not (link.plain and host.up and not host.paused)
        other()
        assert link.plain
        assert host.up
        assert not host.paused


# --- exchanges ---------------------------------------------------------------------------------------


def test_lost_requests_reach_the_session_and_never_the_market() -> None:
    market = Market(during(100 * MILLISECOND, 200 * MILLISECOND, RequestsLost("left"))).run(300 * MILLISECOND)
    ignored = market.memory.events(VenueIgnored)
    assert market.plan.tallies[0].words == f"{len(ignored)} requests discarded"
    assert len(ignored) > 80
    assert all(not event.report and event.what.startswith("new/") for event in ignored)
    taken = [event.message.identity for event in market.memory.events(Handled) if event.to == "left"]
    assert {event.what for event in ignored} <= set(taken), "the session took them"
    accepted = {f"new/{event.cl_ord_id}/1" for event in market.memory.events(VenueAccepted)}
    assert not accepted & {event.what for event in ignored}
    assert all(100 * MILLISECOND <= at_ns < 200 * MILLISECOND for at_ns in market.times(VenueIgnored))
    # Questions pass, so the trader hears of every one of them that it is not known.
    assert {answer.cl_ord_id for _, answer in market.trader.answers if answer.status is None} == {
        event.what.split("/")[1] for event in ignored
    }


def test_lost_reports_are_acted_upon_and_never_sent() -> None:
    market = Market(during(100 * MILLISECOND, 200 * MILLISECOND, ReportsLost("left"))).run(300 * MILLISECOND)
    ignored = market.memory.events(VenueIgnored)
    assert market.plan.tallies[0].words == f"{len(ignored)} reports discarded"
    assert len(ignored) > 80
    assert all(event.report and event.what.startswith("report/") for event in ignored)
    heard_of = {f"report/{report.exec_id}" for _, report in market.trader.reports}
    assert not heard_of & {event.what for event in ignored}
    # Asked, the venue says what it did.
    assert all(answer.status is not None for _, answer in market.trader.answers)


@pytest.mark.parametrize("fault", [RequestsLost("left", questions=True), ReportsLost("left", questions=True)])
def test_questions_are_lost_too_where_told_to(fault: Fault) -> None:
    market = Market(during(100 * MILLISECOND, 200 * MILLISECOND, fault)).run(300 * MILLISECOND)
    ignored = market.memory.events(VenueIgnored)
    assert any(event.what.startswith("status") for event in ignored)
    assert market.plan.tallies[0].effects == len(ignored)
    # Those of the first fifth of a second were asked in vain; the last answer that passed may be on its way.
    quiet = [at_ns for at_ns, _ in market.trader.answers]
    assert quiet
    assert min(quiet) >= 200 * MILLISECOND


def test_a_share_of_requests_is_that_share() -> None:
    market = Market(during(0, 3 * SECOND, RequestsLost("left", 0.25))).run(3 * SECOND)
    share = market.plan.tallies[0].effects / len(market.trader.sent)
    # Five standard deviations of a binomial of some 3,000.
    assert abs(share - 0.25) < 0.04


def test_two_shares_are_independent_and_so_are_two_venues() -> None:
    market = Market(during(0, SECOND, RequestsLost("left", 0.5)), during(0, 2 * SECOND, RequestsLost("left", 0.5))).run(
        3 * SECOND
    )
    times = market.times(VenueIgnored)
    both, alone = len([t for t in times if t < SECOND]), len([t for t in times if t >= SECOND])
    assert abs(both / 1_000 - 0.75) < 0.07
    assert abs(alone / 1_000 - 0.5) < 0.08
    assert sum(tally.effects for tally in market.plan.tallies) == both + alone
    assert max(times) < 2 * SECOND

    world = World(1)
    for venue, symbol in (("left", "ACME"), ("right", "BOLT")):
        lay_market(world, venue, symbol, LinkSpec(50_000))
    fates = []
    for venue in ("left", "right"):
        heal = RequestsLost(venue, 0.5).inject(world, Tally())
        fates.append([world.venue(venue).on_request(_order(number)).discard for number in range(200)])
        heal()
    assert 60 < sum(left != right for left, right in zip(*fates, strict=True)) < 140


def _order(number: int) -> NewOrderSingle:
    name = f"order-{number}"
    return NewOrderSingle(name, name, "ACME", Side.BUY, 1, OrdType.MARKET, TimeInForce.IOC, None)


def test_a_slow_api_takes_its_time_over_every_request_and_is_quick_again_after() -> None:
    delay_ns = 20 * MILLISECOND
    start_ns, end_ns = 100 * MILLISECOND, 200 * MILLISECOND
    market = Market(during(start_ns, end_ns, ApiSlow("left", delay_ns))).run(400 * MILLISECOND)
    handled = {
        record.event.message.identity: record.at_ns
        for record in market.memory.records
        if type(record.event) is Handled and record.event.to == "left"
    }
    waited = {
        event.cl_ord_id: (at_ns - handled[f"new/{event.cl_ord_id}/1"], handled[f"new/{event.cl_ord_id}/1"])
        for at_ns, event in zip(market.times(VenueAccepted), market.memory.events(VenueAccepted), strict=True)
    }
    delayed = [wait for wait, at_ns in waited.values() if start_ns <= at_ns < end_ns]
    assert len(delayed) > 80
    # It is told when its delay is over, and then waits for the core like everything else.
    assert all(delay_ns <= wait <= delay_ns + MILLISECOND // 10 for wait in delayed)
    assert all(not wait for wait, at_ns in waited.values() if at_ns < start_ns)
    # Nobody overtakes: for as long as the last one waits, so do those behind it.
    assert all(not wait for wait, at_ns in waited.values() if at_ns >= end_ns + delay_ns)
    requests = [name for name, at_ns in handled.items() if start_ns <= at_ns < end_ns and not name.startswith("logon")]
    assert market.plan.tallies[0].words == f"{len(requests)} requests delayed"


def test_two_slow_apis_add_up_and_heal_each_by_itself() -> None:
    market = Market()
    rules, request = market.world.venue("left"), _order(1)
    first = ApiSlow("left", 5).inject(market.world, Tally())
    second = ApiSlow("left", 5).inject(market.world, Tally())
    assert rules.on_request(request).delay_ns == 10
    first()
    assert rules.on_request(request).delay_ns == 5
    second()
    assert rules.on_request(request).delay_ns == 0


def test_lost_reports_and_lost_requests_at_once_each_count_their_own() -> None:
    window = (100 * MILLISECOND, 200 * MILLISECOND)
    market = Market(during(*window, RequestsLost("left", 0.5)), during(*window, ReportsLost("left")), seed=2).run(
        300 * MILLISECOND
    )
    ignored = market.memory.events(VenueIgnored)
    by_kind = [len([e for e in ignored if e.report is report]) for report in (False, True)]
    assert [tally.effects for tally in market.plan.tallies] == by_kind
    assert all(by_kind)


def test_a_price_slide_moves_the_worth_steadily_in_its_window_and_what_it_moved_stays_moved() -> None:
    slid = Market(during(SECOND, 3 * SECOND, PriceSlide("ACME", -50)), every_ns=SECOND)
    calm = Market(every_ns=SECOND)
    moved = []
    for at_ns in (SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND):
        slid.run(at_ns)
        calm.run(at_ns)
        moved.append(slid.world.fair_value("ACME").at(at_ns) - calm.world.fair_value("ACME").at(at_ns))
    assert moved == [0, -50, -100, -100]
    assert slid.plan.tallies[0].words == "1 fair value drifting"


def test_price_slides_add_up_and_heal_each_by_itself() -> None:
    slid = Market(
        during(SECOND, 3 * SECOND, PriceSlide("ACME", -50)),
        during(2 * SECOND, 4 * SECOND, PriceSlide("ACME", -50)),
        every_ns=SECOND,
    )
    calm = Market(every_ns=SECOND)
    moved = []
    for at_ns in (2 * SECOND, 3 * SECOND, 4 * SECOND, 5 * SECOND):
        slid.run(at_ns)
        calm.run(at_ns)
        moved.append(slid.world.fair_value("ACME").at(at_ns) - calm.world.fair_value("ACME").at(at_ns))
    assert moved == [-50, -150, -200, -200]


def test_a_book_is_thin_in_its_window_and_not_outside_of_it() -> None:
    market = Market(during(SECOND, 3 * SECOND, BookThins("ACME", 0.02)), every_ns=SECOND)
    depths = []
    for at_ns in (SECOND, SECOND + 1, 3 * SECOND, 3 * SECOND + 1):
        market.run(at_ns)
        depths.append(market.world.fair_value("ACME").depth())
    assert depths == [1.0, 0.02, 0.02, 1.0]
    assert market.plan.tallies[0].words == "1 makers withdrawn"


def test_rules_of_a_venue_outlive_its_crash() -> None:
    market = Market(during(110 * MILLISECOND, 300 * MILLISECOND, RequestsLost("left")))
    host, kernel = market.world.host("left"), market.world.kernel
    come_back: list[Callable[[], None]] = []
    kernel.call_at(100 * MILLISECOND, lambda _: come_back.append(host.outage(False)))
    kernel.call_at(120 * MILLISECOND, lambda _: come_back[0]())
    market.run(400 * MILLISECOND)
    times = market.times(VenueIgnored)
    assert min(times) > 120 * MILLISECOND
    assert max(times) > 250 * MILLISECOND
    assert market.plan.tallies[0].effects == len(times)


# --- tallies -----------------------------------------------------------------------------------------


def test_a_tally_says_what_it_counted() -> None:
    tally = Tally()
    assert (tally.effects, tally.words) == (0, "nothing")
    for what in ("requests", "queries", "requests"):
        tally.touched(what)
    assert (tally.effects, tally.words) == (3, "1 queries, 2 requests")


def test_a_venue_cannot_be_crashed_while_it_keeps_nothing_on_disk() -> None:
    crashed = msgspec.structs.replace(choose("calm").scenario, plan=(during(1_000, 2_000, Crash("exchange-a")),))
    with pytest.raises(ValueError, match="exchange-a is a venue, which keeps nothing on disk yet; hosts are md, strat"):
        build("calm", crashed, seed=1)
