"""Work that goes on in steps, each several pieces at once: done in this process, or by several."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")
Key = TypeVar("Key", bound=Hashable)

Steps = Generator[Sequence[Piece], list[Done], Any]
"""Yields pieces of work, is sent what they came to, in their order, and returns when it has what it wanted."""
MORE: Final = 1
"""So many more are under way than there are processes: while one has a piece left, there is work for the others."""


class _UnderWay(Generic[Key, Piece, Done]):
    """Steps of which some pieces are not done yet."""

    def __init__(self, key: Key, steps: Steps[Piece, Done]) -> None:
        self.key = key
        self.pieces: Sequence[Piece] = ()
        self.value: Any = None
        """What it all came to, once it is over."""
        self._steps = steps
        self._done: dict[int, Done] = {}

    def put(self, place: int, done: Done) -> bool:
        """One piece is done; whether all of this step are."""
        self._done[place] = done
        return len(self._done) == len(self.pieces)

    def goes_on(self) -> bool:
        """Take the next step; whether there was one."""
        done = [self._done[place] for place in range(len(self.pieces))]
        self._done = {}
        try:
            self.pieces = self._steps.send(done) if self.pieces else next(self._steps)
        except StopIteration as end:
            self.value = end.value
            return False
        return True


class Here:
    """This process does all of it, a piece at a time."""

    jobs: Final = 1

    def work(
        self,
        todo: Iterable[tuple[Key, Steps[Piece, Done]]],
        do: Callable[[Piece], Done],
        then: Callable[[Key, Any], Iterable[tuple[Key, Steps[Piece, Done]]]],
    ) -> None:
        """Everything *todo*, and what comes *then*, of what was asked for under a key and what it came to."""
        left = deque(todo)
        while left:
            this = _UnderWay(*left.popleft())
            while this.goes_on():
                for place, piece in enumerate(this.pieces):
                    this.put(place, do(piece))
            left.extendleft(then(this.key, this.value))


class Pool:
    """Several processes do it. What comes of it is the same, since no steps see any others'."""

    def __init__(self, executor: ProcessPoolExecutor, jobs: int) -> None:
        self.jobs = jobs
        self._executor = executor

    def work(
        self,
        todo: Iterable[tuple[Key, Steps[Piece, Done]]],
        do: Callable[[Piece], Done],
        then: Callable[[Key, Any], Iterable[tuple[Key, Steps[Piece, Done]]]],
    ) -> None:
        """As `Here.work`; *do* and the pieces go to other processes. What is not done when one fails is dropped."""
        left = deque(todo)
        waiting: dict[Future[Done], tuple[_UnderWay[Key, Piece, Done], int]] = {}
        under_way: set[Key] = set()

        def go_on(which: _UnderWay[Key, Piece, Done]) -> None:
            under_way.add(which.key)
            if which.goes_on():
                for place, piece in enumerate(which.pieces):
                    waiting[self._executor.submit(do, piece)] = which, place
            else:
                under_way.remove(which.key)
                left.extendleft(then(which.key, which.value))

        try:
            while left or waiting:
                while left and len(under_way) < self.jobs + MORE:
                    go_on(_UnderWay(*left.popleft()))
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    which, place = waiting.pop(future)
                    if which.put(place, future.result()):
                        go_on(which)
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def workers(jobs: int) -> Iterator[Here | Pool]:
    """This process for one job, or so many others."""
    if jobs == 1:
        yield Here()
        return
    # A fresh process imports anew: what this one has patched or loaded does not leak into a measurement.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield Pool(executor, jobs)
