"""The desk that comes with Squall, as a value like anybody's: its hosts, its services in their places, its lines."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from squall.scenarios.desk import Desk, Floor, Seat
from squall.scenarios.sites import Rack, Site, Sites
from squall.sim.program import Program
from squall.sim.trace import Record, Sent
from squall.sim.world import World
from squall.system.assemble import AGENT, DESK, Make, Service, rolled_out
from squall.system.domain.messages import LeaseGranted
from squall.system.runtime import Address, Runtime
from squall.system.services.algos import STRATEGY as OF_ALGORITHMS
from squall.system.wiring import Wiring, router_addresses

HOSTS: Final[dict[str, tuple[str, ...]]] = {
    "md": ("market-data",),
    "strat": ("strategy",),
    "oms1": ("oms1",),
    "oms2": ("oms2",),
    "risk": ("risk",),
    "exec": ("router", "execution"),
    "book": ("positions",),
    "ops": ("audit", "monitor", "portfolio", "operator", "tick-store", "reconciler"),
    "k1": ("keeper1",),
    "k2": ("keeper2",),
    "k3": ("keeper3",),
}
"""Which service runs where. Two services on one host talk through a local queue, each on its own core."""


CLIENT_HOSTS: Final[dict[str, tuple[str, ...]]] = {"algo": ("algos",), "clients": ("clients",)}
"""Beside these, where clients send parent orders."""


def our_sites(spread: bool, clients: bool = False) -> Sites:
    """Two sites: the primary OMS in ``a``; all else in ``b``, the venues' lines included.

    *spread*: whether the backup stands in the other site than the primary, and two of the three keepers with it.
    """
    one, other = (("oms1", "k1"), ("oms2", "k2")) if spread else (("oms1", "k1", "oms2", "k2"), ())
    rest = [host for host in (*HOSTS, *(CLIENT_HOSTS if clients else ())) if host not in (*one, *other)]
    racks = (Rack("2", other),) if other else ()
    return (Site("a", (Rack("1", one),)), Site("b", (*racks, Rack("3", tuple(rest)))))


def our_desk(routers: int = 1, clients: bool = False, sites: Sites = (), agents: bool = False) -> Desk:
    """Eleven hosts: order entry from ``exec``, where so many routers run side by side; market data into ``md``.

    *clients*: two more, for the execution algorithms and for those whose orders they work off. *agents*: one on each
    host, so that builds can be rolled out and programs stopped; every service then says which build it is.
    """
    names = router_addresses(routers)
    hosts = {**HOSTS, **CLIENT_HOSTS} if clients else HOSTS
    parts = {address: rolled_out(address, service) if agents else service for address, service in DESK.items()}
    seats = tuple(
        _seat(host, each, parts[address], agents)
        for host, addresses in hosts.items()
        for address in addresses
        for each in (names if address == "router" else (address,))
    )
    return Desk(
        seats=(*seats, *(_seat(host, agent_on(host), AGENT, agents) for host in hosts if agents)),
        orders_from=("exec",),
        snapshots_from=("md",),
        consolidated_to=("market-data",),
        drop_copies_from=("ops",),
        groups={
            "oms": ("oms1", "oms2"),
            "keepers": ("k1", "k2", "k3"),
            "routers": names,
            "consoles": ("operator",),
            **({"agents": tuple(agent_on(host) for host in hosts)} if agents else {}),
        },
        sites=sites,
        primary=lambda world: Leaders(world, len(KEEPERS)).current,
        wiring=partial(wiring_of, agents=agents),
    )


def agent_on(host: str) -> Address:
    """The agent of this host, where there are any."""
    return f"agent-{host}"


def wiring_of(floor: Floor, agents: bool = False) -> Wiring:
    """The addresses of our services on this floor. *agents*: with one on each host."""
    routers = router_addresses(floor.settings.desk.router.count)
    workload, clients = floor.workload, floor.workload.clients
    wiring = Wiring(
        instruments=floor.instruments,
        venues=floor.venues,
        routers=routers,
        strategy_names=(workload.strategy,),
        second_provider=floor.second_provider,
    )
    if agents:
        hosts = HOSTS if clients is None else {**HOSTS, **CLIENT_HOSTS}
        placed = {
            each: agent_on(host)
            for host, addresses in hosts.items()
            for address in addresses
            for each in (routers if address == "router" else (address,))
        }
        wiring = replace(wiring, agents=placed)
    if clients is None:
        return wiring
    return replace(
        wiring,
        algos="algos",
        clients="clients",
        strategy_names=(workload.strategy, OF_ALGORITHMS),
        client_names=clients.clients,
    )


KEEPERS: Final = Wiring(instruments=(), venues=()).keepers


def _seat(host: str, address: Address, service: Service, agents: bool) -> Seat:
    return Seat(
        host,
        address,
        partial(_make, service.make, agents),
        cost_ns=service.cost_ns,
        cost_by_message_ns=service.cost_by_message_ns,
        feed_lines=service.feed_lines,
        reads_own_words=bool(service.feed_lines),
        versions={name: partial(_make, make, agents) for name, make in service.versions.items()},
    )


def _make(make: Make, agents: bool, runtime: Runtime, floor: Floor) -> Program:
    # This line makes the type checker hold every service of ours against Program.
    program: Program = make(runtime, floor.settings.desk, wiring_of(floor, agents), floor.workload)
    return program


class Leaders:
    """Who won the last epoch: whom a majority of keepers has granted it, as the wire shows."""

    def __init__(self, world: World, keepers: int) -> None:
        self._majority = keepers // 2 + 1
        self._granted: dict[tuple[int, str], list[str]] = {}
        self._won: tuple[int, str] | None = None
        world.trace.watch(self._on_grant, Sent, LeaseGranted)

    def _on_grant(self, record: Record) -> None:
        grant: LeaseGranted = record.event.message
        keepers = self._granted.setdefault((grant.epoch, grant.candidate), [])
        if grant.keeper not in keepers:
            keepers.append(grant.keeper)
            if len(keepers) == self._majority and (self._won is None or grant.epoch > self._won[0]):
                self._won = (grant.epoch, grant.candidate)

    def current(self) -> str | None:
        """The leader's address; None before anybody has won."""
        return self._won[1] if self._won is not None else None
