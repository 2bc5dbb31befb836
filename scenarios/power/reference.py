"""The frozen reference campaign: uniform faults, drawn from a file of their own, that say how hard a bug is to find."""

import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from squall.faults.durations import DurationError, format_duration, parse_duration
from squall.faults.fault import Plan
from squall.faults.plan import PlanFileError, plan_of
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario
from squall.scenarios.settings import SettingError, Settings, override
from squall.sim.rng import Chance
from squall.sim.world import World
from squall.system.domain.signals import Workload

SCHEMA: Final = 1
MILLISECOND: Final = 1_000_000


class ReferenceFileError(ValueError):
    """Not a reference campaign: one line with the place, what was found there and what was expected."""


class Faults(Struct, frozen=True, forbid_unknown_fields=True):
    """How many, when they begin and how long they last: all uniform, from the first to the second, both included."""

    fewest: int
    most: int
    earliest: str
    latest: str
    shortest: str
    longest: str


class Small(Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario of the reference: a workload, what the desk is set to, and nothing else that happens by itself."""

    name: str
    what: str
    duration: str
    workload: dict[str, Any]
    settings: tuple[str, ...] = ()


class Reference(Struct, frozen=True, forbid_unknown_fields=True):
    """A reference campaign as its file has it. Kinds are entries of a plan in which a field may be a range.

    ``{ between = [low, high] }`` is a number or a duration in it, ``{ one_of = [...] }`` one of a list; anything else
    stands for itself.
    """

    schema: int
    name: str
    faults: Faults
    scenario: tuple[Small, ...]
    kind: tuple[dict[str, Any], ...]

    def entries(self, scenario: str, seed: int) -> list[dict[str, Any]]:
        """The plan of this seed, as a plan file would have it: a function of the file, the scenario and the seed."""
        chance, faults = Chance(seed), self.faults
        place = f"{self.name}/{scenario}"
        more = chance.uniform(f"{place}/how many")
        count = faults.fewest + int(more * (faults.most + 1 - faults.fewest))
        return [self._entry(chance, f"{place}/{number}", number) for number in range(1, count + 1)]

    def _entry(self, chance: Chance, place: str, number: int) -> dict[str, Any]:
        faults = self.faults
        kind = self.kind[int(chance.uniform(f"{place}/kind") * len(self.kind))]
        entry = {field: _drawn(chance, f"{place}/{field}", rule) for field, rule in kind.items()}
        start = _drawn(chance, f"{place}/start", {"between": [faults.earliest, faults.latest]})
        lasts = _drawn(chance, f"{place}/lasts", {"between": [faults.shortest, faults.longest]})
        end = format_duration(parse_duration(start) + parse_duration(lasts))
        return {**entry, "name": f"{entry['kind']} {number}", "start": start, "end": end, "must_touch": False}

    def plan(self, scenario: str, seed: int) -> Plan:
        """The same, as faults."""
        return plan_of(self.entries(scenario, seed), f"{self.name}: {scenario}, seed {seed}")

    def make(self, name: str) -> Scenario:
        """The scenario of this name, whose plan is drawn by the seed of the run."""
        small = next(each for each in self.scenario if each.name == name)
        settings = Settings()
        for assignment in small.settings:
            settings = override(settings, assignment)
        return Scenario(
            workload=_workload(small),
            plan=_Drawn(self, name),
            promises=(*always(), *settles()),
            settings=settings,
            duration_ns=parse_duration(small.duration),
        )


class _Drawn:
    """A plan for each seed: what a scenario asks for when its world has been laid out."""

    def __init__(self, reference: Reference, scenario: str) -> None:
        self._reference = reference
        self._scenario = scenario

    def __call__(self, world: World) -> Plan:
        return self._reference.plan(self._scenario, world.chance.seed)


def load_reference(path: Path) -> Reference:
    """The campaign of a TOML file, each of its kinds tried once. ReferenceFileError where it is none."""
    try:
        reference = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Reference)
    except OSError as error:
        raise ReferenceFileError(f"{path.name}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ReferenceFileError(f"{path.name}: {error}") from None
    if reference.schema != SCHEMA:
        raise ReferenceFileError(f"{path.name}: schema: expected {SCHEMA}, found {reference.schema}")
    if not reference.scenario or not reference.kind:
        raise ReferenceFileError(f"{path.name}: expected at least one [[scenario]] and one [[kind]]")
    if not 0 < reference.faults.fewest <= reference.faults.most:
        raise ReferenceFileError(f"{path.name}: faults: expected 0 < fewest ≤ most")
    try:
        for small in reference.scenario:
            reference.make(small.name)
        for number, kind in enumerate(reference.kind):
            single = msgspec.structs.replace(reference, kind=(kind,))
            plan_of(single.entries("", number), f"{path.name}: kind[{number}]")
    except (DurationError, SettingError, PlanFileError) as error:
        raise ReferenceFileError(str(error) if str(error).startswith(path.name) else f"{path.name}: {error}") from None
    except (TypeError, KeyError) as error:
        raise ReferenceFileError(f"{path.name}: a kind or a workload is not as expected: {error}") from None
    return reference


def _workload(small: Small) -> Workload:
    given: dict[str, Any] = {}
    for name, value in small.workload.items():
        if f"{name}_ns" in Workload.__struct_fields__:
            given[f"{name}_ns"] = parse_duration(value)
        else:
            given[name] = value
    return Workload(**given)


def _drawn(chance: Chance, place: str, rule: Any) -> Any:
    match rule:
        case {"one_of": [*options]}:
            return options[int(chance.uniform(place) * len(options))]
        case {"between": [str(low), str(high)]}:
            low_ms, high_ms = (parse_duration(each) // MILLISECOND for each in (low, high))
            return f"{low_ms + int(chance.uniform(place) * (high_ms + 1 - low_ms))}ms"
        case {"between": [int(low), int(high)]}:
            return low + int(chance.uniform(place) * (high + 1 - low))
        case {"between": [float(low), float(high)]}:
            return round(low + chance.uniform(place) * (high - low), 4)
        case _:
            return rule
