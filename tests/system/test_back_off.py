"""Waiting longer each time, and not all alike."""

from hypothesis import given
from hypothesis import strategies as st

from squall.system.domain.back_off import wait_ns

MS = 1_000_000


def test_the_first_wait_is_the_interval_and_each_later_one_twice_as_long_up_to_the_longest() -> None:
    waits = [wait_ns(100 * MS, 1_000 * MS, failures, 0.0) // MS for failures in range(1, 7)]
    assert waits == [100, 200, 400, 800, 1_000, 1_000]
    assert wait_ns(100 * MS, 1_000 * MS, 5_000, 0.0) == 1_000 * MS


@given(st.integers(2, 60), st.floats(0.0, 1.0, exclude_max=True))
def test_the_draw_takes_off_up_to_a_half(failures: int, draw: float) -> None:
    whole = wait_ns(100 * MS, 1_000 * MS, failures, 0.0)
    assert whole // 2 < wait_ns(100 * MS, 1_000 * MS, failures, draw) <= whole


def test_those_who_failed_together_do_not_come_back_together() -> None:
    assert len({wait_ns(100 * MS, 1_000 * MS, 3, draw / 10) for draw in range(10)}) == 10
