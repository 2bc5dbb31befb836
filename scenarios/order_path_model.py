"""The order path as bare arithmetic: what a fit can run ten times as often, and what the world is held against."""

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

import numpy as np
import numpy.typing as npt

from squall.scenarios.stacks import HOPS, Stack
from squall.sim.core import LOCAL_HOP_NS

STATIONS: Final = tuple(dict.fromkeys(HOPS))
_ROUTE: Final = tuple(STATIONS.index(hop) for hop in HOPS)
_SIGNAL: Final = -1


def passed_ns(stack: Stack, times_ns: Sequence[int]) -> npt.NDArray[np.int64]:
    """Latencies of orders meant at *times_ns*: five single servers, the OMS visited twice; no pauses, no faults.

    Ties break as in the kernel: what was posted first comes first.
    """
    waiting: tuple[deque[tuple[int, int]], ...] = tuple(deque() for _ in STATIONS)
    serving: list[tuple[int, int] | None] = [None] * len(STATIONS)
    latencies = np.zeros(len(times_ns), dtype=np.int64)
    first_ns, hop_ns = stack.service_ns, stack.service_ns + LOCAL_HOP_NS
    wake_up_ns, coherency = stack.wake_up_ns, stack.coherency
    last = len(HOPS) - 1
    heap: list[tuple[int, int, int]] = []
    sequence = 0
    came = 0
    if len(times_ns):
        heappush(heap, (times_ns[0], sequence, _SIGNAL))
    while heap:
        now_ns, _, station = heappop(heap)
        if station == _SIGNAL:
            order, hop, to = came, 0, 0
            came += 1
        else:
            job = serving[station]
            assert job is not None
            order, hop = job[0], job[1] + 1
            to = _ROUTE[hop] if hop <= last else _SIGNAL
            if to == _SIGNAL:
                latencies[order] = now_ns - times_ns[order]
        if to != _SIGNAL:
            if serving[to] is None and not waiting[to]:
                serving[to] = (order, hop)
                sequence += 1
                heappush(heap, (now_ns + (hop_ns if hop else first_ns) + wake_up_ns, sequence, to))
            else:
                waiting[to].append((order, hop))
        if station == _SIGNAL:
            if came < len(times_ns):
                sequence += 1
                heappush(heap, (times_ns[came], sequence, _SIGNAL))
            continue
        queue = waiting[station]
        if queue:
            taken = serving[station] = queue.popleft()
            cost_ns = hop_ns if taken[1] else first_ns
            behind = len(queue)
            if behind:
                cost_ns += int(cost_ns * behind * (coherency * (behind + 1)))
            sequence += 1
            heappush(heap, (now_ns + cost_ns, sequence, station))
        else:
            serving[station] = None
    return latencies
