"""Stations of the textbook, built of what the desk runs on: hosts with cores, programs, links between them."""

from collections.abc import Callable, Mapping, Sequence
from math import log
from random import Random
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct

from squall.scenarios.estimate import Sample
from squall.sim.core import MESSAGE, Job
from squall.sim.core_group import CoreGroup, GroupSpec
from squall.sim.host import Costs, ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.service import ServiceTime
from squall.sim.world import World

LINK_NS = 1_000
OUT = "out"


class Customer(Struct, frozen=True, gc=False, tag=True):
    """One who wants to be served: by number, on the *visit*-th of his visits."""

    wire_bytes: ClassVar[int] = 64
    is_heartbeat: ClassVar[bool] = False
    number: int
    came_ns: int
    visit: int = 0

    @property
    def identity(self) -> str:
        return f"customer/{self.number}/{self.visit}"


class Station:
    """A program that sends each customer on as its routes say, or lets him out."""

    def __init__(self, runtime: ProgramRuntime, routes: Sequence[tuple[float, str]], left: Callable[[Customer], None]):
        self._runtime = runtime
        self._routes = routes
        self._left = left

    def on_message(self, sender: str, customer: Customer) -> None:
        draw = self._runtime.chance("route", customer.identity)
        for share, to in self._routes:
            if draw < share:
                self._runtime.send(to, Customer(customer.number, customer.came_ns, customer.visit + 1))
                return
            draw -= share
        self._left(customer)

    def on_start(self) -> None: ...
    def on_timer(self, key: Any) -> None: ...
    def on_durable(self, token: int) -> None: ...
    def on_stream_open(self, peer: str) -> None: ...
    def on_stream_closed(self, peer: str, reason: str) -> None: ...
    def on_config(self, config: Any) -> None: ...


class Place(Struct, frozen=True):
    """One station: how many serve there, how long they take, where customers come in, and where they go on to."""

    service: ServiceTime
    servers: int = 1
    every_ns: int = 0
    """The mean time between customers from outside; 0 where none come in here."""
    routes: tuple[tuple[float, str], ...] = ()
    """Shares of customers and the station each goes on to; the rest leaves."""


class Visits:
    """What became of the jobs of one station."""

    def __init__(self, group: CoreGroup, kernel: Any) -> None:
        self.group = group
        self.came_ns: list[int] = []
        self.service_ns: list[int] = []
        self.ended_ns: list[int] = []
        self._kernel = kernel
        group.watch = self._served

    def _served(self, job: Job, came_ns: int, began_ns: int, given_ns: int) -> None:
        if job.kind == MESSAGE:
            self.came_ns.append(came_ns)
            self.service_ns.append(given_ns)
            self.ended_ns.append(self._kernel.now_ns)

    @property
    def sojourns(self) -> Sample:
        return np.array(self.ended_ns, dtype=np.int64) - np.array(self.came_ns, dtype=np.int64)


class Stations:
    """The network, running: each station on a host of its own, all on one switch."""

    def __init__(self, places: Mapping[str, Place], seed: int, plan: Callable[[World], None] = lambda _: None) -> None:
        self.world = World(seed)
        self.places = places
        self.left_ns: list[int] = []
        """How long each customer that has left was here, in the order of leaving; links included."""
        self.came_ns: list[int] = []
        self.visits: dict[str, Visits] = {}
        self.world.add_switch("lan")
        for name, place in places.items():
            self.world.add_host(name)
            self.world.connect(f"{name}/lan", name, "lan", LinkSpec(LINK_NS // 2))
            spec = GroupSpec(cores=place.servers, service={Customer: place.service})
            group = self.world.add_cores(name, "cores", spec)
            self.visits[name] = Visits(group, self.world.kernel)
            self._place(name, place)
        plan(self.world)
        self.world.start()
        for name, place in places.items():
            if place.every_ns:
                _Arrivals(self.world, name, place.every_ns)

    def _place(self, name: str, place: Place) -> None:
        def station(runtime: ProgramRuntime) -> Station:
            return Station(runtime, place.routes, self._leaves)

        self.world.place(name, name, station, Costs(default_ns=0), core="cores")

    def _leaves(self, customer: Customer) -> None:
        self.came_ns.append(customer.came_ns)
        self.left_ns.append(self.world.kernel.now_ns - customer.came_ns)

    def run(self, for_ns: int) -> None:
        self.world.run_until(for_ns)


class _Arrivals:
    """Customers from outside, at exponential distances, each handed to the host as its network card would."""

    def __init__(self, world: World, station: str, every_ns: int) -> None:
        self._world = world
        self._slot = world.host(station).slot(station)
        self._every_ns = every_ns
        self._stream: Random = world.chance.stream(f"arrivals/{station}")
        self._next(0)

    def _next(self, number: int) -> None:
        gap_ns = int(-log(1.0 - self._stream.random()) * self._every_ns)
        self._world.kernel.post(gap_ns, self._arrives, number, 0)

    def _arrives(self, number: int) -> None:
        customer = Customer(number, self._world.kernel.now_ns)
        self._slot.host.enqueue(self._slot, MESSAGE, OUT, customer, 0)
        self._next(number + 1)
