"""The JSON that other programs read: runs, proofs and capacity curves, in the forms of the contract."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from squall.scenarios.result import (
    CampaignResult,
    CapacityCurve,
    CheckResult,
    FaultResult,
    FlowChart,
    PowerResult,
    ProveRow,
    RunResult,
)

SCHEMA: Final = 1


def run_json(result: RunResult) -> dict[str, Any]:
    """One run. The only report that holds `wall_s`, so the only one that differs from machine to machine."""
    flow = {} if result.flow is None else {"flow": _flow(result.flow)}
    return {
        "schema": SCHEMA,
        "scenario": result.scenario,
        "seed": result.seed,
        "verdict": result.verdict.value,
        "digest": result.digest,
        "virtual_ns": result.virtual_ns,
        "events": result.events,
        "messages": result.messages,
        "wall_s": result.wall_s,
        "checks": [_check(check) for check in result.checks],
        "faults": [_fault(fault) for fault in result.faults],
        "metrics": result.metrics,
        **flow,
        "versions": result.versions,
    }


def prove_json(rows: Sequence[ProveRow]) -> dict[str, Any]:
    """The table of `squall prove`."""
    return {"schema": SCHEMA, "rows": [_row(row) for row in rows]}


def capacity_json(curves: Sequence[CapacityCurve]) -> dict[str, Any]:
    """Latency against load, one curve a profile and plan."""
    return {"schema": SCHEMA, "curves": [msgspec.to_builtins(curve) for curve in curves]}


def power_json(result: PowerResult) -> dict[str, Any]:
    """A zoo, measured; docs/power.md is drawn from the same values."""
    return {"schema": SCHEMA, **msgspec.to_builtins(result)}


def campaign_json(result: CampaignResult) -> dict[str, Any]:
    """What a campaign came to. *wall_s* and *jobs* are this machine's; all else is the same for any number of jobs."""
    document: dict[str, Any] = {"schema": SCHEMA, **msgspec.to_builtins(result)}
    document["novelty"] = [{"seeds": upto, "new": new} for upto, new in result.novelty]
    return document


def encode(document: dict[str, Any]) -> bytes:
    """The document as indented JSON, without a newline at its end; NaN, unknown to JSON, becomes null."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "name": check.name,
        "kind": check.kind,
        "verdict": check.verdict.value,
        "detail": check.detail,
        "at_ns": check.at_ns,
        "seq": check.seq,
    }


def _flow(chart: FlowChart) -> dict[str, Any]:
    """Shares and deviations as numbers from 0 to 1."""
    document: dict[str, Any] = msgspec.to_builtins(chart)
    document["links"] = [
        {**plain, "deviation": link.deviation} for plain, link in zip(document["links"], chart.links, strict=True)
    ]
    return document


def _fault(fault: FaultResult) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "target": fault.target,
        "start_ns": fault.start_ns,
        "end_ns": fault.end_ns,
        "effects": fault.effects,
    }


def _row(row: ProveRow) -> dict[str, Any]:
    return {
        "protection": row.protection,
        "scenario": row.scenario,
        "promise": row.promise,
        "verdict_on": row.verdict_on.value,
        "verdict_off": row.verdict_off.value,
        "violated_by": row.violated_by,
    }
