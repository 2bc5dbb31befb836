"""A group of one core is a core; one of several serves as many at once; wake-ups and contention cost what they say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.core_group import GroupSpec
from squall.sim.host import Costs
from squall.sim.service import Constant, Empirical, Exponential, Lognormal, ServiceTime, read_empirical
from squall.sim.world import World
from tests.profiles import examples
from tests.sim.machines import FREE, Diary, Note

ACTIONS = ("note", "pause", "resume", "slow", "quick", "crash", "restart", "respawn")


class OneHost:
    """``a`` alone on a host, on cores of a kind."""

    def __init__(self, spec: GroupSpec | None, costs: Costs = FREE) -> None:
        self.world = World(1)
        self.host = self.world.add_host("host")
        if spec is not None:
            self.group = self.world.add_cores("host", "a", spec)
        self.diaries: list[Diary] = []
        self.slot = self.world.place("host", "a", self._born, costs, core="a")
        self.recover: Callable[[], None] | None = None
        self.world.start()
        self.world.run_until(1_000)

    def _born(self, runtime: Any) -> Diary:
        self.diaries.append(Diary(runtime))
        return self.diaries[-1]

    def note(self, at_ns: int, name: str, cost_ns: int) -> None:
        self.at(at_ns, lambda: self.host.enqueue(self.slot, 1, "out", Note(name), cost_ns))

    def at(self, at_ns: int, action: Callable[[], None]) -> None:
        self.world.kernel.call_at(at_ns, lambda _: action())

    def act(self, action: str) -> None:
        if action == "slow" and self.recover is None:
            self.recover = self.host.throttle(2.5)
        elif action == "quick" and self.recover is not None:
            self.recover()
            self.recover = None
        elif action == "respawn" and self.host.up:
            self.host.respawn("a", "a test")
        elif action in ("pause", "resume", "crash", "restart"):
            getattr(self.host, action)()

    @property
    def seen(self) -> list[tuple[Any, ...]]:
        return [entry for diary in self.diaries for entry in diary.entries]


@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 400), st.integers(0, 300)), max_size=25))
@settings(max_examples=examples(150))
def test_a_group_of_one_core_is_a_core_whatever_happens_to_its_host(story: list[tuple[str, int, int]]) -> None:
    plain, group = OneHost(None), OneHost(GroupSpec())
    for stage in (plain, group):
        at_ns = 1_000
        for number, (action, gap_ns, cost_ns) in enumerate(story):
            at_ns += gap_ns
            if action == "note":
                stage.note(at_ns, str(number), cost_ns)
            else:
                stage.at(at_ns, lambda stage=stage, action=action: stage.act(action))  # type: ignore[misc]
        stage.world.run_until(1_000_000)
    assert group.seen == plain.seen
    assert group.host.cores["a"].busy_ns == plain.host.cores["a"].busy_ns


def test_two_cores_serve_two_at_once_and_the_third_waits_for_the_first_that_is_free() -> None:
    stage = OneHost(GroupSpec(cores=2))
    for name, cost_ns in (("a", 100), ("b", 30), ("c", 50)):
        stage.note(2_000, name, cost_ns)
    stage.world.run_until(5_000)
    assert [entry for entry in stage.seen if "message" in entry] == [
        (2_030, "message", "out", "b"),
        (2_080, "message", "out", "c"),
        (2_100, "message", "out", "a"),
    ]
    assert stage.group.busy_ns - 500 == 180, "the start of the program apart"


def test_who_comes_to_a_sleeping_core_waits_for_it_to_wake_and_who_comes_to_a_busy_one_does_not() -> None:
    stage = OneHost(GroupSpec(wake_up_ns=40))
    for at_ns, name in ((2_000, "a"), (2_020, "b"), (3_000, "c")):
        stage.note(at_ns, name, 10)
    stage.world.run_until(5_000)
    assert [entry[0] for entry in stage.seen if "message" in entry] == [2_050, 2_060, 3_050]
    assert stage.group.busy_ns == 500 + 30, "a core that wakes up does no work"


def test_those_who_wait_make_the_service_of_the_one_who_is_taken_longer() -> None:
    stage = OneHost(GroupSpec(contention=0.5))
    for name in "abc":
        stage.note(2_000, name, 100)
    stage.world.run_until(5_000)
    # The first found nobody; behind the second one waited; behind the third nobody.
    assert [entry[0] for entry in stage.seen if "message" in entry] == [2_100, 2_250, 2_350]


def test_every_pair_of_those_who_are_together_makes_the_service_longer() -> None:
    stage = OneHost(GroupSpec(coherency=0.1))
    for name in "abcd":
        stage.note(2_000, name, 100)
    stage.world.run_until(5_000)
    # The first found nobody; then there were three together, 3 × 2 pairs each way, then two, then one.
    assert [entry[0] for entry in stage.seen if "message" in entry] == [2_100, 2_260, 2_380, 2_480]


def test_a_service_time_is_drawn_for_the_message_and_added_to_its_cost() -> None:
    stage = OneHost(GroupSpec(service={Note: Exponential(1_000)}))
    stage.note(2_000, "a", 7)
    stage.world.run_until(50_000)
    drawn = Exponential(1_000).at_ns(stage.world.chance.uniform("service/a/a"))
    assert [entry[0] for entry in stage.seen if "message" in entry] == [2_007 + drawn]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"cores": 0}, "cores: expected at least 1, found 0"),
        ({"wake_up_ns": -1}, "wake_up_ns: expected at least 0, found -1"),
        ({"contention": -0.1}, "contention: expected at least 0, found -0.1"),
        ({"coherency": -0.1}, "coherency: expected at least 0, found -0.1"),
    ],
)
def test_a_group_that_cannot_be_is_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GroupSpec(**spec)


def test_cores_of_one_name_are_there_once() -> None:
    stage = OneHost(GroupSpec())
    with pytest.raises(ValueError, match="host: there are cores 'a' already"):
        stage.world.add_cores("host", "a", GroupSpec())


# --- service times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "service", [Constant(700), Exponential(700), Lognormal(500, 0.8), Empirical((1, 5, 5, 90, 4_000))]
)
def test_the_mean_of_a_service_time_is_that_of_its_quantiles(service: ServiceTime) -> None:
    steps = 200_000
    mean = sum(service.at_ns((step + 0.5) / steps) for step in range(steps)) / steps
    assert mean == pytest.approx(service.mean_ns, rel=0.01)
    assert 0 <= service.at_ns(0.0) <= service.at_ns(0.5) <= service.at_ns(1 - 2**-53)


def test_measured_service_times_are_read_from_a_file_and_drawn_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "times.csv"
    file.write_text("service_ns\n300\n100\n\n200\n")
    assert read_empirical(file) == Empirical((100, 200, 300))
    assert [Empirical((100, 200, 300)).at_ns(u) for u in (0.0, 0.33, 0.34, 0.67, 0.99)] == [100, 100, 200, 300, 300]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ns\n1\n", ":1: expected the one column service_ns, found ns"),
        ("service_ns\n1\nfast\n", ":3: expected whole nanoseconds, found 'fast'"),
        ("service_ns\n-1\n", ":2: expected one time of at least 0, found"),
        ("service_ns\n", ": expected times below the heading, found none"),
    ],
)
def test_measured_service_times_that_are_none_are_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "times.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match="times.csv" + said.replace("(", "\\(")):
        read_empirical(file)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Constant(-1), "constant: expected a time of at least 0 ns, found -1"),
        (lambda: Exponential(0), "exponential: expected a mean above 0 ns, found 0"),
        (lambda: Lognormal(0, 1), "lognormal: expected a median above 0 ns, found 0"),
        (lambda: Lognormal(1, 6), "lognormal: expected a sigma from 0 to 5, found 6"),
        (lambda: Empirical(()), "empirical: expected at least one time, found none"),
        (lambda: Empirical((2, 1)), "empirical: expected times in rising order"),
        (lambda: Empirical((-1, 1)), "empirical: expected times of at least 0 ns, found -1"),
    ],
)
def test_a_service_time_that_cannot_be_is_refused(made: Callable[[], ServiceTime], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made()
