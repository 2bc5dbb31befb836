"""What a person does at the operator's console: halts something, and sets it going again."""

from typing import Any, ClassVar, Final

import msgspec

from squall.faults.fault import FaultKind, Heal, Tally
from squall.faults.messages import host_of
from squall.sim.core import MESSAGE
from squall.sim.world import World

A_PERSON: Final = "a person"
COMMAND: Final = "SwitchTrading"
ACTIVE: Final = "active"
CONSOLES: Final = "consoles"


class PullSwitch(FaultKind, frozen=True):
    """A person puts something in another trading *state* at the console *target*, and sets it back in the end.

    *scope* is ``desk``, ``strategy``, ``venue``, ``symbol`` or ``client``, *which* which of them (the desk has none),
    *state* ``halted``, ``closing`` (the orderly end of a day), ``reducing`` or ``active``. A console that is down hears
    nothing. Which programs are consoles a desk says with its group ``consoles``: to any other this is no message that
    it need understand.
    """

    place: ClassVar[str] = "service"
    target: str = "operator"
    scope: str = "desk"
    which: str = ""
    state: str = "halted"

    @property
    def kind(self) -> str:
        return "operator's switch"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        consoles = world.groups.get(CONSOLES, (self.target,))
        if self.target not in consoles:
            raise ValueError(f"{self.kind}: {self.target} is no console; consoles are {', '.join(consoles)}")
        if bool(self.which) == (self.scope == "desk"):
            raise ValueError(f"{self.kind}: {self.scope}: expected a name, and none for the desk, found {self.which!r}")
        self._order(world, self.state)

    def inject(self, world: World, tally: Tally) -> Heal:
        slot = host_of(self.kind, world, self.target).slot(self.target)

        def say(state: str) -> None:
            message = self._order(world, state)
            if slot.runtime is not None:
                tally.touched("orders of a person")
                slot.host.enqueue(slot, MESSAGE, A_PERSON, message, slot.cost_ns(message))

        say(self.state)
        return lambda: say(ACTIVE)

    def _order(self, world: World, state: str) -> Any:
        """The command as the desk understands it. ValueError where it is none, or the desk knows no such thing."""
        command = world.vocabulary.get(COMMAND)
        if command is None:
            raise ValueError(f"{self.kind}: no message {COMMAND} in this world: the desk has no operator")
        try:
            return msgspec.convert([COMMAND, 0, self.scope, self.which, state], command)
        except msgspec.ValidationError as error:
            raise ValueError(f"{self.kind}: {error}") from None
