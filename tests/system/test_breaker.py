"""The breaker's rules, and the same rules recomputed from the whole history, slowly."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from squall.system.config import SECOND, BreakerConfig
from squall.system.domain.breaker import Breaker, BreakerState, Permit

CONFIG: Final = BreakerConfig(failure_threshold=3, failure_window_ns=10 * SECOND, reset_timeout_ns=5 * SECOND)


def admitted(breaker: Breaker, now_ns: int) -> Permit:
    permit = breaker.admit(now_ns)
    assert permit is not None
    return permit


def opened(at_ns: int = 0) -> Breaker:
    """A breaker that opened at this time."""
    breaker = Breaker(CONFIG)
    for _ in range(CONFIG.failure_threshold):
        breaker.failed(admitted(breaker, at_ns), at_ns)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_it_opens_at_the_configured_number_of_consecutive_failures_and_not_before() -> None:
    breaker = Breaker(CONFIG)
    for failures in (1, 2):
        breaker.failed(admitted(breaker, 0), 0)
        assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, failures)
    breaker.failed(admitted(breaker, 0), 0)
    assert (breaker.state, breaker.failures) == (BreakerState.OPEN, 3)
    assert breaker.admit(1) is None


def test_a_success_starts_the_count_again() -> None:
    breaker = Breaker(CONFIG)
    for _ in range(5):
        breaker.failed(admitted(breaker, 0), 0)
        breaker.failed(admitted(breaker, 0), 0)
        breaker.succeeded(admitted(breaker, 0))
    assert breaker.state is BreakerState.CLOSED


def test_failures_older_than_the_window_do_not_count() -> None:
    """Erratum 42: the chapter's `timeout` is declared and never used, so failures of any age add up."""
    breaker = Breaker(CONFIG)
    breaker.session_failed(0)
    breaker.session_failed(1)
    breaker.session_failed(10 * SECOND + 1)  # the first is out of the window by a nanosecond, the second is not
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 2)
    breaker.session_failed(10 * SECOND + 1)
    assert breaker.state is BreakerState.OPEN


def test_the_call_that_finds_it_ripe_is_the_probe_and_is_let_through() -> None:
    """Erratum 42: in the chapter the call that turns OPEN into HALF_OPEN is dropped and returns nothing."""
    breaker = opened()
    assert not breaker.routable(5 * SECOND - 1)
    assert breaker.admit(5 * SECOND - 1) is None
    assert breaker.routable(5 * SECOND)
    assert breaker.state is BreakerState.OPEN  # routable, and nothing has moved until a call comes
    assert breaker.admit(5 * SECOND) is not None
    assert breaker.state is BreakerState.HALF_OPEN


def test_half_open_lets_one_order_through() -> None:
    """Erratum 42: in the chapter half-open admits any number of probes."""
    breaker = opened()
    probe = admitted(breaker, 5 * SECOND)
    assert breaker.admit(5 * SECOND) is None
    assert not breaker.routable(6 * SECOND)
    breaker.succeeded(probe)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.failures == 0
    assert breaker.admit(6 * SECOND) is not None


def test_a_probe_that_fails_opens_it_for_the_whole_time_again() -> None:
    breaker = opened()
    breaker.failed(admitted(breaker, 5 * SECOND), 6 * SECOND)
    assert breaker.state is BreakerState.OPEN
    assert breaker.admit(11 * SECOND - 1) is None
    assert breaker.admit(11 * SECOND) is not None


def test_a_success_admitted_before_the_opening_does_not_close_it() -> None:
    """Erratum 42: permits carry the epoch. The chapter closes on any success while it is half open."""
    breaker = Breaker(CONFIG)
    slow = admitted(breaker, 0)
    for _ in range(3):
        breaker.failed(admitted(breaker, 0), 0)
    breaker.succeeded(slow)
    assert breaker.state is BreakerState.OPEN
    probe = admitted(breaker, 5 * SECOND)
    breaker.succeeded(slow)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.succeeded(probe)
    assert breaker.state is BreakerState.CLOSED


def test_a_failure_admitted_before_the_opening_neither_fails_the_probe_nor_counts_after_it() -> None:
    breaker = Breaker(CONFIG)
    slow = [admitted(breaker, 0) for _ in range(4)]
    for permit in slow[:3]:
        breaker.failed(permit, 0)
    probe = admitted(breaker, 5 * SECOND)
    breaker.failed(slow[3], 5 * SECOND)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.succeeded(probe)
    breaker.failed(slow[3], 5 * SECOND)
    assert breaker.failures == 0


def test_a_probe_that_is_given_back_unsent_leaves_its_place_to_another() -> None:
    """Erratum 42: permits come back when the probe is cancelled."""
    breaker = opened()
    breaker.give_back(admitted(breaker, 5 * SECOND))
    assert breaker.routable(5 * SECOND)
    assert breaker.admit(5 * SECOND) is not None
    assert breaker.admit(5 * SECOND) is None


def test_a_permit_given_back_while_closed_is_no_probe_to_come() -> None:
    breaker = Breaker(CONFIG)
    early = admitted(breaker, 0)
    for _ in range(3):
        breaker.session_failed(0)
    breaker.give_back(early)
    assert breaker.admit(1) is None


def test_a_session_error_fails_the_probe_that_it_carried() -> None:
    breaker = opened()
    admitted(breaker, 5 * SECOND)
    breaker.session_failed(6 * SECOND)
    assert breaker.state is BreakerState.OPEN
    assert breaker.ripe_in_ns(6 * SECOND) == 5 * SECOND


def test_a_probe_whose_fate_is_never_told_does_not_block_the_venue_for_ever() -> None:
    breaker = opened()
    lost = admitted(breaker, 5 * SECOND)
    assert breaker.admit(10 * SECOND - 1) is None
    second = admitted(breaker, 10 * SECOND)
    breaker.succeeded(lost)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.succeeded(second)
    assert breaker.state is BreakerState.CLOSED


def test_switched_off_it_refuses_nothing() -> None:
    breaker = Breaker(BreakerConfig(enabled=False, failure_threshold=1))
    for _ in range(10):
        breaker.failed(admitted(breaker, 0), 0)
    assert breaker.routable(0)
    assert breaker.state is BreakerState.CLOSED


# --- against the whole history ---------------------------------------------------------------------

Step = tuple[str, int, int]
"""What, which permit (modulo those given out), and how many seconds after the step before."""


class Replayed:
    """The breaker as a reading of its whole history, from the start at every question."""

    def __init__(self, history: list[tuple[str, int, int]]) -> None:
        self.state = "closed"
        self.verdicts: list[bool] = []
        moves = 0
        moved_at = 0
        bad: list[int] = []
        permits: list[int] = []
        ended: list[int] = []
        probing = False
        for what, which, now in history:
            failed = False
            if what == "admit":
                ripe = now - moved_at >= CONFIG.reset_timeout_ns
                if self.state == "closed":
                    yes = True
                elif self.state == "half-open" and not probing:
                    yes = probing = True
                    moved_at = now
                elif ripe:
                    yes = probing = True
                    self.state, moves, moved_at = "half-open", moves + 1, now
                else:
                    yes = False
                self.verdicts.append(yes)
                if yes:
                    permits.append(moves)
            elif what == "session":
                failed = self.state != "open"
            elif permits:
                index = which % len(permits)
                mine = permits[index] == moves and index not in ended
                ended.append(index)
                if mine and what == "give back":
                    probing = False
                elif mine and what == "succeed":
                    bad = []
                    if self.state == "half-open":
                        self.state, moves = "closed", moves + 1
                elif mine and what == "fail":
                    failed = self.state != "open"
            if failed:
                bad = [at for at in [*bad, now] if at >= now - CONFIG.failure_window_ns]
                if self.state == "half-open" or len(bad) >= CONFIG.failure_threshold:
                    self.state, moves, moved_at = "open", moves + 1, now


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["admit", "admit", "admit", "give back", "succeed", "fail", "fail", "session"]),
            st.integers(0, 5),
            st.integers(0, 4),
        ),
        max_size=40,
    )
)
def test_it_does_what_a_slow_reading_of_its_whole_history_says(steps: list[Step]) -> None:
    breaker = Breaker(CONFIG)
    history: list[tuple[str, int, int]] = []
    permits: list[Permit] = []
    ended: list[int] = []
    verdicts: list[bool] = []
    now_ns = 0
    for what, which, seconds in steps:
        now_ns += seconds * SECOND
        history.append((what, which, now_ns))
        if what == "admit":
            expected = breaker.routable(now_ns)
            permit = breaker.admit(now_ns)
            verdicts.append(permit is not None)
            assert verdicts[-1] is expected
            if permit is not None:
                permits.append(permit)
        elif what == "session":
            breaker.session_failed(now_ns)
        elif permits and which % len(permits) not in ended:
            index = which % len(permits)
            ended.append(index)
            match what:
                case "give back":
                    breaker.give_back(permits[index])
                case "succeed":
                    breaker.succeeded(permits[index])
                case _:
                    breaker.failed(permits[index], now_ns)
        replayed = Replayed(history)
        assert verdicts == replayed.verdicts
        assert breaker.state.value == replayed.state
