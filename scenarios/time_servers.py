"""Lays time servers into a world, and has every host of the desk set its clock by them."""

from collections.abc import Callable
from typing import Final

from squall.sim.clock import Clock
from squall.sim.host import ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.ntp import Discipline, NtpClient, NtpServer, NtpSpec
from squall.sim.program import Program
from squall.sim.trace import ClockDisciplined, Record
from squall.sim.world import World

LATENCY_NS: Final = 50_000
JITTER_NS: Final = 20_000
"""Of the line to each server, one way: some switches away."""
MOST_SERVERS: Final = 9


def lay_time_servers(world: World, hosts: tuple[str, ...], count: int, spec: NtpSpec, core: str) -> tuple[str, ...]:
    """Servers ``ntp1``, ``ntp2`` and so on, whose clocks are right, and a client ``ntpd-HOST`` on each of these hosts.

    Returns the servers' names. ValueError for fewer than none or more than `MOST_SERVERS`.
    """
    if not 0 <= count <= MOST_SERVERS:
        raise ValueError(f"time_servers: expected 0 to {MOST_SERVERS}, found {count}")
    names = tuple(f"ntp{number}" for number in range(1, count + 1))
    for name in names:
        world.add_host(name, Clock())
        world.connect(f"{name}/lan", name, core, LinkSpec(LATENCY_NS, JITTER_NS))
        world.place(name, name, NtpServer)
    for host in hosts if names else ():
        _place(world, host, names, spec)
    return names


def _place(world: World, host: str, servers: tuple[str, ...], spec: NtpSpec) -> None:
    discipline = Discipline(world.kernel, world.host(host).clock)

    def client(machine: ProgramRuntime) -> Program:
        return NtpClient(machine, discipline, servers, spec, world.trace, host)

    world.place(host, f"ntpd-{host}", client)


def watch_discipline(world: World, vote: bool, told: Callable[[str], None]) -> None:
    """*told* hears by the protection's key each time that a clock was corrected, and that a server was disbelieved."""

    def on_disciplined(record: Record) -> None:
        event: ClockDisciplined = record.event
        if event.deed in ("slews", "steps"):
            told("ntp.discipline")
        if vote and event.disbelieved:
            told("ntp.vote")

    world.trace.watch(on_disciplined, ClockDisciplined)
