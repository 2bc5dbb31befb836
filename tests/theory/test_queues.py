"""Our machines queue as theory says: six models, and the Lindley recursion."""

from typing import Any

import numpy as np
import pytest

from squall.sim.core import MESSAGE, Core
from squall.sim.host import Costs
from squall.sim.service import Constant, Exponential, Lognormal, ServiceTime
from squall.sim.world import World
from tests.profiles import PROFILE
from tests.theory import formulas
from tests.theory.models import OF_THE_MEAN, OF_THE_P99, by_name, measure
from tests.theory.stations import OUT, Customer, Place, Stations

CUSTOMERS = {"ci": 25_000, "nightly": 1_500_000}[PROFILE]
SURELY = 0.999


@pytest.mark.parametrize("model", list(by_name()))
def test_theory_is_within_the_interval_of_what_was_measured(model: str) -> None:
    """By day the interval is wide, and theory has to be in it. At night it has to be as near as 2 % and 5 %."""
    for found in measure(by_name()[model], CUSTOMERS, seed=1, confidence=SURELY):
        assert found.mean.covers(found.said.mean_ns), found
        assert found.mean.relative < 0.25, "an interval that everything is in says nothing"
        if found.said.p99_ns is not None:
            assert found.p99.covers(found.said.p99_ns), found
            assert found.p99.relative < 0.4
        if PROFILE == "nightly":
            assert abs(found.mean_off) < OF_THE_MEAN, found
            assert abs(found.p99_off or 0.0) < OF_THE_P99, found


@pytest.mark.parametrize("service", [Exponential(9_000), Constant(9_000), Lognormal(6_000, 1.0)])
def test_a_queue_is_the_lindley_recursion_on_the_same_draws_to_the_nanosecond(service: ServiceTime) -> None:
    stations = Stations({"a": Place(service, every_ns=10_000)}, seed=3)
    stations.run(100_000_000)
    visits = stations.visits["a"]
    assert len(visits.ended_ns) > 8_000
    ended = formulas.lindley(np.array(visits.came_ns), np.array(visits.service_ns))
    assert ended.tolist() == visits.ended_ns


def test_the_service_times_of_the_recursion_are_the_draws_of_the_seed_and_no_others() -> None:
    stations = Stations({"a": Place(Exponential(9_000), every_ns=10_000)}, seed=3)
    stations.run(10_000_000)
    for number, service_ns in enumerate(stations.visits["a"].service_ns):
        uniform = World(3).chance.uniform(f"service/a/customer/{number}/0")
        assert service_ns == Exponential(9_000).at_ns(uniform)


def test_the_desks_own_core_is_the_lindley_recursion_too() -> None:
    """The plain core, with a cost that does not vary: M/D/1, by the nanosecond."""
    world = World(5)
    world.add_host("a")
    left: list[int] = []

    class Sink:
        def __init__(self, _: Any) -> None: ...
        def on_start(self) -> None: ...
        def on_message(self, sender: str, customer: Customer) -> None:
            left.append(world.kernel.now_ns)

    slot = world.place("a", "a", Sink, Costs(default_ns=0))  # type: ignore[arg-type]
    world.start()
    stream = world.chance.stream("arrivals")
    came = np.cumsum([int(stream.random() * 20_000) for _ in range(5_000)])
    for number, at_ns in enumerate(came.tolist()):
        arrives = (slot, Customer(number, at_ns))
        world.kernel.call_at(at_ns, lambda arg: arg[0].host.enqueue(arg[0], MESSAGE, OUT, arg[1], 9_500), arrives)
    world.run_until(10**9)
    assert type(slot.core) is Core
    busy = formulas.lindley(came, np.full(5_000, 9_500))
    assert left[-1_000:] == busy[-1_000:].tolist(), "the start of the program is over by then"
