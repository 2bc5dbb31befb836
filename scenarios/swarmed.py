"""A scenario in a swarm: its own story, with what the seed adds to it."""

from typing import Final

from msgspec.structs import replace

from squall.faults.fault import Plan
from squall.faults.phases import phases_of
from squall.faults.swarm import Swarm
from squall.scenarios.checks.reached import something_struck
from squall.scenarios.scenario import Scenario
from squall.sim.world import World

LASTING: Final = ("safety", "liveness", "durability")
"""The kinds of promise that hold whatever else is broken: what was to be reached, and how fast, may not be."""


def swarmed(scenario: Scenario, drawing: bool = True) -> Scenario:
    """Its plan, *drawing* another beside it; rare ways and shuffled ties; and the promises that hold all the same."""
    if scenario.swarm:
        return scenario
    own = scenario.plan
    swarm = Swarm(phases_of(scenario.duration_ns))

    def draw(world: World) -> Plan:
        mine = own(world) if callable(own) else own
        return (*(replace(planned, must_touch=False) for planned in mine), *(swarm(world) if drawing else ()))

    promises = tuple(promise for promise in scenario.promises if promise.kind in LASTING)
    return replace(scenario, plan=draw, promises=(*promises, something_struck()), swarm=True)
