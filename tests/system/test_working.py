"""An order that is worked leg after leg: nothing is done twice, whatever comes back, and nothing is asked for twice."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import AlgosConfig
from squall.system.domain.algorithms import Hold, Plan, Progress, Sight, plan
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.domain.messages import Algorithm, ParentOrder, SubmitOrder, Tick
from squall.system.domain.routing import NO_TARIFFS, DarkRule, Leg
from squall.system.domain.signals import best_touch
from squall.system.domain.working import DarkLeg, LitLegs, Step, TakeBack, Wanted, Work, done, next_step, wanted

POOL, A, B = Venue("dark-pool"), Venue("exchange-a"), Venue("exchange-b")
ACME = Symbol("ACME")
PATIENCE, AGAIN = 1_000, 100
RULE = DarkRule(POOL, 100, 10, PATIENCE)


def quote(venue: Venue, ask: int = 202, lots: int = 50, seq: int = 1, stale: bool = False) -> Tick:
    return Tick(venue, ACME, seq, ask - 4, lots, ask, lots, stale)


def leg(name: str, at_ns: int, tif: TimeInForce = TimeInForce.DAY) -> SubmitOrder:
    return SubmitOrder(ClOrdID(name), "algos", ACME, Side.BUY, 100, OrdType.LIMIT, tif, 204, at_ns)


QUOTES = {A: quote(A), B: quote(B, 204, 60)}


def step(
    work: Work, lots: int, now_ns: int = 0, dark: DarkRule | None = RULE, quotes: dict[Venue, Tick] = QUOTES
) -> Step:
    return next_step(work, Wanted(Side.BUY, lots, 204, 1, 4), now_ns, dark, quotes, NO_TARIFFS, AGAIN)


def in_the_dark() -> Work:
    work = Work()
    work.sent(leg("p.1", 0))
    return work


# --- the dark first ---


def test_a_large_order_goes_to_the_pool_whole_with_a_minimum_quantity_and_a_small_one_does_not() -> None:
    assert step(Work(), 250) == DarkLeg(POOL, 250, 25, 204)
    assert isinstance(step(Work(), 99), LitLegs)
    assert isinstance(step(Work(), 250, dark=None), LitLegs)


def test_it_rests_there_for_its_time_whatever_the_others_show_and_is_taken_back_then() -> None:
    work = in_the_dark()
    assert step(work, 0, PATIENCE - 1) is Hold.IN_THE_DARK
    assert step(work, 0, PATIENCE) == TakeBack(ClOrdID("p.1"))


def test_what_was_taken_back_is_waited_for_and_asked_for_again() -> None:
    work = in_the_dark()
    done(work, TakeBack(ClOrdID("p.1")), PATIENCE, QUOTES)
    assert step(work, 0, PATIENCE) is Hold.TAKEN_BACK
    assert step(work, 0, PATIENCE + AGAIN) == TakeBack(ClOrdID("p.1"))
    work.heard(ClOrdID("p.1"), ended=False)
    assert step(work, 0, PATIENCE + 1) is Hold.TAKEN_BACK
    work.heard(ClOrdID("p.1"), ended=True)
    assert isinstance(step(work, 80, PATIENCE + 1), LitLegs)


def test_nothing_goes_to_the_dark_twice() -> None:
    work = in_the_dark()
    work.heard(ClOrdID("p.1"), ended=True)
    assert isinstance(step(work, 250), LitLegs)


def test_it_is_taken_back_in_time_also_while_nothing_may_go_out() -> None:
    work = in_the_dark()
    assert next_step(work, Hold.NO_PRICE, PATIENCE, RULE, {}, NO_TARIFFS, AGAIN) == TakeBack(ClOrdID("p.1"))
    done(work, TakeBack(ClOrdID("p.1")), PATIENCE, {})
    assert next_step(work, Hold.NO_PRICE, PATIENCE, RULE, {}, NO_TARIFFS, AGAIN) is Hold.NO_PRICE


@given(st.integers(1, 5_000), st.integers(0, 100), st.integers(1, 50))
def test_the_minimum_quantity_is_its_share_rounded_up_to_whole_steps(steps: int, percent: int, step_lots: int) -> None:
    lots = steps * step_lots
    least = DarkRule(POOL, 1, percent, 0).least_lots(lots, step_lots)
    assert least == min(max(ceil(Fraction(lots * percent, 100 * step_lots)), 1) * step_lots, lots)


# --- then in the light ---


def test_what_is_left_is_split_over_what_the_lit_venues_show_within_the_limit() -> None:
    assert step(Work(), 80) == LitLegs((Leg(A, 50, 202), Leg(B, 30, 204)), 204)
    dear = {A: quote(A), B: quote(B, 206)}
    assert step(Work(), 80, quotes=dear) == LitLegs((Leg(A, 50, 202),), 204)


def test_an_offer_is_asked_for_once_until_its_venue_shows_something_new_or_it_is_a_while_ago() -> None:
    work = Work()
    first = step(work, 40)
    assert first == LitLegs((Leg(A, 40, 202),), 204)
    done(work, first, 0, QUOTES)
    assert step(work, 40) == LitLegs((Leg(B, 40, 204),), 204), "what came back is routed on, and not to where it was"
    done(work, LitLegs((Leg(B, 40, 204),), 204), 0, QUOTES)
    assert step(work, 40, AGAIN - 1) is Hold.NOTHING_SHOWN
    assert isinstance(step(work, 40, AGAIN), LitLegs)
    assert step(work, 40, quotes={**QUOTES, A: quote(A, seq=2)}) == LitLegs((Leg(A, 40, 202),), 204)


def test_stale_quotes_are_no_offers() -> None:
    assert step(Work(), 40, quotes={A: quote(A, stale=True), B: quote(B)}) == LitLegs((Leg(B, 40, 202),), 204)
    assert step(Work(), 40, quotes={}) is Hold.NOTHING_SHOWN


# --- what is wanted ---


PARENT = ParentOrder(ClOrdID("p"), "fund", "a", "ann", ACME, Side.BUY, 300, Algorithm.DARK_FIRST, end_ns=10_000)
CONFIG = AlgosConfig()
UNTOUCHED = Progress()
SIGHT = Sight(best_touch([quote(A)]), 0, 210)


def _wanted(sight: Sight = SIGHT, progress: Progress = UNTOUCHED, parent: ParentOrder = PARENT) -> Wanted | Hold:
    made = plan(parent, 0, CONFIG, (1,))
    assert isinstance(made, Plan)
    return wanted(parent, made, 0, progress, sight, CONFIG, 1, 4)


def test_all_that_is_not_out_is_wanted_at_once_within_the_stricter_limit() -> None:
    assert _wanted(progress=Progress(20, 30)) == Wanted(Side.BUY, 250, 210, 1, 4)
    assert _wanted(parent=replace(PARENT, limit_half_ticks=204)) == Wanted(Side.BUY, 300, 204, 1, 4)
    assert _wanted(replace(SIGHT, worst_half_ticks=None)) == Wanted(Side.BUY, 300, 202, 1, 4), (
        "the touch, where none is"
    )


def test_nothing_is_wanted_without_a_price_in_a_market_on_the_run_or_before_its_time() -> None:
    assert _wanted(replace(SIGHT, touch=None)) is Hold.NO_PRICE
    assert _wanted(replace(SIGHT, runs=True)) is Hold.MARKET_RUNS
    assert _wanted(parent=replace(PARENT, start_ns=5)) is Hold.NOT_YET


# --- any life ---


class Life(RuleBasedStateMachine):
    """Legs go out as the rule says; venues fill, end and refuse them in any order, and are slow to say so."""

    WHOLE = 300

    def __init__(self) -> None:
        super().__init__()
        self.work = Work()
        self.now_ns = 0
        self.open: dict[ClOrdID, tuple[Venue, int, int]] = {}
        """Venue, lots, filled: of legs that are at work."""
        self.told: dict[ClOrdID, tuple[int, int, bool]] = {}
        """Lots, filled, ended: as we have been told."""
        self.filled = 0
        self.darks = 0
        self.seqs = {A: 1, B: 1}
        self.asked: list[tuple[Venue, int, int]] = []

    def _left(self) -> int:
        return self.WHOLE - sum(filled if ended else lots for lots, filled, ended in self.told.values())

    @rule()
    def look(self) -> None:
        quotes = {venue: quote(venue, seq=seq) for venue, seq in self.seqs.items()}
        for _ in range(8):
            step_ = step(self.work, self._left(), self.now_ns, quotes=quotes)
            match step_:
                case Hold():
                    return
                case DarkLeg():
                    self.darks += 1
                    self._send(POOL, step_.lots, TimeInForce.DAY)
                case LitLegs():
                    assert self.work.resting is None, "nothing goes to the light while anything may trade in the dark"
                    for each in step_.legs:
                        self.asked.append((each.venue, self.seqs[each.venue], self.now_ns))
                        self._send(each.venue, each.lots, TimeInForce.IOC)
                case TakeBack():
                    assert self.now_ns >= PATIENCE
            done(self.work, step_, self.now_ns, quotes)
        raise AssertionError("there is always more to do")

    def _send(self, venue: Venue, lots: int, tif: TimeInForce) -> None:
        name = ClOrdID(f"p.{len(self.told) + 1}")
        self.open[name] = (venue, lots, 0)
        self.told[name] = (lots, 0, False)
        self.work.sent(leg(name, self.now_ns, tif))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.open)))
        venue, lots, filled = self.open[name]
        more = data.draw(st.integers(0, lots - filled))
        self.open[name] = (venue, lots, filled + more)
        self.filled += more

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.open)))
        _, lots, filled = self.open.pop(name)
        self.told[name] = (lots, filled, True)
        self.work.heard(name, ended=True)

    @rule(ns=st.integers(1, 700))
    def wait(self, ns: int) -> None:
        self.now_ns += ns

    @rule(venue=st.sampled_from((A, B)))
    def tick(self, venue: Venue) -> None:
        self.seqs[venue] += 1

    @invariant()
    def nothing_is_done_twice(self) -> None:
        at_work = sum(lots - filled for _, lots, filled in self.open.values())
        assert self.filled + at_work <= self.WHOLE
        assert self.darks <= 1

    @invariant()
    def no_offer_is_asked_for_twice_at_once(self) -> None:
        for venue, seq, at_ns in self.asked:
            alike = [each for each in self.asked if each[:2] == (venue, seq) and 0 <= each[2] - at_ns < AGAIN]
            assert len(alike) == 1


TestLives = Life.TestCase
