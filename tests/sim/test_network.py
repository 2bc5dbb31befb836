"""The network: which way packets go, what cannot be laid, and that a packet's fate is its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.kernel import Kernel
from squall.sim.link import Link, LinkSpec
from squall.sim.network import Network
from squall.sim.packet import Packet
from squall.sim.rng import Chance
from squall.sim.route import NoRouteError
from squall.sim.trace import PacketDropped, Sent, Trace
from tests.profiles import examples
from tests.sim.machines import Note, TwoHosts


def network(seed: int = 1) -> Network:
    kernel = Kernel()
    return Network(kernel, Trace(kernel), Chance(seed))


def names(route: tuple[Link, ...]) -> list[str]:
    return [link.name for link in route]


# --- ways --------------------------------------------------------------------------------------------


def test_a_way_that_another_network_has_found_leads_over_our_own_links() -> None:
    """What is remembered between networks are names; a fault on one world's link is not on another's."""
    nets = []
    for _ in range(2):
        net = network()
        for node in ("a", "b"):
            net.add_node(node)
        net.add_node("s", switch=True)
        for node in ("a", "b"):
            net.connect(f"{node}/s", node, "s", LinkSpec(10))
        nets.append(net)
    for net in nets:
        assert net.route("a", "b") == (net.link("a/s"), net.link("b/s"))
    assert nets[0].route("a", "b")[0] is not nets[1].route("a", "b")[0]
    nets[0].link("a/s").cut(5)
    assert (nets[0].way("a", "b").plain_ns(), nets[1].way("a", "b").plain_ns()) == (None, 20)
    cuts = [net.way("a", "b").cut_since(5, net.route("a", "b")) for net in nets]
    assert cuts == [nets[0].link("a/s"), None]


def test_a_way_leads_through_switches_only_however_quick_a_host_would_be() -> None:
    net = network()
    for host in ("a", "b", "c"):
        net.add_node(host)
    net.add_node("switch", switch=True)
    net.connect("a/c", "a", "c", LinkSpec(1))
    net.connect("c/b", "c", "b", LinkSpec(1))
    net.connect("a/s", "a", "switch", LinkSpec(1_000))
    net.connect("s/b", "switch", "b", LinkSpec(1_000))
    assert names(net.route("a", "b")) == ["a/s", "s/b"]
    assert names(net.route("b", "a")) == ["s/b", "a/s"]
    assert names(net.route("a", "c")) == ["a/c"]


def test_the_quickest_way_wins_and_a_new_link_is_taken_into_account() -> None:
    net = network()
    for host in ("a", "b"):
        net.add_node(host)
    for switch in ("one", "two", "three"):
        net.add_node(switch, switch=True)
    for one, other, latency_ns in (("a", "one", 10), ("one", "b", 50), ("one", "two", 10), ("two", "b", 10)):
        net.connect(f"{one}/{other}", one, other, LinkSpec(latency_ns))
    assert names(net.route("a", "b")) == ["a/one", "one/two", "two/b"]
    net.connect("a/b", "a", "b", LinkSpec(29))
    assert names(net.route("a", "b")) == ["a/b"]


@settings(max_examples=examples(60))
@given(
    switches=st.lists(st.booleans(), min_size=2, max_size=5),
    laid=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 9)), max_size=10),
)
def test_a_way_costs_what_the_best_of_all_ways_costs(switches: list[bool], laid: list[tuple[int, int, int]]) -> None:
    """The reference tries every order of every choice of switches."""
    net = network()
    nodes = [f"n{number}" for number in range(len(switches))]
    for node, switch in zip(nodes, switches, strict=True):
        net.add_node(node, switch)
    links: dict[frozenset[str], int] = {}
    for one, other, latency_ns in laid:
        pair = frozenset((f"n{one}", f"n{other}"))
        if one != other and max(one, other) < len(nodes) and pair not in links:
            net.connect(f"{one}-{other}", f"n{one}", f"n{other}", LinkSpec(latency_ns))
            links[pair] = latency_ns
    source, target = nodes[0], nodes[1]
    between = [node for node, switch in zip(nodes[2:], switches[2:], strict=True) if switch]
    ways = [(source, *through, target) for count in range(len(between) + 1) for through in permutations(between, count)]
    costs = [
        sum(links[frozenset(pair)] for pair in pairwise(way))
        for way in ways
        if all(frozenset(pair) in links for pair in pairwise(way))
    ]
    if costs:
        route = net.route(source, target)
        assert sum(link.spec.latency_ns for link in route) == min(costs)
    else:
        with pytest.raises(NoRouteError, match="no way from n0 to n1"):
            net.route(source, target)


def test_between_equally_quick_ways_the_choice_does_not_depend_on_how_strings_are_hashed() -> None:
    program = (
        "from tests.sim.test_network import network, names, LinkSpec\n"
        "net = network()\n"
        "colours = ('red', 'green', 'blue', 'white')\n"
        "for node in ('hub', 'far', *(f'h{n}' for n in range(20))): net.add_node(node)\n"
        "for node in colours: net.add_node(node, switch=True)\n"
        "for n in range(20): net.connect(f'hub/h{n}', 'hub', f'h{n}', LinkSpec(1))\n"
        "for node in colours:\n"
        "    for host in ('hub', 'far'): net.connect(f'{host}/{node}', host, node, LinkSpec(10))\n"
        "print(names(net.route('hub', 'far')), names(net.route('far', 'hub')))\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in (1, 2)
    }
    assert len(answers) == 1


# --- what is refused ---------------------------------------------------------------------------------

REFUSED: dict[str, Callable[[Network], Any]] = {
    "link x: no node 'c'; nodes are a, b": lambda net: net.connect("x", "a", "c", LinkSpec(1)),
    "link a/b: there is a link of that name already": lambda net: net.connect("a/b", "a", "b", LinkSpec(1)),
    "link x: 'b' and 'a' are joined by link a/b already": lambda net: net.connect("x", "b", "a", LinkSpec(1)),
    "link x: it joins 'a' to itself": lambda net: net.connect("x", "a", "a", LinkSpec(1)),
    "link x: latency and jitter must not be negative, found -1 ns and 0 ns": (
        lambda net: net.connect("x", "a", "b", LinkSpec(-1))
    ),
    "link x: latency and jitter must not be negative, found 1 ns and -2 ns": (
        lambda net: net.connect("x", "a", "b", LinkSpec(1, -2))
    ),
    "link x: the loss must be from 0 to 1, found 1.01": lambda net: net.connect("x", "a", "b", LinkSpec(1, 0, 1.01)),
    "node 'a': there is a node of that name already": lambda net: net.add_node("a", switch=True),
    "no link 'b/a'; links are a/b": lambda net: net.link("b/a"),
    "no way from a to c: no node 'c'; nodes are a, b": lambda net: net.route("a", "c"),
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(line: str) -> None:
    net = network()
    net.add_node("a")
    net.add_node("b")
    if "negative" not in line and "loss" not in line:
        net.connect("a/b", "a", "b", LinkSpec(1))
    with pytest.raises(ValueError, match=r"^(link|node|no) ") as caught:
        REFUSED[line](net)
    assert str(caught.value) == line


def test_where_no_links_lead_there_is_no_way() -> None:
    net = network()
    net.add_node("a")
    net.add_node("b")
    with pytest.raises(NoRouteError) as caught:
        net.route("a", "b")
    assert str(caught.value) == "no way from a to b: no links join them"


# --- fates -------------------------------------------------------------------------------------------


class Slower:
    """A rule that draws, twice: some packets are lost, the others late."""

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        return None if draw("lost") < 0.2 else int(draw("late") * 1_000)


def packet(name: str, attempt: int = 0, note: str = "", sender: str = "a", to: str = "b") -> Packet:
    return Packet(sender, to, Note(name), 0, attempt, note)


UNRELIABLE = LinkSpec(100, 1_000, 0.3)


@settings(max_examples=examples(60))
@given(
    seed=st.integers(0, 2**31),
    names=st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=30, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_a_fate_is_a_function_of_seed_link_and_packet(seed: int, names: list[str], order: Any) -> None:
    """Whatever else was sent, before or between, and whatever rules came and went."""
    alone = {}
    for name in names:
        link = Link("wire", UNRELIABLE, ("a", "b"))
        link.install(Slower())
        alone[name] = link.fate_ns(Chance(seed), packet(name))
    busy, chance = Link("wire", UNRELIABLE, ("a", "b")), Chance(seed)
    busy.install(Slower())()
    busy.install(Slower())
    shuffled = list(names)
    order.shuffle(shuffled)
    together = {}
    for name in shuffled:
        together[name] = busy.fate_ns(chance, packet(name))
        chance.uniform(f"somebody else's {name}")
        busy.fate_ns(chance, packet(f"not {name}"))
    assert together == alone


def test_seed_link_sender_target_name_attempt_and_note_each_decide() -> None:
    def fates(seed: int = 1, link: str = "wire", **how: Any) -> list[int | None]:
        wire = Link(link, UNRELIABLE, ("a", "b"))
        return [wire.fate_ns(Chance(seed), packet(f"note {n}", **how)) for n in range(20)]

    found = [
        fates(), fates(seed=2), fates(link="other"), fates(sender="c"), fates(to="c"), fates(attempt=1),
        fates(note="ack/"),
    ]  # fmt: skip
    assert fates() == fates()
    assert all(one != other for n, one in enumerate(found) for other in found[n + 1 :])


def test_latency_is_that_of_the_link_and_at_most_its_jitter_more() -> None:
    link, chance = Link("wire", LinkSpec(100, 50), ("a", "b")), Chance(3)
    fates = [link.fate_ns(chance, packet(f"note {n}")) for n in range(2_000)]
    assert (min(fates), max(fates)) == (100, 149)
    assert abs(sum(fates) / 2_000 - 124.5) < 1.5


@pytest.mark.parametrize(("loss", "share"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_a_link_loses_its_share(loss: float, share: float) -> None:
    link, chance = Link("wire", LinkSpec(100, 0, loss), ("a", "b")), Chance(3)
    lost = [link.fate_ns(chance, packet(f"note {n}")) for n in range(4_000)].count(None)
    # Five standard deviations of a binomial.
    assert abs(lost / 4_000 - share) <= 5 * (share * (1 - share) / 4_000) ** 0.5


def test_rules_compose_in_the_order_of_their_installation_and_are_removed_each_by_itself() -> None:
    class Late:
        def __init__(self, ns: int | None) -> None:
            self.ns = ns
            self.asked = 0

        def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
            self.asked += 1
            return self.ns

    link, chance = Link("wire", LinkSpec(100), ("a", "b")), Chance(1)
    first, dropper, last = Late(5), Late(None), Late(7)
    link.install(first)
    remove_dropper = link.install(dropper)
    remove_last = link.install(last)
    again = link.install(last)
    assert link.fate_ns(chance, packet("x")) is None
    assert (first.asked, dropper.asked, last.asked) == (1, 1, 0), "whoever drops it settles it"
    remove_dropper()
    assert link.fate_ns(chance, packet("x")) == 119
    remove_last()
    remove_last()
    assert link.fate_ns(chance, packet("x")) == 112, "the same rule, installed twice, is there once more"
    again()
    assert link.fate_ns(chance, packet("x")) == 105


def test_a_packet_that_is_lost_is_on_the_record_with_its_link_and_was_caused_by_its_sending() -> None:
    stage = TwoHosts(link=LinkSpec(100, loss=1.0))
    stage.diary("a").runtime.send("b", Note("lost"))
    stage.run(1_000)
    sent, dropped = stage.memory.records
    assert type(sent.event) is Sent
    assert (dropped.host, dropped.cause) == ("wire", sent.seq)
    assert dropped.event == PacketDropped("wire", "a", "b", "lost#0")
