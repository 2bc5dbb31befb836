"""Swarm: each seed has its own few kinds of fault, its own intensities, its own rare but legal behaviours."""

from typing import Final

from msgspec import Struct

from squall.faults.buggify import POINTS
from squall.faults.drawn import CATALOGUE, Dice, Drawn, name_of, planned
from squall.faults.fault import Plan
from squall.faults.phases import Phases
from squall.sim.rng import Chance
from squall.sim.world import World

FEWEST_FAULTS: Final = 2
MOST_FAULTS: Final = 8


class Swarm(Struct, frozen=True):
    """A plan that the seed decides. A run with everything on finds less than one with a few things on, and others off:
    what one fault hides, another run shows.
    """

    phases: Phases

    def __call__(self, world: World) -> Plan:
        dice = Dice(world.chance, "swarm")
        kinds = self._switched_on(dice)
        plan: Plan = ()
        numbers: dict[str, int] = {}
        for index in range(FEWEST_FAULTS + int(dice.uniform("how many") * (MOST_FAULTS + 1 - FEWEST_FAULTS))):
            category, drawn = dice.one(f"kind/{index}", kinds)
            start_ns = self.phases.baseline_ns + int(dice.uniform(f"start/{index}") * self.phases.faults_ns)
            base = name_of(category, drawn, 0)
            numbers[base] = numbers.get(base, 0) + 1
            plan = (
                *plan,
                planned(world, drawn, self.phases, start_ns, f"swarm {name_of(category, drawn, numbers[base])}"),
            )
        return plan

    @staticmethod
    def _switched_on(dice: Dice) -> tuple[tuple[str, Drawn], ...]:
        """A random half of the kinds, and one of them at the least."""
        kinds = [(category, drawn) for category, rows in CATALOGUE.items() for drawn in rows]
        on = [each for each in kinds if dice.uniform(f"on/{name_of(*each, 0)}") < 0.5]
        return tuple(on or [dice.one("at least", kinds)])


def forced_points(chance: Chance) -> tuple[str, ...]:
    """The rare ways that this seed takes: a random third of all."""
    return tuple(name for name in POINTS if chance.uniform(f"swarm/point/{name}") < 1 / 3)
