"""Builds a stage: hosts, links and venues of the world, and a desk's programs in their places."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import Struct

from squall.faults.fault import InstalledPlan, happening
from squall.faults.swarm import forced_points
from squall.scenarios.desk import Desk, DeskError, Floor, Make, Seat
from squall.scenarios.market import Exchanges, lay_exchanges
from squall.scenarios.measure import Measure
from squall.scenarios.our_desk import our_desk, our_sites
from squall.scenarios.past import PastDays
from squall.scenarios.scenario import Scenario
from squall.scenarios.settings import SettingError, Settings, check_together, override
from squall.scenarios.sites import CORE, SiteWatch, groups_of_sites, lay_lan
from squall.scenarios.time_servers import lay_time_servers, watch_discipline
from squall.sim.clock import Clock
from squall.sim.exchange.wire import messages as wire
from squall.sim.host import Costs, ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.program import Program
from squall.sim.stream import TransportSpec
from squall.sim.trace import Sink
from squall.sim.world import World
from squall.system.config import DeskConfig
from squall.system.domain import messages
from squall.system.runtime import Runtime
from squall.system.services.tick_store import FILE as BARS
from squall.system.wiring import Wiring

MAX_CLOCK_OFFSET_NS: Final = 50_000
"""Disciplined clocks: within 50 µs of true time, as RTS 25's 100 µs ask for."""
MAX_DRIFT_PPB: Final = 20_000


class Stage(Struct):
    """A world with a desk in it, ready to run; what judges and reports look at."""

    name: str
    scenario: Scenario
    world: World
    desk: Desk
    floor: Floor
    exchanges: Exchanges
    plan: InstalledPlan
    duration_ns: int
    with_faults: bool
    measure: Measure

    @property
    def wiring(self) -> Wiring:
        """The addresses of our own services; DeskError where the desk is another, which has none of them."""
        if self.desk.wiring is None:
            raise DeskError(f"{self.name}: the desk is not Squall's own: it has no services by Squall's names")
        return self.desk.wiring(self.floor)


def build(
    name: str,
    scenario: Scenario,
    seed: int,
    with_faults: bool = True,
    sink: Sink | None = None,
    watch: Callable[[Stage], None] | None = None,
) -> Stage:
    """Lay out the whole stage for one seed. *watch* is called before anything starts, to attach judges."""
    network = scenario.settings.network
    transport = TransportSpec(
        rto_min_ns=network.rto_min_ns,
        rto_max_ns=network.rto_max_ns,
        max_retransmissions=network.max_retransmissions,
        tcp=network.tcp,
    )
    world = World(seed, transport, sink, shuffled=scenario.swarm)
    if scenario.swarm:
        world.force(*forced_points(world.chance))
    world.add_switch(CORE)
    desk = scenario.desk or _our_desk(scenario)
    for host in desk.hosts:
        world.add_host(host, _clock(world, host))
    lay_lan(world, desk.sites, desk.hosts, LinkSpec(latency_ns=network.lan_latency_ns), network.site_latency_ns)
    ntp = scenario.settings.ntp
    servers = lay_time_servers(world, desk.hosts, scenario.time_servers, ntp, CORE)
    exchanges = lay_exchanges(world, scenario, desk)
    scenario = exchanges.stretch(scenario)
    for entry in scenario.settings.desk.reference.entries:
        symbols = [instrument.symbol for instrument in exchanges.instruments]
        if entry.symbol not in symbols:
            raise SettingError(f"--set reference.{entry.symbol}: no such symbol; symbols are {', '.join(symbols)}")
    vendor = scenario.market.second_provider
    floor = Floor(exchanges.instruments, exchanges.routes, scenario.workload, scenario.settings, vendor)
    for seat in desk.seats:
        if seat.cores is not None:
            world.add_cores(seat.host, seat.core or seat.address, seat.cores)
    for seat in desk.seats:
        _place(world, seat, floor)
    if scenario.market.past is not None and desk.wiring is not None:
        host = desk.host_of(desk.wiring(floor).tick_store)
        _lay_past(world, host, scenario.market.past, floor)
    exchanges.connect()
    duration_ns = scenario.duration_ns
    world.groups = {**groups_of(world, desk), **({"time-servers": servers} if servers else {})}
    world.reconfigured = _reconfigured
    world.vocabulary = {**_messages_in(messages), **_messages_in(wire)}
    if desk.primary is not None:
        world.primary = desk.primary(world)
    drawn = happening(world, scenario.plan(world) if callable(scenario.plan) else scenario.plan)
    scenario = msgspec.structs.replace(scenario, plan=drawn)
    plan = InstalledPlan(world, drawn if with_faults else ())
    measure = Measure(world, floor, desk.wiring(floor) if desk.wiring is not None else None, duration_ns)
    stage = Stage(name, scenario, world, desk, floor, exchanges, plan, duration_ns, with_faults, measure)
    if desk.sites and desk.ours and scenario.settings.site.spread:
        SiteWatch(world, desk.sites, lambda: measure.act("site.spread"))
    if servers:
        watch_discipline(world, ntp.vote, measure.act)
    if watch is not None:
        watch(stage)
    return stage


def _our_desk(scenario: Scenario) -> Desk:
    settings, clients = scenario.settings, scenario.workload.clients is not None
    sites = our_sites(settings.site.spread, clients) if scenario.in_sites else ()
    return our_desk(settings.desk.router.count, clients, sites)


def groups_of(world: World, desk: Desk) -> dict[str, tuple[str, ...]]:
    """What selectors may choose from: hosts by their part, links by what they carry."""
    links = tuple(world.network.links)
    lines = tuple(link for link in links if not link.endswith("/lan"))
    return {
        "hosts": tuple(world.hosts),
        "desk": desk.hosts,
        "venues": tuple(world.venues),
        **desk.groups,
        **groups_of_sites(desk.sites),
        "links": links,
        "lan": tuple(link for link in links if link.endswith("/lan")),
        "orders": tuple(link for link in lines if "/orders" in link),
        "feeds": tuple(link for link in lines if "/feed-" in link),
        "symbols": tuple(world.fair_values),
    }


def _reconfigured(config: Any, assignment: str) -> Any:
    """A desk's configuration with one key changed, as `--set` would. ValueError where it cannot be."""
    section = assignment.partition(".")[0]
    if section not in DeskConfig.__struct_fields__:
        raise ValueError(f"{assignment}: no such key; sections are {', '.join(DeskConfig.__struct_fields__)}")
    if assignment.partition("=")[0] == "router.count":
        raise ValueError("router.count: this is settled when the desk is laid out")
    settings = override(Settings(desk=config), assignment)
    check_together(settings)
    return settings.desk


def _lay_past(world: World, host: str, past: PastDays, floor: Floor) -> None:
    """What the tick store has on its disk in the morning."""
    disk = world.host(host).disk
    symbols, config = [instrument.symbol for instrument in floor.instruments], floor.settings.desk
    for bars in past.recorded(symbols, config.algos.day_ns, config.history.bar_ns, world.chance):
        disk.stood(BARS, msgspec.msgpack.encode(bars))


def _messages_in(module: ModuleType) -> dict[str, type]:
    return {name: each for name, each in vars(module).items() if isinstance(each, type) and hasattr(each, "wire_bytes")}


def _clock(world: World, host: str) -> Clock:
    """A clock with an offset and a drift drawn from the seed."""
    offset, drift = world.chance.pair(f"clock/{host}")
    return Clock(
        offset_ns=(offset * 2 * MAX_CLOCK_OFFSET_NS >> 32) - MAX_CLOCK_OFFSET_NS,
        drift_ppb=(drift * 2 * MAX_DRIFT_PPB >> 32) - MAX_DRIFT_PPB,
    )


def _place(world: World, seat: Seat, floor: Floor) -> None:
    def factory(machine: ProgramRuntime, make: Make) -> Program:
        # This one line makes the type checker hold the host against the desk's Runtime.
        runtime: Runtime = machine
        return make(runtime, _as_configured(floor, machine.config))

    aliases = tuple(f"{seat.address}/{line}" for line in seat.feed_lines)
    costs = Costs(default_ns=seat.cost_ns, by_message=seat.cost_by_message_ns)
    world.place(
        seat.host,
        seat.address,
        partial(factory, make=seat.make),
        costs,
        core=seat.core or None,
        aliases=aliases,
        versions={name: partial(factory, make=make) for name, make in seat.versions.items()},
        config=floor.settings.desk,
        memory_bytes=seat.memory_bytes,
    )


def _as_configured(floor: Floor, config: DeskConfig) -> Floor:
    """As this program is to see it: with the configuration that it has by now."""
    if config is floor.settings.desk:
        return floor
    settings = msgspec.structs.replace(floor.settings, desk=config)
    return msgspec.structs.replace(floor, settings=settings)
