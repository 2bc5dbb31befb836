"""What a protection is to the table, and the promises that more than one of its parts names."""

from typing import Final

from msgspec import Struct


class Protection(Struct, frozen=True):
    """One row: its switch, what is run, and the promise that breaks without it.

    *fixed* is set alike in both arms, because safeguards cover for one another; it is printed with the row.
    """

    name: str
    key: str
    scenario: str
    promise: str
    why: str
    fixed: tuple[str, ...] = ()

    @property
    def off(self) -> str:
        """What switches it off."""
        return f"{self.key}=off"


BOOKED_ONCE: Final = "every execution is booked once"
ORDERS_END: Final = "every order comes to an end"
OFF_THE_MARKET: Final = "orders are priced off the market"
ACCEPTED_MEANWHILE: Final = "orders are accepted within 250 ms while builds are rolled out"
