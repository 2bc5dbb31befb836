"""A VWAP follows the volume that was recorded: it is not ahead of it, nor far behind."""

from fractions import Fraction
from typing import Final

from msgspec.msgpack import Decoder

from squall.scenarios.checks.families import Families, parent_of
from squall.scenarios.checks.knowledge import CLOCKS_NS
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Handled, Record, Sent, VenueAccepted, VenueBusted
from squall.system.domain.history import DAY_NS
from squall.system.domain.messages import Algorithm, Bar, ParentAnswered, ParentDone, ParentOrder, Tick
from squall.system.domain.profile import Basis
from squall.system.services.tick_store import FILE

LOOK_NS: Final = 100_000_000
"""How often it is looked whether a parent is behind: at the first tick after so long."""
GRACE_NS: Final = 500_000_000


class _RecordedVolume:
    """The VWAPs that are said to follow recorded volume, and how far that volume is."""

    def __init__(self, stage: Stage) -> None:
        self._disk = stage.world.host(stage.desk.host_of(stage.wiring.tick_store)).disk
        algos = stage.floor.settings.desk.algos
        self._day_ns, self._parts = algos.day_ns, algos.profile_parts
        self._clients = stage.wiring.clients
        self._weights: dict[str, list[int]] = {}
        self._windows: dict[str, ParentOrder] = {}
        self.followers: dict[str, ParentOrder] = {}
        """As the OMS was told of them: with the times that they have come to."""
        stage.world.trace.watch(self._on_parent, Handled, ParentOrder)
        stage.world.trace.watch(self._on_answered, Sent, ParentAnswered)

    def _on_parent(self, record: Record) -> None:
        order: ParentOrder = record.event.message
        if record.event.sender != self._clients and order.algorithm is Algorithm.VWAP:
            self._windows.setdefault(order.cl_ord_id, order)

    def _on_answered(self, record: Record) -> None:
        answer: ParentAnswered = record.event.message
        if answer.follows == Basis.RECORDED.value and answer.cl_ord_id in self._windows:
            self.followers[answer.cl_ord_id] = self._windows[answer.cl_ord_id]

    def due_lots(self, order: ParentOrder, at_ns: int) -> Fraction:
        """So much of it goes with the parts of its window that have begun by now: where no volume is expected in all of
        it, they count alike, as in the schedule."""
        begun = whole = parts_begun = parts = 0
        for part, volume in enumerate(self._of(order.symbol)):
            from_ns = max(self._day_ns * part // self._parts, order.start_ns)
            to_ns = min(self._day_ns * (part + 1) // self._parts, order.end_ns)
            weight = volume * max(to_ns - from_ns, 0)
            whole += weight
            begun += weight if from_ns <= at_ns else 0
            parts += from_ns < to_ns
            parts_begun += from_ns < to_ns and from_ns <= at_ns
        return order.quantity_lots * (Fraction(begun, whole) if whole else Fraction(parts_begun, max(parts, 1)))

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


class _NotAhead:
    """At every child: the family is not ahead of the volume."""

    def __init__(self, stage: Stage) -> None:
        self._families = Families(stage)
        self._volume = _RecordedVolume(stage)
        self._children = 0
        self._docket = Docket()
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_accepted(self, record: Record) -> None:
        name = parent_of(record.event.cl_ord_link_id)
        order = self._volume.followers.get(name)
        if order is None:
            return
        self._children += 1
        out, due = self._families[name].lots, self._volume.due_lots(order, record.at_ns + CLOCKS_NS)
        if out > due + 1:
            detail = f"{name} has {out} of {order.quantity_lots} lots at work or executed, by recorded volume"
            self._docket.violated(record, f"{detail} {float(due):.1f} are due")

    def ruling(self) -> Ruling:
        if not self._children:
            return Ruling(Verdict.INCONCLUSIVE, "no child of a VWAP on recorded volume ever came to a venue")
        followers = len(self._volume.followers)
        return self._docket.ruling(f"{self._children} children of {followers} parents, none ahead of volume")


def volume_followed() -> Promise:
    """A VWAP on recorded volume is never further than that volume is, in the days before this one."""
    return Promise("a VWAP is not ahead of recorded volume", "safety", _NotAhead, of_our_desk=True)


class _KeepsUp:
    """Now and then, and at its end: what the family has executed is as much as was due a while ago.

    The while is two tries of a schedule that is behind. It counts anew from a trade that was taken back. Parents with a
    limit or a share of volume of their own may have to wait, and are left out.
    """

    def __init__(self, stage: Stage) -> None:
        self._algos = stage.wiring.algos
        self._lag_ns = 2 * stage.floor.settings.desk.algos.pace_ns + GRACE_NS
        self._families = Families(stage)
        self._volume = _RecordedVolume(stage)
        self._done: dict[str, None] = {}
        self._busted_ns: dict[str, int] = {}
        self._looked_ns = 0
        self._looks = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_tick, Handled, Tick)
        trace.watch(self._on_busted, VenueBusted)
        trace.watch(self._on_done, Sent, ParentDone)

    def _on_busted(self, record: Record) -> None:
        self._busted_ns[parent_of(record.event.cl_ord_link_id)] = record.at_ns

    def _on_tick(self, record: Record) -> None:
        if record.event.to == self._algos and record.at_ns - self._looked_ns >= LOOK_NS:
            self._looked_ns = record.at_ns
            for name in self._volume.followers:
                if name not in self._done:
                    self._look(record, name)

    def _on_done(self, record: Record) -> None:
        done: ParentDone = record.event.message
        if done.cl_ord_id in self._volume.followers and done.cl_ord_id not in self._done:
            self._look(record, done.cl_ord_id)
        self._done[done.cl_ord_id] = None

    def _look(self, record: Record, name: str) -> None:
        order = self._volume.followers[name]
        then_ns = record.at_ns - self._lag_ns
        if order.limit_half_ticks is not None or order.participation_percent or then_ns < order.start_ns:
            return
        if self._busted_ns.get(name, 0) > then_ns:
            return
        self._looks += 1
        executed, due = self._families[name].executed_lots, self._volume.due_lots(order, then_ns)
        if executed < due - 1:
            detail = (
                f"{name} has {executed} of {order.quantity_lots} lots, by recorded volume {float(due):.1f} were due"
            )
            self._docket.violated(record, f"{detail} {self._lag_ns / 1e9:.1f} s ago")

    def ruling(self) -> Ruling:
        if not self._looks:
            return Ruling(Verdict.INCONCLUSIVE, "no VWAP on recorded volume was ever at work for long enough")
        followers = len(self._volume.followers)
        return self._docket.ruling(f"looked {self._looks} times at {followers} parents, none far behind volume")


def volume_kept_up_with() -> Promise:
    """A VWAP on recorded volume that nothing holds up is never further behind it than two tries take.

    Trouble at venues may hold up any schedule, so this is judged on the scenario's own plan alone.
    """
    return Promise("a VWAP keeps up with recorded volume", "sla", _KeepsUp, of_our_desk=True)
