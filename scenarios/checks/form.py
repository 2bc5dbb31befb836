"""What leaves the desk is an order: no venue has to say that its price, quantity or symbol cannot be."""

from typing import Final

from squall.scenarios.scenario import Docket, Judge, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.exchange.wire.messages import OrdRejReason
from squall.sim.trace import Record, VenueAccepted, VenueRefused

OF_FORM: Final = (
    OrdRejReason.UNKNOWN_SYMBOL.value,
    OrdRejReason.INVALID_QUANTITY.value,
    OrdRejReason.INVALID_PRICE.value,
)


class _WellFormed:
    def __init__(self, stage: Stage) -> None:
        self._asked = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)
        stage.world.trace.watch(self._on_refused, VenueRefused)

    def _on_accepted(self, record: Record) -> None:
        self._asked += 1

    def _on_refused(self, record: Record) -> None:
        event: VenueRefused = record.event
        self._asked += 1
        if event.reason in OF_FORM:
            self._docket.violated(record, f"{event.venue} refused {event.cl_ord_id}: {event.reason}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._asked} orders answered by venues, none refused for its form")


def well_formed() -> Promise:
    """No order reaches a venue that is no order: one off the tick grid, without lots, or in no symbol of theirs."""

    def judge(stage: Stage) -> Judge:
        return _WellFormed(stage)

    return Promise("no venue refuses an order for its form", "safety", judge)
