"""An order that was replaced is on the terms that were asked for, once, and for no more lots than they say."""

from squall.scenarios.checks.standing import Standing, watch_standing
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, Sent, VenueAccepted, VenueReplaced
from squall.system.domain.doubt import revision_of
from squall.system.domain.messages import AmendOrder

Terms = tuple[int, int | None]
"""Quantity, and limit."""


class _TermsRespected:
    """Every wish as the network carried it, and every replace as the venue did it."""

    def __init__(self, stage: Stage) -> None:
        self._wishes: dict[tuple[str, int], list[Terms]] = {}
        """By order and revision. A faulty program may say another thing under the same number."""
        self._lots: dict[str, int] = {}
        """What each replaced order is for."""
        self._filled: dict[str, int] = {}
        self._replaced = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_wish, Sent, AmendOrder)
        trace.watch(self._on_replaced, VenueReplaced)
        trace.watch(self._on_accepted, VenueAccepted)
        watch_standing(trace, self._on_standing)

    def _on_wish(self, record: Record) -> None:
        wish: AmendOrder = record.event.message
        terms = (wish.quantity_lots, wish.price_half_ticks)
        self._wishes.setdefault((wish.cl_ord_id, wish.revision), []).append(terms)

    def _on_replaced(self, record: Record) -> None:
        event: VenueReplaced = record.event
        self._replaced += 1
        order = event.cl_ord_link_id
        self._lots[order] = event.lots
        asked = self._wishes.get((order, revision_of(event.cl_ord_id)), [])
        if (event.lots, event.price_half_ticks) not in asked:
            text = f"{order} was replaced as {event.cl_ord_id}: {event.lots} lots at {event.price_half_ticks}"
            self._docket.violated(record, f"{text}; asked for was {asked or 'nothing'}")

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        if event.cl_ord_link_id in self._lots:
            text = f"{event.venue} accepted {event.cl_ord_id}, an order that had been replaced at its venue before"
            self._docket.violated(record, text)

    def _on_standing(self, record: Record, change: Standing) -> None:
        filled = self._filled[change.order] = self._filled.get(change.order, 0) + change.lots
        lots = self._lots.get(change.order)
        if lots is not None and filled > lots:
            self._docket.violated(record, f"{change.order}: {filled} lots executed, replaced to {lots}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._replaced} replaces done by venues, each on the terms that were asked for")


def terms_respected() -> Promise:
    """A replaced order has the quantity and limit that were asked for, is never live twice, and never over-filled."""
    return Promise("a replaced order is on the terms asked for", "safety", _TermsRespected, of_our_desk=True)
