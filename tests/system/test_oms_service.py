"""The OMS as a program: leading and following, output commit, takeover, and what it tells whom."""

from typing import Any

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import (
    CxlRejReason,
    ExecType,
    Execution,
    ExecutionReport,
    OrderStatusReport,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from squall.system.config import MILLISECOND, SECOND, DeskConfig, LeaseConfig, OmsConfig
from squall.system.domain.claims import AlertRaised, LeadershipMoved, ProtectionActed, StateHash
from squall.system.domain.event_log import decode_event
from squall.system.domain.events import OrderSubmitted
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    AskHoldings,
    BookFill,
    CancelAtVenue,
    CancelOrder,
    CancelRefused,
    CheckOrder,
    Fence,
    FenceAccepted,
    HandOver,
    HoldingsTold,
    JoinStandby,
    JournalCopied,
    JournalImage,
    LeaderBeat,
    Leading,
    LeaseGranted,
    LeaseOffered,
    LeaseRefused,
    LeaseRenewed,
    OpenHolding,
    OrderChecked,
    OrderLeft,
    OrderProgressed,
    OrderTaken,
    OrderUnsent,
    ReleaseLease,
    ReleaseOrder,
    RenewLease,
    Replicate,
    Replicated,
    RequestLease,
    RouteOrder,
    SubmitOrder,
    SyncPositions,
    SyncRisk,
    UnsentReason,
    VenueReport,
)
from squall.system.domain.oms import rebuild
from squall.system.services.journal import Journal
from squall.system.services.leadership import Role
from squall.system.services.oms import Oms
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

WIRING = Wiring(
    instruments=(Instrument(Symbol("ACME")), Instrument(Symbol("BOLT"))),
    venues=tuple(VenueRoute(Venue(name), name, (Symbol("ACME"),)) for name in ("exchange-a", "exchange-b")),
    strategy_names=("pulse",),
)
PEERS = ("execution", "risk", "router", "positions", "audit")
A = ClOrdID("pulse-ACME-1")
B = ClOrdID("pulse-ACME-2")
VENUE = Venue("exchange-a")


class Rig:
    """One OMS on a fake machine, with the answers that the rest of the desk would give."""

    def __init__(self, address: str = "oms1", config: DeskConfig | None = None) -> None:
        self.runtime = FakeRuntime(address)
        self.config = config or DeskConfig()
        self.start()

    def start(self) -> None:
        """Also a restart: what is on the disk stays."""
        self.runtime.timers.clear()
        self.runtime.streams.clear()
        self.runtime.sent.clear()
        self.oms = Oms(self.runtime, self.config, WIRING)
        self.oms.on_start()

    def hear(self, sender: str, *messages: Any) -> None:
        for message in messages:
            self.oms.on_message(sender, message)

    def sync(self) -> None:
        self.runtime.sync(self.oms)

    def pass_time(self, ns: int) -> None:
        self.runtime.advance(self.oms, ns)

    def connect(self, *peers: str) -> None:
        for peer in peers:
            self.runtime.connect(self.oms, peer)

    def take(self, kind: type, to: str | None = None) -> list[Any]:
        return self.runtime.take(kind, to)

    def grant(self) -> int:
        """Two of the three keepers say yes to the latest request; returns the epoch."""
        asked: RequestLease = self.take(RequestLease)[-1]
        for keeper in ("keeper1", "keeper2"):
            self.hear(keeper, LeaseGranted(asked.epoch, asked.candidate, keeper, asked.asked_ns))
        return asked.epoch

    def renew(self) -> None:
        """Two of the three keepers renew what was asked last."""
        asked: RenewLease = self.take(RenewLease)[-1]
        for keeper in ("keeper1", "keeper2"):
            self.hear(keeper, LeaseRenewed(asked.epoch, asked.candidate, keeper, asked.asked_ns))

    def lead(self, alone: bool = True) -> None:
        """Win an epoch, with every stream open; where not *alone*, with a standby that has joined."""
        epoch = Epoch(self.grant())
        self.sync()
        self.connect("strategy", *PEERS)
        self.hear("execution", FenceAccepted(epoch))
        if not alone:
            peer = "oms2" if self.runtime.address == "oms1" else "oms1"
            self.connect(peer)
            self.hear(peer, JoinStandby(peer, 1))
            image: JournalImage = self.take(JournalImage)[0]
            self.hear(peer, Replicated(epoch, len(image.events)))

    def beat_on(self, ns: int) -> None:
        """Let time pass with every renewal answered."""
        for _ in range(ns // (50 * MILLISECOND)):
            self.pass_time(50 * MILLISECOND)
            if any(isinstance(message, RenewLease) for _, message in self.runtime.sent):
                self.renew()

    def claims(self, kind: type) -> list[Any]:
        return [claim for claim in self.runtime.claims if isinstance(claim, kind)]

    def acted(self, protection: str) -> int:
        return sum(claim.protection == protection for claim in self.claims(ProtectionActed))

    def roles(self) -> list[str]:
        return [claim.role for claim in self.claims(LeadershipMoved)]


def oms_config(**changes: Any) -> DeskConfig:
    return DeskConfig(oms=replace(OmsConfig(), **changes))


def lease_config(**changes: Any) -> DeskConfig:
    return DeskConfig(lease=replace(LeaseConfig(), **changes))


def submit(name: ClOrdID = A) -> SubmitOrder:
    return SubmitOrder(
        name, "pulse", Symbol("ACME"), Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000, intended_ns=5
    )


def filled(name: ClOrdID, exec_id: str, lots: int, cum: int) -> VenueReport:
    report = ExecutionReport(
        exec_id, ExecType.TRADE, OrdStatus.PARTIALLY_FILLED, name, "7", "ACME", Side.BUY, cum, 10 - cum, lots, 20_000
    )
    return VenueReport(VENUE, name, report)


def status(name: ClOrdID, what: OrdStatus, *executions: Execution) -> VenueReport:
    cum = sum(execution.lots for execution in executions)
    return VenueReport(VENUE, name, OrderStatusReport(name, 1, what, cum_lots=cum, executions=executions))


# --- handing over ---------------------------------------------------------------------------------------


def test_a_leader_that_is_to_hand_over_takes_nothing_new_has_its_last_word_confirmed_stops_and_then_says_so() -> None:
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("strategy", submit(A))
    rig.hear("operator", HandOver(1))
    rig.hear("strategy", submit(B))
    assert [order.cl_ord_id for order in rig.oms.orders] == [A]
    rig.sync()
    rig.pass_time(5 * MILLISECOND)
    assert rig.oms.role is Role.LEADING  # the backup has not said that it holds it all
    rig.hear("oms2", Replicated(Epoch(1), rig.oms.version))
    assert rig.take(OrderTaken, "strategy") == [OrderTaken(A)]
    assert rig.oms.role is Role.STANDBY
    assert [to for to, message in rig.runtime.sent if isinstance(message, ReleaseLease)] == [
        "keeper1",
        "keeper2",
        "keeper3",
    ]
    assert rig.take(LeaseOffered, "oms2") == [LeaseOffered(Epoch(1), rig.oms.version)]
    assert rig.acted("lease.hand_over") == 1


def test_a_leader_that_was_asked_to_hand_over_lets_what_it_has_let_out_get_to_where_it_goes_first() -> None:
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("operator", HandOver(1))
    assert rig.oms.role is Role.LEADING
    rig.pass_time(5 * MILLISECOND)
    assert rig.oms.role is Role.STANDBY


def test_nobody_hands_over_to_a_standby_that_is_not_there() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("operator", HandOver(1))
    rig.pass_time(20 * MILLISECOND)
    rig.hear("strategy", submit(A))
    assert rig.oms.role is Role.LEADING
    assert len(rig.oms.orders) == 1


def test_a_leader_whose_standby_falls_behind_leads_on_and_takes_orders_again() -> None:
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("strategy", submit(A))
    rig.sync()
    rig.hear("operator", HandOver(1))
    rig.beat_on(400 * MILLISECOND)
    assert rig.oms.role is Role.LEADING
    assert [claim.kind for claim in rig.claims(AlertRaised)] == ["oms.hand_over"]
    rig.hear("strategy", submit(B))
    assert len(rig.oms.orders) == 2


def test_a_standby_asks_at_once_for_what_it_is_offered_when_it_has_all_of_the_journal_and_not_otherwise() -> None:
    rig = Rig("oms2")
    rig.hear("oms1", LeaderBeat(Epoch(1), "oms1", 1))
    rig.connect("oms1")
    rig.hear("oms1", JournalImage(Epoch(1), ()))
    rig.sync()
    rig.hear("oms1", LeaseOffered(Epoch(1), 1))
    assert rig.take(RequestLease) == []
    rig.hear("oms1", LeaseOffered(Epoch(1), 0))
    assert {asked.epoch for asked in rig.take(RequestLease)} == {Epoch(2)}
    assert rig.acted("lease.takeover") == 0


# --- who leads ----------------------------------------------------------------------------------------


def test_the_first_oms_asks_for_epoch_1_at_once_and_leads_when_execution_has_been_fenced() -> None:
    rig = Rig()
    assert [to for to, _ in rig.runtime.sent] == ["keeper1", "keeper2", "keeper3"]
    assert rig.grant() == 1
    rig.sync()
    rig.connect("strategy", *PEERS)
    assert rig.take(Fence, "execution") == [Fence(Epoch(1), "oms1", (), 1)]
    assert rig.take(SyncRisk, "risk") == [SyncRisk(Epoch(1), ())]
    assert rig.take(SyncPositions, "positions") == [SyncPositions(Epoch(1), ())]
    assert rig.take(Leading) == []
    rig.hear("execution", FenceAccepted(Epoch(1)))
    assert rig.take(Leading, "strategy") == [Leading(Epoch(1), "oms1")]
    assert rig.roles() == ["candidate", "recovering", "leading"]


def test_one_keeper_is_no_majority_however_often_it_says_yes() -> None:
    rig = Rig()
    asked = rig.take(RequestLease)[0]
    for _ in range(3):
        rig.hear("keeper1", LeaseGranted(asked.epoch, "oms1", "keeper1", asked.asked_ns))
    assert rig.oms.role is Role.CANDIDATE


def test_a_grant_that_arrives_after_its_lease_has_ended_wins_nothing() -> None:
    rig = Rig()
    asked = rig.take(RequestLease)[0]
    rig.runtime.monotonic_ns += 600 * MILLISECOND
    for keeper in ("keeper1", "keeper2"):
        rig.hear(keeper, LeaseGranted(asked.epoch, "oms1", keeper, asked.asked_ns))
    assert rig.oms.role is Role.CANDIDATE


def test_the_standby_waits_for_beats_and_asks_when_three_are_missing() -> None:
    """Erratum 37: in the chapter one failed probe promotes the backup."""
    rig = Rig("oms2")
    follow(rig)
    for number in range(1, 20):
        rig.pass_time(100 * MILLISECOND)
        rig.hear("oms1", LeaderBeat(Epoch(1), "oms1", number))
    rig.pass_time(299 * MILLISECOND)
    assert rig.take(RequestLease) == []
    rig.pass_time(1 * MILLISECOND)
    assert [request.epoch for request in rig.take(RequestLease, "keeper1")] == [2]
    assert rig.oms.role is Role.CANDIDATE


def test_a_candidate_that_hears_the_leader_again_goes_back_to_following() -> None:
    rig = Rig("oms2")
    follow(rig)
    rig.pass_time(300 * MILLISECOND)
    rig.hear("oms1", LeaderBeat(Epoch(1), "oms1", 9))
    rig.take(RequestLease)
    rig.pass_time(250 * MILLISECOND)
    assert rig.take(RequestLease) == []
    assert rig.oms.role is Role.STANDBY


def test_with_takeover_off_the_standby_never_asks() -> None:
    rig = Rig("oms2", lease_config(takeover=False))
    follow(rig)
    rig.pass_time(10 * SECOND)
    assert rig.take(RequestLease) == []


def test_a_candidate_never_leaps_over_an_epoch_whose_journal_it_has_not() -> None:
    """A host that comes back without its disk must not lead with an empty journal."""
    rig = Rig()
    for keeper in ("keeper1", "keeper2"):
        rig.hear(keeper, LeaseRefused(Epoch(1), "oms1", keeper, highest=Epoch(4)))
    assert rig.oms.role is Role.STANDBY
    rig.take(RequestLease)
    rig.pass_time(1 * SECOND)
    assert {request.epoch for request in rig.take(RequestLease)} == {1}


def test_a_restarted_leader_joins_as_standby() -> None:
    """Erratum 37: in the chapter a recovered primary takes over again without demoting anyone."""
    rig = Rig()
    rig.lead()
    rig.start()
    assert rig.take(RequestLease) == []
    rig.connect("oms2")
    assert rig.take(JoinStandby, "oms2") == [JoinStandby("oms1", 1)]


def test_a_leader_stops_on_its_own_clock_before_its_lease_ends() -> None:
    rig = Rig()
    rig.lead()
    rig.pass_time(499 * MILLISECOND)
    assert rig.oms.role is Role.LEADING
    rig.pass_time(1 * MILLISECOND)
    assert rig.roles()[-2:] == ["stopped", "standby"]
    assert rig.acted("lease.self_stop") == 1
    assert not rig.runtime.streams & set(PEERS)


def test_renewals_keep_a_leader_leading() -> None:
    rig = Rig()
    rig.lead()
    rig.beat_on(3 * SECOND)
    assert rig.oms.role is Role.LEADING


def test_a_leader_that_slept_through_its_lease_lets_nothing_out_when_it_wakes() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.take(CheckOrder)
    rig.runtime.monotonic_ns += 2 * SECOND
    rig.sync()
    rig.hear("risk", OrderChecked(A, ()))
    assert rig.take(OrderTaken) + rig.take(RouteOrder) == []
    assert rig.oms.role is Role.STANDBY


def test_with_self_stop_off_it_goes_on_until_it_hears_of_a_higher_epoch() -> None:
    rig = Rig(config=lease_config(self_stop=False))
    rig.lead()
    rig.pass_time(5 * SECOND)
    rig.hear("strategy", submit())
    rig.sync()
    assert rig.take(OrderTaken) == [OrderTaken(A)]
    rig.hear("oms2", LeaderBeat(Epoch(2), "oms2", 1))
    assert rig.oms.role is Role.STANDBY
    assert rig.acted("lease.self_stop") == 0


def test_an_order_refused_as_fenced_tells_a_leader_that_it_was_replaced() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.hear("risk", OrderChecked(A, ()))
    rig.hear("execution", OrderUnsent(A, 1, UnsentReason.FENCED))
    assert rig.oms.role is Role.STANDBY


def test_a_leader_answers_the_batches_of_a_replaced_one_with_its_own_beat() -> None:
    rig = Rig()
    rig.lead()
    rig.take(LeaderBeat)
    rig.hear("oms2", Replicate(Epoch(0), 0, ()))
    assert [beat.epoch for beat in rig.take(LeaderBeat, "oms2")] == [1]


def test_the_chapter_s_profile_is_a_matter_of_numbers() -> None:
    profile = DeskConfig(lease=LeaseConfig(beat_ns=5 * SECOND, missed_beats=3, lease_ns=15 * SECOND))
    rig = Rig("oms2", profile)
    follow(rig)
    rig.pass_time(14_999 * MILLISECOND)
    assert rig.take(RequestLease) == []
    rig.pass_time(1 * MILLISECOND)
    assert len(rig.take(RequestLease)) == 3


# --- orders -------------------------------------------------------------------------------------------


def test_an_order_s_way_from_the_command_to_the_position() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    assert [check.cl_ord_id for check in rig.take(CheckOrder, "risk")] == [A]
    assert rig.take(OrderTaken) == []
    rig.sync()
    assert rig.take(OrderTaken, "strategy") == [OrderTaken(A)]
    rig.hear("risk", OrderChecked(A, ()))
    rig.sync()
    (route,) = rig.take(RouteOrder, "router")
    assert (route.epoch, route.attempt) == (1, 1)
    rig.hear("execution", OrderLeft(A, VENUE, 1), filled(A, "e1", 10, 10))
    rig.sync()
    assert [fill.lots for fill in rig.take(BookFill, "positions")] == [10]
    assert rig.take(ReleaseOrder, "risk") == [ReleaseOrder(A, 10)]
    copies = rig.take(JournalCopied, "audit")
    events = [event for copy in copies for event in copy.events]
    assert [type(event).__name__ for event in events] == [
        "OrderSubmitted",
        "OrderApproved",
        "OrderSent",
        "OrderFilled",
    ]
    assert [copy.first_version for copy in copies] == [1, 2, 3]


def test_a_repeated_command_is_answered_and_does_nothing_else() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.sync()
    rig.runtime.sent.clear()
    rig.hear("strategy", submit())
    assert rig.runtime.sent == [("strategy", OrderTaken(A))]


def test_who_does_not_lead_is_silent() -> None:
    rig = Rig("oms2")
    rig.connect("strategy")
    rig.hear("strategy", submit())
    rig.hear("execution", filled(A, "e1", 10, 10))
    assert rig.runtime.sent == []


def test_a_strategy_that_asks_is_told_where_it_stands_and_then_how_each_order_fares() -> None:
    rig = working_order()
    rig.hear("execution", filled(A, "e1", 4, 4))
    rig.hear("strategy", AskHoldings("pulse", Epoch(1)))
    assert rig.take(HoldingsTold) == []  # the fill may still be lost with us
    rig.sync()
    (told,) = rig.take(HoldingsTold, "strategy")
    assert (told.net_lots, told.open_orders) == ({"ACME": 4}, (OpenHolding(A, 4, VENUE, 10, 20_000),))
    assert rig.take(OrderProgressed) == []
    rig.hear("execution", filled(A, "e2", 1, 5), filled(A, "e3", 5, 10))
    rig.sync()
    assert rig.take(OrderProgressed, "strategy") == [
        OrderProgressed(A, 5, False, VENUE, 10, 20_000),
        OrderProgressed(A, 10, True, VENUE, 10, 20_000),
    ]


def test_nobody_hears_how_orders_fare_who_has_not_asked() -> None:
    rig = working_order()
    rig.hear("strategy", AskHoldings("momentum", Epoch(1)))
    rig.hear("execution", filled(A, "e1", 10, 10))
    rig.sync()
    assert [told.net_lots for told in rig.take(HoldingsTold)] == [{}]
    assert rig.take(OrderProgressed) == []


def test_a_new_leader_knows_the_holdings_and_tells_none_before_it_leads() -> None:
    rig = inherited()
    rig.hear("strategy", AskHoldings("pulse", Epoch(2)))
    rig.sync()
    assert rig.take(HoldingsTold) == []
    rig.hear("execution", FenceAccepted(Epoch(2)), status(A, OrdStatus.FILLED, Execution("e1", 10, 20_000)))
    rig.hear("strategy", AskHoldings("pulse", Epoch(2)))
    rig.sync()
    (told,) = rig.take(HoldingsTold)
    assert (told.net_lots, told.open_orders) == ({"ACME": 10}, (OpenHolding(B, 0, None, 10, 20_000),))


def test_a_cancel_goes_to_the_venue_that_has_the_order() -> None:
    rig = working_order()
    rig.hear("strategy", CancelOrder(A))
    rig.sync()
    assert [cancel.venue for cancel in rig.take(CancelAtVenue, "execution")] == [VENUE]


def test_a_cancel_that_did_not_get_as_far_as_the_venue_is_asked_again_ever_more_slowly() -> None:
    rig = working_order()
    rig.hear("strategy", CancelOrder(A))
    asked_after = []
    for beats in range(40):
        rig.sync()
        for cancel in rig.take(CancelAtVenue, "execution"):
            asked_after.append((cancel.attempt, beats))
            rig.hear("execution", CancelRefused(A, UnsentReason.SESSION_DOWN.value))
        rig.beat_on(100 * MILLISECOND)
    assert asked_after == [(1, 0), (2, 1), (3, 3), (4, 7), (5, 15), (6, 31)]
    rig.hear("execution", CancelRefused(A, CxlRejReason.TOO_LATE.value))
    rig.beat_on(10 * SECOND)
    rig.sync()
    assert rig.take(CancelAtVenue) == []


def test_a_new_leader_opens_a_stream_to_a_strategy_that_does_not_know_that_the_old_one_is_dead() -> None:
    rig = Rig()
    epoch = Epoch(rig.grant())
    rig.sync()
    rig.connect(*PEERS)
    rig.hear("execution", FenceAccepted(epoch))
    assert rig.take(Leading) == []
    assert "strategy" in rig.runtime.opened
    rig.connect("strategy")
    assert rig.take(Leading, "strategy") == [Leading(epoch, "oms1")]
    rig.runtime.disconnect(rig.oms, "strategy")
    rig.runtime.opened.clear()
    rig.beat_on(100 * MILLISECOND)
    assert "strategy" in rig.runtime.opened


def test_an_order_that_came_back_unsent_is_routed_again_as_the_next_attempt() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.hear("risk", OrderChecked(A, ()))
    rig.hear("router", OrderUnsent(A, 1, UnsentReason.BREAKER_OPEN))
    rig.sync()
    assert [route.attempt for route in rig.take(RouteOrder)] == [1, 2]


def test_an_execution_that_cannot_be_right_raises_an_alert_and_is_not_booked() -> None:
    rig = working_order()
    rig.hear("execution", filled(A, "e1", 11, 11))
    rig.hear("execution", filled(ClOrdID("ghost"), "e2", 1, 1))
    rig.sync()
    assert [alert.kind for alert in rig.claims(AlertRaised)][-2:] == ["oms.quarantine", "oms.unknown_order"]
    assert rig.take(BookFill) == []


# --- output commit ------------------------------------------------------------------------------------


def test_nothing_leaves_before_the_backup_has_it() -> None:
    """Erratum 38: the chapter replicates synchronously in the text, asynchronously in the diagram."""
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("strategy", submit())
    rig.sync()
    assert rig.take(OrderTaken) == []
    (batch,) = rig.take(Replicate, "oms2")
    assert isinstance(decode_event(batch.events[0]), OrderSubmitted)
    rig.hear("oms2", Replicated(Epoch(1), 1))
    assert rig.take(OrderTaken) == [OrderTaken(A)]


def test_nothing_leaves_before_it_is_on_our_own_disk_either() -> None:
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("strategy", submit())
    rig.hear("oms2", Replicated(Epoch(1), 1))
    assert rig.take(OrderTaken) == []
    rig.sync()
    assert rig.take(OrderTaken) == [OrderTaken(A)]


def test_one_batch_is_under_way_at_a_time_and_the_rest_goes_in_the_next() -> None:
    rig = Rig()
    rig.lead(alone=False)
    for number in range(4):
        rig.hear("strategy", submit(ClOrdID(f"pulse-ACME-{number}")))
    assert [(batch.after_version, len(batch.events)) for batch in rig.take(Replicate)] == [(0, 1)]
    rig.hear("oms2", Replicated(Epoch(1), 1))
    assert [(batch.after_version, len(batch.events)) for batch in rig.take(Replicate)] == [(1, 3)]


def test_with_output_commit_off_effects_leave_when_they_are_on_our_disk() -> None:
    rig = Rig(config=oms_config(output_commit=False))
    rig.lead(alone=False)
    rig.hear("strategy", submit())
    rig.sync()
    assert rig.take(OrderTaken) == [OrderTaken(A)]


def test_a_leader_that_loses_its_backup_holds_everything_and_takes_nothing_until_it_is_back() -> None:
    rig = working_order(alone=False)
    rig.runtime.disconnect(rig.oms, "oms2")
    rig.hear("strategy", submit(B))
    assert rig.take(CheckOrder) == []
    rig.hear("execution", filled(A, "e1", 4, 4))
    rig.sync()
    assert rig.take(BookFill) == []
    assert rig.acted("oms.output_commit") == 1
    rig.connect("oms2")
    rig.hear("oms2", Replicated(Epoch(1), 3))
    (batch,) = rig.take(Replicate)
    assert (batch.after_version, len(batch.events)) == (3, 1)
    rig.hear("oms2", Replicated(Epoch(1), 4))
    assert [fill.exec_id for fill in rig.take(BookFill)] == ["e1"]
    rig.hear("strategy", submit(B))
    assert len(rig.take(CheckOrder)) == 1


def test_a_backup_that_comes_back_with_nothing_gets_everything() -> None:
    rig = working_order(alone=False)
    rig.runtime.disconnect(rig.oms, "oms2")
    rig.hear("execution", filled(A, "e1", 4, 4))
    rig.sync()
    rig.connect("oms2")
    rig.hear("oms2", JoinStandby("oms2", 1))
    (image,) = rig.take(JournalImage)
    assert len(image.events) == 4
    assert rig.take(BookFill) == []
    rig.hear("oms2", Replicated(Epoch(1), 4))
    assert len(rig.take(BookFill)) == 1


def test_a_standby_that_is_quicker_than_our_own_disk_waits_until_the_term_begins() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.sync()
    rig.start()
    rig.pass_time(SECOND)
    epoch = Epoch(rig.grant())
    rig.connect("oms2")
    rig.hear("oms2", JoinStandby("oms2", 1))
    (image,) = rig.take(JournalImage)
    rig.hear("oms2", Replicated(epoch, len(image.events)))
    assert rig.take(JournalCopied) == [], "we hold no office before its epoch is on our disk"
    rig.sync()
    rig.connect("strategy", *PEERS)
    rig.hear("execution", FenceAccepted(epoch))
    assert [order.cl_ord_id for order in rig.oms.orders] == [A]
    assert rig.take(JournalCopied, "audit")


def test_a_leader_without_a_backup_says_so_once() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit(A), submit(B))
    assert [alert.kind for alert in rig.claims(AlertRaised)] == ["oms.alone"]


def test_an_effect_that_waits_a_beat_for_the_backup_is_seen() -> None:
    rig = Rig()
    rig.lead(alone=False)
    rig.hear("strategy", submit())
    rig.sync()
    rig.pass_time(250 * MILLISECOND)
    assert rig.acted("oms.output_commit") == 1


# --- the standby --------------------------------------------------------------------------------------


def follow(rig: Rig, *events: bytes) -> None:
    """Join the leader of epoch 1, which has this journal."""
    rig.connect("oms1")
    assert len(rig.take(JoinStandby, "oms1")) == 1
    rig.hear("oms1", JournalImage(Epoch(1), events))
    rig.sync()
    assert rig.take(Replicated, "oms1")[-1] == Replicated(Epoch(1), len(events))
    rig.hear("oms1", LeaderBeat(Epoch(1), "oms1", 1))


def journal_of(rig: Rig) -> list[bytes]:
    journal = Journal(rig.runtime)
    journal.load()
    return list(journal.events())


def test_the_standby_confirms_what_is_on_its_disk_and_only_then() -> None:
    rig = Rig("oms2")
    follow(rig)
    rig.hear("oms1", Replicate(Epoch(1), 0, (b"one", b"two")))
    assert rig.take(Replicated) == []
    rig.sync()
    assert rig.take(Replicated, "oms1") == [Replicated(Epoch(1), 2)]
    assert journal_of(rig) == [b"one", b"two"]


def test_a_batch_that_overlaps_is_taken_once_and_one_that_leaves_a_hole_not_at_all() -> None:
    rig = Rig("oms2")
    follow(rig, b"one")
    rig.hear("oms1", Replicate(Epoch(1), 0, (b"one", b"two")))
    rig.hear("oms1", Replicate(Epoch(1), 5, (b"six",)))
    assert len(rig.take(JoinStandby)) == 0, "it has asked on this stream already"
    assert journal_of(rig) == [b"one", b"two"]


def test_an_image_replaces_a_journal_that_has_diverged() -> None:
    rig = Rig("oms2")
    follow(rig, b"one", b"two", b"three")
    rig.hear("oms1", JournalImage(Epoch(3), (b"uno", b"due")))
    rig.sync()
    assert rig.take(Replicated) == [Replicated(Epoch(3), 2)]
    assert journal_of(rig) == [b"uno", b"due"]


def test_a_standby_whose_stream_was_reset_says_what_it_holds() -> None:
    rig = Rig("oms2")
    follow(rig, b"one")
    rig.runtime.disconnect(rig.oms, "oms1")
    rig.connect("oms1")
    assert rig.take(Replicated, "oms1") == [Replicated(Epoch(1), 1)]
    assert rig.take(JoinStandby) == []


def test_a_standby_that_hears_a_leader_but_has_no_stream_opens_one() -> None:
    rig = Rig("oms2")
    for number in range(3):
        rig.hear("oms1", LeaderBeat(Epoch(1), "oms1", number))
    assert "oms1" in rig.runtime.opened


# --- taking over --------------------------------------------------------------------------------------


def working_order(alone: bool = True) -> Rig:
    """A leader with order A at a venue, all of it committed: three events."""
    rig = Rig()
    rig.lead(alone)
    for sender, message in (
        ("strategy", submit()),
        ("risk", OrderChecked(A, ())),
        ("execution", OrderLeft(A, VENUE, 1)),
    ):
        rig.hear(sender, message)
        rig.sync()
        if not alone:
            rig.hear("oms2", Replicated(Epoch(1), rig.take(Replicate)[-1].after_version + 1))
    rig.runtime.sent.clear()
    return rig


def inherited(config: DeskConfig | None = None) -> Rig:
    """oms2 with a journal: A is at exchange-a, B waits for risk. It has just won epoch 2, streams are open."""
    leader = working_order()
    leader.hear("strategy", submit(B))
    leader.sync()
    rig = Rig("oms2", config)
    follow(rig, *journal_of(leader))
    rig.pass_time(300 * MILLISECOND)
    assert rig.grant() == 2
    rig.sync()
    rig.connect("strategy", *PEERS)
    return rig


def test_a_new_leader_rebuilds_asks_about_open_orders_and_trades_when_it_knows() -> None:
    """Erratum 37: the chapter's backup is promoted without replay, fence or reconciliation."""
    rig = inherited()
    (fence,) = rig.take(Fence, "execution")
    assert fence.epoch == 2
    assert [(each.order.cl_ord_id, each.venue, each.order.epoch) for each in fence.orders] == [(A, VENUE, 2)]
    assert [order.cl_ord_id for order in rig.take(SyncRisk)[0].open_orders] == [A]
    assert [check.cl_ord_id for check in rig.take(CheckOrder, "risk")] == [B]
    assert [len(copy.events) for copy in rig.take(JournalCopied)] == [4]
    rig.hear("execution", FenceAccepted(Epoch(2)))
    assert rig.take(Leading) == []
    rig.hear("execution", status(A, OrdStatus.FILLED, Execution("e1", 10, 20_000)))
    assert rig.take(Leading) == [Leading(Epoch(2), "oms2")]
    rig.sync()
    assert [fill.exec_id for fill in rig.take(BookFill)] == ["e1"]
    assert (rig.acted("oms.replay"), rig.acted("oms.reconcile"), rig.acted("lease.takeover")) == (1, 1, 1)


def test_an_answer_that_does_not_come_does_not_keep_the_desk_from_trading() -> None:
    rig = inherited()
    rig.hear("execution", FenceAccepted(Epoch(2)))
    rig.pass_time(200 * MILLISECOND)
    assert rig.take(Leading) == [Leading(Epoch(2), "oms2")]


def test_an_order_that_was_never_sent_is_let_out_by_the_new_leader() -> None:
    rig = inherited()
    rig.hear("execution", FenceAccepted(Epoch(2)), OrderUnsent(A, 1, UnsentReason.NEVER_ARRIVED))
    rig.sync()
    assert [(route.epoch, route.attempt) for route in rig.take(RouteOrder)] == [(2, 2)]


def test_what_the_old_leader_let_out_is_refused_and_routed_again_without_a_step_down() -> None:
    rig = inherited()
    rig.hear("execution", FenceAccepted(Epoch(2)), OrderUnsent(A, 1, UnsentReason.FENCED))
    assert rig.oms.role is Role.LEADING
    rig.sync()
    assert [route.attempt for route in rig.take(RouteOrder)] == [2]


def test_with_reconcile_off_nobody_is_asked_and_the_orders_are_left_to_themselves() -> None:
    rig = inherited(oms_config(reconcile=False))
    assert rig.take(Fence) == [Fence(Epoch(2), "oms2", (), 1)]
    rig.hear("execution", FenceAccepted(Epoch(2)))
    assert rig.take(Leading) == [Leading(Epoch(2), "oms2")]


def test_with_replay_off_the_new_leader_knows_of_nothing() -> None:
    rig = inherited(oms_config(replay=False))
    assert rig.take(Fence)[0].orders == ()
    assert rig.take(CheckOrder) == []
    assert rig.acted("oms.replay") == 0


def test_the_new_leader_tells_positions_all_fills_of_the_day() -> None:
    leader = working_order()
    leader.hear("execution", filled(A, "e1", 4, 4))
    leader.sync()
    leader.runtime.disconnect(leader.oms, "positions")
    leader.hear("execution", filled(A, "e2", 3, 7))
    leader.sync()
    leader.connect("positions")
    (sync,) = leader.take(SyncPositions)
    assert [(fill.exec_id, fill.lots, fill.strategy) for fill in sync.fills] == [
        ("e1", 4, "pulse"),
        ("e2", 3, "pulse"),
    ]


@pytest.mark.parametrize("peer", ["execution", "router"])
def test_a_stream_that_broke_raises_the_question_what_became_of_what_it_carried(peer: str) -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.hear("risk", OrderChecked(A, ()))
    rig.take(Fence)
    rig.runtime.disconnect(rig.oms, peer)
    rig.sync()
    rig.beat_on(100 * MILLISECOND)
    assert peer in rig.runtime.opened
    rig.connect(peer)
    (fence,) = rig.take(Fence, "execution")
    assert (fence.attempt, [each.order.cl_ord_id for each in fence.orders]) == (2, [A])


def test_an_order_that_is_to_be_cancelled_may_have_died_with_its_router_too() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("strategy", submit())
    rig.hear("risk", OrderChecked(A, ()))
    rig.sync()
    rig.hear("strategy", CancelOrder(A))
    rig.sync()
    rig.take(Fence)
    rig.runtime.disconnect(rig.oms, "router")
    rig.beat_on(100 * MILLISECOND)
    rig.connect("router")
    (fence,) = rig.take(Fence, "execution")
    assert [each.order.cl_ord_id for each in fence.orders] == [A]


def test_an_order_that_nobody_speaks_of_is_asked_about_now_and_then() -> None:
    rig = working_order()
    rig.beat_on(41 * SECOND)
    assert [len(fence.orders) for fence in rig.take(Fence)] == [1, 1, 1]


def test_at_a_quiet_beat_the_live_state_s_hash_is_told_and_the_journal_gives_the_same() -> None:
    rig = working_order()
    rig.beat_on(200 * MILLISECOND)
    (claim,) = rig.claims(StateHash)
    assert (claim.stream, claim.version) == ("oms", 3)
    assert rebuild(map(decode_event, journal_of(rig))).hash() == claim.hash


def test_an_oms_says_how_many_names_it_keeps() -> None:
    assert working_order().oms.id_set_sizes() == {"cl_ord_ids": 1, "exec_ids": 0}
