"""What our own desk promises: the promises that all scenarios of the library share, whatever they break.

`venue_promises` has those of them that can be asked of any desk.
"""

from squall.scenarios.checks.audit import audit_complete
from squall.scenarios.checks.breaker import breaker_holds
from squall.scenarios.checks.capture import captured_is_the_tape, flow_balances
from squall.scenarios.checks.durability import nothing_lost, rebuilt_equals_live
from squall.scenarios.checks.exposure import exposure_within_limit, loss_limit_kept, order_size_within_limit
from squall.scenarios.checks.feed import books_agree, feeds_in_sequence, good_ticks_can_be
from squall.scenarios.checks.leadership import one_leader
from squall.scenarios.checks.orders import filled_within_ordered, no_order_twice, orders_end, program_raised
from squall.scenarios.checks.portfolio import portfolio_adds_up, positions_are_their_fills
from squall.scenarios.checks.positions import executions_booked_once
from squall.scenarios.checks.prices import priced_off_the_market
from squall.scenarios.checks.read_side import read_side_catches_up
from squall.scenarios.checks.replaced import terms_respected
from squall.scenarios.scenario import Promise


def always() -> tuple[Promise, ...]:
    """What holds at every moment, whatever is broken."""
    return (
        no_order_twice(),
        filled_within_ordered(),
        terms_respected(),
        exposure_within_limit(),
        order_size_within_limit(),
        loss_limit_kept(),
        breaker_holds(),
        one_leader(),
        books_agree(),
        good_ticks_can_be(),
        priced_off_the_market(),
        program_raised(),
    )


def settles() -> tuple[Promise, ...]:
    """What holds once the faults have healed and the market has had a moment."""
    return (
        orders_end(),
        executions_booked_once(),
        positions_are_their_fills(),
        portfolio_adds_up(),
        read_side_catches_up(),
        captured_is_the_tape(),
        flow_balances(),
        feeds_in_sequence(),
        nothing_lost(),
        rebuilt_equals_live(),
        audit_complete(),
    )
