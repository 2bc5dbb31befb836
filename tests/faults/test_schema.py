"""The published schema says of plan files what the reader says of them, and the kept copy is up to date."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from jsonschema import Draft202012Validator

from squall.cli import cli
from squall.faults.fault import Plan
from squall.faults.plan import PlanFileError, plan_data, plan_of
from squall.faults.schema import plan_schema, schema_text
from tests.faults.test_plan import entry, plans

KEPT = Path(__file__).resolve().parents[2] / "docs" / "plan.schema.json"
VALIDATOR = Draft202012Validator(plan_schema())


def accepted(*entries: Any) -> bool:
    return bool(VALIDATOR.is_valid({"schema": 1, "faults": list(entries)}))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(plan_schema())


def test_the_kept_copy_is_what_squall_schema_prints() -> None:
    printed = CliRunner().invoke(cli, ["schema"]).output
    assert json.loads(printed) == plan_schema()
    assert KEPT.read_text(encoding="utf-8") == schema_text(), "squall schema > docs/plan.schema.json"


@given(plans())
def test_every_plan_that_is_written_is_valid(plan: Plan) -> None:
    assert accepted(*plan_data(plan))


@pytest.mark.parametrize(
    "wrong",
    [
        entry(kind="packet-lost"),
        entry(kind=...),
        entry(shaer=0.5),
        entry(share=...),
        entry(share="half"),
        entry(target=7),
        entry(start=...),
        entry(start=1),
        entry(end=...),
        entry(end="soon"),
        entry(start="-1s"),
        entry(must_touch="no"),
        entry(name=" "),
        entry(probability=0),
        entry(probability=2),
        entry(kind="api-slow", share=..., delay=250),
        entry(after="x", given="x"),
        "packet-loss",
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(wrong: Any) -> None:
    assert not accepted(wrong)
    first = entry(name="x")
    assert accepted(first)
    with pytest.raises(PlanFileError):
        plan_of([first, wrong], "p")


@pytest.mark.parametrize(
    "right",
    [
        entry(target=["exchange-a/orders", "one of feeds"]),
        entry(start=..., after="x"),
        entry(probability=0.25, given="x"),
        entry(kind="crash", share=..., target="primary", with_disk=True),
        entry(kind="partition", share=..., target=..., left=["keepers"], right=["oms1"]),
    ],
)
def test_what_the_reader_takes_the_schema_takes_too(right: Any) -> None:
    first = entry(name="x")
    assert accepted(first, right)
    assert len(plan_of([first, right], "p")) == 2


@pytest.mark.parametrize("document", [{}, {"schema": 2, "faults": []}, {"schema": 1, "fault": []}, []])
def test_a_file_of_another_form_is_refused(document: Any) -> None:
    assert not VALIDATOR.is_valid(document)
