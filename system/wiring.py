"""Who is where: the addresses and instruments that a desk is assembled with."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from zlib import crc32

from msgspec import Struct

from squall.sim.exchange.wire.fees import FREE, Tariff
from squall.system.domain.ids import ClOrdID, Symbol, Venue
from squall.system.runtime import Address

DAY_NS: Final = 86_400_000_000_000


class Instrument(Struct, frozen=True):
    """What the desk has to know of a symbol: its entry in the reference data.

    Prices are in half ticks, quantities in lots. The defaults say nothing: no sector, no limit on what may be sold
    short, a calendar that never closes.
    """

    symbol: Symbol
    tick_half_ticks: int = 2
    """The smallest price step of an order, in half ticks: 2, since a tick is two halves."""
    unit_money: Decimal = Decimal("0.005")
    """Worth of one half tick × one lot, in whole currency units: 0.005 for a cent tick and a lot of one share."""
    round_lots: int = 1
    """Orders are for multiples of so many lots."""
    sector: str = ""
    """Names of one sector rise and fall together; a name without one is a sector of its own."""
    currency: str = "USD"
    locate_lots: int | None = None
    """How many lots a lender has set aside for us to sell short today; None: easy to borrow, nobody counts."""
    restricted: bool = False
    """On the restricted list: compliance knows something that the desk must not trade on."""
    opens_ns: int = 0
    closes_ns: int = DAY_NS
    """Its session, since midnight of the desk's wall clock; half-open. By default all day."""

    def in_session(self, now_ns: int) -> bool:
        """Whether it is traded at this time of the wall clock."""
        return self.opens_ns <= now_ns % DAY_NS < self.closes_ns


class VenueRoute(Struct, frozen=True):
    """A venue as the desk reaches it: its order entry and snapshots, at one address."""

    venue: Venue
    address: Address
    symbols: tuple[Symbol, ...]
    tariff: Tariff = FREE
    """What trades cost there."""
    keeps_stops: bool = False
    """Whether it takes stop and stop-limit orders."""
    dark: bool = False
    """Whether it displays nothing: no feed, no quotes, and trades at the middle of what the others show."""


def router_addresses(count: int) -> tuple[Address, ...]:
    """``router``, ``router2``, ``router3`` …"""
    return ("router", *(f"router{number}" for number in range(2, count + 1)))


class Wiring(Struct, frozen=True):
    """The addresses of all services, the venues and the instruments."""

    instruments: tuple[Instrument, ...]
    venues: tuple[VenueRoute, ...]
    market_data: Address = "market-data"
    strategy: Address = "strategy"
    risk: Address = "risk"
    routers: tuple[Address, ...] = ("router",)
    execution: Address = "execution"
    positions: Address = "positions"
    portfolio: Address = "portfolio"
    tick_store: Address = "tick-store"
    reconciler: Address = "reconciler"
    audit: Address = "audit"
    monitor: Address = "monitor"
    operator: Address = "operator"
    strategy_names: tuple[str, ...] = ()
    """Those that trade here: what an operator may switch."""
    client_names: tuple[str, ...] = ()
    """Those that the desk trades for, likewise."""
    oms: tuple[Address, ...] = ("oms1", "oms2")
    keepers: tuple[Address, ...] = ("keeper1", "keeper2", "keeper3")
    algos: Address | None = None
    """The execution algorithms; None where no client sends parent orders."""
    clients: Address | None = None
    second_provider: bool = False
    """Whether another vendor's market data are to be heard."""
    agents: Mapping[Address, Address] = {}
    """By program, the agent on its machine, which can replace it and stop it; empty where nobody can."""

    @property
    def submitters(self) -> tuple[Address, ...]:
        """Who sends orders to the OMS, and hears from it who leads."""
        return (self.strategy,) if self.algos is None else (self.strategy, self.algos)

    @property
    def in_order(self) -> tuple[Address, ...]:
        """All programs in the order in which the desk starts: each can do its part once those before it do theirs.

        Whoever reads what another program writes comes before it. It stops the other way round.
        """
        last = tuple(each for each in (self.algos, self.strategy, self.clients) if each is not None)
        return (
            *self.keepers,
            self.tick_store,
            self.market_data,
            self.monitor,
            self.audit,
            self.portfolio,
            self.positions,
            self.risk,
            self.execution,
            *self.routers,
            self.reconciler,
            *self.oms,
            *last,
            self.operator,
        )

    @property
    def lit(self) -> tuple[VenueRoute, ...]:
        """The venues that show what they have: those with market data, and quotes to route by."""
        return tuple(route for route in self.venues if not route.dark)

    def router_of(self, cl_ord_id: ClOrdID) -> Address:
        """Whose business this order is: always the same router's, whoever leads and however often it is let out."""
        return self.routers[crc32(cl_ord_id.encode()) % len(self.routers)]

    def instrument(self, symbol: Symbol) -> Instrument:
        """The instrument of this symbol; KeyError where there is none."""
        for instrument in self.instruments:
            if instrument.symbol == symbol:
                return instrument
        raise KeyError(symbol)
