"""The scenarios of the frozen reference campaign, by name, for `squall run tests/planted_bugs/reference.py:steady`."""

from pathlib import Path

from squall.scenarios.power.reference import load_reference
from squall.scenarios.scenario import Scenario

REFERENCE = load_reference(Path(__file__).with_name("reference.toml"))


def steady() -> Scenario:
    return REFERENCE.make("steady")


def resting() -> Scenario:
    return REFERENCE.make("resting")


def near_the_limit() -> Scenario:
    return REFERENCE.make("near-the-limit")
