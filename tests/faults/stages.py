"""Stages to break: a market with one trader, and two hosts that chatter; each with a plan of faults in it."""

from typing import Any

from squall.faults.fault import InstalledPlan, Planned
from squall.sim.link import LinkSpec
from squall.sim.world import World
from tests.sim.machines import Memory, Note, TwoHosts
from tests.sim.markets import MILLISECOND, Trader, lay_market


class Market:
    """One venue, ``left``, and one trader, on links that lose nothing by themselves; a plan of faults in it."""

    def __init__(self, *plan: Planned, seed: int = 1, every_ns: int = MILLISECOND) -> None:
        self.memory = Memory()
        self.world = World(seed, sink=self.memory)
        lay_market(self.world, "left", "ACME", LinkSpec(50_000), every_ns)
        self.plan = InstalledPlan(self.world, plan)
        self.world.start()

    @property
    def trader(self) -> Trader:
        trader = self.world.program("left-trader")
        assert isinstance(trader, Trader)
        return trader

    def run(self, until_ns: int) -> "Market":
        self.world.run_until(until_ns)
        return self

    def times(self, kind: type) -> list[int]:
        """When there were records of this kind."""
        return [record.at_ns for record in self.memory.records if type(record.event) is kind]

    def count(self, kind: type) -> int:
        return len(self.memory.events(kind))


def stage_with(*plan: Planned, **how: Any) -> tuple[TwoHosts, InstalledPlan]:
    """Two hosts and a plan whose times count from 1,000 ns, when the stage is set."""
    stage = TwoHosts(**how)
    return stage, InstalledPlan(stage.world, plan)


def chatter(stage: TwoHosts, every_ns: int, count: int) -> None:
    """Datagrams from a to b and back, as long as they live, named after their time."""

    def say(sender: str, to: str, at_ns: int) -> None:
        if stage.world.program(sender) is not None:
            stage.diary(sender).runtime.send(to, Note(f"{at_ns}"))

    start = stage.world.kernel.now_ns
    for at_ns in range(start, start + count * every_ns, every_ns):
        stage.at(at_ns, lambda at_ns=at_ns: say("a", "b", at_ns))
        stage.at(at_ns, lambda at_ns=at_ns: say("b", "a", at_ns))


def heard(stage: TwoHosts, address: str) -> list[int]:
    """The names, which are times of sending, of what a program was told."""
    return [int(entry[3]) for entry in stage.diary(address).entries if entry[1] == "message"]
