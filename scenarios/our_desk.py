"""The desk that comes with Squall, as a value like anybody's: its hosts, its services in their places, its lines."""

from functools import partial
from typing import Final

from squall.scenarios.desk import Desk, Floor, Seat
from squall.sim.program import Program
from squall.sim.trace import Record, Sent
from squall.sim.world import World
from squall.system.assemble import DESK, Service
from squall.system.domain.messages import LeaseGranted
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

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


def our_desk() -> Desk:
    """Eleven hosts: order entry from ``exec``, market data into ``md``."""
    return Desk(
        seats=tuple(_seat(host, address, DESK[address]) for host, addresses in HOSTS.items() for address in addresses),
        orders_from=("exec",),
        snapshots_from=("md",),
        groups={"oms": ("oms1", "oms2"), "keepers": ("k1", "k2", "k3")},
        primary=lambda world: Leaders(world, len(KEEPERS)).current,
        wiring=wiring_of,
    )


def wiring_of(floor: Floor) -> Wiring:
    """The addresses of our services on this floor."""
    return Wiring(instruments=floor.instruments, venues=floor.venues)


KEEPERS: Final = Wiring(instruments=(), venues=()).keepers


def _seat(host: str, address: Address, service: Service) -> Seat:
    return Seat(
        host,
        address,
        partial(_make, service),
        cost_ns=service.cost_ns,
        cost_by_message_ns=service.cost_by_message_ns,
        feed_lines=service.feed_lines,
    )


def _make(service: Service, runtime: Runtime, floor: Floor) -> Program:
    # This line makes the type checker hold every service of ours against Program.
    program: Program = service.make(runtime, floor.settings.desk, wiring_of(floor), floor.workload)
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
