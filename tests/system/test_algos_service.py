"""The execution algorithms as a program: taking parents, letting out children, and every trouble in mid-schedule."""

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import MILLISECOND, SECOND, AlgosConfig, DeskConfig, StrategyConfig
from squall.system.domain.claims import AlertRaised, ParentMoved, ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    Algorithm,
    AskHistory,
    CancelOrder,
    CancelParent,
    ChildMoved,
    ChildState,
    DoneHeard,
    FamilyTold,
    HistoryTold,
    Leading,
    OrderTaken,
    ParentAnswered,
    ParentDone,
    ParentMeasured,
    ParentOrder,
    ParentOutcome,
    Statistic,
    SubmitOrder,
    Tick,
)
from squall.system.domain.profile import Basis
from squall.system.domain.terms import Attribution
from squall.system.services.algos import Algos
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

WIRING = Wiring(instruments=(Instrument(Symbol("ACME")),), venues=(), algos="algos", clients="clients")
CONFIG = DeskConfig(algos=AlgosConfig(day_ns=1_000 * SECOND, twap_slices=10))
AT_ONCE = DeskConfig(algos=AlgosConfig(day_ns=1_000 * SECOND, twap_slices=1))
PARENT = ClOrdID("fund-1")


def order(**changes: Any) -> ParentOrder:
    """A buy of 100 in ten seconds: ten lots a second."""
    whole = ParentOrder(
        PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.TWAP, end_ns=10 * SECOND
    )
    return replace(whole, **changes)


class Rig:
    """The service on a machine of its own; the OMS and the clients are the test."""

    def __init__(self, config: DeskConfig = CONFIG, wiring: Wiring = WIRING) -> None:
        self.runtime = FakeRuntime("algos")
        self.config = config
        self.wiring = wiring
        self.seq = 0
        self.known: dict[ClOrdID, SubmitOrder] = {}
        self.epoch = 0
        self.start()

    def start(self) -> None:
        """Also a restart: what is on the disk stays."""
        self.runtime.timers.clear()
        self.runtime.streams.clear()
        self.runtime.sent.clear()
        self.algos = Algos(self.runtime, self.config, self.wiring)
        self.algos.on_start()
        self.runtime.connect(self.algos, "clients")

    def hear(self, sender: str, message: Any) -> None:
        self.algos.on_message(sender, message)

    def lead(self, oms: str = "oms1") -> None:
        """This OMS leads from now on."""
        self.epoch += 1
        self.runtime.connect(self.algos, oms)
        self.hear(oms, Leading(Epoch(self.epoch), oms))

    def lose(self, oms: str = "oms1") -> None:
        self.runtime.disconnect(self.algos, oms)

    def tick(self, bid: int = 19_998, ask: int = 20_002, traded: int = 0, stale: bool = False) -> None:
        self.seq += 1
        lots = (400 if bid else 0, 400 if ask else 0)
        venue, symbol = Venue("exchange-a"), Symbol("ACME")
        tick = Tick(venue, symbol, self.seq, bid, lots[0], ask, lots[1], stale, traded_lots=traded)
        self.hear("market-data", tick)

    def take(self, parent: ParentOrder) -> None:
        """The client's parent comes, is durable, and the OMS has it."""
        self.hear("clients", parent)
        self.runtime.sync(self.algos)
        self.hear("oms1", OrderTaken(parent.cl_ord_id))

    def children(self) -> list[SubmitOrder]:
        """Those that have gone out since the last time, each once it is on the disk; no repetitions."""
        self.runtime.sync(self.algos)
        fresh = {each.cl_ord_id: each for each in self.runtime.take(SubmitOrder) if each.cl_ord_id not in self.known}
        self.known.update(fresh)
        return list(fresh.values())

    def sizes(self) -> list[int]:
        return [each.quantity_lots for each in self.children()]

    def end(self, number: int, lots: int, filled: int, oms: str = "oms1") -> None:
        """The OMS has taken it, and it has ended with so much filled."""
        name = ClOrdID(f"{PARENT}.{number}")
        self.hear(oms, OrderTaken(name))
        self.hear(oms, ChildMoved(PARENT, ChildState(name, lots, filled, filled * 20_002, ended=True)))

    def pass_time(self, ns: int) -> None:
        self.runtime.advance(self.algos, ns)

    def states(self) -> list[str]:
        return [
            f"{claim.state}: {claim.why}" if claim.why else claim.state
            for claim in self.runtime.claims
            if isinstance(claim, ParentMoved)
        ]

    @property
    def done(self) -> list[ParentDone]:
        """What its client was told, once that is on the disk."""
        self.runtime.sync(self.algos)
        return self.runtime.take(ParentDone)


def running(parent: ParentOrder | None = None, config: DeskConfig = CONFIG) -> Rig:
    """A parent at work: somebody leads, prices are fresh."""
    rig = Rig(config)
    rig.lead()
    rig.tick()
    rig.take(parent or order())
    return rig


# --- taking a parent ---


def test_a_parent_goes_to_the_oms_once_it_is_on_the_disk_and_the_client_hears_when_it_is_there() -> None:
    rig = Rig()
    rig.lead()
    rig.hear("clients", order())
    assert rig.runtime.take(ParentOrder) == []
    rig.runtime.sync(rig.algos)
    (taken,) = rig.runtime.take(ParentOrder, "oms1")
    assert (taken.start_ns, taken.end_ns) == (rig.runtime.now_ns, 10 * SECOND)
    assert rig.runtime.take(ParentAnswered) == []
    rig.hear("oms1", OrderTaken(PARENT))
    assert rig.runtime.take(ParentAnswered, "clients") == [ParentAnswered(PARENT)]


def test_a_parent_that_is_repeated_is_the_same_one() -> None:
    rig = running()
    assert rig.sizes() == [10]
    rig.runtime.take(ParentAnswered)
    rig.hear("clients", order())
    assert rig.runtime.take(ParentAnswered) == [ParentAnswered(PARENT)]
    assert rig.sizes() == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"symbol": Symbol("NONE")}, "unknown symbol"),
        ({"quantity_lots": 0}, "no quantity"),
        ({"start_ns": 2_000 * SECOND, "end_ns": 0}, "no time is left for it before its end or the close"),
    ],
)
def test_what_cannot_be_worked_off_is_refused_and_goes_nowhere(changes: dict[str, Any], why: str) -> None:
    rig = Rig()
    rig.lead()
    rig.hear("clients", order(**changes))
    rig.runtime.sync(rig.algos)
    assert rig.runtime.take(ParentAnswered) == [ParentAnswered(PARENT, why)]
    assert rig.runtime.take(ParentOrder) == []


# --- letting out children ---


def test_a_child_says_whose_it_is_has_a_limit_and_takes_what_there_is() -> None:
    rig = running(order(limit_half_ticks=20_010))
    (child,) = rig.children()
    assert child == SubmitOrder(
        cl_ord_id=ClOrdID("fund-1.1"),
        strategy="algos",
        symbol=Symbol("ACME"),
        side=Side.BUY,
        quantity_lots=10,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price_half_ticks=20_010,
        intended_ns=0,
        attribution=Attribution("fund/main", "fund", "ann", "twap", PARENT),
        expire_ns=10 * SECOND,
        decision_twice_half_ticks=40_000,
    )


def test_a_child_goes_out_when_its_slice_is_due_and_what_did_not_trade_comes_with_the_next() -> None:
    rig = running()
    assert rig.sizes() == [10]
    rig.end(1, 10, filled=4)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [16]


def test_what_is_not_known_to_have_ended_is_not_sent_again() -> None:
    rig = running()
    rig.children()
    rig.hear("oms1", OrderTaken(ClOrdID("fund-1.1")))
    rig.pass_time(3 * SECOND)
    assert rig.sizes() == [10, 10, 10], "its slices, and the first one not again"


def test_children_come_back_with_nothing_and_the_next_one_waits_ever_longer() -> None:
    rig = running(order(quantity_lots=10_000, end_ns=100 * SECOND))
    asked_s = []
    for number in range(1, 6):
        while not (sizes := rig.sizes()):
            rig.pass_time(SECOND // 4)
        asked_s.append(rig.runtime.now_ns / SECOND)
        rig.end(number, sizes[0], filled=0)
    apart = [after - before for before, after in pairwise(asked_s)]
    assert apart == [2, 4, 4, 8], "doubling, but for a slice that is due in between"


def test_pov_follows_the_volume_that_there_is() -> None:
    rig = running(order(algorithm=Algorithm.POV, participation_percent=10))
    assert rig.sizes() == []
    rig.tick(traded=500)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [50]
    rig.tick(traded=700)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [20]


# --- trouble in mid-schedule: it pauses and resumes ---


def test_while_the_feed_is_stale_nothing_goes_out_and_then_it_catches_up() -> None:
    rig = running()
    rig.end(1, *rig.sizes(), filled=10)
    rig.tick(stale=True)
    rig.pass_time(3 * SECOND)
    assert rig.sizes() == []
    rig.tick()
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [40]
    assert "paused: no fresh price on the side that it needs" in rig.states()


def test_while_nobody_leads_nothing_is_made_and_then_it_catches_up() -> None:
    rig = running()
    rig.end(1, *rig.sizes(), filled=10)
    rig.lose()
    rig.pass_time(3 * SECOND)
    assert rig.sizes() == []
    rig.lead("oms2")
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [40]


def test_a_child_that_the_last_leader_died_with_is_repeated_to_the_next_and_not_made_anew() -> None:
    rig = running()
    (child,) = rig.children()
    rig.lose()
    rig.lead("oms2")
    assert rig.runtime.take(SubmitOrder, "oms2") == [child]


def test_a_market_that_is_beyond_the_limit_is_waited_for() -> None:
    rig = running(order(limit_half_ticks=20_000))
    assert rig.sizes() == []
    rig.tick(bid=19_990, ask=19_994)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [20]


def test_a_market_that_runs_away_is_left_alone() -> None:
    rig = running()
    rig.end(1, *rig.sizes(), filled=10)
    rig.tick(bid=20_900, ask=20_904)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == []
    assert any(isinstance(claim, ProtectionActed) for claim in rig.runtime.claims)


def test_without_the_collar_and_without_a_limit_a_child_trades_at_any_price() -> None:
    rig = running(config=replace(CONFIG, strategy=StrategyConfig(price_collar=False)))
    (child,) = rig.children()
    assert (child.ord_type, child.price_half_ticks) == (OrdType.MARKET, None)


BARREN = "paused: its children come back with nothing"
BLIND = "paused: no fresh price on the side that it needs"
LEADERLESS = "paused: nobody leads the desk, or has not said yet what became of its children"


def test_children_that_find_nothing_pause_it_and_one_that_trades_resumes_it() -> None:
    rig = running()
    for number, filled in ((1, 0), (2, 0), (3, 5)):
        while not (sizes := rig.sizes()):
            rig.pass_time(SECOND // 4)
        rig.end(number, sizes[0], filled)
    assert rig.states() == ["taken", BARREN, "resumed"]


def test_another_trouble_is_said_and_what_trades_in_the_middle_of_it_does_not_end_it() -> None:
    rig = running()
    (size,) = rig.sizes()
    rig.tick(stale=True)
    rig.pass_time(1 * SECOND)
    rig.end(1, size, filled=10)
    assert rig.states() == ["taken", BLIND]
    rig.lose()
    assert rig.states() == ["taken", BLIND, LEADERLESS]
    rig.lead("oms2")
    rig.tick()
    rig.pass_time(1 * SECOND)
    assert rig.states() == ["taken", BLIND, LEADERLESS, "resumed"]


def test_a_later_life_begins_with_a_pause_and_what_is_done_has_none() -> None:
    rig = running()
    rig.end(1, *rig.sizes(), filled=10)
    rig.start()
    assert rig.states() == ["taken", LEADERLESS]
    rig.tick()
    rig.lead()
    rig.hear("oms1", FamilyTold(rig.epoch, PARENT, (ChildState(ClOrdID("fund-1.1"), 10, 10, 200_020, ended=True),)))
    rig.hear("oms1", OrderTaken(PARENT))
    rig.hear("clients", CancelParent(PARENT))
    states = rig.states()
    rig.start()
    rig.lose()
    assert rig.states() == states


# --- it finishes ---


def test_a_parent_that_is_filled_is_done_at_once_and_closed_at_the_oms() -> None:
    rig = running(order(quantity_lots=10, end_ns=1 * SECOND))
    for number in range(1, 11):
        rig.end(number, *rig.sizes(), filled=1)
        rig.pass_time(100 * MILLISECOND)
    assert rig.done[0] == ParentDone(PARENT, ParentOutcome.FILLED, 10, 200_020)
    assert rig.runtime.take(CancelOrder, "oms1") == [CancelOrder(PARENT)]


def test_at_its_end_the_rest_is_reported_and_not_forced() -> None:
    rig = running(order(end_ns=1 * SECOND))
    rig.end(1, *rig.sizes(), filled=7)
    rig.tick(stale=True)
    rig.pass_time(999 * MILLISECOND)
    assert rig.done == []
    rig.pass_time(1 * MILLISECOND)
    assert rig.done == [ParentDone(PARENT, ParentOutcome.OVER, 7, 140_014)]


def test_a_child_that_is_still_out_at_the_end_is_taken_back_once() -> None:
    rig = running()
    rig.children()
    rig.hear("oms1", OrderTaken(ClOrdID("fund-1.1")))
    rig.tick(stale=True)
    rig.pass_time(20 * SECOND)
    assert rig.runtime.take(CancelOrder) == [CancelOrder(ClOrdID("fund-1.1"))]
    assert rig.done == []
    rig.end(1, 10, filled=3)
    assert rig.done == [ParentDone(PARENT, ParentOutcome.OVER, 3, 60_006)]


def test_the_cancel_of_a_child_that_nobody_has_taken_goes_behind_it_to_the_next_leader() -> None:
    rig = running()
    rig.children()
    rig.lose()
    rig.hear("clients", CancelParent(PARENT))
    rig.pass_time(5 * SECOND)
    rig.lead("oms2")
    child = ClOrdID("fund-1.1")
    said = [message.cl_ord_id for _, message in rig.runtime.sent if isinstance(message, SubmitOrder | CancelOrder)]
    assert said == [child, child]
    rig.runtime.take(CancelOrder)
    rig.hear("oms2", OrderTaken(child))
    rig.pass_time(5 * SECOND)
    assert rig.runtime.take(CancelOrder) == [CancelOrder(child)], "once more: the order may have been repeated"


def test_a_later_life_sees_that_a_child_is_taken_whose_cancel_was_sent_before_anybody_had() -> None:
    rig = running()
    rig.children()
    rig.hear("clients", CancelParent(PARENT))
    rig.runtime.sync(rig.algos)
    rig.start()
    rig.lead()
    assert [each.cl_ord_id for each in rig.runtime.take(SubmitOrder)] == ["fund-1.1"], "else nobody hears of its end"
    rig.hear("oms1", OrderTaken(PARENT))
    rig.end(1, 10, filled=0)
    assert rig.done == [ParentDone(PARENT, ParentOutcome.CANCELED, 0, 0)]


def test_what_its_client_wants_back_is_taken_back_and_reported() -> None:
    rig = running()
    rig.children()
    rig.hear("oms1", OrderTaken(ClOrdID("fund-1.1")))
    rig.hear("clients", CancelParent(PARENT))
    assert rig.runtime.take(CancelOrder) == [CancelOrder(ClOrdID("fund-1.1"))]
    rig.end(1, 10, filled=0)
    assert rig.done == [ParentDone(PARENT, ParentOutcome.CANCELED, 0, 0)]
    rig.pass_time(5 * SECOND)
    assert rig.sizes() == []


def test_the_report_is_repeated_until_the_client_has_heard_it() -> None:
    rig = running()
    rig.hear("clients", CancelParent(PARENT))
    rig.end(1, *rig.sizes(), filled=10)
    assert len(rig.done) == 1
    rig.pass_time(1 * SECOND)
    assert len(rig.done) == 2
    rig.hear("clients", DoneHeard(PARENT))
    rig.pass_time(5 * SECOND)
    assert rig.done == []
    rig.hear("clients", order())
    assert len(rig.done) == 1, "whoever asks again is told again"


def test_nobody_is_told_of_an_end_that_is_not_on_the_disk_and_a_life_that_lost_it_comes_to_it_again() -> None:
    rig = running(config=AT_ONCE)
    rig.end(1, *rig.sizes(), filled=100)
    rig.hear("clients", order())
    rig.hear("clients", CancelParent(PARENT))
    assert rig.runtime.take(ParentDone) == []
    assert rig.runtime.take(CancelOrder) == [], "an OMS that has closed it would tell no later life of its children"
    rig.runtime.files["algos"] = rig.runtime.files["algos"][:3]  # its plan, itself and its child
    rig.start()
    rig.tick()
    rig.lead()
    rig.hear("oms1", FamilyTold(rig.epoch, PARENT, (ChildState(ClOrdID("fund-1.1"), 100, 100, 2_000_200, ended=True),)))
    rig.hear("oms1", OrderTaken(PARENT))
    assert rig.done == [ParentDone(PARENT, ParentOutcome.FILLED, 100, 2_000_200)]
    assert rig.runtime.take(CancelOrder, "oms1") == [CancelOrder(PARENT)]


def test_a_later_life_closes_at_the_oms_what_ended_when_the_last_one_died_before_it_could() -> None:
    rig = running(config=AT_ONCE)
    rig.end(1, *rig.sizes(), filled=100)
    rig.start()
    rig.lead()
    assert rig.runtime.take(CancelOrder, "oms1") == [CancelOrder(PARENT)]
    rig.hear("oms1", OrderTaken(PARENT))
    assert rig.runtime.take(ParentAnswered) == []


def test_a_bust_before_anybody_was_told_of_the_end_makes_another_end_of_it() -> None:
    rig = running()
    (lots,) = rig.sizes()
    rig.hear("clients", CancelParent(PARENT))
    rig.end(1, lots, filled=10)
    rig.hear("oms1", ChildMoved(PARENT, ChildState(ClOrdID("fund-1.1"), lots, 4, 80_008, ended=True)))
    assert rig.done == [ParentDone(PARENT, ParentOutcome.CANCELED, 4, 80_008)]
    rig.hear("oms1", ChildMoved(PARENT, ChildState(ClOrdID("fund-1.1"), lots, 0, 0, ended=True)))
    rig.pass_time(1 * SECOND)
    assert {each.filled_lots for each in rig.done} == {4}, "after that it is between the client and the venue"


def test_what_was_filled_goes_on_where_a_trade_is_busted_before_anybody_was_told() -> None:
    rig = running(config=AT_ONCE)
    rig.end(1, *rig.sizes(), filled=100)
    rig.hear("oms1", ChildMoved(PARENT, ChildState(ClOrdID("fund-1.1"), 100, 0, 0, ended=True)))
    assert rig.done == []
    rig.start()
    assert rig.done == []
    rig.tick()
    rig.lead()
    rig.hear("oms1", FamilyTold(rig.epoch, PARENT, (ChildState(ClOrdID("fund-1.1"), 100, 0, 0, ended=True),)))
    rig.hear("oms1", OrderTaken(PARENT))
    rig.pass_time(2 * SECOND)
    assert [each.cl_ord_id for each in rig.children()] == ["fund-1.2"]


def test_of_a_parent_that_is_over_no_children_are_kept_in_this_life_or_the_next() -> None:
    rig = running(config=AT_ONCE)
    rig.end(1, *rig.sizes(), filled=100)
    assert len(rig.done) == 1
    assert rig.algos.lives[PARENT].children == {}
    rig.start()
    assert rig.algos.lives[PARENT].children == {}
    rig.hear("clients", order())
    assert rig.done[-1] == ParentDone(PARENT, ParentOutcome.FILLED, 100, 2_000_200)


# --- it fails over in mid-schedule ---


def test_a_later_life_goes_on_where_the_earlier_one_was_once_it_knows_what_became_of_its_children() -> None:
    rig = running()
    rig.end(1, *rig.sizes(), filled=10)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [10]
    rig.start()
    rig.tick()
    rig.lead()
    assert [parent.cl_ord_id for parent in rig.runtime.take(ParentOrder, "oms1")] == [PARENT]
    again = rig.runtime.take(SubmitOrder)
    assert [each.cl_ord_id for each in again] == ["fund-1.2"], "not known to be taken: repeated, under its name"
    first, second = (ChildState(ClOrdID(f"fund-1.{n}"), 10, 10, 200_020, ended=True) for n in (1, 2))
    rig.hear("oms1", FamilyTold(rig.epoch, PARENT, (first, second)))
    rig.hear("oms1", OrderTaken(PARENT))
    rig.pass_time(2 * SECOND)
    assert [child.cl_ord_id for child in rig.children()] == ["fund-1.3", "fund-1.4"]
    assert rig.algos.lives[PARENT].progress.filled_lots == 20


def test_a_child_that_was_never_on_the_disk_never_went_out_and_its_name_is_free() -> None:
    rig = running()
    assert rig.runtime.take(SubmitOrder) == [], "its entry has not been synced"
    entries = rig.runtime.files["algos"]
    entries.pop()
    rig.start()
    rig.tick()
    rig.lead()
    rig.hear("oms1", OrderTaken(PARENT))
    assert [child.cl_ord_id for child in rig.children()] == ["fund-1.1"]


def test_children_that_only_the_oms_remembers_are_adopted() -> None:
    rig = running()
    rig.children()
    known = ChildState(ClOrdID("fund-1.5"), 30, 30, 600_060, ended=True)
    rig.hear("oms1", FamilyTold(rig.epoch, PARENT, (known,)))
    rig.pass_time(3 * SECOND)
    assert [child.cl_ord_id for child in rig.children()] == []
    rig.pass_time(1 * SECOND)
    assert [child.cl_ord_id for child in rig.children()] == ["fund-1.6"]


def test_a_parent_that_was_done_is_told_again_after_a_restart() -> None:
    rig = running()
    rig.hear("clients", CancelParent(PARENT))
    rig.end(1, *rig.sizes(), filled=10)
    assert len(rig.done) == 1
    rig.start()
    assert "clients" in rig.runtime.opened
    rig.pass_time(1 * SECOND)
    assert rig.done == [ParentDone(PARENT, ParentOutcome.CANCELED, 10, 200_020)] * 2


def test_pov_does_not_make_up_for_what_was_traded_while_it_was_down() -> None:
    rig = running(order(algorithm=Algorithm.POV, participation_percent=10))
    rig.tick(traded=500)
    rig.pass_time(1 * SECOND)
    rig.end(1, *rig.sizes(), filled=50)
    rig.start()
    rig.tick(traded=900)
    rig.lead()
    rig.hear("oms1", FamilyTold(rig.epoch, PARENT, (ChildState(ClOrdID("fund-1.1"), 50, 50, 1_000_100, ended=True),)))
    rig.hear("oms1", OrderTaken(PARENT))
    rig.tick(traded=950)
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [5]


def test_words_of_an_oms_that_does_not_lead_any_more_do_not_count() -> None:
    rig = running()
    rig.end(1, *rig.sizes(), filled=0, oms="oms2")
    rig.pass_time(1 * SECOND)
    assert rig.sizes() == [10], "the first one is still out"


@pytest.mark.parametrize(("sender", "epoch"), [("oms2", 2), ("oms1", 1)])
def test_what_somebody_else_or_an_earlier_epoch_tells_of_a_family_opens_no_child_again(sender: str, epoch: int) -> None:
    rig = running()
    (lots,) = rig.sizes()
    rig.lead()
    rig.end(1, lots, filled=lots)
    rig.hear(sender, FamilyTold(epoch, PARENT, (ChildState(ClOrdID("fund-1.1"), lots),)))
    rig.hear("clients", CancelParent(PARENT))
    assert rig.done == [ParentDone(PARENT, ParentOutcome.CANCELED, lots, lots * 20_002)]


def test_a_message_that_is_none_of_its_business_is_a_bug() -> None:
    with pytest.raises(TypeError, match="algos: found CancelOrder"):
        Rig().hear("oms1", CancelOrder(PARENT))


# --- what the tick store knows, and how well a parent was executed ---

VWAP = order(algorithm=Algorithm.VWAP, end_ns=1_000 * SECOND)


def told(rig: Rig, statistic: Statistic, values: tuple[int, ...], missing: int = 0, bars: int = 10) -> AskHistory:
    """The tick store answers the latest question of this kind."""
    asked = [each for each in rig.runtime.take(AskHistory, "tick-store") if each.statistic is statistic][-1]
    rig.hear("tick-store", HistoryTold(asked.number, values, bars, missing))
    return asked


def test_a_vwap_follows_what_was_recorded_and_says_so() -> None:
    rig = Rig()
    rig.lead()
    rig.tick()
    late = (0, 9) * 9 + (900, 9)
    asked = told(rig, Statistic.VOLUME_PROFILE, late)
    assert (asked.symbol, asked.from_ns, asked.to_ns, asked.parts) == ("ACME", 0, 1_000 * SECOND, 10)
    rig.take(VWAP)
    assert rig.runtime.take(ParentAnswered) == [ParentAnswered(PARENT, None, "recorded volume")]
    assert rig.sizes() == [], "nobody trades in the first nine tenths of the day"
    assert rig.algos.planned == {Basis.RECORDED: 1, Basis.UNANSWERED: 0, Basis.THIN: 0}


@pytest.mark.parametrize(
    ("answer", "basis"), [(None, Basis.UNANSWERED), ((0, 9) * 9 + (900, 2), Basis.THIN), ((), Basis.THIN)]
)
def test_without_the_tick_store_a_vwap_waits_for_nobody_and_says_what_it_follows(
    answer: tuple[int, ...] | None, basis: Basis
) -> None:
    rig = Rig()
    rig.lead()
    rig.tick()
    if answer is not None:
        told(rig, Statistic.VOLUME_PROFILE, answer)
    rig.take(VWAP)
    assert rig.runtime.take(ParentAnswered) == [ParentAnswered(PARENT, None, basis.value)]
    assert rig.sizes() == [18]
    assert rig.algos.planned[basis] == 1
    assert [claim.kind for claim in rig.runtime.claims if isinstance(claim, AlertRaised)] == ["algos.usual_volume"]


def test_what_a_vwap_follows_is_settled_when_it_is_taken_and_alike_in_a_later_life() -> None:
    rig = Rig()
    rig.lead()
    rig.tick()
    rig.take(VWAP)
    rig.end(1, *rig.sizes(), filled=18)
    rig.start()
    told(rig, Statistic.VOLUME_PROFILE, (0, 9) * 9 + (900, 9))
    life = rig.algos.lives[PARENT]
    assert [each.lots for each in life.plan.slices] == [18, 11, 9, 8, 7, 7, 8, 9, 11, 12]
    assert (life.follows, life.arrival_twice) == (Basis.UNANSWERED.value, 40_000)


def test_the_tick_store_is_asked_for_volume_again_and_again_and_an_answer_to_an_earlier_life_is_none() -> None:
    rig = Rig()
    (first,) = rig.runtime.take(AskHistory)
    rig.pass_time(5 * SECOND)
    (second,) = rig.runtime.take(AskHistory)
    assert second.number > first.number
    rig.start()
    rig.hear("tick-store", HistoryTold(second.number, (1, 9) * 10, 9, 0))
    assert rig.algos.planned == dict.fromkeys(Basis, 0)
    rig.lead()
    rig.take(VWAP)
    assert rig.algos.lives[PARENT].follows == Basis.UNANSWERED.value


def ended(rig: Rig, filled: bool = True) -> None:
    """Filled at 20,002 after it was taken at a middle of 20,000; the market has moved on to 20,010."""
    rig.pass_time(300 * MILLISECOND)
    if filled:
        rig.end(1, *rig.sizes(), filled=10)
    rig.tick(bid=20_008, ask=20_012)
    rig.hear("clients", CancelParent(PARENT))
    rig.runtime.sync(rig.algos)
    rig.runtime.take(AskHistory)


def test_after_its_end_a_parent_is_measured_against_arrival_and_against_what_was_traded_meanwhile() -> None:
    rig = running()
    ended(rig)
    assert rig.done == [ParentDone(PARENT, ParentOutcome.CANCELED, 10, 200_020)], "told at once, whatever comes of it"
    rig.pass_time(1_199 * MILLISECOND)
    assert rig.runtime.take(AskHistory) == [], "the bar in which it ended is not recorded yet"
    rig.pass_time(1 * MILLISECOND)
    asked = told(rig, Statistic.VWAP, (19_990 * 50, 50))
    assert (asked.symbol, asked.from_ns, asked.to_ns) == ("ACME", 0, 300 * MILLISECOND)
    (report,) = rig.runtime.take(ParentMeasured, "clients")
    assert report == ParentMeasured(PARENT, 10, 200_020, 40_000, 999_500, 50, 0, 100, 600, 460, True)
    rig.pass_time(1 * SECOND)
    assert rig.runtime.take(ParentMeasured) == [report] * 2, "until it is heard"
    rig.hear("clients", DoneHeard(PARENT, measured=True))
    rig.pass_time(5 * SECOND)
    assert rig.runtime.take(ParentMeasured) == []


def test_a_parent_that_is_cancelled_before_its_window_is_measured_at_its_end_and_not_backwards() -> None:
    rig = running(order(start_ns=50 * SECOND, end_ns=60 * SECOND))
    ended(rig, filled=False)
    rig.pass_time(1_200 * MILLISECOND)
    asked = told(rig, Statistic.VWAP, (0, 0), missing=1, bars=0)
    assert (asked.from_ns, asked.to_ns) == (0, 300 * MILLISECOND)
    rig.pass_time(4 * SECOND)
    (report, *_) = rig.runtime.take(ParentMeasured)
    assert (report.filled_lots, report.tape_lots, report.bars_missing) == (0, 0, 1)


def test_a_tick_store_that_lags_is_asked_again_and_the_best_answer_is_made_do_with() -> None:
    rig = running()
    ended(rig)
    rig.pass_time(1_200 * MILLISECOND)
    told(rig, Statistic.VWAP, (40_000, 2), missing=1, bars=2)
    assert rig.runtime.take(ParentMeasured) == []
    rig.pass_time(1 * SECOND)
    told(rig, Statistic.VWAP, (20_000, 1), missing=2, bars=1)
    rig.pass_time(2 * SECOND)
    (report, *_) = rig.runtime.take(ParentMeasured)
    assert (report.tape_turnover, report.tape_lots, report.bars_missing) == (40_000, 2, 1)


def test_a_tick_store_that_is_never_heard_costs_the_benchmark_and_not_the_report() -> None:
    rig = running()
    ended(rig)
    rig.pass_time(5 * SECOND)
    (report, *_) = rig.runtime.take(ParentMeasured)
    assert (report.tape_lots, report.bars_missing, report.vwap_cost_millionths) == (0, 1, None)
    assert report.arrival_cost_millionths == 100


def test_a_later_life_measures_what_was_not_measured_and_tells_again_what_was() -> None:
    rig = running()
    ended(rig)
    rig.start()
    rig.pass_time(1_200 * MILLISECOND)
    told(rig, Statistic.VWAP, (19_990 * 50, 50))
    (report,) = rig.runtime.take(ParentMeasured)
    assert (report.arrival_twice, report.shortfall_millionths) == (40_000, 460)
    rig.start()
    rig.pass_time(1 * SECOND)
    assert rig.runtime.take(ParentMeasured) == [report] * 2
    assert all(each.statistic is not Statistic.VWAP for each in rig.runtime.take(AskHistory))
