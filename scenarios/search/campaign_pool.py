"""Runs seeds on all cores, in processes that may die: each death costs the seed that caused it and no other."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Final

import msgspec

from squall.scenarios.result import SeedResult
from squall.scenarios.search import campaign_worker
from squall.scenarios.search.campaign_worker import DIED, Recipe, run_batch

Case = tuple[Recipe, int]
"""One scenario as it is to be run, and a seed."""
BATCH_S: Final = 0.25
"""About how long a batch takes: many seeds where they are quick, one where they are slow."""
LARGEST_BATCH: Final = 32
WAITING: Final = 2
"""Batches in hand for each worker, so that none waits for work: what bounds the memory, too."""
LOOK_UP_S: Final = 0.25
"""How often to ask whether to stop."""

_decode: Final = msgspec.msgpack.Decoder(list[SeedResult]).decode


def run_cases(
    cases: Iterator[Case], jobs: int, limit_s: float, stopped: Callable[[], bool] = lambda: False
) -> Iterator[SeedResult]:
    """All cases, in whatever order they end. Once *stopped* says so nothing new begins; what has begun ends."""
    others = multiprocessing.active_children()
    pool = _pool(jobs, limit_s)
    in_hand: dict[Future[bytes], Sequence[Case]] = {}
    size = 1
    done_s = done = 0.0
    try:
        while True:
            while len(in_hand) < jobs * WAITING and not stopped() and (batch := tuple(islice(cases, size))):
                in_hand[pool.submit(run_batch, batch)] = batch
            if not in_hand:
                return
            if stopped():
                for future in [each for each in in_hand if each.cancel()]:
                    del in_hand[future]
            ended, _ = wait(in_hand, LOOK_UP_S, FIRST_COMPLETED)
            suspects: list[Case] = []
            for future in [each for each in in_hand if each in ended]:
                batch = tuple(in_hand.pop(future))
                try:
                    results = _decode(future.result())
                except BrokenProcessPool:
                    suspects += batch
                    continue
                for result in results:
                    done += 1
                    done_s += result.wall_s
                    yield result
                size = min(max(int(BATCH_S * done / done_s), 1), LARGEST_BATCH) if done_s else 1
            if suspects:
                # One worker's death ends them all: whoever was at work is asked again, one by one.
                results, suspects = _rescued(in_hand, suspects)
                in_hand.clear()
                pool.shutdown()
                yield from results
                yield from _one_by_one(suspects, limit_s, stopped)
                pool = _pool(jobs, limit_s)
    finally:
        if in_hand:
            # Nobody waits for what is at work: it may take its whole time, and the interpreter would wait for it.
            for worker in [each for each in multiprocessing.active_children() if each not in others]:
                worker.kill()
        pool.shutdown(cancel_futures=True)


def _pool(jobs: int, limit_s: float) -> ProcessPoolExecutor:
    """Workers are forked from a process that has imported everything, and is nobody's run."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([campaign_worker.__name__])
    return ProcessPoolExecutor(jobs, context, campaign_worker.begin, (limit_s,))


def _rescued(in_hand: dict[Future[bytes], Sequence[Case]], suspects: list[Case]) -> tuple[list[SeedResult], list[Case]]:
    """What had come in before the pool broke, and all cases that have to be asked again."""
    results: list[SeedResult] = []
    wait(in_hand)
    for future, batch in in_hand.items():
        try:
            results += _decode(future.result())
        except BrokenProcessPool:
            suspects = [*suspects, *batch]
    return results, suspects


def _one_by_one(suspects: Sequence[Case], limit_s: float, stopped: Callable[[], bool]) -> Iterator[SeedResult]:
    """Each in turn, alone: now a death has a name."""
    pool = _pool(1, limit_s)
    try:
        for case in suspects:
            if stopped():
                return
            recipe, seed = case
            try:
                yield from _decode(pool.submit(run_batch, (case,)).result())
            except BrokenProcessPool:
                yield SeedResult(recipe.name, seed, DIED, detail="its process died: killed, or stuck beyond reach")
                pool.shutdown()
                pool = _pool(1, limit_s)
    finally:
        pool.shutdown()
