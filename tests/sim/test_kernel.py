"""The event loop keeps simpy's promises, adds turns to them, and stops a livelock."""

from collections.abc import Generator
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from squall.sim.kernel import HEAL, INJECT, OBSERVE, WORK, Kernel, LivelockError


def test_turns_of_one_instant_come_in_the_order_heal_inject_work_observe() -> None:
    kernel, seen = Kernel(), []
    for turn in (OBSERVE, WORK, INJECT, HEAL):
        kernel.call_at(5, seen.append, turn, turn=turn)
    kernel.run_until(6)
    assert seen == [HEAL, INJECT, WORK, OBSERVE]


def test_a_run_is_half_open_and_goes_on_where_it_stopped() -> None:
    kernel, seen = Kernel(), []
    kernel.call_at(10, seen.append, "at ten")
    kernel.run_until(10)
    assert seen == []
    assert kernel.now_ns == 10
    kernel.run_until(11)
    assert seen == ["at ten"]


def test_a_cancelled_call_is_not_made() -> None:
    kernel, seen = Kernel(), []
    kernel.call_in(1, seen.append, "kept")
    kernel.call_in(1, seen.append, "cancelled").cancel()
    kernel.run_until(2)
    assert seen == ["kept"]


def test_nothing_can_be_called_in_the_past() -> None:
    kernel = Kernel()
    kernel.run_until(100)
    with pytest.raises(ValueError, match="99 ns is in the past; now is 100 ns"):
        kernel.call_at(99, print)
    with pytest.raises(ValueError, match="must not be negative, found -1 ns"):
        kernel.call_in(-1, print)


def test_a_call_inherits_the_cause_that_was_current_when_it_was_made() -> None:
    kernel, causes = Kernel(), []

    def look(_: Any) -> None:
        causes.append(kernel.cause)

    def first(_: Any) -> None:
        kernel.cause = 42
        kernel.call_in(1, look)

    kernel.call_in(1, first)
    kernel.call_in(3, look)
    kernel.run_until(10)
    assert causes == [42, 0]


def test_a_livelock_is_an_error_that_names_who_spins() -> None:
    kernel = Kernel(budget_per_instant=1_000)

    def spin(_: Any) -> None:
        kernel.call_in(0, spin)

    kernel.call_at(7, spin)
    with pytest.raises(LivelockError, match=r"more than 1000 events at 7 ns .* spinning: .*spin"):
        kernel.run_until(8)


def test_many_events_at_one_instant_within_the_budget_are_no_livelock() -> None:
    kernel, seen = Kernel(budget_per_instant=1_000), []
    for number in range(900):
        kernel.call_at(7, seen.append, number)
    kernel.run_until(8)
    assert seen == list(range(900))


def test_an_exception_in_a_simpy_process_comes_out_of_the_run() -> None:
    kernel = Kernel()

    def process() -> Generator[Any, Any, None]:
        yield kernel.timeout(3)
        raise RuntimeError("boom")

    kernel.process(process())
    with pytest.raises(RuntimeError, match="boom"):
        kernel.run_until(10)


def _play(env: Any, run: Any, delays: list[list[int]]) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []

    def process(name: int, mine: list[int]) -> Generator[Any, Any, None]:
        for delay in mine:
            yield env.timeout(delay)
            seen.append((env.now, name))

    for name, mine in enumerate(delays):
        env.process(process(name, mine))
    run(10_000)
    return seen


@given(st.lists(st.lists(st.integers(0, 50), max_size=8), max_size=6))
def test_simpy_processes_run_exactly_as_on_simpys_own_environment(delays: list[list[int]]) -> None:
    ours, theirs = Kernel(), simpy.Environment()
    assert _play(ours, ours.run_until, delays) == _play(theirs, lambda until: theirs.run(until), delays)


@given(st.lists(st.integers(0, 30), max_size=30))
def test_calls_are_made_in_order_of_time_and_then_of_asking(times: list[int]) -> None:
    kernel, seen = Kernel(), []
    for number, at_ns in enumerate(times):
        kernel.call_at(at_ns, seen.append, (at_ns, number))
    kernel.run_until(31)
    assert seen == sorted((at_ns, number) for number, at_ns in enumerate(times))
