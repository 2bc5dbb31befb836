"""What goes wrong with a program on a sound machine: it throws, hangs, is slow, goes in circles, is the wrong one."""

from collections.abc import Callable
from typing import Any, ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.hardware import check_factor
from squall.faults.messages import Selects, check_message, host_of
from squall.sim.intercept import IN, Act, Outcome, Rule
from squall.sim.world import World

THROWN = Outcome(act=Act.THROW)
HUNG = Outcome(act=Act.HANG)


def _once(rule: Rule) -> Rule:
    """The rule, for the first message that it concerns."""
    done: list[bool] = []

    def first(peer: str, message: Any) -> Outcome | None:
        found = None if done else rule(peer, message)
        if found is not None:
            done.append(True)
        return found

    return first


class Throws(FaultKind, frozen=True):
    """The handler of the next message throws (the next one of type *message*, where that is given), once.

    The program goes down alone, and its host starts it again. A heartbeat is a message too.
    """

    place: ClassVar[str] = "service"
    target: str
    message: str = ""

    @property
    def kind(self) -> str:
        return "program throws"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        check_message(self.kind, world, self.message)

    def inject(self, world: World, tally: Tally) -> Heal:
        def throw(peer: str, message: Any) -> Outcome | None:
            if not concerned(message):
                return None
            tally.touched("handlers thrown")
            return THROWN

        concerned = Selects(self.message)
        return host_of(self.kind, world, self.target).intercept(self.target, IN, _once(throw))


class PoisonMessage(FaultKind, frozen=True):
    """Some messages of a type make the handler throw, each of them every time that it comes again.

    *share* of them, drawn by what each message is. The program goes down alone, and its host starts it again.
    """

    place: ClassVar[str] = "service"
    target: str
    message: str
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "poison message"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        check_message(self.kind, world, self.message, needed=True)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        def throw(peer: str, message: Any) -> Outcome | None:
            if not concerned(message):
                return None
            tally.touched("handlers thrown")
            return THROWN

        concerned = Selects(self.message, world.chance, f"poison/{self.message}", self.share)
        return host_of(self.kind, world, self.target).intercept(self.target, IN, throw)


class Hangs(FaultKind, frozen=True):
    """The handler of the next message (of type *message*) never returns: the program handles nothing from then on.

    Its host and its network live: streams stand, and acknowledge what comes. At the end of the window the program is
    killed, and its host starts it again.
    """

    place: ClassVar[str] = "service"
    target: str
    message: str = ""

    @property
    def kind(self) -> str:
        return "program hangs"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        check_message(self.kind, world, self.message)

    def inject(self, world: World, tally: Tally) -> Heal:
        def hang(peer: str, message: Any) -> Outcome | None:
            if not concerned(message):
                return None
            tally.touched("program hung")
            return HUNG

        concerned = Selects(self.message)
        host = host_of(self.kind, world, self.target)
        remove = host.intercept(self.target, IN, hang)
        slot = host.slot(self.target)

        def heal() -> None:
            remove()
            if slot.tap is not None and slot.tap.hung:
                host.respawn(self.target, "it hung, and was killed")

        return heal


class Livelock(FaultKind, frozen=True):
    """The program goes round in circles on one message (of type *message*): busy, its timers ring, and that is all.

    When the window ends it gets on, with that message and with all that has come behind it, in order.
    """

    place: ClassVar[str] = "service"
    target: str
    message: str = ""

    @property
    def kind(self) -> str:
        return "program in a livelock"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        check_message(self.kind, world, self.message)

    def inject(self, world: World, tally: Tally) -> Heal:
        def spin(peer: str, message: Any) -> Outcome | None:
            if not concerned(message):
                return None
            tally.touched("handlers in circles")
            return Outcome(act=Act.SPIN)

        concerned = Selects(self.message)
        return host_of(self.kind, world, self.target).intercept(self.target, IN, spin)


class Sluggish(FaultKind, frozen=True):
    """Every message costs the program *factor* times its service time; its neighbours are as quick as ever."""

    place: ClassVar[str] = "service"
    target: str
    factor: float

    @property
    def kind(self) -> str:
        return "program slow"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        check_factor(self.kind, self.factor)

    def inject(self, world: World, tally: Tally) -> Heal:
        def count(peer: str, message: Any) -> None:
            tally.touched("messages handled slowly")

        host = host_of(self.kind, world, self.target)
        return _both(host.slot(self.target).slow(self.factor), host.intercept(self.target, IN, count))


class OldVersion(FaultKind, frozen=True):
    """Another build of the program is deployed in its place, and at the end of the window the right one again."""

    place: ClassVar[str] = "service"
    target: str
    version: str

    @property
    def kind(self) -> str:
        return "old version deployed"

    def check(self, world: World) -> None:
        slot = host_of(self.kind, world, self.target).slot(self.target)
        if self.version not in slot.release.versions:
            known = ", ".join(slot.release.versions) or "none but its own"
            raise ValueError(f"{self.kind}: {self.target} has no version {self.version!r}; there are {known}")

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("program deployed")
        return host_of(self.kind, world, self.target).deploy(self.target, self.version)


class BadConfig(FaultKind, frozen=True):
    """One key of one program's configuration is set to something else, and at the end of the window back.

    *key* and *value* are written as `--set` takes them. All other programs keep the configuration that they have.
    """

    place: ClassVar[str] = "service"
    target: str
    key: str
    value: str

    @property
    def kind(self) -> str:
        return "bad configuration"

    def check(self, world: World) -> None:
        slot = host_of(self.kind, world, self.target).slot(self.target)
        try:
            self._changed(world, slot.release.config)
        except ValueError as error:
            raise ValueError(f"{self.kind}: {str(error).removeprefix('--set ')}") from None

    def inject(self, world: World, tally: Tally) -> Heal:
        host = host_of(self.kind, world, self.target)
        what = f"{self.key}={self.value}"
        config = host.slot(self.target).release.config
        if self._changed(world, config) != config:  # else it says what is so already
            tally.touched("configuration pushed")
        return host.configure(self.target, lambda config: self._changed(world, config), what)

    def _changed(self, world: World, config: Any) -> Any:
        return world.reconfigured(config, f"{self.key}={self.value}")


def _both(one: Callable[[], None], other: Callable[[], None]) -> Heal:
    def heal() -> None:
        one()
        other()

    return heal
