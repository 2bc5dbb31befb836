"""The world: one kernel, one trace, one source of chance, and all hosts, links and venues by name."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from squall.sim.clock import Clock
from squall.sim.core_group import CoreGroup, GroupSpec
from squall.sim.disk import DEFAULT_FSYNC_NS
from squall.sim.exchange.participants import FairValue
from squall.sim.exchange.rules import Rules
from squall.sim.host import Costs, Host, ProgramRuntime, Slot
from squall.sim.kernel import Kernel
from squall.sim.link import LinkSpec
from squall.sim.lives import Factory, Release
from squall.sim.memory import Memory
from squall.sim.network import Network
from squall.sim.program import Program
from squall.sim.rng import Chance, shuffled_ties
from squall.sim.stream import TransportSpec
from squall.sim.trace import Sink, Trace
from squall.sim.transport import Transport

BUGGIFIED_SHARE: Final = 0.25


def _no_settings(config: Any, assignment: str) -> Any:
    raise ValueError(f"{assignment}: the programs of this world have no settings")


class World:
    """Built piece by piece, then started, then run. Faults act on what it hands out by name."""

    def __init__(
        self, seed: int, transport: TransportSpec | None = None, sink: Sink | None = None, shuffled: bool = False
    ) -> None:
        """*shuffled*: what is due at one instant comes in an order that the seed draws, not in that of asking."""
        self.seed = seed
        self.chance = Chance(seed)
        self.kernel = Kernel(ties=shuffled_ties(self.chance) if shuffled else None)
        self.trace = Trace(self.kernel, sink)
        self.network = Network(self.kernel, self.trace, self.chance)
        self.transport = Transport(self, transport or TransportSpec())
        self.hosts: dict[str, Host] = {}
        self.venues: dict[str, Rules] = {}
        """The rules of each venue's application, by venue: what exchange faults act on. They outlive a crash."""
        self.fair_values: dict[str, FairValue] = {}
        """What the participants of all venues believe a symbol is worth, by symbol."""
        self.groups: dict[str, tuple[str, ...]] = {}
        """Names that belong together, as ``keepers``: what a fault's selector may choose from."""
        self.primary: Callable[[], str | None] = lambda: None
        """Who leads, by its address, as far as the world can see; whoever lays out a desk says how that is seen."""
        self.reconfigured: Callable[[Any, str], Any] = _no_settings
        """From a program's configuration and ``section.key=value`` to the changed one, or ValueError; likewise said by
        whoever lays out a desk."""
        self.vocabulary: Mapping[str, type] = {}
        """The types of the messages that the programs exchange, by name; empty where nobody has said."""
        self.messages = 0
        """Handler invocations on a message, heartbeats and timers apart."""
        self._buggified: frozenset[str] = frozenset()

    # --- building ---

    def add_host(self, name: str, clock: Clock | None = None, fsync_ns: int = DEFAULT_FSYNC_NS) -> Host:
        """A machine with one network card of the same name."""
        if name in self.hosts:
            raise ValueError(f"host {name!r} exists already")
        self.network.add_node(name)
        host = Host(self, name, clock or Clock(), fsync_ns)
        self.hosts[name] = host
        return host

    def add_switch(self, name: str) -> None:
        """A node that forwards."""
        self.network.add_node(name, switch=True)

    def connect(self, name: str, one: str, other: str, spec: LinkSpec) -> None:
        """Lay a link between two network cards or switches."""
        self.network.connect(name, one, other, spec)

    def add_cores(self, host: str, label: str, spec: GroupSpec) -> CoreGroup:
        """Cores with one queue between them, for programs that are then placed there by this label."""
        machine = self.host(host)
        if label in machine.cores:
            raise ValueError(f"{host}: there are cores {label!r} already")
        group = machine.cores[label] = CoreGroup(machine, label, spec)
        return group

    def place(
        self,
        host: str,
        address: str,
        factory: Callable[[ProgramRuntime], Program],
        costs: Costs | None = None,
        core: str | None = None,
        aliases: tuple[str, ...] = (),
        versions: Mapping[str, Factory] | None = None,
        config: Any = None,
        memory_bytes: int = 0,
    ) -> Slot:
        """Put a program on a host. Each alias is a further address of it, on a network card of its own.

        *versions* are other builds of it that can be deployed; *config* is what it finds as its runtime's; at
        *memory_bytes* (0: never) it is killed.
        """
        machine = self.host(host)
        for each in (address, *aliases):
            self.transport.check_free(each)
        slot = machine.place(address, Release(factory, versions or {}, config), costs or Costs(), core)
        if memory_bytes:
            slot.memory = Memory(slot, memory_bytes)
        self.transport.register(address, slot, host)
        for alias in aliases:
            self.network.add_node(alias)
            self.transport.register(alias, slot, alias)
        return slot

    # --- running ---

    def start(self) -> None:
        """Switch every host on, in the order in which they were added."""
        for host in self.hosts.values():
            host.start()

    def run_until(self, until_ns: int) -> None:
        """Let virtual time pass."""
        self.kernel.run_until(until_ns)

    # --- handles ---

    def host(self, name: str) -> Host:
        """The host of this name; ValueError that lists the hosts where there is none."""
        try:
            return self.hosts[name]
        except KeyError:
            raise ValueError(f"no host {name!r}; hosts are {', '.join(self.hosts)}") from None

    def venue(self, name: str) -> Rules:
        """The application rules of the venue of this name; ValueError that lists the venues where there is none."""
        try:
            return self.venues[name]
        except KeyError:
            raise ValueError(f"no venue {name!r}; venues are {', '.join(self.venues)}") from None

    def fair_value(self, symbol: str) -> FairValue:
        """The fair value of this symbol; ValueError that lists the symbols where there is none to move."""
        try:
            return self.fair_values[symbol]
        except KeyError:
            known = ", ".join(self.fair_values) or "none: the market is a recording"
            raise ValueError(f"no fair value for {symbol!r}; there are {known}") from None

    def program(self, address: str) -> Program | None:
        """The program at this address as it lives now; None while its host is down. For harness and tests only."""
        return self.transport.slot_of(address).program

    # --- rare but legal ---

    def force(self, *points: str) -> None:
        """Switch buggify points on, each by its name, or for one program only as ``address/name``."""
        self._buggified = frozenset(points)

    def buggify(self, address: str, name: str, *identity: object) -> bool:
        """Whether to take the rare way here: where the point is on, and of those with an identity one in four."""
        on = self._buggified
        if not on or not (name in on or f"{address}/{name}" in on):
            return False
        if not identity:
            return True
        return self.chance.uniform("/".join((address, "buggify", name, *map(str, identity)))) < BUGGIFIED_SHARE
