"""Trading states, and whom each of them is for: the desk, a strategy, a venue, a symbol, a client.

A kill switch is a state like the others, *halted*: nothing new goes out, and what is open is cancelled. The orderly end
of a day is another, *closing*. Both hold until a person sets them back. Whatever is not said to be otherwise is active.
"""

from collections.abc import Container, Iterable, Mapping
from enum import Enum
from typing import Final

from msgspec import Struct


class TradingState(Enum):
    """What may still be done."""

    ACTIVE = "active"
    REDUCING = "reducing"
    """Only what brings a position nearer to zero, and not across."""
    CLOSING = "closing"
    """Nothing new; what is open is cancelled, but for what is good till cancelled: that stays at its venue."""
    HALTED = "halted"
    """Nothing new; what is open is cancelled."""

    @property
    def ends_trading(self) -> bool:
        """Nothing new leaves, and somebody waits to hear that nothing is left."""
        return self is TradingState.CLOSING or self is TradingState.HALTED


class Scope(Enum):
    """Whom a state is for."""

    DESK = "desk"
    STRATEGY = "strategy"
    VENUE = "venue"
    SYMBOL = "symbol"
    CLIENT = "client"


class NoSuchThing(Enum):
    """Why a switch is refused: it is about nothing that there is."""

    NAMED_DESK = "the desk has no name"
    STRATEGY = "no such strategy"
    VENUE = "no such venue"
    SYMBOL = "no such symbol"
    CLIENT = "no such client"


class Switch(Struct, frozen=True, gc=False):
    """One thing's state. The desk is one thing: its *name* is empty."""

    scope: Scope
    name: str
    state: TradingState

    def concerns(self, strategy: str, symbol: str, client: str, venue: str | None) -> bool:
        """Whether an order that is this one's, at this venue (None: at none yet), is under it."""
        match self.scope:
            case Scope.DESK:
                return True
            case Scope.STRATEGY:
                return self.name == strategy
            case Scope.SYMBOL:
                return self.name == symbol
            case Scope.CLIENT:
                return self.name == client
            case Scope.VENUE:
                return venue is not None and self.name == venue


def refusal(switch: Switch, names: Mapping[Scope, Container[str]]) -> NoSuchThing | None:
    """Why the switch concerns nothing, where it does not: who mistypes a name must not be told that it is done."""
    if switch.scope is Scope.DESK:
        return NoSuchThing.NAMED_DESK if switch.name else None
    return None if switch.name in names[switch.scope] else NoSuchThing[switch.scope.name]


_STRICTER: Final = {state: place for place, state in enumerate(TradingState)}
"""They are listed from the mildest to the strictest."""


class Switches:
    """All that is not active, in the order in which it was switched. Never changed: `switched` makes another."""

    __slots__ = ("_states", "any")

    def __init__(self, switches: Iterable[Switch] = ()) -> None:
        self._states = {(each.scope, each.name): each for each in switches}
        self.any = bool(self._states)
        """Whether anything at all is not active."""

    @property
    def all(self) -> tuple[Switch, ...]:
        """To be told, or written down."""
        return tuple(self._states.values())

    def of(self, scope: Scope, name: str) -> TradingState:
        """This one thing's own state."""
        switch = self._states.get((scope, name))
        return TradingState.ACTIVE if switch is None else switch.state

    def state_of(self, strategy: str, symbol: str, client: str, venue: str | None = None) -> TradingState:
        """An order's: the strictest of all that concern it."""
        worst = TradingState.ACTIVE
        for switch in self._states.values():
            if switch.concerns(strategy, symbol, client, venue) and _STRICTER[switch.state] > _STRICTER[worst]:
                worst = switch.state
        return worst

    def switched(self, news: Switch) -> "Switches":
        """With one thing in another state."""
        others = [each for each in self.all if (each.scope, each.name) != (news.scope, news.name)]
        return Switches(others if news.state is TradingState.ACTIVE else [*others, news])


NO_SWITCHES: Final = Switches()
