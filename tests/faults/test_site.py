"""A room without power or cooling: every machine in it goes the same way, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.fault import Fault, InstalledPlan, Planned, during
from squall.faults.site import CoolingLost, PowerLost
from squall.sim.host import Costs
from squall.sim.trace import HostCrashed, HostRestarted
from tests.faults.stages import stage_with
from tests.sim.machines import Note, TwoHosts

ROOM = {"rack:1": ("host1", "host2")}

REFUSED: list[tuple[Fault, str]] = [
    (PowerLost("rack:2"), "no place 'rack:2'; there are none: this desk stands on one switch"),
    (PowerLost("host1", boots_within_ns=-1), "power lost: expected a time to boot of at least 0 ns, found -1"),
    (CoolingLost("host1", step_ns=0), "cooling lost: expected steps of more than 0 ns, found 0"),
    (CoolingLost("host1", factor=1.0), "cooling lost: expected a factor above 1 and at most 100, found 1.0"),
    (CoolingLost("host1", steps=0), "cooling lost: expected 1 to 100 steps, found 0"),
]


@pytest.mark.parametrize(("fault", "line"), REFUSED, ids=[line for _, line in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(fault: Fault, line: str) -> None:
    with pytest.raises(ValueError, match=r"plan\[0\]: ") as caught:
        stage_with(during(2_000, 3_000, fault))
    assert str(caught.value) == f"plan[0]: {line}"


def room(*plan: Planned, **how: object) -> tuple[TwoHosts, InstalledPlan]:
    stage = TwoHosts(**how)  # type: ignore[arg-type]
    stage.world.groups = ROOM
    return stage, InstalledPlan(stage.world, plan)


def went(stage: TwoHosts, kind: type) -> list[tuple[int, str]]:
    return [(record.at_ns, record.host) for record in stage.memory.records if type(record.event) is kind]


def test_all_machines_of_a_rack_lose_power_at_one_instant_and_boot_each_in_its_own_time() -> None:
    stage, plan = room(during(2_000, 9_000, PowerLost("rack:1", boots_within_ns=5_000)))
    stage.run(20_000)
    assert went(stage, HostCrashed) == [(2_000, "host1"), (2_000, "host2")]
    back = went(stage, HostRestarted)
    assert sorted(host for _, host in back) == ["host1", "host2"]
    assert len({at_ns for at_ns, _ in back}) == 2
    assert all(9_000 <= at_ns < 14_000 for at_ns, _ in back)
    assert (plan.struck, plan.tallies[0].words) == (["host1, host2"], "2 machines without power")


def test_each_disk_keeps_its_own_part_of_what_was_on_its_way_to_it() -> None:
    kept = set()
    for seed in range(30):
        stage, _ = room(during(5_000, 9_000, PowerLost("rack:1")), seed=seed)

        def write(stage: TwoHosts = stage) -> None:
            for name in ("a", "b"):
                for number in range(2):
                    stage.diary(name).runtime.append("log", b"%d" % number)

        stage.at(4_000, write)
        stage.run(50_000)
        found = [stage.world.host(host).disk.durable("log") for host in ("host1", "host2")]
        assert all(records == [b"0", b"1"][: len(records)] for records in found)
        kept.add(tuple(map(len, found)))
    assert len(kept) > 4
    assert any(one != other for one, other in kept)


def test_what_has_no_power_any_more_today_stays_dark() -> None:
    stage, _ = room(during(2_000, 3_000, PowerLost("host1", comes_back=False)))
    stage.run(100_000)
    assert went(stage, HostRestarted) == []
    assert stage.world.host("host2").up


def served(stage: TwoHosts) -> list[int]:
    return [entry[0] for entry in stage.diary("b").entries if entry[1] == "message"]


def test_it_gets_slower_step_by_step_then_shuts_down_and_is_itself_again_when_it_is_cool() -> None:
    plan = during(10_000, 50_000, CoolingLost("host2", step_ns=10_000, factor=3.0, steps=2))
    stage, installed = stage_with(plan, costs=Costs(default_ns=100))
    for at_ns in (9_000, 11_000, 21_000, 31_000, 60_000):
        stage.at(at_ns, lambda at_ns=at_ns: stage.diary("a").runtime.send("b", Note(f"{at_ns}")))
    stage.world.run_until(29_999)
    assert served(stage) == [9_200, 11_400, 22_000]
    stage.run(70_000)
    assert went(stage, HostCrashed) == [(30_000, "host2")]
    assert went(stage, HostRestarted) == [(50_000, "host2")]
    assert served(stage) == [60_200]
    assert installed.tallies[0].words == "1 machines shut down by the heat, 2 machines slower by a step"


def test_cooling_that_is_back_in_time_saves_the_machine() -> None:
    stage, _ = stage_with(during(10_000, 25_000, CoolingLost("host2", step_ns=10_000, steps=2)))
    stage.run(100_000)
    assert went(stage, HostCrashed) == []


@given(
    first=st.tuples(st.integers(2, 60), st.integers(1, 60), st.booleans()),
    second=st.tuples(st.integers(2, 60), st.integers(1, 60), st.booleans()),
)
def test_whatever_rooms_fail_when_a_machine_is_up_once_no_window_holds_it_down(
    first: tuple[int, int, bool], second: tuple[int, int, bool]
) -> None:
    """The reference: down from its shut-down (or loss of power) to the end of the window, for each window by itself."""
    step_ns = 10_000
    windows = []
    plan = []
    for start, length, power in (first, second):
        start_ns, end_ns = start * 1_000, (start + length) * 1_000
        fault: Fault = PowerLost("host2") if power else CoolingLost("host2", step_ns=step_ns, steps=1)
        plan.append(during(start_ns, end_ns, fault, must_touch=False))
        windows.append((start_ns if power else start_ns + step_ns, end_ns))
    stage, _ = stage_with(*plan)
    host = stage.world.host("host2")
    for at_ns in range(2_500, 130_000, 1_000):
        stage.world.run_until(at_ns)
        down = any(start_ns <= at_ns < end_ns for start_ns, end_ns in windows)
        assert host.up is not down, at_ns
