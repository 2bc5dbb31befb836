"""The state of everything at one moment of a run, found by running to it; and one order's history up to there."""

import difflib
import re
from typing import Any, Final

from squall.faults.durations import format_duration
from squall.scenarios.compare import Tape
from squall.scenarios.faces import shown
from squall.scenarios.result import FaultResult, HistoryStep, HostState, Inspection, OrderHistory
from squall.scenarios.run import Choice, run_to
from squall.scenarios.topology import Stage
from squall.scenarios.words import in_words, is_plumbing
from squall.sim.host import Host
from squall.sim.trace import Handled, Record, Sent
from squall.system.domain.doubt import desk_id
from squall.system.domain.messages import JournalCopied

_NAMES: Final = ("cl_ord_id", "cl_ord_link_id", "orig_cl_ord_id")
_TEXTS: Final = ("identity", "what")


class _History:
    """A sink that keeps what happened to one order, in words."""

    def __init__(self, cl_ord_id: str) -> None:
        self._name = cl_ord_id
        self._within = re.compile(rf"(?:^|/){re.escape(cl_ord_id)}(?:~\d+)?(?:/|$)")
        self._journalled = 0
        self.steps: list[HistoryStep] = []

    def write(self, record: Record) -> None:
        event: Any = record.event
        match event:
            case Handled(message=JournalCopied() as copied):
                self._copied(record, copied)
            case Sent() | Handled():
                if not is_plumbing(record) and self._is_about(event.message):
                    self._keep(record, in_words(record))
            case _:
                if self._is_about(event):
                    self._keep(record, in_words(record))

    def _copied(self, record: Record, copied: JournalCopied) -> None:
        """What the journal says of it. A new leader copies the whole of it again: that is no news."""
        for version, event in enumerate(copied.events, copied.first_version):
            if version > self._journalled and self._is_about(event):
                self._journalled = version
                self._keep(record, f"journal, version {version}: {_event_in_words(event)}")

    def _keep(self, record: Record, words: str) -> None:
        self.steps.append(HistoryStep(record.seq, record.at_ns, record.host, words))

    def _is_about(self, thing: Any) -> bool:
        inner = getattr(thing, "order", thing)
        if any(desk_id(getattr(inner, name, None) or "") == self._name for name in _NAMES):
            return True
        texts = (getattr(thing, name, None) for name in _TEXTS)
        return any(isinstance(text, str) and self._within.search(text) for text in texts)


def _event_in_words(event: Any) -> str:
    told = ", ".join(
        f"{name} {getattr(value, 'value', value)}"
        for name in event.__struct_fields__
        if name not in ("cl_ord_id", "at_ns") and (value := getattr(event, name)) is not None
    )
    return f"{type(event).__name__} ({told})" if told else type(event).__name__


def inspect(choice: Choice, at_ns: int, cl_ord_id: str | None = None) -> Inspection:
    """Run to *at_ns* and look. ValueError where the run is over by then, or the order is not known yet."""
    history = None if cl_ord_id is None else _History(cl_ord_id)
    tapes: list[Tape] = []
    stage = run_to(choice, at_ns, history, lambda stage: tapes.append(Tape(stage)))
    if cl_ord_id is None or history is None:
        return look(stage, choice)
    known = tapes[0].orders
    if cl_ord_id not in known:
        close = difflib.get_close_matches(cl_ord_id, known, 1)
        if close:
            hint = f"did you mean {close[0]}?"
        else:
            hint = f"there are {len(known)}, named like {next(iter(known))}" if known else "there is none yet"
        raise ValueError(f"no order {cl_ord_id!r} by {format_duration(at_ns)}; {hint}")
    return look(stage, choice, OrderHistory(cl_ord_id, known[cl_ord_id].fate(), tuple(history.steps)))


def look(stage: Stage, choice: Choice, order: OrderHistory | None = None) -> Inspection:
    """The stage as it stands. Nothing is touched: the run can go on as if nobody had looked."""
    world = stage.world
    venues = [route.address for route in stage.floor.venues]
    services = [slot.address for host in world.hosts.values() for slot in host.slots if slot.address not in venues]
    return Inspection(
        choice.name,
        choice.seed,
        world.kernel.now_ns,
        _faults(stage),
        tuple(_host(host) for host in world.hosts.values()),
        {address: _as_it_is(stage, address) for address in services},
        {address: shown(world.program(address)) for address in venues},
        order,
    )


def _faults(stage: Stage) -> tuple[FaultResult, ...]:
    plan = stage.plan
    found = []
    for index in plan.in_force:
        planned, tally = plan.plan[index], plan.tallies[index]
        found.append(
            FaultResult(
                planned.fault.kind,
                plan.struck[index],
                planned.start_ns,
                planned.end_ns,
                tally.effects,
                tally.words,
            )
        )
    return tuple(found)


def _host(host: Host) -> HostState:
    state = "paused" if host.paused else "up" if host.up else "down"
    streams = tuple(
        f"{slot.address} → {peer}"
        for slot in host.slots
        for peer, end in slot.ends.items()
        if end.open and not end.gone
    )
    return HostState(host.name, state, host.epoch, host.disk.size_bytes, host.disk.unsynced, streams)


def _as_it_is(stage: Stage, address: str) -> dict[str, Any]:
    """What a service knows; before it, what a fault in its code has made of it."""
    slot = stage.world.transport.slot_of(address)
    release, tap, found = slot.release, slot.tap, {}
    if tap is not None and (tap.down or tap.hung or tap.spinning):
        found["program"] = "down" if tap.down else "hung" if tap.hung else "in a livelock"
    if release.version:
        found["deployed_version"] = release.version
    if release.config is not stage.floor.settings.desk:
        found["configured_otherwise"] = f"since push {release.pushes}"
    return {**found, **shown(stage.world.program(address))}
