"""The order-path world: to the nanosecond what the arithmetic says; its journal, its faults, where the time goes."""

from functools import cache

import msgspec
import numpy as np
import pytest

from squall.faults.fault import Plan, Planned
from squall.faults.hardware import CoreThrottled
from squall.faults.host import Crash, Pause
from squall.faults.network import PacketLoss
from squall.scenarios.load import BURSTS, Arrivals, arrival_times
from squall.scenarios.order_parts import PARTS
from squall.scenarios.order_path import FSYNC_NS, LAN_NS, LATE_NS, START_NS, OrderPath, Passed
from squall.scenarios.order_path_model import passed_ns
from squall.scenarios.stacks import HOPS, STACKS, Stack
from squall.sim.core import LOCAL_HOP_NS
from squall.sim.rng import Chance

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND


@cache
def times(rate: int, for_ns: int, arrivals: Arrivals = Arrivals.BURSTY, seed: int = 1) -> tuple[int, ...]:
    return tuple(arrival_times(Chance(seed), arrivals, rate, for_ns))


def calm(name: str) -> Stack:
    """The stack without its pauses."""
    return msgspec.structs.replace(STACKS[name], pause_every_ns=0)


def passed(stack: Stack, rate: int, for_ns: int = SECOND, plan: Plan = (), journal: bool = False) -> Passed:
    return OrderPath(stack, times(rate, for_ns), for_ns, 1, plan, journal).run()


@pytest.mark.parametrize("name", list(STACKS))
@pytest.mark.parametrize("rate", [500, 3_000])
def test_the_world_is_the_arithmetic_to_the_nanosecond(name: str, rate: int) -> None:
    """Two ways to one figure, with nothing in common but the stack and the times: hosts, and a heap of tuples."""
    assert passed(calm(name), rate).latency_ns.tolist() == passed_ns(calm(name), times(rate, SECOND)).tolist()


def test_the_same_seed_gives_the_same_latencies_pauses_and_all() -> None:
    one, other = (passed(STACKS["baseline"], 1_000) for _ in range(2))
    assert one.latency_ns.tolist() == other.latency_ns.tolist()


@pytest.mark.parametrize("journal", [False, True])
def test_the_parts_of_an_orders_time_are_all_of_it(journal: bool) -> None:
    # So slow that somebody is in service most of the time, whenever a pause begins.
    slow = msgspec.structs.replace(
        STACKS["baseline"], handling_ns=50_000, coherency=1e-5, pause_every_ns=3 * MILLISECOND
    )
    found = passed(slow, 2_000, journal=journal)
    assert found.parts_ns.sum(axis=1).tolist() == found.latency_ns.tolist()
    assert (found.parts_ns >= 0).all()
    of = dict(zip(PARTS, found.parts_ns.sum(axis=0).tolist(), strict=True))
    assert of["queue"] > 0
    assert of["contention"] > 0
    assert of["wake-up"] > 0
    assert of["pause"] > 0
    assert (of["commit"] > 0) is journal


def whole(found: Passed, number: int) -> dict[str, int]:
    """The parts of one order, which are all of its time."""
    assert found.parts_ns[number].sum() == found.latency_ns[number]
    return dict(zip(PARTS, found.parts_ns[number].tolist(), strict=True))


def test_who_comes_while_the_host_stands_still_waits_for_that_and_not_in_a_queue() -> None:
    plan = (Planned(Pause("desk"), 4 * MILLISECOND, 9 * MILLISECOND),)
    found = OrderPath(calm("lock-free"), (4 * MILLISECOND, 4 * MILLISECOND), 10 * MILLISECOND, 1, plan).run()
    first, second = (whole(found, number) for number in (0, 1))
    assert first["pause"] == second["pause"] == 9 * MILLISECOND - 4 * MILLISECOND - START_NS
    assert first["queue"] == 0
    assert 0 < second["queue"] < 10_000


def test_a_slow_machine_s_time_is_its_service_and_no_pause() -> None:
    plan = (Planned(CoreThrottled("desk", 8.0), 0, 9 * MILLISECOND),)
    healthy, hot = (
        whole(OrderPath(calm("lock-free"), (4 * MILLISECOND,), 10 * MILLISECOND, 1, each).run(), 0)
        for each in ((), plan)
    )
    assert hot["pause"] == 0
    assert hot["service"] > 5 * healthy["service"]


def test_the_way_to_the_backup_and_back_is_wire_and_what_is_sent_again_is_told_apart() -> None:
    """Both disks are written; the backup's is the one that is waited for, by twice the way."""
    alone = (5 * MILLISECOND,)
    healthy = whole(OrderPath(calm("lock-free"), alone, 10 * MILLISECOND, 1, journal=True).run(), 0)
    assert healthy["wire"] == 2 * LAN_NS
    assert healthy["retransmission"] == 0
    assert FSYNC_NS < healthy["commit"] < FSYNC_NS + 2_000
    lossy = (Planned(PacketLoss("replication", 1.0), 5 * MILLISECOND, 20 * MILLISECOND),)
    found = whole(OrderPath(calm("lock-free"), alone, 10 * MILLISECOND, 1, lossy, journal=True).run(), 0)
    assert found["retransmission"] > 10 * MILLISECOND
    assert found | {"retransmission": 0} == healthy


def test_the_backup_s_own_pause_is_a_pause_of_the_order() -> None:
    plan = (Planned(Pause("backup"), 5 * MILLISECOND, 9 * MILLISECOND),)
    found = whole(OrderPath(calm("lock-free"), (5 * MILLISECOND,), 10 * MILLISECOND, 1, plan, journal=True).run(), 0)
    assert 2 * MILLISECOND < found["pause"] < 3 * MILLISECOND
    assert found["queue"] == 0


@pytest.mark.parametrize("name", list(STACKS))
def test_an_order_that_is_alone_takes_its_service_its_wake_ups_and_its_hops(name: str) -> None:
    stack = calm(name)
    found = OrderPath(stack, (5 * MILLISECOND,), 10 * MILLISECOND, 1).run()
    hops = len(HOPS)
    assert found.latency_ns.tolist() == [
        hops * (stack.service_ns + stack.wake_up_ns) + (hops - 1) * LOCAL_HOP_NS,
    ]


def test_the_journal_costs_the_way_to_the_backup_and_its_disk() -> None:
    stack = calm("kernel-bypass")
    alone = (5 * MILLISECOND,)
    off = OrderPath(stack, alone, 10 * MILLISECOND, 1).run()
    on = OrderPath(stack, alone, 10 * MILLISECOND, 1, journal=True).run()
    more = int(on.latency_ns[0] - off.latency_ns[0])
    assert 2 * LAN_NS + FSYNC_NS < more < 2 * LAN_NS + 2 * FSYNC_NS


def test_a_throttled_host_is_slower_while_it_is_and_not_after() -> None:
    stack, plan = calm("lock-free"), (Planned(CoreThrottled("desk", 8.0), 200 * MILLISECOND, 500 * MILLISECOND),)
    healthy, hot = passed(stack, 1_000), passed(stack, 1_000, plan=plan)
    at = np.array(times(1_000, SECOND)) + START_NS
    during = (at > 200 * MILLISECOND) & (at < 499 * MILLISECOND)
    assert hot.effects > 0
    assert (hot.latency_ns[during] > 4 * healthy.latency_ns[during]).mean() > 0.9
    after = at > 510 * MILLISECOND
    assert hot.latency_ns[after].tolist() == healthy.latency_ns[after].tolist()


def test_orders_that_die_with_the_host_are_an_hour_late() -> None:
    plan = (Planned(Crash("desk"), 300 * MILLISECOND, 400 * MILLISECOND),)
    found = passed(calm("lock-free"), 1_000, plan=plan)
    at = np.array(times(1_000, SECOND)) + START_NS
    down = (at > 300 * MILLISECOND) & (at < 400 * MILLISECOND)
    assert (found.latency_ns[down] == LATE_NS).all()
    assert found.lost >= down.sum() > 0
    assert (found.latency_ns[at > 410 * MILLISECOND] < MILLISECOND).all()


# --- the load ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrivals", list(Arrivals))
def test_a_load_is_as_high_as_it_says(arrivals: Arrivals) -> None:
    for rate in (200, 3_000):
        counts = [len(times(rate, 20 * SECOND, arrivals, seed)) for seed in range(1, 5)]
        assert sum(counts) == pytest.approx(4 * 20 * rate, rel=0.06)


def test_the_bursts_of_one_seed_are_at_the_same_times_at_every_load() -> None:
    """Common random numbers: of two loads one is like the other, only denser."""

    def crowded(rate: int) -> list[int]:
        at = np.array(times(rate, 2 * SECOND))
        gaps = at[5:] - at[:-5]
        return sorted({int(t // (10 * MILLISECOND)) for t in at[:-5][gaps < BURSTS.lasts_ns // 2]})

    thin, dense = crowded(2_000), crowded(3_000)
    assert len(thin) > 50
    assert len([each for each in thin if each in dense]) > 0.9 * len(thin)


def test_bursts_wait_longer_than_the_same_load_without() -> None:
    even = OrderPath(calm("baseline"), times(2_000, SECOND, Arrivals.POISSON), SECOND, 1).run()
    assert np.percentile(even.latency_ns, 99) * 3 < np.percentile(passed(calm("baseline"), 2_000).latency_ns, 99)
