"""Plans as data: what reads back as it was written, and every way in which a file is refused."""

import json
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from squall.cli import cli
from squall.faults.exchange import ApiSlow
from squall.faults.fault import Fault, FaultKind, InstalledPlan, Plan, PlanError, Planned, during
from squall.faults.kinds import KINDS
from squall.faults.network import PacketLoss, Partition
from squall.faults.plan import OF_THE_ENTRY, PlanFileError, load_plan, plan_data, plan_of
from squall.scenarios.find import choose
from squall.scenarios.verify import verify
from squall.sim.world import World
from tests.scenarios.runs import brief

MS = 1_000_000
SECOND = 1_000 * MS

WORDS = st.sampled_from(["oms1", "exchange-a", "exchange-a/orders", "k1", "ACME"])
TIMES = st.integers(0, 10**18)


def values_of(field: str, kind: Any) -> st.SearchStrategy[Any]:
    """Values for a field of a fault, by its name and type."""
    if field.endswith("_ns"):
        return TIMES
    if kind is str:
        return WORDS
    if kind == tuple[str, ...]:
        return st.lists(WORDS, max_size=3).map(tuple)
    if kind is int:
        return st.integers(-(2**40), 2**40)
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    return st.from_type(kind)


def faults_of(kind: type[FaultKind]) -> st.SearchStrategy[FaultKind]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: values_of(name, hints[name]) for name in kind.__struct_fields__})


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan at all, whether or not a world has a place for it; names are unique."""
    planned: list[Planned] = []
    for number in range(draw(st.integers(0, 4))):
        start_ns = draw(st.integers(0, 10**18 - 1))
        end_ns = draw(st.integers(start_ns + 1, 10**18))
        name = draw(st.sampled_from(["", f"number {number}"]))
        fault = draw(st.sampled_from(KINDS).flatmap(faults_of))
        earlier = [each.name for each in planned if each.name]
        given_one = draw(st.sampled_from(["", *earlier]))
        probability = draw(st.floats(0.0, 1.0, exclude_min=True))
        planned.append(Planned(fault, start_ns, end_ns, draw(st.booleans()), name, probability, given_one))
    return tuple(planned)


# --- there and back ---


@given(plans())
def test_a_plan_reads_back_as_it_was_written(plan: Plan) -> None:
    written = json.loads(json.dumps(plan_data(plan)))
    assert plan_of(written, "plan") == plan


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_it_needs_and_has_no_field_that_an_entry_has_already(kind: type[FaultKind]) -> None:
    assert not {"kind", *OF_THE_ENTRY} & set(kind.__struct_fields__)
    assert kind.__doc__
    assert kind.__struct_config__.frozen


def all_kinds(kind: type[FaultKind] = FaultKind) -> list[type[FaultKind]]:
    return [each for child in kind.__subclasses__() for each in (child, *all_kinds(child))]


def test_the_table_has_every_kind_of_fault_that_there_is() -> None:
    import pkgutil
    from importlib import import_module

    import squall.faults

    for info in pkgutil.iter_modules(squall.faults.__path__):
        import_module(f"squall.faults.{info.name}")
    ours = [kind for kind in all_kinds() if kind.__module__.startswith("squall.faults.")]
    assert sorted(kind.__name__ for kind in ours) == sorted(kind.__name__ for kind in KINDS)
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS)


GOOD = """
schema = 1

[[faults]]
kind = "packet-loss"
name = "a bad line"
target = "exchange-a/orders"
share = 0.25
start = "1s"
end = "1500ms"

[[faults]]
kind = "api-slow"
target = "exchange-b"
delay = "400ms"
start = "0s"
end = "2s"
must_touch = false
"""


def file_with(tmp_path: Path, text: str, name: str = "plan.toml") -> Path:
    file = tmp_path / name
    file.write_text(text)
    return file


def test_a_file_in_toml_and_one_in_json_are_the_same_plan(tmp_path: Path) -> None:
    plan = (
        Planned(PacketLoss("exchange-a/orders", 0.25), 1 * SECOND, 1_500 * MS, name="a bad line"),
        during(0, 2 * SECOND, ApiSlow("exchange-b", 400 * MS), must_touch=False),
    )
    assert load_plan(file_with(tmp_path, GOOD)) == plan
    as_json = json.dumps({"schema": 1, "faults": plan_data(plan)})
    assert load_plan(file_with(tmp_path, as_json, "plan.json")) == plan


# --- what is refused ---


def entry(**changes: Any) -> dict[str, Any]:
    sound = {"kind": "packet-loss", "target": "exchange-a/orders", "share": 0.5, "start": "1s", "end": "2s"}
    return {key: value for key, value in {**sound, **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (entry(kind="packet-lost"), "faults[0].kind: no kind of fault 'packet-lost'; did you mean packet-loss?"),
        (entry(kind="zzz"), "faults[0].kind: no kind of fault 'zzz'; kinds are "),
        (entry(kind=...), "faults[0].kind: expected the name of a kind of fault, there is none"),
        (entry(kind=3), "faults[0].kind: expected the name of a kind of fault, found 3"),
        (entry(shaer=0.5), "faults[0].shaer: packet-loss has no such field; did you mean share?"),
        (entry(share=...), "faults[0].share: packet-loss needs it, and there is none"),
        (entry(share="half"), "faults[0].share: expected float, found str"),
        (entry(target=7), "faults[0].target: expected str, found int"),
        (entry(start=...), "faults[0].start: expected a time such as 12.5s from the start of the run, there is none"),
        (entry(start=1), 'faults[0].start: expected a duration such as "250ms", found 1'),
        (entry(end="soon"), "faults[0].end: expected a duration such as 250ms or 5s, found 'soon'"),
        (entry(end=f"{10**10}h"), "faults[0].end: expected at most 1000000000000000000 ns, found '10000000000h'"),
        (entry(end="1s"), "faults[0]: the window must begin before it ends, found '1s' to '1s'"),
        (entry(start="-1s"), "faults[0].start: expected a duration such as 250ms or 5s, found '-1s'"),
        (entry(must_touch="no"), "faults[0].must_touch: expected true or false, found 'no'"),
        (entry(name=" "), "faults[0].name: expected a name, found ' '"),
        (entry(kind="api-slow", share=..., delay=2), 'faults[0].delay: expected a duration such as "250ms", found 2'),
        (entry(kind="api-slow", share=..., delay_ns=1), "faults[0].delay_ns: api-slow has no such field; did you mean"),
        (entry(kind="feed-gap", lines="C"), "faults[0].lines: expected one of both, A, B, found 'C'"),
        ("packet-loss", "faults[0]: expected a fault, found 'packet-loss'"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_with_its_place_and_what_was_meant(wrong: Any, line: str) -> None:
    with pytest.raises(PlanFileError) as refused:
        plan_of([wrong], "plan.toml")
    assert str(refused.value).startswith(f"plan.toml: {line}")
    assert "\n" not in str(refused.value)


def test_two_faults_cannot_share_a_name() -> None:
    with pytest.raises(PlanFileError, match=r"^p: faults\[1\].name: 'x' is the name of faults\[0\] too$"):
        plan_of([entry(name="x"), entry(name="x")], "p")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("plan.toml", "schema = ", ": not TOML: "),
        ("plan.json", "{", ": not JSON: "),
        ("plan.json", "[]", ": expected an object with schema and faults, found a list"),
        ("plan.toml", "faults = []", ": schema: expected 1, found None"),
        ("plan.toml", "schema = 2\nfaults = []", ": schema: expected 1, found 2"),
        ("plan.toml", "schema = true\nfaults = []", ": schema: expected 1, found True"),
        ("plan.toml", "schema = 1\nfault = []", ": fault: no such field; a plan has schema and faults"),
        ("plan.toml", "schema = 1", ": faults: expected a list, found nothing"),
        ("plan.yaml", "schema: 1", ": expected a file that ends in .toml or .json, found '.yaml'"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_in_one_line(name: str, text: str, line: str, tmp_path: Path) -> None:
    file = file_with(tmp_path, text, name)
    with pytest.raises(PlanFileError) as refused:
        load_plan(file)
    assert str(refused.value).startswith(f"{file}{line}")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match=r"none.toml: cannot be read: No such file or directory$"):
        load_plan(tmp_path / "none.toml")


class _Own:
    kind = "mine"
    target = "all of it"

    def check(self, world: World) -> None: ...

    def inject(self, world: World, tally: object) -> Any: ...


def test_a_fault_of_ones_own_shape_is_fine_in_python_and_cannot_be_written() -> None:
    mine: Fault = _Own()
    with pytest.raises(ValueError, match=r"^plan\[0\]: mine is a fault of your own: a file cannot hold it$"):
        plan_data((during(1, 2, mine),))


# --- in a run ---


def refused_by_squall(*words: str) -> str:
    result = CliRunner().invoke(cli, [*words])
    assert result.exit_code == 2
    return result.output.strip().removeprefix("Error: ")


def test_a_target_that_the_world_does_not_have_is_refused_with_what_it_has(tmp_path: Path) -> None:
    text = GOOD + '[[faults]]\nkind = "crash"\ntarget = "oms3"\nstart = "1s"\nend = "2s"\n'
    file = file_with(tmp_path, text)
    said = refused_by_squall("run", "calm", "--plan", str(file))
    assert said.startswith(f"{file}: faults[2].target: no host 'oms3'; hosts are md, strat, oms1, oms2, risk,")


def test_an_intensity_that_makes_no_sense_is_refused_with_its_place(tmp_path: Path) -> None:
    file = file_with(tmp_path, GOOD.replace("0.25", "1.25"))
    said = refused_by_squall("run", "calm", "--plan", str(file))
    assert said == f"{file}: faults[0]: packet loss: the share must be above 0 and at most 1, found 1.25"


def test_a_fault_that_would_begin_when_the_run_is_over_is_refused(tmp_path: Path) -> None:
    file = file_with(tmp_path, GOOD.replace('"1s"', '"70s"').replace('"1500ms"', '"71s"'))
    assert refused_by_squall("run", "oms-crash", "--plan", str(file)) == (
        f"{file}: faults[0].start: the run ends at 1min, found 70s"
    )


def test_a_plan_in_python_is_refused_by_its_place_in_the_tuple() -> None:
    with pytest.raises(PlanError, match=r"^plan\[0\]: partition: there must be a host on each side"):
        InstalledPlan(World(1), (during(1, 2, Partition((), ())),))


def test_a_run_takes_the_plan_it_is_given_in_place_of_its_own_and_tells_how_to_replay_it(tmp_path: Path) -> None:
    from squall.scenarios.run import run

    file = file_with(tmp_path, GOOD)
    own = brief(plan=(during(1 * SECOND, 2 * SECOND, PacketLoss("exchange-b/orders", 1.0)),))
    given_one = msgspec.structs.replace(own, plan=load_plan(file), plan_file=str(file))
    result = run(given_one)
    assert [(fault.kind, fault.target) for fault in result.faults] == [
        ("packet loss", "exchange-a/orders"),
        ("exchange API: slow", "exchange-b"),
    ]
    assert result.replay_command.endswith(f"--plan {file}")
    assert result.digest != run(own).digest


def test_the_same_plan_gives_the_same_digest_in_fresh_processes(tmp_path: Path) -> None:
    file = file_with(tmp_path, GOOD)
    choice = choose("tests/scenarios/own.py:sound", plan=load_plan(file), plan_file=str(file))
    assert verify(choice, 2).same
