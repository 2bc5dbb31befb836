"""A box on which a test's coroutine runs, in a world with two venues."""

from collections.abc import Callable, Coroutine
from typing import Any

from squall import aio
from squall.faults.fault import Plan
from squall.scenarios import venue_promises
from squall.scenarios.desk import Desk, Seat
from squall.scenarios.result import CheckResult, Verdict
from squall.scenarios.run import Choice, Judged, judge
from squall.scenarios.scenario import Scenario

MS = 1_000_000
SECOND = 1_000 * MS

Main = Callable[[aio.Env], Coroutine[Any, Any, Any]]


def desk(*mains: Main) -> Desk:
    """One box for each: ``box1``, ``box2`` …, with programs ``p1``, ``p2`` …"""
    seats = tuple(Seat(f"box{n}", f"p{n}", aio.program(main)) for n, main in enumerate(mains, 1))
    return Desk(seats=seats, orders_from=tuple(seat.host for seat in seats))


def play(*mains: Main, plan: Plan = (), seed: int = 1, for_ns: int = 2 * SECOND) -> Judged:
    """A whole run, guarded and judged."""
    made = Scenario(desk=desk(*mains), plan=plan, promises=venue_promises.always(), duration_ns=for_ns)
    choice = Choice(name="own", scenario=made, proves="", seed=seed)
    return judge(choice, choice.settled())


def raised(judged: Judged) -> CheckResult | None:
    """What a program raised, if one did."""
    check = next(check for check in judged.checks if check.name == "program_raised")
    return check if check.verdict is Verdict.VIOLATED else None
