"""Lines to the venues as settings make them: narrow, with a long tail, bursty; and what is drawn on narrow ones."""

import pytest

from squall.faults.drawn import CATALOGUE, Dice
from squall.faults.link import SqueezedLink
from squall.scenarios.scenario import Market, Scenario
from squall.scenarios.settings import MILLISECOND, SECOND, SettingError, Settings, override
from squall.scenarios.topology import build
from squall.sim.bursts import Bursts
from squall.sim.link import LinkSpec
from squall.sim.rng import Chance
from squall.sim.service import Exponential
from squall.sim.world import World


def laid(*assignments: str) -> World:
    settings = Settings()
    for assignment in assignments:
        settings = override(settings, assignment)
    return build("lines", Scenario(settings=settings, market=Market(second_carrier=True)), 1).world


def test_settings_make_every_line_to_a_venue_and_the_way_round() -> None:
    world = laid(
        "network.venue_bandwidth_bps=2000000",
        "network.venue_queue_bytes=8192",
        "network.venue_tail=300us",
        "network.venue_bad=20ms",
        "network.venue_good=400ms",
    )
    spec = LinkSpec(
        200_000, 50_000, 0.0, Exponential(300_000), Bursts(20 * MILLISECOND, 400 * MILLISECOND), 2_000_000, 8_192
    )
    lines = {name: link.spec for name, link in world.network.links.items() if not name.endswith("/lan")}
    assert len(lines) > 10
    assert set(lines.values()) == {spec}


def test_by_themselves_lines_to_venues_have_a_jitter_and_nothing_else() -> None:
    assert {link.spec for name, link in laid().network.links.items() if not name.endswith("/lan")} == {
        LinkSpec(200_000, 50_000)
    }
    settings = override(override(Settings(), "network.venue_bad=20ms"), "network.venue_bad=0ms")
    assert settings == Settings()


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("venue_bandwidth_bps=1", "venue_bandwidth_bps: expected a number of at least 10000, found '1'"),
        ("venue_bandwidth_bps=-1", "venue_bandwidth_bps: expected a number above zero, found '-1'"),
        ("venue_bad=10us", "venue_bad: expected a duration of at least 50000 ns, found '10us'"),
        ("venue_good=0ms", "venue_good: expected a duration above zero, found '0ms'"),
    ],
)
def test_a_line_that_cannot_be_is_refused_in_one_line(assignment: str, line: str) -> None:
    with pytest.raises(SettingError) as caught:
        override(Settings(), f"network.{assignment}")
    assert str(caught.value) == f"--set network.{line}"


def test_a_squeeze_that_is_drawn_on_narrow_lines_can_be_there() -> None:
    world = laid("network.venue_bandwidth_bps=10000")
    (drawn,) = (each for rows in CATALOGUE.values() for each in rows if each.kind is SqueezedLink)
    narrower = 0
    for seed in range(40):
        fault = drawn.draw(world, Dice(Chance(seed), "a squeeze"))
        assert isinstance(fault, SqueezedLink)
        fault.check(world)
        narrower += fault.bandwidth_bps == 5_000
    assert narrower > 5


def test_a_good_time_is_a_second_unless_it_is_said() -> None:
    spec = override(Settings(), "network.venue_bad=20ms").network.venue_line
    assert spec.bursts == Bursts(20 * MILLISECOND, SECOND)
