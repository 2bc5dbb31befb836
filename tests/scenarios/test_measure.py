"""The figures of a run: what is counted quickly is what the library would count."""

from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from squall.scenarios.measure import LONGEST_NS, Latencies


@given(st.lists(st.integers(-5, 3 * LONGEST_NS), max_size=50))
def test_the_quick_way_to_record_counts_as_hdrhistogram_does(latencies_ns: list[int]) -> None:
    """Beyond an hour the library drops a value without a word; ours counts it as an hour."""
    quick, slow = Latencies(), HdrHistogram(1, LONGEST_NS, 3)
    for latency_ns in latencies_ns:
        quick.record(latency_ns)
        slow.record_value(min(max(latency_ns, 1), LONGEST_NS))
    assert list(quick.counts) == list(slow.counts)
    assert quick.get_total_count() == slow.get_total_count()
    for percent in (50, 99, 99.9, 100):
        assert quick.get_value_at_percentile(percent) == slow.get_value_at_percentile(percent)
    assert (quick.min_value, quick.max_value) == (slow.min_value, slow.max_value)
