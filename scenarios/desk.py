"""What a desk is to a scenario: programs, each in its place, and the lines by which they reach the venues."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from squall.scenarios.settings import Settings
from squall.scenarios.sites import Sites, groups_of_sites, misplaced
from squall.sim.core_group import GroupSpec
from squall.sim.host import Costs
from squall.sim.program import Program
from squall.sim.world import World
from squall.system.domain.signals import Workload
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Instrument, VenueRoute, Wiring

DEFAULT_COST_NS: Final = Costs().default_ns


class DeskError(ValueError):
    """A desk that cannot be laid out, or a promise that asks it for what it has not: one line that says which."""


class Floor(Struct, frozen=True):
    """What every program of a desk may know of the market that it trades in, and of what it is meant to do."""

    instruments: tuple[Instrument, ...]
    venues: tuple[VenueRoute, ...]
    workload: Workload
    """The scenario's. What it means to a desk of one's own is that desk's affair."""
    settings: Settings
    second_provider: bool = False
    """Whether another vendor tells of the venues too."""


Make = Callable[[Runtime, Floor], Program]


class Seat(Struct, frozen=True):
    """A program in its place: the host, its address, how it is made there (anew after each crash), its costs."""

    host: str
    address: Address
    make: Make
    cost_ns: int = DEFAULT_COST_NS
    """Service time of a message."""
    cost_by_message_ns: Mapping[type, int] = {}
    feed_lines: tuple[str, ...] = ()
    """The lines of the venues' market data that it gets, of ``A`` and ``B``, each on a network card ``address/A``."""
    reads_own_words: bool = False
    """Whether it gets market data of each venue in that venue's own words, where it has any, or in plain ones."""
    versions: Mapping[str, Make] = {}
    """Other builds of it, by name: a fault may deploy one."""
    core: str = ""
    """The core that it is pinned to, by a name that seats of one host may share; empty: one of its own."""
    cores: GroupSpec | None = None
    """What that core is like: how many there are of it, what a message takes, how many may wait. None: as plain as can
    be. Of seats that share it one says so."""
    memory_bytes: int = 0
    """At so much its machine kills it, and starts it again; 0: nobody looks."""


Primary = Callable[[], Address | None]
"""Who leads, by its address, as far as the world can see."""


class Desk(Struct, frozen=True):
    """The programs that trade: ours is one such value, a desk of one's own another. DeskError where it cannot be.

    Hosts are those that the seats name, in that order, each on the desk's own switch. Programs on one host talk
    through a local queue, each on its own core.
    """

    seats: tuple[Seat, ...]
    orders_from: tuple[str, ...]
    """Hosts with a line to each venue's order entry."""
    snapshots_from: tuple[str, ...] = ()
    """Hosts with a line to each venue for snapshots. Where it is a host of *orders_from*, that line serves."""
    consolidated_to: tuple[Address, ...] = ()
    """Programs that hear the second provider of market data, where a scenario has one."""
    drop_copies_from: tuple[str, ...] = ()
    """Hosts with a line to each venue for drop copies and open orders. Where there is another line, that one serves."""
    groups: Mapping[str, tuple[str, ...]] = {}
    """Hosts that belong together, as ``keepers``, or programs: what a fault's selector may choose from."""
    sites: Sites = ()
    """Where the machines stand, in racks; each then hangs on its rack's switch. Empty: on one switch for all."""
    primary: Callable[[World], Primary] | None = None
    """Watches a world for who leads; None where nobody does."""
    wiring: Callable[[Floor], Wiring] | None = None
    """Ours alone: the addresses of its services, which some promises and figures read."""

    def __post_init__(self) -> None:
        if not self.seats:
            raise DeskError("desk.seats: expected at least one program, found none")
        addresses = [seat.address for seat in self.seats]
        for address in addresses:
            if addresses.count(address) > 1:
                raise DeskError(f"desk.seats: expected addresses of their own, found {address!r} more than once")
        described: list[tuple[str, str]] = []
        for seat in self.seats:
            place = (seat.host, seat.core or seat.address)
            if seat.cores is not None and place in described:
                raise DeskError(f"desk.seats: {seat.address}: core {place[1]!r} of {seat.host} is described already")
            described += [place] if seat.cores is not None else []
            for line in seat.feed_lines:
                if line not in FEED_LINES:
                    raise DeskError(f"desk.seats: {seat.address}: no feed line {line!r}; lines are A and B")
        for name in ("orders_from", "snapshots_from", "drop_copies_from"):
            self._expect_hosts(name, getattr(self, name))
        for address in self.consolidated_to:
            if address not in addresses:
                raise DeskError(f"desk.consolidated_to: no program {address!r}; programs are {', '.join(addresses)}")
        if self.sites:
            wrong = misplaced(self.sites, self.hosts)
            if wrong is not None:
                raise DeskError(f"desk.sites: {wrong}")
        for name, hosts in self.groups.items():
            if name in WORLD_GROUPS or name in groups_of_sites(self.sites):
                raise DeskError(f"desk.groups: {name!r} is a group that this world has; choose another name")
            if not all(host in addresses for host in hosts):
                self._expect_hosts(f"groups[{name!r}]", hosts)
        if not self.orders_from:
            raise DeskError("desk.orders_from: expected at least one host, found none: no order could leave")

    def _expect_hosts(self, field: str, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in self.hosts:
                raise DeskError(f"desk.{field}: no host {name!r}; hosts are {', '.join(self.hosts)}")

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host once, in the order of the seats."""
        return tuple(dict.fromkeys(seat.host for seat in self.seats))

    def host_of(self, address: Address) -> str:
        """The host that this program sits on."""
        return next(seat.host for seat in self.seats if seat.address == address)

    @property
    def ours(self) -> bool:
        """Whether it is the desk that comes with Squall."""
        return self.wiring is not None


FEED_LINES: Final = ("A", "B")
WORLD_GROUPS: Final = ("hosts", "desk", "venues", "links", "lan", "orders", "feeds", "symbols")
"""The groups that selectors know in any world, whatever desk is in it."""


def subscribers(desk: Desk, line: str) -> tuple[Address, ...]:
    """The network cards that get this feed line of every venue."""
    return tuple(f"{seat.address}/{line}" for seat in desk.seats if line in seat.feed_lines)


def readers_of_own_words(desk: Desk) -> tuple[Address, ...]:
    """The programs that normalise what a venue says in words of its own."""
    return tuple(seat.address for seat in desk.seats if seat.reads_own_words)
