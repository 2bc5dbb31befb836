"""Keyed chance, end to end: what happens to one market moves nobody's luck in the other."""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.link import LinkSpec
from squall.sim.packet import LinkRule, Packet
from squall.sim.trace import PacketDropped, Record, Retransmitted, VenueExecuted
from squall.sim.world import World
from tests.profiles import examples
from tests.sim.machines import Memory
from tests.sim.markets import MILLISECOND, lay_market

FOR_NS = 600 * MILLISECOND
UNRELIABLE = LinkSpec(latency_ns=50_000, jitter_ns=30_000, loss=0.05)

Rule = Callable[[str], LinkRule]
"""The rule of a link, by the link's name."""


def play(seed: int, rule: Rule) -> dict[str, list[tuple[Any, ...]]]:
    """Two markets in one world, their links under such rules: each one's records, seq and cause apart."""
    memory = Memory()
    world = World(seed, sink=memory)
    lay_market(world, "left", "ACME", UNRELIABLE)
    lay_market(world, "right", "BOLT", UNRELIABLE)
    for name, link in world.network.links.items():
        link.install(rule(name))
    world.start()
    world.run_until(FOR_NS)
    assert all(record.host.startswith(("left", "right")) for record in memory.records)
    return {side: [facts(r) for r in memory.records if r.host.startswith(side)] for side in ("left", "right")}


def facts(record: Record) -> tuple[Any, ...]:
    return record.at_ns, record.host, record.claimed, record.event


class Passing:
    """Lets everything pass, and writes down what did, by link."""

    def __init__(self) -> None:
        self.passed: list[tuple[str, str]] = []

    def on(self, link: str) -> LinkRule:
        return _On(link, self._let_pass)

    def _let_pass(self, link: str, packet: Packet) -> int | None:
        self.passed.append((link, packet.what))
        return 0


class Dropping:
    """Drops one packet, known by its link and its name, each time that it passes there."""

    def __init__(self, link: str, what: str) -> None:
        self._dropped = (link, what)

    def on(self, link: str) -> LinkRule:
        return _On(link, lambda name, packet: None if (name, packet.what) == self._dropped else 0)


class Sequential:
    """What keyed chance is not: delays from one sequence, each packet taking the next. Drops one packet first."""

    def __init__(self, seed: int, dropped: tuple[str, str] | None) -> None:
        self._random = Random(seed)
        self._dropped = dropped

    def on(self, link: str) -> LinkRule:
        return _On(link, self._delay)

    def _delay(self, link: str, packet: Packet) -> int | None:
        return None if (link, packet.what) == self._dropped else int(self._random.random() * 10_000)


class _On:
    """A rule on one link that is told which."""

    def __init__(self, link: str, fate: Callable[[str, Packet], int | None]) -> None:
        self._link = link
        self._fate = fate

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        return self._fate(self._link, packet)


@settings(max_examples=examples(25))
@given(seed=st.integers(0, 1_000), which=st.floats(0.0, 0.9), side=st.sampled_from(["left", "right"]))
def test_a_packet_dropped_on_one_side_leaves_every_record_of_the_other_equal(
    seed: int, which: float, side: str
) -> None:
    passing = Passing()
    before = play(seed, passing.on)
    mine = [packet for packet in passing.passed if packet[0].startswith(side)]
    link, what = mine[int(which * len(mine))]
    after = play(seed, Dropping(link, what).on)
    other = "right" if side == "left" else "left"
    assert after[other] == before[other]
    assert after[side] != before[side]
    dropped = [event for _, _, _, event in after[side] if type(event) is PacketDropped]
    assert (link, what) in [(event.link, event.what) for event in dropped]


def test_both_sides_trade_lose_packets_and_repeat_them() -> None:
    """What the property above speaks of does happen."""
    for records in play(1, Passing().on).values():
        kinds = [type(event) for _, _, _, event in records]
        assert kinds.count(VenueExecuted) > 20
        assert kinds.count(PacketDropped) > 10
        assert Retransmitted in kinds


def test_the_same_seed_gives_the_same_records_and_another_one_others() -> None:
    assert play(3, Passing().on) == play(3, Passing().on)
    assert play(3, Passing().on)["left"] != play(4, Passing().on)["left"]


def test_a_sequence_that_both_sides_draw_from_does_not_pass_this_test() -> None:
    """The witness: one dropped packet, and the other side is another one from there on."""
    passing = Passing()
    play(1, passing.on)
    dropped = next(packet for packet in passing.passed if packet[0] == "left-orders")
    before, after = play(1, Sequential(7, None).on), play(1, Sequential(7, dropped).on)
    assert after["right"] != before["right"]
    moved = sum(mine != theirs for mine, theirs in zip(before["right"], after["right"], strict=False))
    assert moved > len(before["right"]) // 2
