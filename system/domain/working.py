"""An order that is worked leg after leg: in the dark first, if it is large, and what comes back in the light.

One rule holds it together: *what is out counts until it is known to have ended*. So a leg that was taken back for its
time may trade until the pool has confirmed its end, and whatever it trades is counted before the rest is routed on.
What a leg brings back, because it was too late, too large, or not wanted at its venue, is routed anew, and not to an
offer that was asked for already: each is good for one leg, until its venue shows something new or it is a while ago.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from msgspec import Struct

from squall.sim.exchange.wire.messages import Side, TimeInForce
from squall.system.config import AlgosConfig
from squall.system.domain.algorithms import Hold, Plan, Progress, Sight, facing_half_ticks, missing_lots, stricter
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.messages import ParentOrder, SubmitOrder, Tick
from squall.system.domain.routing import DarkRule, Leg, Tariffs, allocate, offers_of


class Asked(Struct, frozen=True, gc=False):
    """The offer that a leg was cut from: the venue's message, and when that was."""

    seq: int
    at_ns: int


class Wanted(Struct, frozen=True, gc=False):
    """What is left to be let out of an order, and on which terms."""

    side: Side
    lots: int
    limit_half_ticks: int
    step_lots: int = 1
    max_legs: int = 1


class DarkLeg(Struct, frozen=True, gc=False):
    """Let it rest in this pool, at the limit or better, and take it back then."""

    venue: Venue
    lots: int
    min_lots: int
    limit_half_ticks: int


class LitLegs(Struct, frozen=True, gc=False):
    """Take what these venues show, at the limit or better."""

    legs: tuple[Leg, ...]
    limit_half_ticks: int


class TakeBack(Struct, frozen=True, gc=False):
    """Its time in the dark is over."""

    cl_ord_id: ClOrdID


Step = DarkLeg | LitLegs | TakeBack | Hold


class Work:
    """What is remembered of such an order: which leg is in the dark, until when, and which offers were asked for."""

    __slots__ = ("asked", "asked_back_ns", "awaited", "dark", "ended", "sent_ns")

    def __init__(self) -> None:
        self.dark: ClOrdID | None = None
        """The leg that goes to the pool: there is one at most."""
        self.sent_ns = 0
        """When that was meant, by the wall clock."""
        self.asked_back_ns: int | None = None
        """When that was asked for the last time; None: not yet, in this life."""
        self.awaited = False
        """Whether anything of the order had to wait for the end of what was taken back."""
        self.ended = False
        """Whether the pool is done with it."""
        self.asked: dict[Venue, Asked] = {}

    @property
    def resting(self) -> ClOrdID | None:
        """The leg in the dark, while it is not known to have ended."""
        return None if self.ended else self.dark

    def sent(self, order: SubmitOrder) -> None:
        """A leg goes out, or did in an earlier life."""
        if order.time_in_force is not TimeInForce.IOC:
            self.dark, self.sent_ns = order.cl_ord_id, order.intended_ns

    def back_ns(self, dark: DarkRule | None) -> int:
        """When the leg in the dark is to be taken back, by the wall clock."""
        return self.sent_ns + (dark.patience_ns if dark is not None else 0)

    def heard(self, cl_ord_id: ClOrdID, ended: bool) -> None:
        """A leg stands so, as the OMS knows it."""
        if cl_ord_id == self.dark and ended:
            self.ended = True

    def believed(self, quotes: Iterable[Tick], now_ns: int, again_ns: int) -> list[Tick]:
        """The quotes that no leg was cut from, or not for so long."""
        return [quote for quote in quotes if not self._was_asked(quote, now_ns, again_ns)]

    def _was_asked(self, quote: Tick, now_ns: int, again_ns: int) -> bool:
        asked = self.asked.get(quote.venue)
        return asked is not None and asked.seq == quote.seq and now_ns < asked.at_ns + again_ns


def wanted(
    parent: ParentOrder,
    plan: Plan,
    now_ns: int,
    progress: Progress,
    sight: Sight,
    config: AlgosConfig,
    step_lots: int,
    max_legs: int,
) -> Wanted | Hold:
    """What is to be let out of it now, or why nothing may be."""
    if now_ns < plan.window.start_ns:
        return Hold.NOT_YET
    facing = facing_half_ticks(parent.side, sight.touch)
    if not facing:
        return Hold.NO_PRICE
    if sight.runs:
        return Hold.MARKET_RUNS
    lots = missing_lots(parent, plan, now_ns, progress, sight, config, step_lots)
    limit = stricter(parent.side, sight.worst_half_ticks, parent.limit_half_ticks)
    return Wanted(parent.side, lots, facing if limit is None else limit, step_lots, max_legs)


def next_step(
    work: Work,
    wanted: Wanted | Hold,
    now_ns: int,
    dark: DarkRule | None,
    quotes: Mapping[Venue, Tick],
    tariffs: Tariffs,
    again_ns: int,
) -> Step:
    """What to do next with an order that is worked; once it is done, ask again, until there is nothing to do.

    *wanted* is what is not out, or why nothing may go out; what rests is taken back all the same. *dark*: the pool, if
    there is one; *quotes* are those of the lit venues. What was asked for in vain, offers and the end of a leg alike,
    is asked for again after *again_ns*.
    """
    if work.resting is not None:
        if now_ns < work.back_ns(dark):
            return Hold.IN_THE_DARK
        if work.asked_back_ns is None or now_ns >= work.asked_back_ns + again_ns:
            return TakeBack(work.resting)
    if isinstance(wanted, Hold):
        return wanted
    if not wanted.lots:
        return Hold.ON_SCHEDULE if work.resting is None else Hold.TAKEN_BACK
    if dark is not None and work.dark is None and wanted.lots >= dark.from_lots:
        least_lots = dark.least_lots(wanted.lots, wanted.step_lots)
        return DarkLeg(dark.venue, wanted.lots, least_lots, wanted.limit_half_ticks)
    believed = work.believed((quote for quote in quotes.values() if not quote.stale), now_ns, again_ns)
    offers = offers_of(wanted.side, believed, tariffs)
    allocation = allocate(wanted.side, wanted.lots, wanted.limit_half_ticks, offers, wanted.step_lots)
    if not allocation.legs:
        return Hold.NOTHING_SHOWN
    return LitLegs(allocation.legs[: wanted.max_legs], wanted.limit_half_ticks)


def done(work: Work, step: DarkLeg | LitLegs | TakeBack, now_ns: int, quotes: Mapping[Venue, Tick]) -> None:
    """This step was taken. Of a leg in the dark its order says the rest (`Work.sent`)."""
    match step:
        case TakeBack():
            work.asked_back_ns = now_ns
        case LitLegs():
            for leg in step.legs:
                work.asked[leg.venue] = Asked(quotes[leg.venue].seq, now_ns)
        case DarkLeg():
            pass
        case _:
            assert_never(step)
