"""Clocks are held to true time, and who lets them go is caught."""

import pytest

from squall.scenarios.checks.clocks import clocks_within
from squall.scenarios.protections import PROTECTIONS
from squall.scenarios.result import Verdict
from squall.scenarios.topology import build
from tests.scenarios.runs import brief, library_run

SECOND = 1_000_000_000
PROMISE = "clocks are within 100 us of true time"


@pytest.mark.parametrize("key", ["ntp.discipline", "ntp.vote"])
def test_clocks_are_at_the_time_with_the_protection_and_not_without(key: str) -> None:
    (row,) = [row for row in PROTECTIONS if row.key == key]
    held = library_run(row.scenario)
    assert held.verdict is Verdict.PASS
    assert held.metrics[f"acted.{key}"] > 0
    lost = library_run(row.scenario, row.off)
    (check,) = [check for check in lost.checks if check.verdict is Verdict.VIOLATED]
    assert check.name == PROMISE
    assert "true time at" in check.detail
    assert check.seq is not None, "the story can be told: from the host's last comparison on"


def test_without_time_servers_clocks_keep_what_they_were_drawn_with_and_the_judge_sees_it() -> None:
    choice = brief(promises=())
    stage = build("a test", choice.scenario, 1)
    exact = clocks_within(limit_ns=1_000).judge(stage)
    drawn = clocks_within(limit_ns=150_000).judge(stage)
    assert exact.ruling().verdict is Verdict.INCONCLUSIVE
    stage.world.start()
    stage.world.run_until(2 * SECOND)
    assert exact.ruling().verdict is Verdict.VIOLATED
    assert drawn.ruling().verdict is Verdict.PASS


def test_a_host_that_is_down_shows_no_time() -> None:
    stage = build("a test", brief(promises=()).scenario, 1)
    judge = clocks_within().judge(stage)
    stage.world.start()
    for host in stage.desk.hosts:
        stage.world.host(host).crash()
        stage.world.host(host).clock.step(SECOND)
    stage.world.run_until(1 * SECOND)
    assert judge.ruling().verdict is Verdict.INCONCLUSIVE
