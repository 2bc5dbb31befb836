"""The proof of determinism: one seed, fresh processes, different hash seeds, the same digest."""

import os
import subprocess
import sys
from contextlib import redirect_stdout
from typing import Final

import msgspec
from msgspec import Struct

from squall.faults.plan import plan_data, plan_of
from squall.scenarios.run import Choice, Progress
from squall.sim.guard import NondeterminismError
from squall.sim.trace import CHECKPOINT_RECORDS

HASH_SEEDS: Final = (0, 1, 4_242)


class Outcome(Struct, frozen=True):
    """Whether all digests were alike, and a line on each run."""

    same: bool
    lines: tuple[str, ...]


class ChildFailedError(ValueError):
    """A fresh process did not get as far as a digest."""


def verify(choice: Choice, runs: int, progress: Progress | None = None) -> Outcome:
    """Run *runs* times in processes of their own, and compare.

    ChildFailedError where one of them gets nowhere, NondeterminismError where the guard stops one.
    """
    found: list[tuple[int, str, list[str]]] = []
    for number in range(runs):
        hash_seed = HASH_SEEDS[number % len(HASH_SEEDS)] + number // len(HASH_SEEDS)
        digest, checkpoints = _run_fresh(choice, hash_seed)
        found.append((hash_seed, digest, checkpoints))
        if progress is not None:
            progress((number + 1) / runs)
    lines = [f"{choice.name}, seed {choice.seed}, hash seed {hash_seed}: {digest}" for hash_seed, digest, _ in found]
    same = len({digest for _, digest, _ in found}) == 1
    if same:
        lines.append(f"the same digest in {runs} fresh processes")
    else:
        lines.append(f"DIFFERENT digests; {_first_difference([each for _, _, each in found])}")
    return Outcome(same, tuple(lines))


def _run_fresh(choice: Choice, hash_seed: int) -> tuple[str, list[str]]:
    code = "import sys; from squall.scenarios.verify import child; child(sys.stdin.buffer.read())"
    asked = msgspec.json.encode(
        {
            "name": choice.name,
            "seed": choice.seed,
            "with_faults": choice.with_faults,
            "overrides": choice.overrides,
            "market": choice.market,
            "swarm": choice.swarm,
            "plan": None if choice.plan is None else plan_data(choice.plan),
            "plan_file": choice.plan_file,
        }
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=asked,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
    )
    if done.returncode:
        last = " ".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        error, colon, said = last.partition(": ")
        raise ChildFailedError(f"verify {choice.name}: a fresh process failed: {error.rpartition('.')[2]}{colon}{said}")
    answer = msgspec.json.decode(done.stdout, type=dict[str, list[str]])
    if answer["breach"]:
        raise NondeterminismError(answer["breach"][0])
    return answer["digest"][0], answer["checkpoints"]


def child(asked: bytes) -> None:
    """In the fresh process: run what was asked for, and say what came out."""
    from squall.scenarios.find import choose
    from squall.scenarios.run import run

    chosen = msgspec.json.decode(asked)
    chosen["overrides"] = tuple(chosen["overrides"])
    if chosen["plan"] is not None:
        chosen["plan"] = plan_of(chosen["plan"], "plan")
    answer: dict[str, list[str]] = {"digest": [], "checkpoints": [], "breach": []}
    try:
        with redirect_stdout(sys.stderr):  # the answer is all that may go to standard output
            result = run(choose(**chosen))
        answer = {**answer, "digest": [result.digest], "checkpoints": list(result.checkpoints)}
    except NondeterminismError as error:
        answer["breach"] = [str(error)]
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def _first_difference(runs: list[list[str]]) -> str:
    """Between which records two runs part, by their checkpoints."""
    for index, each in enumerate(zip(*runs, strict=False)):
        if len(set(each)) > 1:
            first = index * CHECKPOINT_RECORDS + 1
            return f"the first difference lies in records {first} to {first + CHECKPOINT_RECORDS - 1}"
    return "they differ after the last checkpoint that all have"
