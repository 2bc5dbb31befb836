"""What asyncio offers works on the host's virtual clock; what the loop has not is refused by name."""

import asyncio
import datetime
import gc
import random
import time
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from squall import aio
from squall.aio.loop import PATIENCE_NS, Loop
from squall.aio.refused import REFUSED, UnsupportedError
from squall.faults.fault import during
from squall.faults.hardware import ClockStep
from squall.faults.host import Crash
from squall.scenarios.result import Verdict
from squall.sim.guard import Guard, NondeterminismError
from tests.aio.stages import MS, SECOND, play, raised


def _said(work: Callable[[list[Any]], Any], **changes: Any) -> list[Any]:
    """What a coroutine function writes into its list, in a run that raised nothing."""
    said: list[Any] = []

    async def main(env: aio.Env) -> None:
        await work(said)

    judged = play(main, **changes)
    assert raised(judged) is None, raised(judged)
    return said


# --- it works ---


def test_sleeps_and_time_outs_take_virtual_time() -> None:
    async def work(said: list[Any]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(0.25)
        said.append(round(loop.time() - began, 4))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.sleep(5)
        said.append(round(loop.time() - began, 4))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.1)
        said.append(round(loop.time() - began, 4))

    assert _said(work) == [0.25, 0.35, 0.45]


def test_tasks_groups_and_gathering() -> None:
    async def after(delay: float, what: str, said: list[Any]) -> str:
        await asyncio.sleep(delay)
        said.append(what)
        return what

    async def work(said: list[Any]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(after(0.02, "b", said))
            group.create_task(after(0.01, "a", said))
        said.append(await asyncio.gather(after(0.2, "d", said), after(0.1, "c", said)))
        task = asyncio.create_task(after(9, "never", said))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        said.append(task.cancelled())

    assert _said(work) == ["a", "b", "c", "d", ["d", "c"], True]


def test_locks_events_conditions_semaphores_and_queues() -> None:
    async def work(said: list[Any]) -> None:
        lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
        semaphore, queue = asyncio.Semaphore(2), asyncio.Queue[int](maxsize=1)

        async def locked(name: int) -> None:
            async with lock, semaphore:
                await asyncio.sleep(0.01)
                said.append(name)
                await queue.put(name)
                event.set()

        async def told() -> None:
            async with condition:
                await condition.wait()
                said.append("told")

        async with asyncio.TaskGroup() as group:
            group.create_task(told())
            for name in range(3):
                group.create_task(locked(name))
            await event.wait()
            said.append([await queue.get() for _ in range(3)])
            async with condition:
                condition.notify_all()

    assert _said(work) == [0, 1, 2, [0, 1, 2], "told"]


def test_sets_of_tasks_are_walked_in_the_same_order_wherever_they_lie_in_memory() -> None:
    async def named(name: str) -> str:
        await asyncio.sleep(0.01)
        return name

    async def work(said: list[Any]) -> None:
        tasks = [asyncio.create_task(named(name), name=name) for name in "abcdefghijkl"]
        said.append([task.get_name() for task in asyncio.all_tasks()])
        done, _ = await asyncio.wait(tasks)
        said.append([task.result() for task in done])
        said.append([await each for each in asyncio.as_completed([named(name) for name in "abcdefghijkl"])])

    first = _said(work)
    kept = [bytearray(index) for index in range(2_000)]  # elsewhere in memory now
    assert _said(work) == first
    assert len(kept) == 2_000
    assert sorted(first[1]) == list("abcdefghijkl")


def test_a_coroutine_that_never_sleeps_costs_time_and_stops_nobody() -> None:
    async def spin(until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(0)

    async def work(said: list[Any]) -> None:
        task = asyncio.create_task(spin(time.monotonic() + 0.001))
        await asyncio.sleep(0.0005)
        said.append(task.done())
        await task
        said.append(task.done())

    assert _said(work) == [False, True]


def test_an_async_generator_that_is_left_half_way_is_closed() -> None:
    async def numbers(said: list[Any]) -> Any:
        try:
            for number in range(9):
                yield number
        finally:
            await asyncio.sleep(0.001)
            said.append("closed")

    async def work(said: list[Any]) -> None:
        async for number in numbers(said):
            said.append(number)
            break
        await asyncio.sleep(0.01)

    assert _said(work) == [0, "closed"]


# --- clocks and chance ---


def test_the_program_reads_its_hosts_clocks_by_the_names_of_the_library() -> None:
    async def work(said: list[Any]) -> None:
        await asyncio.sleep(1.5)
        said += [time.time(), time.monotonic(), time.perf_counter_ns() / SECOND, asyncio.get_running_loop().time()]
        said += [datetime.datetime.now(datetime.UTC).timestamp(), time.gmtime()[:6], time.strftime("%Y")]
        said.append(datetime.date.today())

    said = _said(work)
    assert all(abs(moment - 1.5) < 0.001 for moment in said[:5])
    assert said[5:] == [(1970, 1, 1, 0, 0, 1), "1970", datetime.date(1970, 1, 1)]


def test_a_step_of_the_wall_clock_moves_the_time_of_day_and_no_sleep() -> None:
    async def work(said: list[Any]) -> None:
        await asyncio.sleep(1.5)
        said += [round(time.time(), 1), round(time.monotonic(), 1)]

    assert _said(work, plan=(during(1 * SECOND, 2 * SECOND, ClockStep("box1", 10 * SECOND)),)) == [11.5, 1.5]


def test_draws_are_the_runs_and_others_for_another_seed() -> None:
    async def work(said: list[Any]) -> None:
        said += [random.random(), random.randint(1, 6), random.Random().random(), str(uuid.uuid4())]

    first, again, other = _said(work), _said(work), _said(work, seed=2)
    assert first == again
    assert all(one != two for one, two in zip(first[::2], other[::2], strict=True))


def test_what_nobody_lends_is_refused_as_ever() -> None:
    async def work(said: list[Any]) -> None:
        time.sleep(1)

    with pytest.raises(NondeterminismError, match=r"called time\.sleep during a run"):
        _said(work)


def test_lifes_of_a_restarted_program_draw_differently() -> None:
    async def work(said: list[Any]) -> None:
        said.append(random.random())
        await asyncio.sleep(9)

    first, second = _said(work, plan=(during(500 * MS, 600 * MS, Crash("box1")),))
    assert first != second


# --- what goes wrong ---


def test_what_main_raises_is_the_programs_and_the_place_is_told() -> None:
    async def main(env: aio.Env) -> None:
        await asyncio.sleep(0.5)
        raise LookupError("no such thing")

    found = raised(play(main))
    assert found is not None
    assert "p1 raised LookupError: no such thing at test_loop.py:" in found.detail
    assert found.at_ns is not None
    assert abs(found.at_ns - 500 * MS) < MS


def test_of_a_group_of_one_the_one_is_told() -> None:
    async def fail() -> None:
        raise LookupError("within")

    async def main(env: aio.Env) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    found = raised(play(main))
    assert found is not None
    assert "p1 raised LookupError: within at test_loop.py:" in found.detail


def test_a_task_that_fails_and_that_nobody_asks_about_is_found_a_second_later() -> None:
    async def fail() -> None:
        raise LookupError("unheard")

    async def main(env: aio.Env) -> None:
        env.emit(None)
        task = asyncio.create_task(fail())
        await asyncio.sleep(9)
        await task

    found = raised(play(main, for_ns=3 * SECOND))
    assert found is not None
    assert found.at_ns is not None
    assert abs(found.at_ns - PATIENCE_NS) < MS


def test_a_task_that_fails_and_is_asked_about_in_time_is_no_finding() -> None:
    async def fail() -> None:
        raise LookupError("heard")

    async def work(said: list[Any]) -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0.5)
        said.append(repr(task.exception()))
        await asyncio.sleep(2)

    assert _said(work, for_ns=3 * SECOND) == ["LookupError('heard')"]


def test_what_a_callback_raises_is_the_programs_unless_its_own_handler_takes_it() -> None:
    def fail() -> None:
        raise LookupError("called back")

    async def main(env: aio.Env) -> None:
        asyncio.get_running_loop().call_later(0.1, fail)
        await asyncio.sleep(1)

    assert raised(play(main)) is not None

    async def work(said: list[Any]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(repr(context["exception"])))
        loop.call_soon(fail)
        await asyncio.sleep(0.1)

    assert _said(work) == ["LookupError('called back')"]


def test_a_program_may_exit_and_a_bad_exit_is_a_finding() -> None:
    async def exits(code: int) -> None:
        raise SystemExit(code)

    assert raised(play(lambda env: exits(0))) is None
    found = raised(play(lambda env: exits(3)))
    assert found is not None
    assert "exited with 3" in found.detail


def test_what_is_left_when_main_is_through_is_cancelled() -> None:
    async def linger(said: list[Any]) -> None:
        try:
            await asyncio.sleep(9)
        finally:
            said.append("cancelled")

    async def work(said: list[Any]) -> None:
        said.append(asyncio.create_task(linger(said)).done())
        await asyncio.sleep(0)

    assert _said(work) == [False, "cancelled"]


# --- crashes, and nothing that leaks ---


def test_a_crash_ends_everything_and_a_restart_begins_main_anew_with_the_disk() -> None:
    said: list[Any] = []

    async def main(env: aio.Env) -> None:
        lives = len(env.disk.read("lives"))
        await env.disk.append("lives", b"one")
        said.append(lives)
        try:
            await asyncio.sleep(0.7)
            said.append("slept")
        finally:
            await env.disk.append("lives", b"from the grave")

    judged = play(main, plan=(during(500 * MS, 600 * MS, Crash("box1")),))
    assert raised(judged) is None
    assert said == [0, 1, "slept"]
    assert judged.stage.world.host("box1").disk.read("lives") == [b"one", b"one", b"from the grave"]


def test_nothing_of_a_run_is_left_when_its_world_is_thrown_away() -> None:
    ended: list[str] = []

    async def main(env: aio.Env) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(f"at {time.time():.0f}")  # whoever collects the garbage: no breach, and no other clock

    judged = play(main)
    world = weakref.ref(judged.stage.world)
    assert asyncio._get_running_loop() is None
    del judged
    with Guard():
        gc.collect()
    assert world() is None
    assert ended == ["at 0"]


def test_a_run_inside_somebody_elses_loop_leaves_that_loop_alone() -> None:
    async def main(env: aio.Env) -> None:
        await asyncio.sleep(0.5)

    async def outer() -> tuple[Verdict, int]:
        mine = asyncio.get_running_loop()
        verdict = play(main).verdict
        assert asyncio.get_running_loop() is mine
        return verdict, len(asyncio.all_tasks())

    assert asyncio.run(outer()) == (Verdict.PASS, 1)


# --- refused ---


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_loop_does_not_support_is_refused_by_name(name: str) -> None:
    loop = Loop(lambda: 0, lambda _: None)  # type: ignore[abstract]
    with pytest.raises(UnsupportedError, match=rf"loop\.{name} is not supported in a run; \w+"):
        getattr(loop, name)()


def test_no_method_of_the_library_is_neither_there_nor_refused() -> None:
    abstract = {name for name in vars(asyncio.AbstractEventLoop) if not name.startswith("__")}
    assert abstract <= {name for cls in (Loop,) for name in vars(cls)}


def test_threads_and_processes_are_refused_from_where_people_ask_for_them() -> None:
    async def work(said: list[Any]) -> None:
        for ask in (
            lambda: asyncio.to_thread(print),
            lambda: asyncio.create_subprocess_exec("true"),
            lambda: asyncio.open_connection("exchange-a", 1, ssl=True),
        ):
            with pytest.raises(UnsupportedError) as caught:
                await ask()
            said.append(str(caught.value).partition(" is not")[0])

    assert _said(work) == ["loop.run_in_executor", "loop.subprocess_exec", "loop.create_connection(ssl=…)"]
