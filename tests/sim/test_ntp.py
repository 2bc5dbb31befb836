"""Time servers: what four times tell, whom a majority can believe, and clocks that follow without ever being jerked."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.faults.fault import InstalledPlan, Planned, during
from squall.faults.hardware import ClockStep
from squall.faults.packets import Latency
from squall.scenarios.time_servers import lay_time_servers
from squall.sim.clock import Clock
from squall.sim.link import LinkSpec
from squall.sim.ntp import SERVER_ERROR_NS, NtpSpec, Sample, agreed, sample
from squall.sim.trace import ClockDisciplined
from squall.sim.world import World
from tests.profiles import examples
from tests.sim.machines import Memory

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND


class Room:
    """A host with a clock of its own, and some servers."""

    def __init__(self, clock: Clock, *plan: Planned, servers: int = 1, seed: int = 1, spec: NtpSpec | None = None):
        self.memory = Memory()
        self.world = World(seed, sink=self.memory)
        self.world.add_switch("lan")
        self.clock = clock
        self.world.add_host("box", clock)
        self.world.connect("box/lan", "box", "lan", LinkSpec(2_500))
        lay_time_servers(self.world, ("box",), servers, spec or NtpSpec(), "lan")
        InstalledPlan(self.world, plan)
        self.world.start()

    def error_ns(self, at_ns: int) -> int:
        self.world.run_until(at_ns)
        return self.clock.wall_ns(at_ns) - at_ns

    @property
    def told(self) -> list[ClockDisciplined]:
        return self.memory.events(ClockDisciplined)


@given(
    offset_ns=st.integers(-(10**9), 10**9),
    there_ns=st.integers(0, 10**7),
    back_ns=st.integers(0, 10**7),
    busy_ns=st.integers(0, 10**6),
)
def test_four_times_tell_the_offset_to_half_of_what_the_ways_differ_by(
    offset_ns: int, there_ns: int, back_ns: int, busy_ns: int
) -> None:
    """RFC 5905, section 8. The server is *offset_ns* ahead of the client."""
    received_ns = there_ns + offset_ns
    found = sample(0, received_ns, received_ns + busy_ns, there_ns + busy_ns + back_ns)
    assert found.delay_ns == there_ns + back_ns
    assert abs(found.offset_ns - (offset_ns + (there_ns - back_ns) / 2)) <= 0.5
    assert abs(found.offset_ns - offset_ns) <= found.delay_ns / 2 + 0.5


def touch(samples: tuple[Sample, ...]) -> bool:
    """Whether some time is within half the delay, and the error granted to a server, of all their offsets."""
    low = max(each.offset_ns - each.delay_ns // 2 - SERVER_ERROR_NS for each in samples)
    high = min(each.offset_ns + each.delay_ns // 2 + SERVER_ERROR_NS for each in samples)
    return low <= high


@given(st.lists(st.builds(Sample, st.integers(-20_000, 20_000), st.integers(0, 20_000)), max_size=5), st.integers(1, 6))
@settings(max_examples=examples(200))
def test_whom_to_believe_is_the_largest_set_that_can_be_right_at_once_if_it_is_a_majority(
    samples: list[Sample], more: int
) -> None:
    """The reference tries every subset."""
    servers = max(len(samples), more)
    sets = [each for size in range(len(samples) + 1) for each in combinations(samples, size)]
    largest = max((len(each) for each in sets if not each or touch(each)), default=0)
    found = agreed(samples, servers)
    if 2 * largest > servers:
        assert len(found) == largest
        assert touch(found)
    else:
        assert found == ()


@pytest.mark.parametrize("offset_ns", [50 * MICROSECOND, -50 * MICROSECOND])
@pytest.mark.parametrize("drift_ppb", [20_000, -20_000])
def test_a_clock_is_brought_to_the_time_and_held_there(offset_ns: int, drift_ppb: int) -> None:
    room = Room(Clock(offset_ns, drift_ppb), servers=3)
    assert max(abs(room.error_ns(at_ns)) for at_ns in range(4 * SECOND, 20 * SECOND, 50 * MILLISECOND)) < 15_000
    assert {event.deed for event in room.told} == {"slews"}


def test_left_alone_it_would_be_ten_times_as_far_off() -> None:
    room = Room(Clock(0, 20_000), servers=3, spec=NtpSpec(discipline=False))
    assert room.error_ns(20 * SECOND) == 400_000
    assert {event.deed for event in room.told} == {"is not told"}
    assert abs(room.told[-1].offset_ns + 400_000) < 25_000, "it is measured all the same"


def test_an_error_is_slewed_no_faster_than_allowed_and_the_monotonic_clock_never_jumps() -> None:
    room = Room(Clock(10 * MILLISECOND), spec=NtpSpec(slew_ppm=80))
    before_ns = room.error_ns(1 * SECOND)
    mono_ns = room.clock.monotonic_ns(1 * SECOND)
    for at_ns in range(1_100 * MILLISECOND, 10 * SECOND, 100 * MILLISECOND):
        room.world.run_until(at_ns)
        passed_ns = room.clock.monotonic_ns(at_ns) - mono_ns
        mono_ns += passed_ns
        assert abs(passed_ns - 100 * MILLISECOND) <= 100 * MILLISECOND * (500 + 80) / 1e6
    assert 0 <= room.error_ns(10 * SECOND) < before_ns


def test_a_large_error_is_stepped_at_once_and_only_by_the_wall_clock() -> None:
    room = Room(Clock(3 * SECOND))
    assert abs(room.error_ns(2 * SECOND)) < 30_000
    assert [event.deed for event in room.told].count("steps") == 1
    assert abs(room.clock.monotonic_ns(2 * SECOND) - 2 * SECOND) < 500_000


def test_answers_that_take_longer_than_questions_put_the_clock_off_by_half_and_nobody_can_tell() -> None:
    slow = during(5 * SECOND, 60 * SECOND, Latency("ntp1/lan", 300 * MICROSECOND, sender="ntp1"))
    room = Room(Clock(), slow)
    assert abs(room.error_ns(4 * SECOND)) < 20_000
    assert abs(room.error_ns(40 * SECOND) + 150_000) < 25_000
    assert abs(room.told[-1].offset_ns) < 25_000, "as far as it can see it is right"


@pytest.mark.parametrize("seed", range(1, 4))
def test_one_of_three_that_lies_is_outvoted_and_without_a_vote_it_is_followed(seed: int) -> None:
    lie = during(3 * SECOND, 60 * SECOND, ClockStep("ntp1", 5 * MILLISECOND))
    voting, trusting = (
        Room(Clock(0, 10_000), lie, servers=3, seed=seed, spec=NtpSpec(vote=vote)) for vote in (True, False)
    )
    assert abs(voting.error_ns(20 * SECOND)) < 20_000
    assert voting.told[-1].disbelieved == 1
    assert trusting.error_ns(20 * SECOND) > 500_000


def test_two_that_differ_are_no_majority_and_the_clock_runs_on_as_it_did() -> None:
    lie = during(3 * SECOND, 60 * SECOND, ClockStep("ntp1", 5 * MILLISECOND))
    room = Room(Clock(0, 20_000), lie, servers=2)
    room.world.run_until(10 * SECOND)
    assert room.told[-1].deed == "holds over"
    assert abs(room.error_ns(10 * SECOND)) < 60_000, "by then it knows its oscillator"


def test_more_servers_than_anybody_has_are_refused() -> None:
    with pytest.raises(ValueError, match="time_servers: expected 0 to 9, found 10"):
        Room(Clock(), servers=10)
