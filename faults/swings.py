"""A market that goes up and down: slides of prices one after another, each as long and as fast as the one before it."""

from squall.faults.exchange import PriceSlide
from squall.faults.fault import Plan, during


def swings(start_ns: int, stop_ns: int, each_ns: int, half_ticks_per_s: int, target: str = "all of symbols") -> Plan:
    """First down, then up, and so on, until *stop_ns*; the last one may be shorter."""
    begins = range(start_ns, stop_ns, each_ns)
    return tuple(
        during(
            begin_ns,
            min(begin_ns + each_ns, stop_ns),
            PriceSlide(target, half_ticks_per_s if number % 2 else -half_ticks_per_s),
        )
        for number, begin_ns in enumerate(begins)
    )
