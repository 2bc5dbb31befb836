"""A desk in racks and sites: how it is laid, what a plan may name there, and the day on which a room is lost."""

import networkx
import pytest

from squall.faults.fault import during
from squall.faults.network import LinkCut
from squall.faults.site import PowerLost
from squall.scenarios.desk import Desk, DeskError, Seat
from squall.scenarios.our_desk import HOSTS, our_desk, our_sites
from squall.scenarios.protections import PROTECTIONS
from squall.scenarios.result import Verdict
from squall.scenarios.run import run
from squall.scenarios.sites import Rack, Site
from squall.scenarios.topology import build
from tests.scenarios.runs import brief, library_run
from tests.scenarios.test_own_desk import Trader

SITES = (Site("a", (Rack("1", ("left",)), Rack("2", ("right",)))), Site("b", (Rack("3", ("far",)),)))


def desk(sites: tuple[Site, ...]) -> Desk:
    seats = tuple(Seat(host, f"on-{host}", Trader) for host in ("left", "right", "far"))
    return Desk(seats=seats, orders_from=("left", "right", "far"), sites=sites)


@pytest.mark.parametrize(
    ("sites", "line"),
    [
        ((Site("a", (Rack("1", ("left", "right")),)),), "host 'far' stands in no rack"),
        ((Site("a", (Rack("1", ("left", "right", "far", "left")),)),), "host 'left' stands in more than one rack"),
        ((Site("a", (Rack("1", ("lefty",)),)),), "no host 'lefty'; hosts are left, right, far"),
        ((*SITES, Site("b", ())), "there is more than one site 'b'"),
        ((Site("a", (Rack("1,2", ("left",)),)),), "a rack's name cannot be '1,2': expected a word without a comma"),
    ],
)
def test_a_desk_that_cannot_stand_so_is_refused_in_one_line(sites: tuple[Site, ...], line: str) -> None:
    with pytest.raises(DeskError) as refused:
        desk(sites)
    assert str(refused.value) == f"desk.sites: {line}"


def test_machines_hang_on_their_racks_and_rooms_and_only_the_way_between_rooms_is_long() -> None:

    made = brief(promises=()).scenario
    stage = build("sites", type(made)(desk=desk(SITES), promises=()), 1)
    links = stage.world.network.links
    graph = networkx.Graph()
    for name, link in links.items():
        if name.endswith("/lan"):
            graph.add_edge(*link.ends, weight=link.spec.latency_ns)
    way = {to: networkx.dijkstra_path_length(graph, "left", to) for to in ("right", "far")}
    assert way == {"right": 4 * 2_500, "far": 4 * 2_500 + 100_000}
    assert stage.world.groups["site:a"] == ("left", "right")
    assert stage.world.groups["rack:3"] == ("far",)


@pytest.mark.parametrize("spread", [True, False])
@pytest.mark.parametrize("clients", [True, False])
def test_our_desk_stands_somewhere_and_spread_puts_a_majority_away_from_the_primary(
    spread: bool, clients: bool
) -> None:
    a, b = our_sites(spread, clients)
    laid = our_desk(clients=clients, sites=(a, b))
    assert sorted((*a.hosts, *b.hosts)) == sorted(laid.hosts)
    assert ("oms2" in a.hosts, len({"k1", "k2", "k3"} & set(a.hosts))) == ((False, 1) if spread else (True, 2))
    assert set(HOSTS) <= {*a.hosts, *b.hosts}


def test_a_plan_may_name_a_rack_a_site_or_a_selector_of_one_and_the_link_between_rooms() -> None:
    plan = (
        during(1_000_000_000, 1_100_000_000, PowerLost("rack:2")),
        during(1_500_000_000, 1_600_000_000, PowerLost("one of site:a")),
        during(2_000_000_000, 2_001_000_000, LinkCut("site:a/lan")),
    )
    choice = brief(plan, promises=())
    made = build("sites", type(choice.scenario)(plan=plan, in_sites=True, duration_ns=3_000_000_000), 1)
    made.world.start()
    made.world.run_until(3_000_000_000)
    assert made.plan.struck[0] == "oms2, k2"
    assert made.plan.struck[1] in ("oms1", "k1")
    assert made.plan.tallies[2].effects


def test_without_sites_the_world_has_no_such_groups_and_says_which_it_has() -> None:
    with pytest.raises(ValueError, match="no place 'rack:2'; there are none: this desk stands"):
        run(brief((during(1_000_000_000, 1_100_000_000, PowerLost("rack:2")),)))


def test_the_day_without_cooling_is_saved_by_a_backup_elsewhere_that_is_used() -> None:
    rows = [row for row in PROTECTIONS if row.scenario == "cme-2025"]
    assert [row.key for row in rows] == ["lease.takeover", "site.spread"]
    day = library_run("cme-2025")
    assert day.verdict is Verdict.PASS
    assert (day.metrics["acted.site.spread"], day.metrics["acted.lease.takeover"]) == (1, 1)
    for row in rows:
        dark = library_run("cme-2025", row.off)
        assert row.promise in [check.name for check in dark.checks if check.verdict is Verdict.VIOLATED]
