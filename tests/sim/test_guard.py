"""The guard: what it refuses, whom it leaves alone, and that it leaves no trace."""

import datetime
import logging
import os
import random
import secrets
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter as real_perf_counter
from typing import Any

import numpy as np
import pytest

from squall.sim.guard import FORBIDDEN_NAMES, Guard, Lent, NondeterminismError, guard, lending

REFUSED: dict[str, Callable[[], Any]] = {
    "time.time": lambda: time.time(),
    "time.time_ns": lambda: time.time_ns(),
    "time.monotonic": lambda: time.monotonic(),
    "time.monotonic_ns": lambda: time.monotonic_ns(),
    "time.perf_counter": lambda: time.perf_counter(),
    "time.perf_counter_ns": lambda: time.perf_counter_ns(),
    "time.process_time": lambda: time.process_time(),
    "time.process_time_ns": lambda: time.process_time_ns(),
    "time.thread_time": lambda: time.thread_time(),
    "time.thread_time_ns": lambda: time.thread_time_ns(),
    "time.localtime": lambda: time.localtime(),
    "time.gmtime": lambda: time.gmtime(),
    "time.ctime": lambda: time.ctime(),
    "time.asctime": lambda: time.asctime(),
    "time.clock_gettime": lambda: time.clock_gettime(time.CLOCK_REALTIME),
    "time.clock_gettime_ns": lambda: time.clock_gettime_ns(time.CLOCK_REALTIME),
    "time.strftime": lambda: time.strftime("%Y"),
    "time.sleep": lambda: time.sleep(0),
    "datetime.datetime.now": lambda: datetime.datetime.now(datetime.UTC),
    "datetime.datetime.today": lambda: datetime.datetime.today(),
    "datetime.date.today": lambda: datetime.date.today(),
    "random.random": lambda: random.random(),
    "random.randint": lambda: random.randint(1, 6),
    "random.choice": lambda: random.choice("ab"),
    "random.shuffle": lambda: random.shuffle([1, 2]),
    "random.Random.seed": lambda: random.Random(),
    "random.SystemRandom": lambda: random.SystemRandom().random(),
    "os.urandom": lambda: os.urandom(1),
    "secrets.token_bytes": lambda: secrets.token_bytes(1),
    "secrets.token_hex": lambda: secrets.token_hex(1),
    "secrets.token_urlsafe": lambda: secrets.token_urlsafe(1),
    "secrets.randbelow": lambda: secrets.randbelow(2),
    "secrets.randbits": lambda: secrets.randbits(1),
    "secrets.choice": lambda: secrets.choice("ab"),
    "uuid.uuid1": lambda: uuid.uuid1(),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "uuid.getnode": lambda: uuid.getnode(),
    "numpy.random(rand)": lambda: np.random.rand(),
    "numpy.random(seed)": lambda: np.random.seed(1),
    "numpy.random(without a seed)": lambda: np.random.default_rng(),
    "threading.Thread.start": lambda: _run_thread(lambda: None),
    "socket.socket": lambda: socket.socket().close(),
}

ALLOWED: dict[str, Callable[[], Any]] = {
    "the date of a given moment": lambda: time.gmtime(0).tm_year == 1970,
    "a date that is written down": lambda: datetime.datetime(2024, 8, 8) > datetime.datetime(2024, 8, 7),
    "a date that is parsed": lambda: datetime.date.fromisoformat("2024-08-08").day == 8,
    "a generator with a seed": lambda: random.Random(7).random() == random.Random(7).random(),
    "a NumPy generator with a seed": lambda: (
        np.random.default_rng(7).random() == np.random.Generator(np.random.PCG64(7)).random()
    ),
    "a name made from names": lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "squall").version == 5,
    "a lock, which is not a thread": lambda: threading.Lock().acquire(),
}


def _run_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("name", REFUSED)
def test_it_raises_inside_names_the_call_and_the_line_and_works_again_outside(name: str) -> None:
    with pytest.raises(NondeterminismError) as caught, Guard():
        REFUSED[name]()
    line = REFUSED[name].__code__.co_firstlineno
    asked_by = _run_thread.__code__.co_firstlineno + 2 if name == "threading.Thread.start" else line
    assert str(caught.value).startswith(f"{__file__}:{asked_by}: called {name} during a run; ")
    REFUSED[name]()


@pytest.mark.parametrize("what", ALLOWED)
def test_it_lets_pass(what: str) -> None:
    with Guard():
        assert ALLOWED[what]()


def test_every_forbidden_name_says_what_to_do_instead() -> None:
    assert len(FORBIDDEN_NAMES) > 60
    assert all(len(advice.split()) > 5 for advice in FORBIDDEN_NAMES.values())


def test_an_unseeded_generator_is_refused_however_it_is_asked_for() -> None:
    for unseeded in (
        lambda: random.Random(None),
        lambda: random.Random(1).seed(),
        lambda: np.random.PCG64(),
        lambda: np.random.SeedSequence(),
        lambda: np.random.RandomState(),
        lambda: tempfile.mkdtemp(),
    ):
        with pytest.raises(NondeterminismError, match=r"test_guard\.py"), Guard():
            unseeded()


def test_another_thread_calls_through_while_the_run_is_guarded() -> None:
    heard: list[float] = []
    go, done = threading.Event(), threading.Event()

    def progress_bar() -> None:
        go.wait()
        heard.extend((time.monotonic(), time.time(), random.random(), datetime.datetime.now().timestamp()))
        inner = threading.Thread(target=lambda: heard.append(time.time()))
        inner.start()
        inner.join()
        done.set()

    thread = threading.Thread(target=progress_bar)
    thread.start()
    with Guard():
        go.set()
        assert done.wait(10)
    thread.join()
    assert len(heard) == 5


def test_two_guarded_threads_may_leave_in_any_order() -> None:
    before = time.time
    entered, leave = threading.Event(), threading.Event()
    refused: list[str] = []

    def stay_and_ask() -> None:
        entered.set()
        leave.wait()
        time.time()

    def second_run() -> None:
        with pytest.raises(NondeterminismError) as caught, Guard():
            stay_and_ask()
        refused.append(str(caught.value))

    thread = threading.Thread(target=second_run)
    thread.start()
    with Guard():
        entered.wait()
        assert time.time is not before
    assert time.time is not before, "the other run is still guarded"
    assert time.time() > 0, "and this thread no longer is"
    leave.set()
    thread.join()
    assert len(refused) == 1
    assert time.time is before


def _everything() -> dict[str, object]:
    """All attributes that the guard could have touched."""
    owners: tuple[Any, ...] = (
        time, datetime, random, random.Random, secrets, uuid, os, threading.Thread, socket.socket,
        np.random, np.random.bit_generator, sys.modules["_thread"],
    )  # fmt: skip
    return {f"{owner!r}.{name}": value for owner in owners for name, value in vars(owner).items()}


def test_every_attribute_is_restored_to_exactly_what_it_was_also_after_an_exception() -> None:
    before = _everything()
    with pytest.raises(AssertionError, match="unchanged"), Guard():
        assert _everything() == before, "unchanged"
    with pytest.raises(NondeterminismError), Guard():
        time.time()
    with Guard():
        pass
    after = _everything()
    assert after.keys() == before.keys()
    assert [name for name, value in after.items() if value is not before[name]] == []


def test_guards_nest_and_the_same_one_may_be_entered_twice() -> None:
    before = time.time
    one = guard()
    with one:
        with one, Guard():
            pass
        with pytest.raises(NondeterminismError):
            time.time()
        one.breach = None
    assert time.time is before


def test_a_breach_that_a_program_swallows_is_raised_when_the_run_leaves_the_guard() -> None:
    def program() -> int:
        try:
            return time.time_ns()
        except Exception:
            return 0

    answers: list[int] = []
    with pytest.raises(NondeterminismError, match=r"called time\.time_ns"), Guard():
        answers.append(program())
    assert answers == [0]


def test_an_exception_of_the_run_is_not_replaced_by_a_breach_that_came_before() -> None:
    def program() -> None:
        try:
            time.time()
        except NondeterminismError as error:
            raise KeyError("what") from error

    with pytest.raises(KeyError), Guard() as guarded:
        program()
    assert guarded.breach is not None


def test_a_log_line_is_forgiven_and_so_is_whoever_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with Guard():
        logging.getLogger("a program's own").warning("said during a run")
    assert caplog.messages == ["said during a run"]
    with Guard(forgive=(__name__,)):
        assert time.time() > 0
    with pytest.raises(NondeterminismError, match="logging"), Guard(forgive=()):
        logging.getLogger("a program's own").warning("said during a run")


def test_dates_of_before_and_dates_made_inside_are_of_the_same_class() -> None:
    before = datetime.datetime(2024, 8, 8)
    with Guard():
        inside = datetime.datetime(2024, 8, 8)
        assert isinstance(before, datetime.datetime)
        assert isinstance(before, datetime.date)
        assert issubclass(type(before), datetime.date)

        class Stamp(datetime.datetime):
            pass

        assert type(Stamp(2024, 8, 8)) is Stamp
        assert not isinstance(before, Stamp)
    assert type(inside) is datetime.datetime
    assert inside == before


def test_entering_and_leaving_costs_well_under_a_millisecond() -> None:
    def once() -> float:
        began = real_perf_counter()
        with Guard():
            pass
        return real_perf_counter() - began

    assert min(once() for _ in range(50)) < 0.001


def test_the_line_named_is_the_programs_own_not_the_standard_librarys(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import random\n\n\ndef on_start():\n    return random.SystemRandom().randint(1, 6)\n")
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile(program.read_text(), str(program), "exec"), namespace)
    with pytest.raises(NondeterminismError) as caught, Guard():
        namespace["on_start"]()
    assert str(caught.value).startswith(
        f"{program}:5: called random.SystemRandom during a run; draw from the run's seed"
    )


# --- what a program is lent ---


def test_what_is_lent_answers_in_the_machines_place_and_only_for_as_long() -> None:
    lent = Lent({"time.time": lambda: 12.5, "datetime.datetime.now": lambda tz=None: "noon"})
    with Guard(), lending(lent):
        assert time.time() == 12.5
        assert datetime.datetime.now() == "noon"
    with pytest.raises(NondeterminismError), Guard():
        time.time()


def test_who_is_lent_something_else_is_refused_and_that_counts() -> None:
    def swallow() -> None:
        with suppress(NondeterminismError):
            time.monotonic()

    with pytest.raises(NondeterminismError, match=r"called time\.monotonic"), Guard(), lending(Lent({})):
        swallow()


def test_what_is_thrown_away_is_refused_and_that_does_not_count() -> None:
    with Guard() as guarded, lending(Lent({}, recorded=False)), pytest.raises(NondeterminismError):
        time.monotonic()
    assert guarded.breach is None


def test_loans_nest_and_are_of_one_thread() -> None:
    elsewhere: list[bool] = []
    lent_here = threading.Event()

    def look() -> None:
        lent_here.wait()
        elsewhere.append(time.time() > 1_000_000)

    thread = threading.Thread(target=look)
    thread.start()
    with Guard(), lending(Lent({"time.time": lambda: 1.0})):
        with lending(Lent({"time.time": lambda: 2.0})):
            assert time.time() == 2.0
        assert time.time() == 1.0
        lent_here.set()
        thread.join()
    assert elsewhere == [True]
