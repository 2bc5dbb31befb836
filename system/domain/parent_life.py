"""One parent from when it is taken to its end, as the algorithms know it: its plan, its children, and what is left."""

from collections.abc import Iterable
from typing import Final

from squall.system.domain.algorithms import PAUSES, Child, Hold, Plan, Progress
from squall.system.domain.family import SEPARATOR, child_name
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import (
    Algorithm,
    ChildState,
    ParentDone,
    ParentMeasured,
    ParentOrder,
    ParentOutcome,
)
from squall.system.domain.working import Work

BARREN_DOUBLINGS: Final = 3
"""After children that traded nothing the next one waits ever longer, up to 2^3 paces."""


class ParentLife:
    """What is let out counts until the OMS has said that it has ended: whoever does not hear, sends less."""

    def __init__(self, order: ParentOrder, plan: Plan) -> None:
        self.order = order
        self.plan = plan
        self.taken = False
        """Whether the OMS has it: before that nothing of it is let out."""
        self.cancelled = False
        """Whether the client wants it back."""
        self.follows = ""
        """Of a VWAP: which volume."""
        self.arrival_twice: int | None = None
        """The middle of the market when it was taken, doubled; None where none was seen."""
        self.done: ParentDone | None = None
        """How it has ended: nothing more of it is let out."""
        self.over = False
        """Whether that is on the disk: before it is, nobody is told."""
        self.ended_ns = 0
        self.last_twice: int | None = None
        """The middle of the market at its end."""
        self.report: ParentMeasured | None = None
        """How well it was executed, once that is known."""
        self.children: dict[ClOrdID, ChildState] = {}
        self.taken_back: dict[ClOrdID, None] = {}
        """Children whose cancel was asked for, in this life."""
        self.untaken: dict[ClOrdID, None] = {}
        """Those whose cancel was asked for before any OMS had taken them."""
        self.paused: Hold | None = None
        """What keeps it from trading just now."""
        self.barren = 0
        """How many children in a row have ended with nothing traded."""
        self.volume_from_lots = 0
        """What the symbol's meter showed when this parent's share of volume began to count."""
        self.work = Work() if order.algorithm is Algorithm.DARK_FIRST else None
        """Of one that is worked leg after leg, where it stands."""
        self._number = 0

    @property
    def name(self) -> ClOrdID:
        return self.order.cl_ord_id

    @property
    def progress(self) -> Progress:
        """What has traded, and what is still out."""
        filled = sum(child.filled_lots for child in self.children.values())
        committed = sum(child.committed_lots for child in self.children.values())
        return Progress(filled, committed - filled)

    @property
    def hopeful_progress(self) -> Progress:
        """The same, if what was taken back from the dark traded nothing more: that would be a guess."""
        progress, work = self.progress, self.work
        if work is None or work.resting is None or work.asked_back_ns is None:
            return progress
        child = self.children[work.resting]
        return Progress(progress.filled_lots, progress.open_lots - child.committed_lots + child.filled_lots)

    @property
    def notional(self) -> int:
        """Sum of price × lots of all that has traded."""
        return sum(child.notional for child in self.children.values())

    @property
    def fees(self) -> int:
        """What venues charged for all that has traded."""
        return sum(child.fees for child in self.children.values())

    def ending(self, outcome: ParentOutcome) -> ParentDone:
        """What the client is to be told, were this its end."""
        return ParentDone(self.name, outcome, self.progress.filled_lots, self.notional, self.fees)

    @property
    def open_children(self) -> tuple[ClOrdID, ...]:
        """Those that are not known to have ended, in order."""
        return tuple(name for name, child in self.children.items() if not child.ended)

    def close(self) -> None:
        """Its end is on the disk. A client may ask for that again, and nobody for its children any more."""
        self.over = True
        self.children.clear()
        self.taken_back.clear()
        self.untaken.clear()
        self.work = None

    def next_name(self) -> ClOrdID:
        """Of the next child: no two ever have the same."""
        return child_name(self.name, self._number + 1)

    def mean(self, child: ChildState) -> None:
        """A child is to go out, or did in an earlier life, or is known to the OMS and to nobody else."""
        self.children[child.cl_ord_id] = child
        self._number = max(self._number, int(child.cl_ord_id.rpartition(SEPARATOR)[2]))

    def tell(self, child: ChildState) -> None:
        """The OMS's word about a child."""
        before = self.children.get(child.cl_ord_id)
        self.mean(child)
        if self.work is not None:
            self.work.heard(child.cl_ord_id, child.ended)
        dark = self.work is not None and child.cl_ord_id == self.work.dark  # who met nobody there is in no trouble
        if child.ended and not dark and not (before is not None and before.ended):
            self.barren = 0 if child.filled_lots else self.barren + 1

    def tell_all(self, children: Iterable[ChildState]) -> None:
        """All that the OMS knows; a child that it does not name has not come to it yet."""
        for child in children:
            self.tell(child)

    def outcome(self, now_ns: int) -> ParentOutcome | None:
        """How it has ended, once all its children have; None while it goes on."""
        if self.open_children:
            return None
        if self.progress.filled_lots >= self.order.quantity_lots:
            return ParentOutcome.FILLED
        if self.cancelled:
            return ParentOutcome.CANCELED
        return ParentOutcome.OVER if now_ns >= self.plan.window.end_ns else None

    def is_winding_up(self, now_ns: int) -> bool:
        """Whether nothing more is let out, and what is still out is to be taken back."""
        return self.cancelled or now_ns >= self.plan.window.end_ns

    def trouble(self, found: Child | Hold) -> Hold | None:
        """What keeps it from trading, after a look that has *found* this; None where nothing does."""
        if isinstance(found, Hold) and found in PAUSES:
            return found
        return Hold.BARREN if self.barren else None

    def patience_ns(self, pace_ns: int) -> int:
        """How long to wait before the next try: longer after children that found nothing."""
        return pace_ns << min(self.barren, BARREN_DOUBLINGS)

    def traded_lots(self, meter_lots: int) -> int:
        """The volume that counts for its share, given what the symbol's meter shows."""
        return meter_lots - self.volume_from_lots

    def count_volume_from(self, meter_lots: int) -> None:
        """In a later life volume counts from here, and from what it takes to explain what has traded already.

        What was traded while nobody counted is left out, so that the share is kept and not made up for.
        """
        filled, percent = self.progress.filled_lots, self.order.participation_percent
        explained = -(-filled * 100 // percent) if percent else 0
        self.volume_from_lots = meter_lots - explained
