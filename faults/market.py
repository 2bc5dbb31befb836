"""What a market does that is no machine's failure: makers withdraw, and leave quotes that nobody should hit."""

from typing import ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.feed import MOST_PER_S
from squall.sim.kernel import INJECT, Call
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


class QuoteStuffing(FaultKind, frozen=True):
    """Somebody puts up a lot at the best bid and takes it away again, so often a second, in one symbol after the other.

    Every time the touch is another, and everybody hears of it. A recorded venue has nobody who could.
    """

    place: ClassVar[str] = "venue"
    target: str
    per_s: int = 1_000

    @property
    def kind(self) -> str:
        return "market: quote stuffing"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if not 0 < self.per_s <= MOST_PER_S:
            raise ValueError(f"{self.kind}: expected 1 to {MOST_PER_S} quotes a second, found {self.per_s}")

    def inject(self, world: World, tally: Tally) -> Heal:
        kernel, rules = world.kernel, world.venue(self.target)
        gap_ns = 1_000_000_000 // self.per_s
        due: Call | None = None
        up: dict[str, bool] = dict.fromkeys(rules.feed.symbols, False)
        turn = 0

        def flicker(symbol: str) -> None:
            if rules.flicker is not None:
                up[symbol] = rules.flicker(symbol)
                tally.touched("quotes up or down")

        def again(_: None) -> None:
            nonlocal due, turn
            flicker(rules.feed.symbols[turn % len(up)])
            turn += 1
            due = kernel.call_at(kernel.now_ns + gap_ns, again, turn=INJECT)

        def heal() -> None:
            nonlocal due
            if due is not None:
                due.cancel()
                due = None
                for symbol, is_up in up.items():
                    if is_up:
                        flicker(symbol)

        again(None)
        return heal
