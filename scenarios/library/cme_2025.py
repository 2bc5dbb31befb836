"""Chicago, 27 November 2025: a data centre's cooling fails. Ten hours dark, and the recovery site is not used."""

from squall.faults.fault import during
from squall.faults.site import CoolingLost
from squall.scenarios.checks.leadership import leads_again
from squall.scenarios.checks.reached import leader_reached
from squall.scenarios.checks.recovery import venues_reached_again
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.scenario import Scenario, scenario
from squall.scenarios.settings import MILLISECOND, SECOND
from squall.system.domain.signals import Workload


@scenario(
    proves="a room that overheats for the day costs two seconds, as long as the backup stands in another room and "
    "takes over by itself",
    stands_for="CME 2025",
)
def cme_2025() -> Scenario:
    """Site a loses its cooling at five seconds; a second for what took an hour. At nine its machines are off for good.

    Until then they are twice as slow each second, and go on: a leader that is merely warm still leads.
    """
    return Scenario(
        workload=Workload(
            orders_per_s=8,
            start_ns=1 * SECOND,
            stop_ns=24 * SECOND,
            lots_min=10,
            lots_max=40,
            marketable_share=0.7,
            cancel_after_ns=2 * SECOND,
        ),
        plan=(during(5 * SECOND, 9_500 * MILLISECOND, CoolingLost("site:a", step_ns=1 * SECOND, comes_back=False)),),
        promises=(
            *always(),
            *settles(),
            leads_again("oms1"),
            venues_reached_again(500 * MILLISECOND, 2 * SECOND),
            leader_reached("oms2"),
        ),
        in_sites=True,
        duration_ns=32 * SECOND,
    )
