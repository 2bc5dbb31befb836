"""What power is measured with: the campaign as it is, the same without one of its parts, a frozen reference."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from squall.faults.mix import Mix
from squall.faults.swarm import Swarm
from squall.scenarios.find import campaign_scenarios, choose, sound_scenarios
from squall.scenarios.power.broken_builds import ROOT
from squall.scenarios.power.reference import ReferenceFileError, load_reference

CAMPAIGN: Final = "campaign"
"""The course that is `squall campaign` by default."""
CANARY: Final = "canary"
LIBRARY: Final = "library"
SOUND_ONLY: Final = (CANARY, LIBRARY)
"""Courses that only the desk as it is runs: controls."""


class Course(Struct, frozen=True):
    """A campaign as a power measurement runs it: these scenarios in turn, seed by seed, from 1 on."""

    name: str
    scenarios: tuple[str, ...]
    with_faults: bool = True
    forced: bool = True
    """Whether a swarm's rare behaviours are forced and its ties shuffled; its faults are drawn in any case."""
    settings: tuple[str, ...] = ()
    enough: int = 1
    """A bug that was found so often needs no more runs, …"""
    least: int = 1
    """… once it had this many."""
    frozen: str = ""
    """What a reference is made of, as a digest; empty for what follows the library."""

    def run(self, number: int) -> tuple[str, int]:
        """The scenario and the seed of the run of this number, from 0."""
        return self.scenarios[number % len(self.scenarios)], 1 + number // len(self.scenarios)

    def key(self) -> str:
        """Its name, and a digest of all that decides its runs, the code apart."""
        decides = msgspec.json.encode((self.scenarios, self.with_faults, self.forced, self.settings, self.frozen))
        return f"{self.name}/{blake2b(decides, digest_size=6).hexdigest()}"


def courses(scenarios: Sequence[str] = ()) -> dict[str, Course]:
    """The courses that need no file, by name: the real campaign, its ablations, and the library for controls.

    *scenarios*: a campaign of these, in place of the library's.
    """
    known_ones = sound_scenarios()
    sound = tuple(scenarios) or tuple(name for name in campaign_scenarios() if name in known_ones)
    canaries = tuple(name for name in campaign_scenarios() if name not in known_ones)
    plans = {name: choose(name).scenario.plan for name in sound}
    known = [
        Course(CAMPAIGN, sound),
        Course("without-swarm", tuple(name for name in sound if not isinstance(plans[name], Swarm))),
        Course("without-mix", tuple(name for name in sound if not isinstance(plans[name], Mix))),
        Course("without-buggify", sound, forced=False),
        Course("without-faults", sound, with_faults=False),
        Course(LIBRARY, known_ones),
        Course(CANARY, canaries),
    ]
    return {course.name: course for course in known if course.scenarios}


def reference_course(file: Path, enough: int = 30, least: int = 200, root: Path = ROOT) -> Course:
    """The course of a frozen reference; its scenarios stand beside the file, in a module of the same name.

    Below *root*, whose sources are broken, they are told by their place there: wherever it is run from, and wherever
    the sources lie, it is the same course. ReferenceFileError where the file, or the module, is none.

    How hard a bug is needs a share, not a find: a bug is left alone when it was found *enough* times in at *least* so
    many runs.
    """
    reference = load_reference(file)
    module = file.with_suffix(".py")
    if not module.is_file():
        raise ReferenceFileError(f"{file.name}: expected its scenarios in {module.name} beside it, found no such file")
    module = module.resolve()
    if module.is_relative_to(root):
        module = module.relative_to(root)
    names = tuple(f"{module}:{small.name.replace('-', '_')}" for small in reference.scenario)
    digest = blake2b(msgspec.json.encode(reference, order="sorted"), digest_size=8).hexdigest()
    return Course(reference.name, names, enough=enough, least=least, frozen=digest)


def stretches(runs: int, first: int = 100, longest: int = 1_000) -> Iterator[range]:
    """The numbers below *runs* in stretches that grow: all bugs are known a little before one is known well."""
    begin, size = 0, first
    while begin < runs:
        yield range(begin, min(begin + size, runs))
        begin += size
        size = min(max(begin, first), longest)
