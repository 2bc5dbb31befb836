"""Make tests/planted_bugs/mutations.toml anew: ``python -m tests.planted_bugs.make_mutations``, some minutes.

The rule. All mutants of `system/domain` and `system/services` that `squall.scenarios.power.mutation` knows stand in an
order that the seed decides. From the front, the first so many are taken that

1. can be felt: in one of the first runs of the frozen reference campaign the sound desk comes to their place, and
   what stands there would have another value;
2. can be run: they import, and `calm`, a day without faults, passes.

Whether any campaign finds them is not asked. Some change nothing that matters, and which do cannot be told by a rule:
those that nobody finds are listed as that.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from squall.scenarios.power.broken_builds import ROOT, Bug
from squall.scenarios.power.child import Task
from squall.scenarios.power.courses import Course, reference_course
from squall.scenarios.power.measurement import Builds, attempt
from squall.scenarios.power.mutation import Mutant, mutants
from squall.scenarios.power.probes import Probes

HERE = Path(__file__).parent
SEED = 2012
WANTED = 80
RUNS = 300
STRETCH = 150
"""How many are tried at a time."""


def main() -> None:
    """Take them, and write them down."""
    reference = reference_course(HERE / "reference.toml")
    taken: list[Bug] = []
    passed_over: Counter[str] = Counter()
    for stretch in batched(mutants(ROOT, SEED), STRETCH):
        for bug, problem in _tried([mutant.bug() for mutant in stretch], reference):
            if len(taken) == WANTED:
                break
            if problem:
                passed_over[problem] += 1
            else:
                taken.append(bug)
                print(f"{len(taken):3} {bug.name} {bug.what}", flush=True)
        if len(taken) == WANTED:
            break
    way = ", ".join(f"{count} {what}" for what, count in sorted(passed_over.items()))
    (HERE / "mutations.toml").write_text(
        "# Mutants of the desk, taken by the rule in make_mutations.py, which wrote this file. Not by hand.\n"
        f"# Seed {SEED}, the first {WANTED}.\n# Passed over on the way: {way}.\n" + "".join(map(_entry, taken)),
        encoding="utf-8",
    )


def _tried(bugs: list[Bug], reference: Course) -> Iterator[tuple[Bug, str]]:
    """Each in its order, with what there is against taking it."""
    probes = Probes(ROOT, bugs)
    with tempfile.TemporaryDirectory() as scratch:
        builds = Builds(Path(scratch), probes)
        runs = tuple((number, *reference.run(number)) for number in range(RUNS))
        hits = 0
        for each in attempt(builds.of(None), Task(runs, (), probed=probes.offsets)):
            hits |= int(each.hits, 16)
        for bug in bugs:
            notes = probes.felt(bug)
            if notes is not None and not any(hits >> note & 1 for note in notes):
                yield bug, f"of which nothing is felt in {RUNS} runs"
                continue
            calm = attempt(builds.of(bug), Task(((0, "calm", 1),), ()))
            yield bug, "" if calm and calm[0].verdict == "pass" else "that do not import, or do not pass `calm`"


def batched(every: list[Mutant], size: int) -> Iterator[list[Mutant]]:
    """So many at a time, in their order."""
    for begin in range(0, len(every), size):
        yield every[begin : begin + size]


def _entry(bug: Bug) -> str:
    lines = ["", "[[bug]]"]
    lines += [f"{field} = {_text(getattr(bug, field))}" for field in ("name", "origin", "what")]
    for edit in bug.edits:
        lines += ["[[bug.edits]]", *(f"{field} = {_text(getattr(edit, field))}" for field in ("file", "old", "new"))]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A basic string of TOML, whose escapes are JSON's."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
