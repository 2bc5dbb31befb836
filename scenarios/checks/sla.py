"""Latency promises: a percentile of one span of the order's way, from the intended time."""

from squall.scenarios.latencies import quantile_with_misses
from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage


class _Within:
    def __init__(self, stage: Stage, span: str, percent: float, limit_ns: int) -> None:
        self._measure = stage.measure
        self._span = span
        self._percent = percent
        self._limit_ns = limit_ns

    def ruling(self) -> Ruling:
        histogram = self._measure.histogram(self._span)
        missed = self._measure.missed(self._span, self._limit_ns)
        count = histogram.get_total_count() + missed
        if not count:
            return Ruling(Verdict.INCONCLUSIVE, "no order came so far")
        found_ns = quantile_with_misses(histogram, missed, self._percent)
        held = found_ns is not None and found_ns <= self._limit_ns
        found = f"{found_ns / 1e6:.3f} ms" if found_ns is not None else "never"
        late = f", {missed} of which never came and count as infinitely late" if missed else ""
        detail = f"p{self._percent:g} is {found} over {count} orders{late}; the limit is {self._limit_ns / 1e6:g} ms"
        return Ruling(Verdict.PASS if held else Verdict.VIOLATED, detail)


def latency_within(span: str, percent: float, limit_ns: int, of_baseline: bool = True) -> Promise:
    """This percentile of `signal_to_wire`, `order_to_ack`, `order_to_fill` or `order_to_fill_marketable`.

    The order of a desk of one's own begins on the wire: it has no `signal_to_wire`.
    """
    name = f"{span} p{percent:g} within {limit_ns / 1e6:g} ms"
    return Promise(
        name,
        "sla",
        lambda stage: _Within(stage, span, percent, limit_ns),
        of_baseline=of_baseline,
        of_our_desk=span == "signal_to_wire",
    )
