"""A program's life apart from its host's: it dies alone, and comes back, in another build or configured otherwise."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from squall.sim.core import CONFIG, HOUSEKEEPING_NS
from squall.sim.program import Program
from squall.sim.trace import ConfigPushed, ProgramStarted, ProgramStopped

if TYPE_CHECKING:
    from squall.sim.host import Host
    from squall.sim.slot import ProgramRuntime, Slot

START_UP_NS: Final = 50_000_000
"""What it takes a host's supervisor to see that a program is gone, and to start it again."""

MOST_DOUBLINGS: Final = 4
"""Of that time, for one that cannot read its disk and goes down each time that it starts."""

Factory = Callable[["ProgramRuntime"], Program]
Change = Callable[[Any], Any]
"""From a configuration to another one."""


class Release:
    """What of a program is installed on its host: its builds and its configuration, with what was done to both.

    A fault puts something on top and takes it away again; nothing is saved and restored, so these may overlap.
    """

    def __init__(self, factory: Factory, versions: Mapping[str, Factory], config: Any) -> None:
        self._factory = factory
        self.versions = versions
        """Other builds that can be deployed, by name."""
        self._config = config
        self._installed = ""
        self._deployed: list[list[str]] = []
        self._changes: list[list[Change]] = []
        self.pushes = 0
        """How often the configuration was pushed since the run began: its version."""
        self.halted = False
        """Its host's supervisor was told to stop it, and not to start it again."""

    @property
    def version(self) -> str:
        """The build that a new life is of; empty for the program's own."""
        return self._deployed[-1][0] if self._deployed else self._installed

    @property
    def factory(self) -> Factory:
        """What makes a new life."""
        version = self.version
        return self.versions[version] if version else self._factory

    @property
    def config(self) -> Any:
        """The configuration in force: the run's own, with every change that was pushed, in order."""
        config = self._config
        for (change,) in self._changes:
            config = change(config)
        return config

    def install(self, version: str) -> None:
        """This build is the program's own from here on; empty for the one that it was laid out with."""
        self._installed = version

    def deploy(self, version: str) -> Callable[[], None]:
        """Put this build on top; returns what takes it away."""
        return _put(self._deployed, [version])

    def change(self, change: Change) -> Callable[[], None]:
        """Change the configuration; returns what takes the change away."""
        change(self.config)  # ValueError where it cannot be, before anything has happened
        return _put(self._changes, [change])


def _put(entries: list[list[Any]], entry: list[Any]) -> Callable[[], None]:
    entries.append(entry)

    def take_away() -> None:
        # By identity: two faults may have put equal things there.
        entries[:] = [each for each in entries if each is not entry]

    return take_away


def stop(host: "Host", slot: "Slot", why: str) -> None:
    """End this program's process. Its timers, what waits for it and its streams are gone; peers are told by resets.

    What it has written is the operating system's already: it stays, and becomes durable without it.
    """
    world = host.world
    world.kernel.cause = world.trace.observe(host.name, ProgramStopped(program=slot.address, why=why))
    slot.runtime = None
    slot.program = None
    for due in slot.timers.values():
        due.cancel()
    slot.timers.clear()
    for peer in tuple(slot.ends):
        world.transport.close(slot, peer)
    host.forget_durable(slot)
    slot.core.forget(slot)
    host.tapped(slot).reset(down=True)
    _start_later(host, slot, host.disk.latest)


def _start_later(host: "Host", slot: "Slot", written: int) -> None:
    epoch = host.epoch

    def start(_: object) -> None:
        tap = slot.tap
        if host.epoch != epoch or tap is None or not tap.down or slot.release.halted:
            return  # the host has crashed since, and starts its programs itself
        if not host.disk.has_synced(written):
            _start_later(host, slot, written)  # a program takes what it reads for safe: so it has to be
            return
        tap.reset(down=False)
        slot.core.forget(slot)
        event = ProgramStarted(program=slot.address, version=slot.release.version)
        world.kernel.cause = world.trace.observe(host.name, event)
        host.begin_life(slot)
        host.tidy(slot)

    world = host.world
    after_ns = START_UP_NS << min(max(slot.unreadable - 1, 0), MOST_DOUBLINGS)
    world.kernel.call_in(after_ns, start).cause = world.kernel.cause


def respawn(host: "Host", slot: "Slot", why: str) -> None:
    """Stop the program, if it runs, and start it again. Where the host is down, its restart does that."""
    if host.up and not slot.down:
        stop(host, slot, why)


def deploy(host: "Host", slot: "Slot", version: str) -> Callable[[], None]:
    """Restart the program in another build; returns what deploys the one before again."""
    if version not in slot.release.versions:
        known = ", ".join(slot.release.versions) or "none but its own"
        raise ValueError(f"{slot.address}: no version {version!r}; there are {known}")
    before = slot.release.version
    take_away = slot.release.deploy(version)
    if before != version:
        respawn(host, slot, f"version {version} is deployed")

    def undo() -> None:
        was = slot.release.version
        take_away()
        if slot.release.version != was:
            respawn(host, slot, f"version {was} is taken back")

    return undo


def install(host: "Host", slot: "Slot", version: str) -> bool:
    """Have the program run in this build from here on, and run; False, and nothing done, where there is no such build.

    What a fault has deployed over it stays there until the fault heals.
    """
    release = slot.release
    if version and version not in release.versions:
        return False
    before, was_halted = release.version, release.halted
    release.install(version)
    release.halted = False
    if was_halted:
        _start_later(host, slot, host.disk.latest)
    elif release.version != before:
        respawn(host, slot, f"version {version or 'of the layout'} is installed")
    return True


def halt(host: "Host", slot: "Slot") -> None:
    """Stop the program for good: neither the supervisor nor a restart of the host starts it, until it is installed."""
    slot.release.halted = True
    respawn(host, slot, "it is to stop")


def configure(host: "Host", slot: "Slot", change: Change, what: str) -> Callable[[], None]:
    """Push a changed configuration to this one program, as `on_config`; returns what takes the change back."""
    take_away = slot.release.change(change)
    _push(host, slot, what)

    def undo() -> None:
        take_away()
        _push(host, slot, f"without {what}")

    return undo


def _push(host: "Host", slot: "Slot", what: str) -> None:
    release = slot.release
    release.pushes += 1
    world = host.world
    event = ConfigPushed(program=slot.address, version=release.pushes, what=what)
    world.kernel.cause = world.trace.observe(host.name, event)
    if slot.runtime is not None:  # else its next life begins with it
        host.enqueue(slot, CONFIG, release.config, None, HOUSEKEEPING_NS)
