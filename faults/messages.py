"""Numbers that a program gets wrong: off by one, in each other's place, a value where a quantity belongs."""

import difflib
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, get_args

import msgspec
from msgspec.structs import replace

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.targets import PLACES
from squall.sim.host import Host
from squall.sim.intercept import IN, OUT, Outcome
from squall.sim.rng import Chance
from squall.sim.world import World

WAYS: Final = (IN, OUT)
MOST_OFF: Final = 10**9
"""By how much a number may be off: what comes of it has to fit into a record."""


def host_of(kind: str, world: World, program: str) -> Host:
    """Where this service runs. ValueError that lists the services where there is none of this name."""
    services = PLACES["service"](world)
    if program not in services:
        # A venue's books and sequence numbers are in memory only: no desk could agree with it afterwards.
        what = "is a venue's program" if program in world.transport.programs else "is no program"
        raise ValueError(f"{kind}: {program!r} {what}; programs are {', '.join(services) or 'none'}")
    return world.transport.slot_of(program).host


class Selects:
    """Which messages a fault is about: those of a type, or all; of these a share, drawn by what each one is."""

    def __init__(self, message: str = "", chance: Chance | None = None, key: str = "", share: float = 1.0) -> None:
        self._message = message
        self._chance = chance
        self._key = key
        self._share = share

    def __call__(self, message: Any) -> bool:
        if self._message and type(message).__name__ != self._message:
            return False
        if self._chance is None or self._share >= 1.0:
            return True
        return self._chance.uniform(f"{self._key}/{message.identity}") < self._share


def check_message(kind: str, world: World, message: str, needed: bool = False) -> None:
    """ValueError where no program says such a message."""
    if needed and not message:
        raise ValueError(f"{kind}: expected the type of a message")
    known = world.vocabulary
    if message and known and message not in known:
        close = difflib.get_close_matches(message, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"messages are {', '.join(known)}"
        raise ValueError(f"{kind}: no message {message!r}; {hint}")


def _types_at(kind: str, of: type, path: str) -> frozenset[type]:
    """What may stand there, besides nothing. ValueError where there is no such field."""
    found: frozenset[type] = frozenset((of,))
    said = of.__name__
    for name in path.split("."):
        (struct,) = found if len(found) == 1 else (None,)
        if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)):
            raise ValueError(f"{kind}: {said} has no fields, found {name!r} behind it")
        fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
        if name not in fields:
            raise ValueError(f"{kind}: {struct.__name__} has no field {name!r}; it has {', '.join(fields)}")
        found = _plain(fields[name])
        said = f"{said}.{name}"
    return found


def _plain(annotation: Any) -> frozenset[type]:
    """The types of an annotation, without None and without the names that are given to some."""
    parts = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return frozenset(getattr(part, "__supertype__", part) for part in parts if part is not NoneType)


def value_of(message: Any, path: str) -> Any:
    """The value of a field, by its dotted path; None where something on the way is not there."""
    for name in path.split("."):
        if message is None:
            return None
        message = getattr(message, name)
    return message


def changed(message: Any, path: str, value: Any) -> Any:
    """The message with another value there."""
    name, _, rest = path.partition(".")
    return replace(message, **{name: changed(getattr(message, name), rest, value) if rest else value})


def _tamper(
    fault: "OffByOne | FieldsSwapped | ValueAsQuantity",
    world: World,
    tally: Tally,
    change: Callable[[Any], Any],
) -> Heal:
    """Install what changes the messages that the fault is about."""

    def rule(peer: str, message: Any) -> Outcome | None:
        if not concerned(message):
            return None
        other = change(message)
        if other == message:
            return None
        tally.touched("messages changed")
        return Outcome((other,))

    key = tally.key(f"{fault.__struct_config__.tag}/{fault.target}/{fault.message}")
    concerned = Selects(fault.message, world.chance, key, fault.share)
    return host_of(fault.kind, world, fault.target).intercept(fault.target, "in" if fault.way == IN else "out", rule)


def _check(
    fault: "OffByOne | FieldsSwapped | ValueAsQuantity", world: World, fields: tuple[str, ...], numbers: bool = True
) -> None:
    """*numbers*: whether that is what the fields have to hold; else it is the same in all of them."""
    kind, message = fault.kind, fault.message
    host_of(kind, world, fault.target)
    check_message(kind, world, message, needed=True)
    if world.vocabulary:
        types = {path: _types_at(kind, world.vocabulary[message], path) for path in fields}
        for path, found in types.items():
            if numbers and found != {int}:
                raise ValueError(f"{kind}: expected a number, {message}.{path} holds {_named(found)}")
            if found != types[fields[0]]:
                first = f"{fields[0]} holds {_named(types[fields[0]])}"
                raise ValueError(f"{kind}: expected two of a kind, {message}.{first}, {path} {_named(found)}")
    check_share(fault.kind, fault.share)
    if fault.way not in WAYS:
        raise ValueError(f"{fault.kind}: expected a way of in or out, found {fault.way!r}")


def _named(types: frozenset[type]) -> str:
    return " or ".join(sorted(each.__name__ for each in types))


class OffByOne(FaultKind, frozen=True):
    """A number in one type of message is off, by *by*: in what the program sends, or as it reads what it gets.

    *field* may be a path, as ``order.quantity_lots``. Where there is no number (a market order has no price), nothing.
    """

    place: ClassVar[str] = "service"
    target: str
    message: str
    field: str
    by: int = 1
    way: str = OUT
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "number off"

    def check(self, world: World) -> None:
        _check(self, world, (self.field,))
        if not self.by:
            raise ValueError(f"{self.kind}: must not be off by 0")
        if abs(self.by) > MOST_OFF:
            raise ValueError(f"{self.kind}: expected to be off by at most {MOST_OFF}, found {self.by}")

    def inject(self, world: World, tally: Tally) -> Heal:
        def change(message: Any) -> Any:
            value = value_of(message, self.field)
            return message if value is None else changed(message, self.field, value + self.by)

        return _tamper(self, world, tally, change)


class FieldsSwapped(FaultKind, frozen=True):
    """Two fields of one type of message stand in each other's place. Where one of them is empty, nothing."""

    place: ClassVar[str] = "service"
    target: str
    message: str
    one: str
    other: str
    way: str = OUT
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "fields swapped"

    def check(self, world: World) -> None:
        _check(self, world, (self.one, self.other), numbers=False)
        if self.one == self.other:
            raise ValueError(f"{self.kind}: expected two fields, found {self.one!r} twice")

    def inject(self, world: World, tally: Tally) -> Heal:
        def change(message: Any) -> Any:
            one, other = value_of(message, self.one), value_of(message, self.other)
            if one is None or other is None:
                return message
            return changed(changed(message, self.one, other), self.other, one)

        return _tamper(self, world, tally, change)


class ValueAsQuantity(FaultKind, frozen=True):
    """What an order is worth is typed where its quantity belongs: quantity × price ÷ *unit*. Without a price, nothing.

    *unit* is how many products of a price's unit and a lot make one unit of currency: 200 for half a cent's tick.
    """

    place: ClassVar[str] = "service"
    target: str
    message: str = "SubmitOrder"
    quantity: str = "quantity_lots"
    price: str = "price_half_ticks"
    unit: int = 200
    way: str = OUT
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "value typed as quantity"

    def check(self, world: World) -> None:
        _check(self, world, (self.quantity, self.price))
        if self.unit < 1:
            raise ValueError(f"{self.kind}: the unit must be at least 1, found {self.unit}")

    def inject(self, world: World, tally: Tally) -> Heal:
        def change(message: Any) -> Any:
            lots, price = value_of(message, self.quantity), value_of(message, self.price)
            return message if price is None else changed(message, self.quantity, lots * price // self.unit)

        return _tamper(self, world, tally, change)
