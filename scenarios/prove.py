"""Each protection on and off, with the faults and without: does it save its scenario, and is it what saves it?"""

from collections.abc import Sequence

from squall.scenarios.find import choose
from squall.scenarios.protections import PROTECTIONS
from squall.scenarios.protections.row import Protection
from squall.scenarios.result import CheckResult, ProveRow, RunResult, Verdict
from squall.scenarios.run import Choice, Progress, run


class UnknownProtectionError(ValueError):
    """No such protection: one line with what there is."""


def chosen(names: Sequence[str]) -> tuple[Protection, ...]:
    """The rows with these keys, or all of them."""
    known = list(dict.fromkeys(protection.key for protection in PROTECTIONS))
    for name in names:
        if name not in known:
            raise UnknownProtectionError(f"no protection {name!r}; protections are {', '.join(known)}")
    return tuple(row for name in names for row in PROTECTIONS if row.key == name) or PROTECTIONS


def prove(names: Sequence[str], seed: int, progress: Progress | None = None) -> tuple[ProveRow, ...]:
    """Each protection on and off, with the faults and without them."""
    rows = []
    protections = chosen(names)
    for done, protection in enumerate(protections, 1):
        rows.append(prove_one(protection, seed))
        if progress is not None:
            progress(done / len(protections))
    return tuple(rows)


def arm(protection: Protection, seed: int, on: bool, with_faults: bool = True) -> Choice:
    """One of the runs of a row."""
    overrides = protection.fixed if on else (*protection.fixed, protection.off)
    return choose(protection.scenario, seed=seed, with_faults=with_faults, overrides=overrides)


def prove_one(protection: Protection, seed: int) -> ProveRow:
    """The four runs of one row, and whether they show what they should.

    On: it passes, and the protection is seen to act. Off: the promise that names it is violated. Without faults: both
    pass, since a switch removes the protection and does not break the desk.
    """
    on, off = run(arm(protection, seed, on=True)), run(arm(protection, seed, on=False))
    acted = times_acted(protection, on)
    broken = [check.name for check in violations(off)]
    # The promise that names it, where it broke; otherwise whatever broke first.
    violated_by = protection.promise if protection.promise in broken else next(iter(broken), None)
    calm_on = run(arm(protection, seed, on=True, with_faults=False)).verdict
    calm_off = run(arm(protection, seed, on=False, with_faults=False)).verdict
    ok = (
        on.verdict is Verdict.PASS
        and acted > 0
        and violated_by == protection.promise
        and calm_on is Verdict.PASS
        and calm_off is Verdict.PASS
    )
    return ProveRow(
        protection=protection.key,
        scenario=protection.scenario,
        promise=protection.promise,
        verdict_on=on.verdict,
        verdict_off=off.verdict,
        violated_by=violated_by,
        acted=acted,
        ok=ok,
        settings=protection.fixed,
    )


def times_acted(protection: Protection, result: RunResult) -> int:
    """How often it was seen to do its work."""
    return int(result.metrics.get(f"acted.{protection.key}", 0))


def violations(result: RunResult) -> tuple[CheckResult, ...]:
    """The promises that were broken."""
    return tuple(check for check in result.checks if check.verdict is Verdict.VIOLATED)
