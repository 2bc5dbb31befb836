"""What can be promised of any desk: judged from the wire and from the venues' own records alone."""

from squall.scenarios.checks.exposure import exposure_within_limit, order_size_within_limit
from squall.scenarios.checks.orders import filled_within_ordered, no_order_twice, orders_end, program_raised
from squall.scenarios.scenario import Promise


def always(max_position_lots: int | None = None, max_order_lots: int | None = None) -> tuple[Promise, ...]:
    """What holds at every moment, whatever is broken; limits where they are stated."""
    stated = (
        *(() if max_position_lots is None else (exposure_within_limit(max_position_lots),)),
        *(() if max_order_lots is None else (order_size_within_limit(max_order_lots),)),
    )
    return (no_order_twice(), filled_within_ordered(), *stated, program_raised())


def settles() -> tuple[Promise, ...]:
    """What holds once the faults have healed; `positions_told` beside it asks the desk what it has."""
    return (orders_end(),)
