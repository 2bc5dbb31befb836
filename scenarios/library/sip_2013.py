"""New York, 22 August 2013: a connection comes and goes, each time with a storm; and the way round is flawed."""

from squall.faults.exchange import SessionFlaps
from squall.faults.fault import during
from squall.faults.link import SqueezedLink
from squall.faults.network import LinkCut
from squall.scenarios.checks.lines import log_ons_at_most, reached_while_cut
from squall.scenarios.checks.reached import protection_acted
from squall.scenarios.checks.recovery import venues_reached_again
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Market, Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND, Settings
from squall.system.config import BreakerConfig, DeskConfig
from squall.system.domain.signals import Workload


@scenario(
    proves="a session that falls again and again is left alone for longer each time, so that it brings no storm with "
    "it; and when the line goes for good, orders take the way round",
    stands_for="SIP 2013",
)
def sip_2013() -> Scenario:
    """exchange-a hangs up every 400 ms for ten seconds, on a line that is narrow; at 20 seconds that line is cut.

    Each log-on brings questions about every order that may be there. Tried again at once, that is 25 storms.
    """
    return Scenario(
        settings=Settings(desk=DeskConfig(breaker=BreakerConfig(reset_timeout_ns=1 * SECOND))),
        market=Market(second_carrier=True),
        workload=Workload(
            orders_per_s=10,
            start_ns=1 * SECOND,
            stop_ns=29 * SECOND,
            lots_min=5,
            lots_max=30,
            marketable_share=0.6,
            cancel_after_ns=4 * SECOND,
        ),
        plan=(
            during(4 * SECOND, 14 * SECOND, SessionFlaps("exchange-a", 400 * MILLISECOND)),
            during(4 * SECOND, 14 * SECOND, SqueezedLink("exchange-a/orders", 128_000, 16_384)),
            during(20 * SECOND, 25 * SECOND, LinkCut("exchange-a/orders")),
        ),
        promises=(
            *always(),
            *settles(),
            log_ons_at_most("exchange-a", 10, 10 * SECOND),
            reached_while_cut("exchange-a", "exchange-a/orders", 1 * SECOND),
            venues_reached_again(500 * MILLISECOND, 2 * SECOND),
            protection_acted("execution.flap_damping"),
        ),
        duration_ns=37 * SECOND,
    )
