"""Hand-made results, as rich as a real run's: what the reports are tested and looked at with."""

from squall.scenarios.result import (
    CausalStep,
    CheckResult,
    CountSeries,
    FaultResult,
    Lane,
    LatencySeries,
    RunResult,
    Span,
    Verdict,
)

MS = 1_000_000
S = 1_000 * MS
SECONDS = 60


def a_violated_run() -> RunResult:
    """Two faults overlap, the third comes alone; an order went out twice."""
    return RunResult(
        scenario="exchange-api-timeouts",
        proves="the breaker opens after five time-outs in a row, and the flow moves to the other venue",
        seed=7,
        verdict=Verdict.VIOLATED,
        digest="9f1c0b7a55e24d18a3c6f0e2b7d94c11",
        virtual_ns=SECONDS * S,
        events=412_907,
        records=61_344,
        messages=18_733,
        wall_s=3.217,
        checks=_checks(),
        faults=_faults(),
        metrics=_metrics(),
        versions={
            "squall": "0.1.0",
            "python": "3.11.9",
            "simpy": "4.1.1",
            "msgspec": "0.22.0",
            "numpy": "2.4.0",
        },
        replay_command="squall run exchange-api-timeouts --seed 7 --set execution.resolve_doubt=false",
        story=_story(),
        lanes=_lanes(),
        latencies=(
            _latency("signal_to_wire", 46_000, 9),
            _latency("order_to_ack", 410_000, 40),
            _latency("order_to_fill", 930_000, 120),
        ),
        counts=(_counts("orders", 20, 7), _counts("fills", 17, 9), _counts("messages", 310, 95)),
    )


def a_passed_run() -> RunResult:
    """A quiet minute: no fault, every promise kept."""
    kept = tuple(
        CheckResult(check.name, check.kind, Verdict.PASS, detail, None, None)
        for check, detail in zip(_checks(), _KEPT, strict=True)
    )
    quiet = tuple(Lane(lane.name, (Span(0, SECONDS * S, lane.spans[0].state, "good"),)) for lane in _lanes())
    return RunResult(
        scenario="calm",
        proves="a sound desk on a sound day keeps every promise",
        seed=0,
        verdict=Verdict.PASS,
        digest="0a61c3e8d2f94b7795e1c0d4a8b3f266",
        virtual_ns=SECONDS * S,
        events=398_110,
        records=58_020,
        messages=17_904,
        wall_s=2.94,
        checks=kept,
        faults=(),
        metrics=_metrics(),
        versions={"squall": "0.1.0", "python": "3.11.9"},
        replay_command="squall run calm --seed 0",
        story=(),
        lanes=quiet,
        latencies=(LatencySeries("order_to_ack", S, (410_000,) * 60, (820_000,) * 60, (1_040_000,) * 60),),
        counts=(CountSeries("orders", S, (20,) * 60), CountSeries("messages", S, (310,) * 60)),
    )


def an_inconclusive_run() -> RunResult:
    """The one fault touched nothing, so nothing is proven."""
    return RunResult(
        scenario="packet-loss",
        proves="one percent of loss costs latency, never an order",
        seed=3,
        verdict=Verdict.INCONCLUSIVE,
        digest="77aa0b7a55e24d18a3c6f0e2b7d94c11",
        virtual_ns=12_500 * MS,
        events=1_204,
        records=300,
        messages=90,
        wall_s=0.1,
        checks=(
            CheckResult("no order is lost", "safety", Verdict.PASS, "4 of 4 orders ended"),
            CheckResult("reached: a retransmission", "reached", Verdict.INCONCLUSIVE, "it never came"),
        ),
        faults=(FaultResult("packet-loss", "execution -> exchange-a", 2 * S, 4 * S, 0),),
        metrics={},
        versions={"squall": "0.1.0"},
        replay_command="squall run packet-loss --seed 3",
        story=(),
        lanes=(),
        latencies=(LatencySeries("order_to_ack", S, (None,) * 13, (None,) * 13, (None,) * 13),),
        counts=(CountSeries("orders", S, ()),),
    )


_KEPT = (
    "612 orders, each sent once",
    "612 of 612 orders reached a terminal state",
    "every fill within its order",
    "571 executions, each booked once",
    "cash and positions agree to the cent",
    "exposure at most 71 % of its limit",
    "no order left through an open breaker",
    "opened once, at 14.021 s",
    "one leader in every epoch",
    "agreed 1.2 s after the last heal",
    "p99 84 ms, limit 100 ms",
)


def _checks() -> tuple[CheckResult, ...]:
    kept, broken = Verdict.PASS, Verdict.VIOLATED
    return (
        CheckResult(
            "no duplicate orders",
            "safety",
            broken,
            "pulse-ACME-231 was accepted by exchange-a at 12.401887 s and again by exchange-b at 12.903417 s",
            12_903_417_000,
            13_377,
        ),
        CheckResult("no lost orders", "safety", kept, _KEPT[1]),
        CheckResult("filled within ordered", "safety", broken, "ordered 5 lots, filled 8", 12_951_204_330, 13_402),
        CheckResult("executions booked once", "safety", kept, _KEPT[3]),
        CheckResult("cash and positions agree", "safety", kept, _KEPT[4]),
        CheckResult("exposure within limits", "safety", kept, _KEPT[5]),
        CheckResult("nothing through an open breaker", "safety", kept, _KEPT[6]),
        CheckResult("reached: breaker opened", "reached", kept, _KEPT[7]),
        CheckResult("one leader per epoch", "safety", kept, _KEPT[8]),
        CheckResult(
            "books agree after heal",
            "liveness",
            Verdict.INCONCLUSIVE,
            "the run ended 0.4 s after the last heal",
        ),
        CheckResult("order to fill, p99", "sla", kept, _KEPT[10]),
    )


def _faults() -> tuple[FaultResult, ...]:
    return (
        FaultResult("reports-lost", "exchange-a", 12 * S, 18 * S, 41, "41 reports discarded, 36 orders in doubt"),
        FaultResult("slow-api", "exchange-a", 15 * S, 24_500 * MS, 97, "97 requests 800 ms late"),
        FaultResult("packet-loss", "line A of exchange-b", 30 * S, 45 * S, 212, "212 packets dropped"),
        FaultResult("crash", "oms1", 51 * S, 51 * S, 1, "1 host down for 2.4 s, its disk kept"),
        FaultResult("packet-loss", "execution -> exchange-b", 55 * S, 58 * S, 0),
    )


def _metrics() -> dict[str, object]:
    return {
        "signal_to_wire_p50_ns": 46_120,
        "signal_to_wire_p99_ns": 188_400,
        "signal_to_wire_p999_ns": 402_900,
        "signal_to_wire_max_ns": 611_000,
        "order_to_ack_p50_ns": 412_300,
        "order_to_ack_p99_ns": 1_240_000,
        "order_to_ack_p999_ns": 803_000_000,
        "order_to_ack_max_ns": 1_204_000_000,
        "order_to_fill_p50_ns": 934_000,
        "order_to_fill_p99_ns": 84_100_000,
        "order_to_fill_p999_ns": 910_000_000,
        "order_to_fill_max_ns": 1_377_000_000,
        "orders": 1_204,
        "orders_per_s": 20.066,
        "orders_rerouted": 38,
        "orders_in_doubt": 36,
        "fills": 1_171,
        "messages": 18_733,
        "messages_per_order": 15.56,
        "breaker_opened": 1,
        "breaker_refused": 212,
        "breaker_probes": 4,
        "leader_changes": 1,
        "rto_ns": 1_184_000_000,
        "rpo_orders": 0,
        "disk_syncs": 9_802,
        "disk_bytes": 4_190_222,
        "stream_retransmissions": 54,
        "stream_resets": 2,
        "feed_packets_lost": 212,
        "feed_gaps_filled": 212,
    }


def _story() -> tuple[CausalStep, ...]:
    return (
        CausalStep(13_102, 12_400_120_000, "strategy", "the signal pulse-ACME-231 fires: buy 5 lots at 100.05"),
        CausalStep(13_118, 12_401_004_000, "oms1", "journals the order and lets it out"),
        CausalStep(13_121, 12_401_410_000, "execution", "writes it to exchange-a"),
        CausalStep(
            13_126,
            12_401_887_000,
            "exchange-a",
            "accepts it; the fault reports-lost discards the acknowledgement",
        ),
        CausalStep(13_355, 12_901_411_000, "execution", "hears nothing for 500 ms and takes the order for lost"),
        CausalStep(
            13_371,
            12_902_960_000,
            "router",
            "routes the same order to exchange-b, without having asked exchange-a",
        ),
        CausalStep(13_377, 12_903_417_000, "exchange-b", "accepts pulse-ACME-231 a second time"),
    )


def _lanes() -> tuple[Lane, ...]:
    end = SECONDS * S
    return (
        Lane(
            "breaker exchange-a",
            (
                Span(0, 14_021 * MS, "closed", "good"),
                Span(14_021 * MS, 19_021 * MS, "open", "bad"),
                Span(19_021 * MS, 20_400 * MS, "half-open", "warn"),
                Span(20_400 * MS, 25_400 * MS, "open", "bad"),
                Span(25_400 * MS, 25_900 * MS, "half-open", "warn"),
                Span(25_900 * MS, end, "closed", "good"),
            ),
        ),
        Lane("breaker exchange-b", (Span(0, end, "closed", "good"),)),
        Lane(
            "leader",
            (
                Span(0, 51 * S, "oms1, epoch 1", "good"),
                Span(51 * S, 52_184 * MS, "none", "bad"),
                Span(52_184 * MS, end, "oms2, epoch 2", "good"),
            ),
        ),
        Lane("feed exchange-a", (Span(0, end, "in sequence", "good"),)),
        Lane(
            "feed exchange-b",
            (
                Span(0, 30_700 * MS, "in sequence", "good"),
                Span(30_700 * MS, 33 * S, "gap", "bad"),
                Span(33 * S, 36 * S, "recovering", "warn"),
                Span(36 * S, end, "in sequence", "good"),
            ),
        ),
        Lane(
            "oms1",
            (
                Span(0, 51 * S, "up", "good"),
                Span(51 * S, 53_400 * MS, "down", "bad"),
                Span(53_400 * MS, end, "standby", "idle"),
            ),
        ),
    )


def _latency(metric: str, base_ns: int, worse: int) -> LatencySeries:
    """Calm, with a storm from 12 s to 25 s, and two seconds in which no order was sent."""
    p50: list[int | None] = []
    p99: list[int | None] = []
    worst: list[int | None] = []
    for second in range(SECONDS):
        if second in (51, 52):
            p50.append(None)
            p99.append(None)
            worst.append(None)
            continue
        wave = base_ns + base_ns * (second * 37 % 17) // 60
        storm = worse if 12 <= second < 25 else 1 + 3 * (30 <= second < 45)
        p50.append(wave + wave * (storm > worse // 2))
        p99.append(3 * wave * storm)
        worst.append(5 * wave * storm + base_ns * (second * 7 % 5))
    return LatencySeries(metric, S, tuple(p50), tuple(p99), tuple(worst))


def _counts(name: str, base: int, swing: int) -> CountSeries:
    counts = []
    for second in range(SECONDS):
        steady = base + (second * 31 % swing) - swing // 2
        counts.append(0 if second in (51, 52) else steady // 2 if 12 <= second < 15 else steady)
    return CountSeries(name, S, tuple(counts))
