"""What a venue does to orders and trades of its clients without being asked: a public handle for whoever makes it."""

from typing import Final, Literal, Protocol

from msgspec import Struct

from squall.sim.exchange.wire.messages import VenueOpenOrder

Held = Literal["suspended", "stopped"]


class Handle(Struct, frozen=True):
    """A live order: what the engine knows it by, and how it stands."""

    key: str
    client: str
    order: VenueOpenOrder


class Staff(Protocol):
    """Each deed says whether there was anything to do it to."""

    def open_orders(self) -> tuple[Handle, ...]:
        """All orders of clients that are at work or held back, the oldest first."""

    def cancel(self, key: str) -> bool:
        """Cancel an order that nobody asked to have cancelled."""

    def hold(self, key: str, held: Held) -> bool:
        """Take an order out of the market: suspended, or stopped at the price that it would have got by now."""

    def release(self, key: str) -> bool:
        """Let a suspended order go to work again, and execute a stopped one at its price."""

    def bust(self, exec_id: str, after_ns: int = 0) -> bool:
        """Declare a trade void. A trade is revised once at most."""

    def correct(self, exec_id: str, by_half_ticks: int, after_ns: int = 0) -> bool:
        """Set the price of a trade right."""

    def close(self) -> int:
        """End the day: DAY orders expire, GTC orders are done for it. Returns how many orders there were."""

    def reopen(self) -> int:
        """Begin the next one: GTC orders go to work again. Returns how many there were."""


class _Nobody:
    """A venue that is not there yet."""

    def open_orders(self) -> tuple[Handle, ...]:
        return ()

    def cancel(self, key: str) -> bool:
        return False

    def hold(self, key: str, held: Held) -> bool:
        return False

    def release(self, key: str) -> bool:
        return False

    def bust(self, exec_id: str, after_ns: int = 0) -> bool:
        return False

    def correct(self, exec_id: str, by_half_ticks: int, after_ns: int = 0) -> bool:
        return False

    def close(self) -> int:
        return 0

    def reopen(self) -> int:
        return 0


NOBODY: Final[Staff] = _Nobody()
