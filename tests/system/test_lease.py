"""Leases: the keepers' rule and the candidate's count, and what the two are worth together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.system.domain.ids import Epoch
from squall.system.domain.lease import (
    NOBODY,
    Grant,
    holder_lease_ns,
    keeper_lease_ns,
    lease_end_ns,
    majority,
    may_grant,
    may_renew,
    release,
)
from tests.profiles import examples

LEASE = 500_000_000
DRIFT_PPM = 200


def test_the_first_epoch_is_granted_to_whoever_asks_first() -> None:
    assert may_grant(NOBODY, Epoch(1), "oms1", now_ns=0)


def test_no_epoch_is_granted_while_a_lease_runs_and_the_next_one_is_when_it_has_ended() -> None:
    last = Grant(Epoch(1), "oms1", ends_ns=1_000, led=True)
    assert not may_grant(last, Epoch(2), "oms2", now_ns=999)
    assert may_grant(last, Epoch(2), "oms2", now_ns=1_000)


def test_an_epoch_is_never_granted_to_two_candidates() -> None:
    last = Grant(Epoch(2), "oms1", ends_ns=1_000, led=False)
    assert not may_grant(last, Epoch(2), "oms2", now_ns=5_000)
    assert not may_grant(last, Epoch(1), "oms2", now_ns=5_000)


def test_an_epoch_that_was_never_led_may_be_asked_for_again_one_that_was_may_not() -> None:
    """A leader that comes back without its disk asks for its own old epoch: it must not get it."""
    assert may_grant(Grant(Epoch(1), "oms1", 1_000, led=False), Epoch(1), "oms1", now_ns=10)
    assert not may_grant(Grant(Epoch(1), "oms1", 1_000, led=True), Epoch(1), "oms1", now_ns=5_000)


def test_only_the_holder_of_the_highest_epoch_renews() -> None:
    last = Grant(Epoch(2), "oms2", ends_ns=0, led=True)
    assert may_renew(last, Epoch(2), "oms2")
    assert not may_renew(last, Epoch(1), "oms1")
    assert not may_renew(last, Epoch(2), "oms1")


def test_a_lease_that_is_given_up_has_ended_and_is_neither_renewed_nor_asked_for_again() -> None:
    given_up = release(Grant(Epoch(2), "oms1", ends_ns=1_000, led=False), Epoch(2), "oms1", now_ns=400)
    assert not may_renew(given_up, Epoch(2), "oms1")
    assert not may_grant(given_up, Epoch(2), "oms1", now_ns=5_000)
    assert may_grant(given_up, Epoch(3), "oms2", now_ns=400)


def test_word_that_another_lease_is_given_up_changes_nothing() -> None:
    last = Grant(Epoch(2), "oms2", ends_ns=1_000, led=True)
    assert release(last, Epoch(1), "oms2", now_ns=5) is last
    assert release(last, Epoch(2), "oms1", now_ns=5) is last


def test_a_lease_counts_from_when_the_majority_th_latest_yes_was_asked_for() -> None:
    own_ns = holder_lease_ns(LEASE, DRIFT_PPM)
    assert lease_end_ns({"k1": 100}, 3, LEASE, DRIFT_PPM) is None
    assert lease_end_ns({"k1": 100, "k2": 70}, 3, LEASE, DRIFT_PPM) == 70 + own_ns
    assert lease_end_ns({"k1": 100, "k2": 70, "k3": 90}, 3, LEASE, DRIFT_PPM) == 90 + own_ns
    assert majority(3) == 2
    assert majority(5) == 3


@given(st.integers(1, 10**12), st.integers(-DRIFT_PPM, DRIFT_PPM), st.integers(-DRIFT_PPM, DRIFT_PPM))
def test_the_holder_s_lease_is_over_before_the_keeper_s_whatever_their_clocks_do(
    lease_ns: int, holder_ppm: int, keeper_ppm: int
) -> None:
    """In true time: a clock that is d fast shows t × (1 + d), and so is at its mark at mark / (1 + d)."""
    holder_true = holder_lease_ns(lease_ns, DRIFT_PPM) * 1_000_000 / (1_000_000 + holder_ppm)
    keeper_true = keeper_lease_ns(lease_ns, DRIFT_PPM) * 1_000_000 / (1_000_000 + keeper_ppm)
    assert holder_true <= keeper_true + 1


class Clock:
    """A monotonic clock that is off from true time and drifts."""

    def __init__(self, offset_ns: int, ppm: int) -> None:
        self._offset_ns = offset_ns
        self._ppm = ppm

    def shows(self, true_ns: int) -> int:
        return self._offset_ns + true_ns * (1_000_000 + self._ppm) // 1_000_000

    def true(self, shown_ns: int) -> int:
        """When, at the latest, it shows this."""
        return (shown_ns - self._offset_ns) * 1_000_000 // (1_000_000 + self._ppm) + 1


drifts = st.integers(-DRIFT_PPM, DRIFT_PPM)
steps = st.tuples(
    st.sampled_from(["ask", "ask", "renew", "follow", "lose disk", "hand over"]),
    st.integers(0, 1),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.integers(1, LEASE),
)


@settings(max_examples=examples(300))
@given(st.lists(drifts, min_size=5, max_size=5), st.lists(steps, max_size=40))
def test_one_leader_at_a_time_one_an_epoch_and_each_with_the_journal_of_the_one_before(
    ppm: list[int], story: list[tuple[str, int, list[bool], int]]
) -> None:
    """Two candidates and three keepers on drifting clocks, requests and answers lost at will, disks lost."""
    keepers = [Clock(1_000 * i, drift) for i, drift in enumerate(ppm[:3])]
    candidates = [Clock(7_000 * i, drift) for i, drift in enumerate(ppm[3:])]
    grants = [NOBODY] * 3
    followed = [0, 0]
    yes: list[dict[str, int]] = [{}, {}]
    asked_for = [0, 0]
    leads: list[tuple[int, int] | None] = [None, None]
    """Candidate → (epoch, true end of its lease)."""
    led: dict[int, int] = {}
    now = 0

    def end_of(me: int) -> int | None:
        end_ns = lease_end_ns(yes[me], 3, LEASE, DRIFT_PPM)
        return None if end_ns is None else candidates[me].true(end_ns)

    def ask(me: int, epoch: int, hears: list[bool]) -> None:
        asked_ns = candidates[me].shows(now)
        for k, heard in enumerate(hears):
            shows = keepers[k].shows(now)
            if heard and may_grant(grants[k], Epoch(epoch), f"oms{me}", shows):
                grants[k] = Grant(Epoch(epoch), f"oms{me}", shows + keeper_lease_ns(LEASE, DRIFT_PPM), led=False)
                yes[me][f"k{k}"] = asked_ns

    def renew(me: int, epoch: int, hears: list[bool]) -> None:
        for k, heard in enumerate(hears):
            shows = keepers[k].shows(now)
            if heard and may_renew(grants[k], Epoch(epoch), f"oms{me}"):
                grants[k] = Grant(Epoch(epoch), f"oms{me}", shows + keeper_lease_ns(LEASE, DRIFT_PPM), led=True)
                yes[me][f"k{k}"] = candidates[me].shows(now)

    for what, me, hears, later_ns in story:
        now += later_ns
        other = leads[1 - me]
        term = leads[me]
        if term is not None and now >= term[1]:
            term = leads[me] = None
            yes[me] = {}
        if what == "ask" and term is None:
            if asked_for[me] != followed[me] + 1:
                yes[me] = {}
            asked_for[me] = followed[me] + 1
            ask(me, asked_for[me], hears)
            end = end_of(me)
            if end is not None and end > now:
                assert other is None or other[1] <= now, "two leaders at once"
                assert asked_for[me] not in led, "two leaders of one epoch"
                assert followed[me] == max(led, default=0), "it lacks the latest journal"
                led[asked_for[me]] = me
                followed[me] = asked_for[me]
                leads[me] = (asked_for[me], end)
                renew(me, asked_for[me], [True] * 3)
        elif what == "renew" and term is not None:
            renew(me, term[0], hears)
            end = end_of(me)
            assert end is not None
            leads[me] = (term[0], end)
        elif what == "follow" and term is None and other is not None and now < other[1]:
            followed[me] = other[0]
        elif what == "hand over" and term is not None:
            # It stops first; the standby has all of its journal; of the keepers, some never hear of it.
            leads[me], yes[me] = None, {}
            followed[1 - me] = term[0]
            for k, heard in enumerate(hears):
                if heard:
                    grants[k] = release(grants[k], Epoch(term[0]), f"oms{me}", keepers[k].shows(now))
        elif what == "lose disk":
            followed[me], leads[me], yes[me], asked_for[me] = 0, None, {}, 0
