"""Latency promises: a percentile of one span of the order's way, from the intended time."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage


class _Within:
    def __init__(self, stage: Stage, span: str, percent: float, limit_ns: int) -> None:
        self._histogram = stage.measure.histogram(span)
        self._percent = percent
        self._limit_ns = limit_ns

    def ruling(self) -> Ruling:
        count = self._histogram.get_total_count()
        if not count:
            return Ruling(Verdict.INCONCLUSIVE, "no order came so far")
        found_ns = int(self._histogram.get_value_at_percentile(self._percent))
        verdict = Verdict.PASS if found_ns <= self._limit_ns else Verdict.VIOLATED
        detail = f"p{self._percent:g} is {found_ns / 1e6:.3f} ms over {count} orders; the limit is "
        return Ruling(verdict, detail + f"{self._limit_ns / 1e6:g} ms")


def latency_within(span: str, percent: float, limit_ns: int, of_baseline: bool = True) -> Promise:
    """This percentile of `signal_to_wire`, `order_to_ack`, `order_to_fill` or `order_to_fill_marketable`."""
    name = f"{span} p{percent:g} within {limit_ns / 1e6:g} ms"
    return Promise(name, "sla", lambda stage: _Within(stage, span, percent, limit_ns), of_baseline=of_baseline)
