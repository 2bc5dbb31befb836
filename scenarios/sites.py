"""Where a desk's machines stand: racks with a switch each, in sites that a longer line joins; what fails together."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from squall.sim.link import LinkSpec
from squall.sim.trace import HostCrashed, HostRestarted, Record
from squall.sim.world import World
from squall.system.domain.claims import LeadershipMoved

CORE: Final = "lan"
"""The switch that everything hangs on in the end; without sites every machine hangs on it directly."""


class Rack(Struct, frozen=True):
    """Machines under one switch, on one power feed. A plan calls it ``rack:NAME``."""

    name: str
    hosts: tuple[str, ...]


class Site(Struct, frozen=True):
    """Racks in one room, cooled by one plant. A plan calls it ``site:NAME``."""

    name: str
    racks: tuple[Rack, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """All machines in it, rack by rack."""
        return tuple(host for rack in self.racks for host in rack.hosts)


Sites = tuple[Site, ...]


def misplaced(sites: Sites, hosts: tuple[str, ...]) -> str | None:
    """Why these machines cannot stand so, in one line; None where each stands in one rack, and names are names."""
    racks = [rack for site in sites for rack in site.racks]
    for what, names in (("site", [site.name for site in sites]), ("rack", [rack.name for rack in racks])):
        for name in names:
            if not name or "," in name:
                return f"a {what}'s name cannot be {name!r}: expected a word without a comma"
            if names.count(name) > 1:
                return f"there is more than one {what} {name!r}"
    standing = [host for rack in racks for host in rack.hosts]
    for host in standing:
        if host not in hosts:
            return f"no host {host!r}; hosts are {', '.join(hosts)}"
        if standing.count(host) > 1:
            return f"host {host!r} stands in more than one rack"
    for host in hosts:
        if host not in standing:
            return f"host {host!r} stands in no rack"
    return None


def groups_of_sites(sites: Sites) -> dict[str, tuple[str, ...]]:
    """What a plan may name: every site and every rack, each with its machines."""
    racks = {f"rack:{rack.name}": rack.hosts for site in sites for rack in site.racks}
    return {**{f"site:{site.name}": site.hosts for site in sites}, **racks}


def lay_lan(world: World, sites: Sites, hosts: tuple[str, ...], spec: LinkSpec, between_ns: int) -> None:
    """Connect the machines: to one switch, or to their racks', those to their site's, and the sites with each other.

    *spec* is each link within a room; from one site to another it takes *between_ns* more, one way.
    """
    uplink = {f"rack:{rack.name}": f"site:{site.name}" for site in sites for rack in site.racks}
    rack_of = {host: f"rack:{rack.name}" for site in sites for rack in site.racks for host in rack.hosts}
    for site in sites:
        # Half of the way on each side of the core: any two sites are as far from each other.
        far = LinkSpec(latency_ns=max(between_ns // 2, 1))
        world.add_switch(f"site:{site.name}")
        world.connect(f"site:{site.name}/lan", f"site:{site.name}", CORE, far)
    for rack, switch in uplink.items():
        world.add_switch(rack)
        world.connect(f"{rack}/lan", rack, switch, spec)
    for host in hosts:
        world.connect(f"{host}/lan", host, rack_of.get(host, CORE), spec)


class SiteWatch:
    """Sees when the desk is led on from one site while the one that it was led from is dark."""

    def __init__(self, world: World, sites: Sites, told: Callable[[], None]) -> None:
        """*told* is called each time."""
        self._site_of = {host: site for site in sites for host in site.hosts}
        self._down: dict[str, None] = {}
        self._led_from: Site | None = None
        self._told = told
        world.trace.watch(self._on_crash, HostCrashed)
        world.trace.watch(self._on_restart, HostRestarted)
        world.trace.watch_claims(self._on_leadership, LeadershipMoved)

    def _on_crash(self, record: Record) -> None:
        self._down[record.host] = None

    def _on_restart(self, record: Record) -> None:
        self._down.pop(record.host, None)

    def _on_leadership(self, record: Record) -> None:
        if record.event.role != "leading":
            return
        site, before = self._site_of[record.host], self._led_from
        self._led_from = site
        if before is not None and before is not site and all(host in self._down for host in before.hosts):
            self._told()
