"""What happens to a venue's drop copy: some is never sent, some comes late, and questions go unanswered."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.exchange.rules import DISCARDED, PASS, Fate
from squall.sim.exchange.wire.messages import TradeCaptureReport
from squall.sim.world import World


class DropCopyLost(FaultKind, frozen=True):
    """A share of the drop copies is numbered and never sent. What is asked for again comes."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "drop copy: lost"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        name = tally.key(f"drop-copy/{self.target}")

        def rule(trade: TradeCaptureReport) -> Fate:
            if self.share < 1.0 and world.chance.uniform(f"{name}/{trade.identity}") >= self.share:
                return PASS
            tally.touched("copies lost")
            return DISCARDED

        return world.venue(self.target).on_copies(rule)


class DropCopyLate(FaultKind, frozen=True):
    """Every drop copy comes this much later than what it tells of."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int

    @property
    def kind(self) -> str:
        return "drop copy: late"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if self.delay_ns <= 0:
            raise ValueError(f"{self.kind}: the delay must be above 0 ns, found {self.delay_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        def rule(trade: TradeCaptureReport) -> Fate:
            tally.touched("copies late")
            return Fate(delay_ns=self.delay_ns)

        return world.venue(self.target).on_copies(rule)


class QueriesUnanswered(FaultKind, frozen=True):
    """The venue answers no watcher: neither which orders are open, nor with trades that were asked for."""

    place: ClassVar[str] = "venue"
    target: str

    @property
    def kind(self) -> str:
        return "drop copy: queries unanswered"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).deafen(lambda: tally.touched("queries unanswered"))
