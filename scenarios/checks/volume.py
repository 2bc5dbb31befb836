"""A VWAP follows the volume that was recorded."""

from fractions import Fraction

from msgspec.msgpack import Decoder

from squall.scenarios.checks.families import Families, parent_of
from squall.scenarios.checks.knowledge import CLOCKS_NS
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, Sent, VenueAccepted
from squall.system.domain.history import DAY_NS
from squall.system.domain.messages import Algorithm, Bar, ParentAnswered, ParentOrder
from squall.system.domain.profile import Basis
from squall.system.services.tick_store import FILE


class _FollowsVolume:
    """At every child of a VWAP that is said to follow recorded volume: the family is not ahead of that volume."""

    def __init__(self, stage: Stage) -> None:
        self._families = Families(stage)
        self._disk = stage.world.host(stage.desk.host_of(stage.wiring.tick_store)).disk
        algos = stage.floor.settings.desk.algos
        self._day_ns, self._parts = algos.day_ns, algos.profile_parts
        self._clients = stage.wiring.clients
        self._weights: dict[str, list[int]] = {}
        self._windows: dict[str, ParentOrder] = {}
        self._follow: dict[str, None] = {}
        self._children = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_parent, Handled, ParentOrder)
        trace.watch(self._on_answered, Sent, ParentAnswered)
        trace.watch(self._on_accepted, VenueAccepted)

    def _on_parent(self, record: Record) -> None:
        order: ParentOrder = record.event.message
        if record.event.sender != self._clients and order.algorithm is Algorithm.VWAP:
            self._windows.setdefault(order.cl_ord_id, order)

    def _on_answered(self, record: Record) -> None:
        answer: ParentAnswered = record.event.message
        if answer.follows == Basis.RECORDED.value:
            self._follow[answer.cl_ord_id] = None

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        name = parent_of(event.cl_ord_link_id)
        order = self._windows.get(name)
        if order is None or name not in self._follow:
            return
        self._children += 1
        out = self._families[name].lots
        due = order.quantity_lots * self._share(order, record.at_ns + CLOCKS_NS)
        if out > due + 1:
            detail = f"{name} has {out} of {order.quantity_lots} lots at work or executed, by recorded volume"
            self._docket.violated(record, f"{detail} {float(due):.1f} are due")

    def _share(self, order: ParentOrder, at_ns: int) -> Fraction:
        """Of the volume of its window, how much falls into the parts that have begun by now: where none is expected in
        all of it, they count alike, as in the schedule."""
        weights = self._of(order.symbol)
        begun = whole = parts_begun = parts = 0
        for part, volume in enumerate(weights):
            from_ns = max(self._day_ns * part // self._parts, order.start_ns)
            to_ns = min(self._day_ns * (part + 1) // self._parts, order.end_ns)
            weight = volume * max(to_ns - from_ns, 0)
            whole += weight
            begun += weight if from_ns <= at_ns else 0
            parts += from_ns < to_ns
            parts_begun += from_ns < to_ns and from_ns <= at_ns
        return Fraction(begun, whole) if whole else Fraction(parts_begun, max(parts, 1))

    def _of(self, symbol: str) -> list[int]:
        """Lots in each part of the days before this one, read off the disk."""
        if not self._weights:
            decoder = Decoder(tuple[Bar, ...])
            for record in self._disk.durable(FILE):
                for bar in decoder.decode(record):
                    weights = self._weights.setdefault(bar.symbol, [0] * self._parts)
                    if bar.start_ns < 0:
                        weights[bar.start_ns % DAY_NS * self._parts // self._day_ns] += bar.lots
        return self._weights[symbol]

    def ruling(self) -> Ruling:
        if not self._children:
            return Ruling(Verdict.INCONCLUSIVE, "no child of a VWAP on recorded volume ever came to a venue")
        return self._docket.ruling(f"{self._children} children of {len(self._follow)} parents, none ahead of volume")


def volume_followed() -> Promise:
    """A VWAP on recorded volume is never further than that volume is, in the days before this one."""
    return Promise("a VWAP is not ahead of recorded volume", "safety", _FollowsVolume, of_our_desk=True)
