"""Routes that follow the news: around a link that is down, and back when it is up, each so much later."""

import pytest

from squall.faults.fault import Tally
from squall.faults.link import SlowConvergence
from squall.sim.link import LinkSpec
from squall.sim.packet import Packet
from squall.sim.trace import PacketDropped, RoutesChanged
from tests.faults.stages import chatter, heard
from tests.sim.machines import Note, TwoHosts

NEWS_NS = 50_000


def two_ways(convergence_ns: int | None = NEWS_NS) -> TwoHosts:
    """Besides the wire, of 100 ns, there is a detour of 400 ns over a switch."""
    stage = TwoHosts()
    stage.world.add_switch("hub")
    for host in ("host1", "host2"):
        stage.world.connect(f"{host}/hub", host, "hub", LinkSpec(200))
    stage.world.network.convergence_ns = convergence_ns
    return stage


def cut_for(stage: TwoHosts, for_ns: int) -> None:
    mend = stage.world.network.link("wire").cut(stage.world.kernel.now_ns)
    stage.at(stage.world.kernel.now_ns + for_ns, mend)


def test_packets_are_lost_until_the_news_is_there_then_take_the_detour_and_come_back_as_late() -> None:
    stage = two_ways()
    stage.at(10_500, lambda: cut_for(stage, 200_000))
    chatter(stage, 1_000, 300)
    stage.run(400_000)
    lost = sorted({int(event.what.removesuffix("#0")) for event in stage.memory.events(PacketDropped)})
    assert lost == list(range(11_000, 11_000 + NEWS_NS, 1_000))
    taken = {
        int(record.event.message.name): record.at_ns - int(record.event.message.name)
        for record in stage.memory.records
        if type(record.event).__name__ == "Handled"
    }
    assert {took for at_ns, took in taken.items() if at_ns < 10_500} == {100}
    assert {took for at_ns, took in taken.items() if 60_500 <= at_ns < 260_500} == {400}, "and on for as long again"
    assert {took for at_ns, took in taken.items() if at_ns > 260_500} == {100}
    assert [event.around for event in stage.memory.events(RoutesChanged)] == [("wire",), ()]


def test_without_a_convergence_time_routes_stay_as_they_were_laid() -> None:
    stage = two_ways(convergence_ns=None)
    stage.at(10_500, lambda: cut_for(stage, 200_000))
    chatter(stage, 1_000, 300)
    stage.run(400_000)
    assert [at_ns for at_ns in heard(stage, "b") if 10_500 <= at_ns < 210_500] == []
    assert stage.memory.events(RoutesChanged) == []


def test_where_every_way_is_down_packets_are_sent_into_it_and_lost() -> None:
    stage = two_ways()
    for name in ("wire", "host2/hub"):
        stage.world.network.link(name).cut(stage.world.kernel.now_ns)
    stage.run(2 * NEWS_NS)
    stage.diary("a").runtime.send("b", Note("nowhere to go"))
    stage.run(2 * NEWS_NS)
    assert [event.link for event in stage.memory.events(PacketDropped)] == ["wire"]


def test_a_flapping_link_is_followed_by_what_it_was_not_by_what_it_is() -> None:
    """Down for less than the news takes: the detour is taken when the link is up, and given up when it is down."""
    stage = two_ways()
    for number in range(3):
        stage.at(10_500 + number * 2 * NEWS_NS, lambda: cut_for(stage, NEWS_NS))
    chatter(stage, 1_000, 320)
    stage.run(500_000)
    down = [at_ns for at_ns in range(1_000, 321_000, 1_000) if (at_ns - 10_500) // NEWS_NS in (0, 2, 4)]
    assert [at_ns for at_ns in range(1_000, 321_000, 1_000) if at_ns not in heard(stage, "b")] == down
    assert len(stage.memory.events(RoutesChanged)) == 6


def test_slow_convergence_makes_the_news_late_and_what_is_overtaken_is_not_minded() -> None:
    """A link is down for a while, the news of which is late; that it is up again is not, and is the last word."""
    stage = two_ways()
    tally = Tally()
    heals = [SlowConvergence(400_000).inject(stage.world, tally)]
    stage.at(11_500, lambda: cut_for(stage, 100_000))
    stage.at(50_000, lambda: heals[0]())
    chatter(stage, 1_000, 900)
    stage.run(1_000_000)
    assert tally.words == "1 pieces of news late"
    lost = [at_ns for at_ns in range(1_000, 901_000, 1_000) if at_ns not in heard(stage, "b")]
    assert lost == list(range(12_000, 112_000, 1_000)), "no detour was ever taken"
    assert stage.memory.events(RoutesChanged) == []


def test_with_slow_convergence_packets_go_into_what_is_down_for_longer() -> None:
    stage = two_ways()
    tally = Tally()
    SlowConvergence(100_000).inject(stage.world, tally)
    stage.at(10_500, lambda: cut_for(stage, 400_000))
    chatter(stage, 1_000, 600)
    stage.run(1_000_000)
    lost = [at_ns for at_ns in range(1_000, 601_000, 1_000) if at_ns not in heard(stage, "b")]
    assert lost == list(range(11_000, 161_000, 1_000))
    assert tally.effects == 2


def test_where_routes_stay_as_they_are_slow_convergence_is_refused() -> None:
    with pytest.raises(ValueError, match="slow convergence: routes stay as they are here"):
        SlowConvergence().check(two_ways(convergence_ns=None).world)
    SlowConvergence().check(two_ways().world)


def test_what_was_on_the_link_when_it_fell_is_killed_though_its_route_has_been_left_since() -> None:
    stage = two_ways(convergence_ns=10)
    rule = _Late()
    stage.world.network.link("wire").install(rule)
    stage.diary("a").runtime.send("b", Note("slow"))
    stage.run(50)
    cut_for(stage, 1_000_000)
    stage.run(100_000)
    assert heard_names(stage) == []
    assert [event.link for event in stage.memory.events(PacketDropped)] == ["wire"]


def test_a_stream_goes_on_over_the_detour_and_loses_nothing() -> None:
    stage = two_ways(convergence_ns=30_000_000)
    stage.diary("a").runtime.open("b")
    stage.run(10_000)
    stage.at(1_000_000, lambda: cut_for(stage, 1_000_000_000))
    for number in range(20):
        at_ns = 500_000 + number * 5_000_000
        stage.at(at_ns, lambda number=number: stage.diary("a").runtime.write("b", Note(f"{number}")))
    stage.run(400_000_000)
    assert heard_names(stage) == [f"{number}" for number in range(20)]
    assert not [entry for entry in stage.diary("a").told if entry[0] == "closed"]


def test_what_set_out_in_the_very_instant_of_the_news_is_judged_by_the_links_that_it_took() -> None:
    """The wire is up again and packets still take the detour; one sets out just before the news is minded."""
    stage = two_ways(NEWS_NS)
    cut_for(stage, NEWS_NS)
    stage.run(2 * NEWS_NS)  # the news that the wire is up is due in this instant, and not minded yet
    stage.diary("a").runtime.send("b", Note("over the detour"))
    stage.run(1)
    assert stage.memory.events(RoutesChanged)[-1].around == ()
    cut_for(stage, 1_000)
    stage.run(NEWS_NS)
    assert heard_names(stage) == ["over the detour"], "the wire that fell is not on its way"


def test_what_set_out_in_that_instant_falls_with_the_link_that_it_took() -> None:
    stage = two_ways(NEWS_NS)
    cut_for(stage, NEWS_NS)
    stage.run(2 * NEWS_NS)
    stage.diary("a").runtime.send("b", Note("over the detour"))
    stage.run(1)
    stage.world.network.link("host2/hub").cut(stage.world.kernel.now_ns)
    stage.run(NEWS_NS)
    assert heard_names(stage) == []


class _Late:
    def fate(self, packet: Packet, draw: object) -> int:
        return 20_000


def heard_names(stage: TwoHosts) -> list[str]:
    return [entry[3] for entry in stage.diary("b").entries if entry[1] == "message"]
