"""Lays the exchanges of a scenario into its world: simulated books with participants, or a recording."""

from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from squall.scenarios.desk import FEED_LINES, Desk, readers_of_own_words, subscribers
from squall.scenarios.scenario import Scenario
from squall.sim.clock import Clock
from squall.sim.exchange.binance import load
from squall.sim.exchange.consolidated import Consolidated, Source
from squall.sim.exchange.dark_participants import DarkParticipants
from squall.sim.exchange.dark_pool import DarkPool
from squall.sim.exchange.engine import Engine, Listing
from squall.sim.exchange.matching import MatchingEngine
from squall.sim.exchange.participants import FairValue, Participants, Profile, Worth
from squall.sim.exchange.recorded import RecordedMarket
from squall.sim.exchange.recording import RecordedFairValue, Recording
from squall.sim.exchange.rules import Rules
from squall.sim.exchange.venue import Venue, VenueSpec
from squall.sim.exchange.wire.consolidated import code_of
from squall.sim.exchange.wire.messages import OrderStatusRequest, Tariff
from squall.sim.host import Costs, ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.program import Program
from squall.sim.world import World
from squall.system.domain.ids import Symbol
from squall.system.domain.ids import Venue as VenueName
from squall.system.wiring import Instrument, VenueRoute

VENUES: Final = ("exchange-a", "exchange-b")
DARK_POOL: Final = "dark-pool"
"""The host of the dark pool, where there is one, and its address."""
OWN_WORDS: Final = ("exchange-b",)
"""Venues whose market data are in words of their own: numbered securities, other units, other words for the sides."""
REFERENCE_PRICE_HALF_TICKS: Final = 20_000
"""100.00 a share at a tick of one cent."""
VENUE_SERVICE_NS: Final = 8_000
DEARER_PER_100_LOTS: Final = 600
"""What a dear venue charges more for taking: six half ticks a lot, the worth of three ticks."""
SECOND_PROVIDER: Final = "vendor"
"""The host of the second provider, and its program's address."""
CARRIER: Final = "carrier"
"""The switch of the second carrier, and the first part of its links' names."""
VENDOR_LATENCY_NS: Final = 5_000_000
SETTLE_NS: Final = 5_000_000_000
"""How long before the end of a recording no order is meant any more, and how long after it the run goes on."""


class MarketError(ValueError):
    """A `--market` that cannot be: one line that names it, what was found and what was expected."""


def parse_market(text: str) -> str:
    """The file of a ``binance:FILE``; MarketError where it is something else or not there."""
    kind, colon, file = text.partition(":")
    if kind != "binance" or not colon or not file:
        raise MarketError(f"--market {text}: expected binance:FILE")
    if not Path(file).is_file():
        raise MarketError(f"--market {text}: no such file: {file}")
    return file


class Exchanges:
    """The venues of one world, their books, and how the desk reaches them."""

    def __init__(self, world: World, scenario: Scenario, desk: Desk) -> None:
        self._world = world
        self._desk = desk
        self._scenario = scenario
        self.engines: dict[str, Engine] = {}
        self.recording: Recording | None = None
        if scenario.market.recording is not None:
            self.recording = load(scenario.market.recording)
        self._listings = self._list()
        symbols = tuple(Symbol(listing.symbol) for listing in self._listings)
        self.instruments = tuple(self._instrument(listing) for listing in self._listings)
        stops = scenario.market.stop_venues
        self.routes = tuple(
            VenueRoute(VenueName(venue), venue, symbols, self._tariff(venue), venue in stops) for venue in VENUES
        )
        for venue in VENUES:
            self._lay(venue, self._engine(venue))
        if scenario.market.dark_pool:
            pool = VenueRoute(VenueName(DARK_POOL), DARK_POOL, symbols, self._tariff(DARK_POOL), dark=True)
            self.routes = (*self.routes, pool)
            self._lay(DARK_POOL, self._dark_pool())
        if scenario.market.second_provider:
            self._lay_second_provider()

    def _list(self) -> tuple[Listing, ...]:
        if self.recording is not None:
            return (self.recording.listing(),)
        return tuple(Listing(symbol, REFERENCE_PRICE_HALF_TICKS) for symbol in self._scenario.market.symbols)

    def _instrument(self, listing: Listing) -> Instrument:
        unit_money = Decimal("0.005")
        if self.recording is not None:
            unit_money = self.recording.unit_money
        return Instrument(Symbol(listing.symbol), listing.tick_half_ticks, unit_money)

    def _tariff(self, venue: str) -> Tariff:
        fees = self._scenario.settings.venue
        dearer = DEARER_PER_100_LOTS if venue in self._scenario.market.dear_venues else 0
        return Tariff(fees.take_per_100_lots + dearer, fees.make_per_100_lots)

    def _lay(self, venue: str, engine: Engine) -> None:
        world, settings = self._world, self._scenario.settings
        world.add_host(venue, Clock())
        self.engines[venue] = engine
        lit = venue in VENUES
        spec = VenueSpec(
            name=venue,
            subscribers_a=subscribers(self._desk, "A") if lit else (),
            subscribers_b=subscribers(self._desk, "B") if lit else (),
            own_words_for=readers_of_own_words(self._desk) if venue in OWN_WORDS else (),
            refuse_duplicates=settings.venue.refuse_duplicates,
            tariff=self._tariff(venue),
        )
        rules = Rules()
        world.venues[venue] = rules

        def factory(machine: ProgramRuntime) -> Program:
            return Venue(machine, spec, engine, world.trace, rules)

        costs = Costs(VENUE_SERVICE_NS, {OrderStatusRequest: settings.venue.query_cost_ns})
        world.place(venue, venue, factory, costs)

    def _engine(self, venue: str) -> Engine:
        world = self._world
        if self.recording is not None and venue == VENUES[0]:
            return RecordedMarket(world.kernel, self.recording)
        engine = MatchingEngine(self._listings, stops=venue in self._scenario.market.stop_venues)
        profile = self._profile(venue)
        for listing in self._listings:
            stream = world.chance.stream(f"participants/{venue}/{listing.symbol}")
            Participants(world.kernel, engine, listing, stream, self._worth(listing), profile)
        return engine

    def _dark_pool(self) -> DarkPool:
        """It sees the lit venues' books by a way of its own, which no fault of theirs touches."""
        world = self._world
        pool = DarkPool(world.kernel, self._listings, [self.engines[venue] for venue in VENUES])
        for listing in self._listings:
            stream = world.chance.stream(f"participants/{DARK_POOL}/{listing.symbol}")
            DarkParticipants(world.kernel, pool, listing, stream, self._worth(listing))
        return pool

    def _profile(self, venue: str) -> Profile:
        """How the participants of a venue behave."""
        profile = Profile(events_per_s=float(self._scenario.settings.venue.events_per_s))
        if venue in self._scenario.market.thin_venues:
            return replace(profile, touch_lots=profile.touch_lots // 4)
        return profile

    def _worth(self, listing: Listing) -> Worth:
        """What participants believe: one walk a symbol, shared by all venues; or the recording's middle."""
        world = self._world
        if self.recording is not None:
            return RecordedFairValue(self.recording)
        if listing.symbol not in world.fair_values:
            stream = world.chance.stream(f"fair-value/{listing.symbol}")
            world.fair_values[listing.symbol] = FairValue(world.kernel, stream, listing.reference_price_half_ticks)
        return world.fair_values[listing.symbol]

    def _lay_second_provider(self) -> None:
        """It sees the venues' books by a way of its own, which no fault of a venue's feed touches."""
        sources = {
            code_of(symbol, number): Source(self.engines[route.venue], symbol)
            for number, route in enumerate(self.routes)
            if not route.dark
            for symbol in route.symbols
        }
        subscribers_ = self._desk.consolidated_to

        def factory(machine: ProgramRuntime) -> Program:
            return Consolidated(machine, sources, subscribers_)

        self._world.add_host(SECOND_PROVIDER, Clock())
        self._world.place(SECOND_PROVIDER, SECOND_PROVIDER, factory)

    def connect(self) -> None:
        """Lay the lines between the desk and each venue: orders, snapshots, drop copies, and the feed's two."""
        desk, orders_from = self._desk, self._desk.orders_from
        snapshots_from = tuple(host for host in desk.snapshots_from if host not in orders_from)
        copies_from = tuple(host for host in desk.drop_copies_from if host not in (*orders_from, *snapshots_from))
        for route in self.routes:
            venue = route.address
            self._lines(f"{venue}/orders", orders_from, venue)
            if not route.dark:
                self._lines(f"{venue}/snapshots", snapshots_from, venue)
            self._lines(f"{venue}/drop-copy", copies_from, venue)
            for line in () if route.dark else FEED_LINES:
                self._lines(f"{venue}/feed-{line}", subscribers(desk, line), venue)
        if self._scenario.market.second_carrier:
            self._lay_second_carrier()
        if self._scenario.market.second_provider:
            spec = LinkSpec(VENDOR_LATENCY_NS, self._scenario.settings.network.venue_jitter_ns)
            for host in dict.fromkeys(desk.host_of(address) for address in desk.consolidated_to):
                self._world.connect(f"{SECOND_PROVIDER}/feed-{host}", host, SECOND_PROVIDER, spec)

    def _lay_second_carrier(self) -> None:
        """One more way from the desk's order hosts to the venues, taken when the news is that a line is down."""
        network = self._scenario.settings.network
        spec = network.venue_line
        self._world.add_switch(CARRIER)
        for host in self._desk.orders_from:
            self._world.connect(f"{CARRIER}/{host}", host, CARRIER, spec)
        for route in self.routes:
            self._world.connect(f"{CARRIER}/{route.address}", CARRIER, route.address, spec)
        if network.reroute:
            self._world.network.convergence_ns = network.convergence_ns

    def _lines(self, name: str, ends: tuple[str, ...], venue: str) -> None:
        """One line for each of the desk's ends; the second and further ones say in their names which it is."""
        spec = self._scenario.settings.network.venue_line
        for index, end in enumerate(ends):
            self._world.connect(f"{name}/{end}" if index else name, end, venue, spec)

    def stretch(self, scenario: Scenario) -> Scenario:
        """The scenario over the whole recording, where there is one: the workload stops in time for orders to end."""
        if self.recording is None:
            return scenario
        stop_ns = max(self.recording.duration_ns - SETTLE_NS, scenario.workload.start_ns)
        workload = replace(scenario.workload, stop_ns=stop_ns)
        return replace(scenario, workload=workload, duration_ns=self.recording.duration_ns + SETTLE_NS)


def lay_exchanges(world: World, scenario: Scenario, desk: Desk) -> Exchanges:
    """All venues of the scenario, on hosts of their own, not yet connected to the desk."""
    return Exchanges(world, scenario, desk)
