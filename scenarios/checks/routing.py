"""Orders that take go where it is cheapest, fees included: judged from the venues' own books and tariffs."""

from typing import Final

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, TouchChanged, VenueAccepted, VenueExecuted

STEADY_NS: Final = 10_000_000
"""A market that has stood still for so long is known to the desk, and what it has sent since has arrived."""


class _BestNetPrice:
    """At the first execution of an order that takes, against what the other venues showed as it came.

    Judged only where all venues' best prices had stood still for a while, so that the desk knew them; and only against
    a venue that showed enough for all of the order, so that no split explains it.
    """

    def __init__(self, stage: Stage) -> None:
        self._fees = {route.address: route.tariff.take_per_100_lots for route in stage.wiring.venues}
        self._touches: dict[str, dict[str, Record]] = {}
        self._better: dict[tuple[str, str], tuple[Record, dict[str, Record]]] = {}
        """Orders that take and have not executed yet, and what the other venues showed as they came."""
        self._judged = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._on_executed, VenueExecuted)

    def _on_touch(self, record: Record) -> None:
        event: TouchChanged = record.event
        self._touches.setdefault(event.symbol, {})[event.venue] = record

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        touches = self._touches.get(event.symbol, {})
        if event.ioc and all(record.at_ns - each.at_ns > STEADY_NS for each in touches.values()):
            self._better[event.venue, event.cl_ord_id] = (record, dict(touches))

    def _on_executed(self, record: Record) -> None:
        event: VenueExecuted = record.event
        entry = self._better.pop((event.venue, event.cl_ord_id), None)
        if entry is None:
            return
        self._judged += 1
        order: VenueAccepted = entry[0].event
        sign = 1 if event.buy else -1
        paid = sign * 100 * event.price_half_ticks + self._fees[event.venue]
        for venue, touch in entry[1].items():
            shown: TouchChanged = touch.event
            price, lots = (
                (shown.ask_half_ticks, shown.ask_lots) if event.buy else (shown.bid_half_ticks, shown.bid_lots)
            )
            if lots >= order.lots and sign * 100 * price + self._fees[venue] < paid:
                cheaper = paid - sign * 100 * price - self._fees[venue]
                what = f"{event.cl_ord_id} trades at {event.venue}; {venue} is {cheaper / 100:.2f} half ticks cheaper"
                self._docket.violated(record, what)
                return

    def ruling(self) -> Ruling:
        if not self._judged:
            return Ruling(Verdict.INCONCLUSIVE, "no order took anything in a market that stood still")
        return self._docket.ruling(f"{self._judged} orders took where it was cheapest, fees included")


def best_net_price() -> Promise:
    """Where the desk knows all prices, what takes goes to the venue that is cheapest with its fee."""
    return Promise("orders take at the best price, fees included", "safety", _BestNetPrice)
