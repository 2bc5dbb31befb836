"""Loss in bursts, after Gilbert and Elliott: a link that has good times and bad ones, and loses packets by them."""

from collections.abc import Callable
from math import exp, log
from typing import Final

from msgspec import Struct

from squall.sim.kernel import Kernel
from squall.sim.packet import Packet
from squall.sim.rng import Chance

SHORTEST_NS: Final = 50_000
"""Of a mean time. Each turn is drawn, also those that no packet sees, so that one packet more moves nobody's fate:
a link that turns each microsecond would cost two seconds of work for each of virtual time."""


class Bursts(Struct, frozen=True):
    """How a link turns good and bad: exponential times of these means, and in each a share of packets that is lost.

    Gilbert–Elliott in continuous time. Seen every *d* ns it is the model of the books, whose state turns from packet
    to packet; and by time one packet more does not move the fate of others.
    """

    bad_ns: int
    """The mean length of a bad time."""
    good_ns: int
    loss_bad: float = 1.0
    loss_good: float = 0.0

    def __post_init__(self) -> None:
        for name, mean_ns in (("bad", self.bad_ns), ("good", self.good_ns)):
            if mean_ns < SHORTEST_NS:
                raise ValueError(f"bursts: expected {name} times of at least {SHORTEST_NS} ns, found {mean_ns} ns")
        for name, loss in (("bad", self.loss_bad), ("good", self.loss_good)):
            if not 0.0 <= loss <= 1.0:
                raise ValueError(f"bursts: the loss in {name} times must be from 0 to 1, found {loss}")

    @property
    def bad_share(self) -> float:
        """Of the time that is bad: bad / (bad + good)."""
        return self.bad_ns / (self.bad_ns + self.good_ns)

    @property
    def loss(self) -> float:
        """Of all packets, the share that is lost (Elliott 1963)."""
        return self.bad_share * self.loss_bad + (1.0 - self.bad_share) * self.loss_good

    def burst_packets(self, every_ns: int) -> float:
        """How many packets, sent every *every_ns*, are lost in a row on average, if bad times lose all, good none.

        1 / P(bad → good), with P(bad → good) = (1 − bad share) · (1 − e^(−(1/bad + 1/good) · d)).
        """
        turned = 1.0 - exp(-every_ns * (1.0 / self.bad_ns + 1.0 / self.good_ns))
        return 1.0 / ((1.0 - self.bad_share) * turned)


class Weather:
    """The times of one link, drawn one after the other as time goes by, from the seed and a name; and their losses."""

    def __init__(
        self, kernel: Kernel, chance: Chance, name: str, bursts: Bursts, told: Callable[[Packet], None] | None = None
    ) -> None:
        """*told* hears of each packet that is lost."""
        self._kernel = kernel
        self._chance = chance
        self._name = name
        self._bursts = bursts
        self._told = told
        self._turns = 0
        self.bad = chance.uniform(f"{name}/bad at first") < bursts.bad_share
        self._until_ns = kernel.now_ns + self._lasts_ns()

    def _lasts_ns(self) -> int:
        mean_ns = self._bursts.bad_ns if self.bad else self._bursts.good_ns
        # What is left of an exponential time is as long as a whole one: the first is no exception.
        return int(-log(1.0 - self._chance.uniform(f"{self._name}/{self._turns}")) * mean_ns) + 1

    def fate(self, packet: Packet, draw: Callable[[str], float]) -> int | None:
        """A rule on a link: no extra latency, or lost."""
        while self._kernel.now_ns >= self._until_ns:
            self.bad = not self.bad
            self._turns += 1
            self._until_ns += self._lasts_ns()
        loss = self._bursts.loss_bad if self.bad else self._bursts.loss_good
        if not loss or (loss < 1.0 and draw("burst") >= loss):
            return 0
        if self._told is not None:
            self._told(packet)
        return None
