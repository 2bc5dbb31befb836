"""What an execution algorithm does next with a parent order: pure functions of the parent, the time and the market.

A schedule says how much is to have been let out by now, and the next child is what is missing of it: catching up after
a pause, after a child that found too little, and after a failover is the same subtraction. What is let out counts until
it is known to have ended, so that nobody who is slow to hear of a fill trades it twice.
"""

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from typing import Final, assert_never

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side
from squall.system.config import AlgosConfig
from squall.system.domain.messages import Algorithm, ParentOrder
from squall.system.domain.shortfall import Impact, trajectory, urgency
from squall.system.domain.signals import BestTouch
from squall.system.domain.slicing import (
    Slice,
    Window,
    along,
    due_lots,
    followed_lots,
    next_slice_ns,
    twap,
    vwap,
)


class ParentRefusal(Enum):
    """Why a parent is not taken at all."""

    UNKNOWN_SYMBOL = "unknown symbol"
    NO_QUANTITY = "no quantity"
    ODD_LOTS = "not a whole number of round lots"
    BAD_LIMIT = "no price that an order could have"
    NO_PARTICIPATION = "a share of volume from 1 to 99 is needed"
    BAD_AVERSION = "an aversion to risk cannot be negative"
    NO_TIME = "no time is left for it before its end or the close"
    SLICES_TOO_LONG = "slices so long that trading slowly would save nothing"


class Hold(Enum):
    """Why no child is let out just now. Nothing of it is final: the parent's end is."""

    NOT_YET = "its window has not begun"
    OVER = "its window is over"
    NO_PRICE = "no fresh price on the side that it needs"
    NO_VOLUME = "nothing was traded to have a share of"
    ON_SCHEDULE = "what is due has been let out"
    MARKET_RUNS = "the market moves too fast"
    BEYOND_LIMIT = "the market is beyond its limit"
    IN_THE_DARK = "it rests in the dark"
    TAKEN_BACK = "what was taken back has not ended yet"
    NOTHING_SHOWN = "no lit venue shows anything within its limit that was not asked for already"
    NOBODY_LEADS = "nobody leads the desk, or has not said yet what became of its children"
    BARREN = "its children come back with nothing"


PAUSES: Final = (Hold.NO_PRICE, Hold.MARKET_RUNS, Hold.BEYOND_LIMIT, Hold.NOBODY_LEADS, Hold.BARREN)
"""The holds that are trouble; after the others nothing was due."""


class Plan(Struct, frozen=True):
    """How a parent is to be worked off; settled when it is taken, and alike in every later life."""

    window: Window
    slices: tuple[Slice, ...]
    """Empty where it is volume that decides."""


class Progress(Struct, frozen=True, gc=False):
    """How far it is."""

    filled_lots: int = 0
    open_lots: int = 0
    """Let out and not known to have ended, without what they have filled."""

    @property
    def committed_lots(self) -> int:
        """What can have been traded of it by the time that everything open has ended."""
        return self.filled_lots + self.open_lots


class Sight(Struct, frozen=True, gc=False):
    """What is seen of the market just now."""

    touch: BestTouch | None
    """None while no venue's price can be trusted."""
    traded_lots: int
    """On all venues since the parent was taken."""
    worst_half_ticks: int | None = None
    """How far a child may reach through the touch; None: as far as it likes."""
    runs: bool = False
    """Whether the market runs away from us just now."""


class Child(Struct, frozen=True, gc=False):
    """What is to be let out: so many lots, at this price or better."""

    lots: int
    limit_half_ticks: int | None
    """None: at any price, since neither the client nor we have set one."""


def plan(
    parent: ParentOrder,
    taken_ns: int,
    config: AlgosConfig,
    profile: Sequence[int],
    step_lots: int = 1,
    tick_half_ticks: int = 1,
) -> Plan | ParentRefusal:
    """How a parent that is taken now will be worked off, or why it cannot be. It ends by the close in any case.

    *step_lots*: the symbol's round lot; *tick_half_ticks*: what its prices are multiples of.
    """
    refusal = _form_refusal(parent, step_lots, tick_half_ticks)
    if refusal is not None:
        return refusal
    start_ns = max(parent.start_ns, taken_ns, 0)
    end_ns = min(parent.end_ns or start_ns + usual_length_ns(parent.algorithm, config), config.day_ns)
    if end_ns <= start_ns:
        return ParentRefusal.NO_TIME
    window, lots = Window(start_ns, end_ns), parent.quantity_lots
    match parent.algorithm:
        case Algorithm.TWAP:
            return Plan(window, twap(lots, window, config.twap_slices, step_lots))
        case Algorithm.VWAP:
            return Plan(window, vwap(lots, window, Window(0, config.day_ns), profile, step_lots))
        case Algorithm.POV:
            return Plan(window, ())
        case Algorithm.SHORTFALL:
            urgent = _urgency(parent, window, config)
            if urgent is None:
                return ParentRefusal.SLICES_TOO_LONG
            return Plan(window, along(trajectory(lots, config.shortfall_slices, urgent, step_lots), window))
        case Algorithm.DARK_FIRST:
            return Plan(window, (Slice(window.start_ns, lots),))
        case _:
            assert_never(parent.algorithm)


def usual_length_ns(algorithm: Algorithm, config: AlgosConfig) -> int:
    """How long it takes where the client does not say it; what waits for others takes the day, as VWAP does."""
    match algorithm:
        case Algorithm.TWAP:
            return config.twap_duration_ns
        case Algorithm.VWAP | Algorithm.POV | Algorithm.DARK_FIRST:
            return config.day_ns
        case Algorithm.SHORTFALL:
            return config.shortfall_slices * config.shortfall_slice_ns
        case _:
            assert_never(algorithm)


def next_child(
    parent: ParentOrder,
    plan: Plan,
    now_ns: int,
    progress: Progress,
    sight: Sight,
    config: AlgosConfig,
    step_lots: int = 1,
) -> Child | Hold:
    """The child that is due now, or why there is none."""
    if now_ns < plan.window.start_ns:
        return Hold.NOT_YET
    if now_ns >= plan.window.end_ns:
        return Hold.OVER
    lots = missing_lots(parent, plan, now_ns, progress, sight, config, step_lots)
    if lots <= 0:
        return Hold.ON_SCHEDULE if plan.slices or sight.traded_lots else Hold.NO_VOLUME
    facing = facing_half_ticks(parent.side, sight.touch)
    if not facing:
        return Hold.NO_PRICE
    if sight.runs:
        return Hold.MARKET_RUNS
    limit = stricter(parent.side, sight.worst_half_ticks, parent.limit_half_ticks)
    if limit is not None and parent.side.sign * (facing - limit) > 0:
        return Hold.BEYOND_LIMIT
    return Child(lots, limit)


def missing_lots(
    parent: ParentOrder,
    plan: Plan,
    now_ns: int,
    progress: Progress,
    sight: Sight,
    config: AlgosConfig,
    step_lots: int = 1,
) -> int:
    """What is to be out by now and is not, in whole steps, and not more than a child may have; at least 0."""
    missing = min(_due_lots(parent, plan, now_ns, sight), parent.quantity_lots) - progress.committed_lots
    return max(min(missing, config.max_child_lots), 0) // step_lots * step_lots


def next_look_ns(plan: Plan, now_ns: int, behind: bool, pace_ns: int) -> int:
    """When to look at the parent again: at its next slice, sooner where it is behind, and at its end.

    *behind*: something of what is due could not be let out, or did not trade. What follows volume always may be.
    """
    window = plan.window
    if now_ns < window.start_ns:
        return window.start_ns
    due_ns = next_slice_ns(plan.slices, now_ns) or window.end_ns
    if behind or not plan.slices:
        due_ns = min(due_ns, now_ns + pace_ns)
    return min(due_ns, window.end_ns)


def _form_refusal(parent: ParentOrder, step_lots: int, tick_half_ticks: int) -> ParentRefusal | None:
    needed = 1 if parent.algorithm is Algorithm.POV else 0
    if parent.quantity_lots <= 0:
        return ParentRefusal.NO_QUANTITY
    if parent.quantity_lots % step_lots:
        return ParentRefusal.ODD_LOTS
    limit = parent.limit_half_ticks
    if limit is not None and (limit <= 0 or limit % tick_half_ticks):
        return ParentRefusal.BAD_LIMIT
    if not needed <= parent.participation_percent < 100:
        return ParentRefusal.NO_PARTICIPATION
    if parent.aversion_billionths < 0:
        return ParentRefusal.BAD_AVERSION
    return None


def _urgency(parent: ParentOrder, window: Window, config: AlgosConfig) -> Fraction | None:
    impact = Impact(
        config.price_variance_millionths, config.temporary_impact_millionths, config.permanent_impact_millionths
    )
    interval_ns = max(window.length_ns // config.shortfall_slices, 1)
    return urgency(impact, parent.aversion_billionths, interval_ns)


def _due_lots(parent: ParentOrder, plan: Plan, now_ns: int, sight: Sight) -> int:
    """What is to have been let out by now: by the schedule, and within the share of volume where there is a bound."""
    share = followed_lots(sight.traded_lots, parent.participation_percent)
    if not plan.slices:
        return share
    due = due_lots(plan.slices, now_ns)
    return min(due, share) if parent.participation_percent else due


def facing_half_ticks(side: Side, touch: BestTouch | None) -> int:
    """The best price of those that we would trade with; 0 where there is none."""
    if touch is None:
        return 0
    return touch.ask_half_ticks if side is Side.BUY else touch.bid_half_ticks


def stricter(side: Side, one_half_ticks: int | None, other_half_ticks: int | None) -> int | None:
    """Of two limits the one that lets through less; None where there is none."""
    if one_half_ticks is None or other_half_ticks is None:
        return other_half_ticks if one_half_ticks is None else one_half_ticks
    return min(one_half_ticks, other_half_ticks) if side is Side.BUY else max(one_half_ticks, other_half_ticks)
