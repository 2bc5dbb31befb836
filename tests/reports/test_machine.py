"""The JSON keeps to its contract, key by key."""

import json

from msgspec.structs import replace

from squall.reports.machine import capacity_json, encode, prove_json, run_json
from squall.scenarios.result import CapacityCurve, CapacityPoint, CapacitySla, ProveRow, Verdict
from tests.reports.results import a_violated_run


def test_a_run_has_exactly_the_keys_of_the_contract() -> None:
    run = json.loads(encode(run_json(a_violated_run())))
    assert list(run) == [
        "schema", "scenario", "seed", "verdict", "digest", "virtual_ns", "events", "messages", "wall_s",
        "checks", "faults", "metrics", "versions",
    ]  # fmt: skip
    assert (run["schema"], run["verdict"], run["wall_s"]) == (1, "violated", 3.217)
    assert run["checks"][0] == {
        "name": "no duplicate orders",
        "kind": "safety",
        "verdict": "violated",
        "detail": a_violated_run().checks[0].detail,
        "at_ns": 12_903_417_000,
        "seq": 13_377,
    }
    assert run["checks"][1]["at_ns"] is None
    assert run["faults"][3] == {
        "kind": "crash",
        "target": "oms1",
        "start_ns": 51_000_000_000,
        "end_ns": 51_000_000_000,
        "effects": 1,
    }
    assert run["metrics"]["order_to_ack_p99_ns"] == 1_240_000


def test_what_is_no_number_in_json_becomes_null() -> None:
    run = encode(run_json(replace(a_violated_run(), metrics={"orders_per_s": float("nan")})))
    assert json.loads(run)["metrics"] == {"orders_per_s": None}


def test_a_proof_has_exactly_the_keys_of_the_contract() -> None:
    row = ProveRow(
        "breaker.enabled",
        "exchange-api-timeouts",
        "opened",
        Verdict.PASS,
        Verdict.VIOLATED,
        "opened",
        3,
        True,
    )
    assert json.loads(encode(prove_json([row]))) == {
        "schema": 1,
        "rows": [
            {
                "protection": "breaker.enabled",
                "scenario": "exchange-api-timeouts",
                "promise": "opened",
                "verdict_on": "pass",
                "verdict_off": "violated",
                "violated_by": "opened",
            }
        ],
    }


def test_capacity_has_exactly_the_keys_of_the_contract() -> None:
    point = CapacityPoint(100.0, 1, 2, 3, (1, 4), 99.5, {"oms1": 0.25}, "oms1", 10)
    curve = CapacityCurve("default", None, (point,), CapacitySla("signal_to_wire_p99_ns", 100_000))
    assert json.loads(encode(capacity_json([curve]))) == {
        "schema": 1,
        "curves": [
            {
                "profile": "default",
                "plan": None,
                "points": [
                    {
                        "rate_per_s": 100.0,
                        "p50_ns": 1,
                        "p99_ns": 2,
                        "p999_ns": 3,
                        "p99_ci_ns": [1, 4],
                        "throughput_per_s": 99.5,
                        "utilisation": {"oms1": 0.25},
                        "bottleneck": "oms1",
                        "orders": 10,
                        "replications": 1,
                        "stopped": "budget",
                        "p99_parts_ns": {},
                    }
                ],
                "sla": {
                    "metric": "signal_to_wire_p99_ns",
                    "limit_ns": 100_000,
                    "crossing_per_s": None,
                    "crossing_ci_per_s": None,
                },
            }
        ],
    }
