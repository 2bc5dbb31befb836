"""Builds a stage: hosts, links and venues of the world, and the desk's services in their places."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import Struct

from squall.faults.fault import InstalledPlan, happening
from squall.faults.swarm import forced_points
from squall.scenarios.market import Exchanges, lay_exchanges
from squall.scenarios.measure import Measure
from squall.scenarios.scenario import Scenario
from squall.scenarios.settings import Settings, check_together, override
from squall.sim.clock import Clock
from squall.sim.exchange.wire import messages as wire
from squall.sim.host import Costs, ProgramRuntime
from squall.sim.network import LinkSpec
from squall.sim.program import Program
from squall.sim.trace import Record, Sent, Sink
from squall.sim.transport import TransportSpec
from squall.sim.world import World
from squall.system.assemble import DESK, Service
from squall.system.config import DeskConfig
from squall.system.domain import messages
from squall.system.domain.messages import LeaseGranted
from squall.system.runtime import Runtime
from squall.system.wiring import Wiring

MAX_CLOCK_OFFSET_NS: Final = 50_000
"""Disciplined clocks: within 50 µs of true time, as RTS 25's 100 µs ask for."""
MAX_DRIFT_PPB: Final = 20_000

HOSTS: Final[dict[str, tuple[str, ...]]] = {
    "md": ("market-data",),
    "strat": ("strategy",),
    "oms1": ("oms1",),
    "oms2": ("oms2",),
    "risk": ("risk",),
    "exec": ("router", "execution"),
    "book": ("positions",),
    "ops": ("audit", "monitor"),
    "k1": ("keeper1",),
    "k2": ("keeper2",),
    "k3": ("keeper3",),
}
"""Which service runs where. Two services on one host talk through a local queue, each on its own core."""


class Stage(Struct):
    """A world with a desk in it, ready to run; what judges and reports look at."""

    name: str
    scenario: Scenario
    world: World
    wiring: Wiring
    exchanges: Exchanges
    plan: InstalledPlan
    duration_ns: int
    with_faults: bool
    measure: Measure


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
    )
    world = World(seed, transport, sink, shuffled=scenario.swarm)
    if scenario.swarm:
        world.force(*forced_points(world.chance))
    world.add_switch("lan")
    lan = LinkSpec(latency_ns=network.lan_latency_ns)
    for host in HOSTS:
        world.add_host(host, _clock(world, host))
        world.connect(f"{host}/lan", host, "lan", lan)
    exchanges = lay_exchanges(world, scenario)
    scenario = exchanges.stretch(scenario)
    wiring = exchanges.wiring
    for host, addresses in HOSTS.items():
        for address in addresses:
            _place(world, host, address, DESK[address], scenario, wiring)
    exchanges.connect()
    duration_ns = scenario.duration_ns
    world.groups = groups_of(world)
    world.reconfigured = _reconfigured
    world.vocabulary = {**_messages_in(messages), **_messages_in(wire)}
    world.primary = Leaders(world, len(wiring.keepers)).current
    drawn = happening(world, scenario.plan(world) if callable(scenario.plan) else scenario.plan)
    scenario = msgspec.structs.replace(scenario, plan=drawn)
    plan = InstalledPlan(world, drawn if with_faults else ())
    measure = Measure(world, wiring, duration_ns)
    stage = Stage(name, scenario, world, wiring, exchanges, plan, duration_ns, with_faults, measure)
    if watch is not None:
        watch(stage)
    return stage


def groups_of(world: World) -> dict[str, tuple[str, ...]]:
    """What selectors may choose from: hosts by their part, links by what they carry."""
    links = tuple(world.network.links)
    lines = tuple(link for link in links if not link.endswith("/lan"))
    return {
        "hosts": tuple(world.hosts),
        "desk": tuple(HOSTS),
        "venues": tuple(world.venues),
        "oms": ("oms1", "oms2"),
        "keepers": ("k1", "k2", "k3"),
        "links": links,
        "lan": tuple(link for link in links if link.endswith("/lan")),
        "orders": tuple(link for link in lines if link.endswith("/orders")),
        "feeds": tuple(link for link in lines if "/feed-" in link),
        "symbols": tuple(world.fair_values),
    }


def _reconfigured(config: Any, assignment: str) -> Any:
    """A desk's configuration with one key changed, as `--set` would. ValueError where it cannot be."""
    section = assignment.partition(".")[0]
    if section not in DeskConfig.__struct_fields__:
        raise ValueError(f"{assignment}: no such key; sections are {', '.join(DeskConfig.__struct_fields__)}")
    settings = override(Settings(desk=config), assignment)
    check_together(settings)
    return settings.desk


def _messages_in(module: ModuleType) -> dict[str, type]:
    return {name: each for name, each in vars(module).items() if isinstance(each, type) and hasattr(each, "wire_bytes")}


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


def _clock(world: World, host: str) -> Clock:
    """A clock with an offset and a drift drawn from the seed."""
    offset, drift = world.chance.pair(f"clock/{host}")
    return Clock(
        offset_ns=(offset * 2 * MAX_CLOCK_OFFSET_NS >> 32) - MAX_CLOCK_OFFSET_NS,
        drift_ppb=(drift * 2 * MAX_DRIFT_PPB >> 32) - MAX_DRIFT_PPB,
    )


def _place(world: World, host: str, address: str, service: Service, scenario: Scenario, wiring: Wiring) -> None:
    def factory(machine: ProgramRuntime) -> Program:
        # This one line makes the type checker hold the host against the desk's Runtime, and the desk against Program.
        runtime: Runtime = machine
        program: Program = service.make(runtime, machine.config, wiring, scenario.workload)
        return program

    aliases = tuple(f"{address}/{line}" for line in service.feed_lines)
    costs = Costs(default_ns=service.cost_ns, by_message=service.cost_by_message_ns)
    world.place(host, address, factory, costs, aliases=aliases, config=scenario.settings.desk)


def program_of(stage: Stage, address: str) -> Any:
    """The living program at an address, for end-of-run figures that are no verdicts."""
    return stage.world.program(address)
