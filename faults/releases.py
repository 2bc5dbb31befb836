"""What a person does with builds at the operator's console: rolls a new one out, or stops the desk for the day."""

from typing import Any, ClassVar

import msgspec

from squall.faults.fault import FaultKind, Heal, Tally
from squall.faults.messages import host_of
from squall.faults.operator import A_PERSON, CONSOLES
from squall.sim.core import MESSAGE
from squall.sim.world import World


class StartRollOut(FaultKind, frozen=True):
    """A person has every program replaced by the build *version*, one after the other, while the desk trades.

    The desk needs an agent on each host. It is a word, said once: the end of the window changes nothing.
    """

    place: ClassVar[str] = "service"
    target: str = "operator"
    version: str = "next"

    @property
    def kind(self) -> str:
        return "roll-out"

    def check(self, world: World) -> None:
        _check_console(self.kind, world, self.target)
        builds = {
            build: None for host in world.hosts.values() for slot in host.slots for build in slot.release.versions
        }
        if self.version not in builds:
            raise ValueError(f"{self.kind}: no program has a build {self.version!r}; there are {', '.join(builds)}")
        self._word(world)

    def inject(self, world: World, tally: Tally) -> Heal:
        return _say(world, self.target, self._word(world), tally)

    def _word(self, world: World) -> Any:
        return _convert(self.kind, world, "RollOut", [0, self.version])


class StopTheDesk(FaultKind, frozen=True):
    """A person has the desk closed, and then every program stopped, in the reverse order of their start.

    The desk needs an agent on each host. It is a word, said once: the end of the window changes nothing.
    """

    place: ClassVar[str] = "service"
    target: str = "operator"

    @property
    def kind(self) -> str:
        return "stop for the day"

    def check(self, world: World) -> None:
        _check_console(self.kind, world, self.target)
        self._word(world)

    def inject(self, world: World, tally: Tally) -> Heal:
        return _say(world, self.target, self._word(world), tally)

    def _word(self, world: World) -> Any:
        return _convert(self.kind, world, "ShutDesk", [0])


def _check_console(kind: str, world: World, target: str) -> None:
    host_of(kind, world, target)
    consoles = world.groups.get(CONSOLES, ())
    if target not in consoles:
        raise ValueError(f"{kind}: {target} is no console; consoles are {', '.join(consoles) or 'none'}")
    if "agents" not in world.groups:
        raise ValueError(f"{kind}: this desk has no agents, which would replace and stop programs")


def _convert(kind: str, world: World, name: str, fields: list[Any]) -> Any:
    word = world.vocabulary.get(name)
    if word is None:
        raise ValueError(f"{kind}: no message {name} in this world: the desk has no operator")
    return msgspec.convert([name, *fields], word)


def _say(world: World, target: str, word: Any, tally: Tally) -> Heal:
    slot = host_of("console", world, target).slot(target)
    if slot.runtime is not None:
        tally.touched("orders of a person")
        slot.host.enqueue(slot, MESSAGE, A_PERSON, word, slot.cost_ns(word))
    return lambda: None
