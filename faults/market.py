"""What a market does that is no machine's failure: makers withdraw, and leave quotes that nobody should hit."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.world import World


class BookThins(FaultKind, frozen=True):
    """Everywhere the makers of a symbol show only this share of their usual size, and stub quotes far from the market.

    A stub quote is a hundredth of the price on the bid, ten times it on the offer: what a maker shows that has to show
    something. Whoever trades at any price, trades there.
    """

    place: ClassVar[str] = "symbol"
    target: str
    share: float = 0.05

    @property
    def kind(self) -> str:
        return "market: book thins"

    def check(self, world: World) -> None:
        world.fair_value(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("makers withdrawn")
        return world.fair_value(self.target).thin(self.share)
