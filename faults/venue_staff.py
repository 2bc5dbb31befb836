"""A venue that acts on orders and trades without being asked: busts, corrections, cancels, holds, and a close."""

from typing import ClassVar, Final, Literal, get_args

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.exchange.rules import Rules
from squall.sim.exchange.wire.messages import TradeCaptureReport
from squall.sim.world import World

MILLISECOND = 1_000_000
MOST_HALF_TICKS = 1_000_000
"""No price is set right by more."""


def _drawn(world: World, name: str, share: float, identity: str) -> bool:
    return share >= 1.0 or world.chance.uniform(f"{name}/{identity}") < share


def _check_delay(kind: str, delay_ns: int) -> None:
    if delay_ns <= 0:
        raise ValueError(f"{kind}: the delay must be above 0 ns, found {delay_ns}")


def _name(what: str, venue: str) -> str:
    return f"{what}/{venue}"


class TradesBusted(FaultKind, frozen=True):
    """A share of the trades that happen meanwhile is declared void, each *delay_ns* after it happened."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    delay_ns: int = 50 * MILLISECOND

    @property
    def kind(self) -> str:
        return "exchange: trades busted"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        _check_delay(self.kind, self.delay_ns)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = tally.key(_name("bust", self.target))

        def on_trade(trade: TradeCaptureReport) -> None:
            if _drawn(world, name, self.share, trade.exec_id) and rules.staff.bust(trade.exec_id, self.delay_ns):
                tally.touched("trades busted")

        return rules.on_trades(on_trade)


class TradesCorrected(FaultKind, frozen=True):
    """A share of the trades that happen meanwhile gets another price, each *delay_ns* after it happened."""

    place: ClassVar[str] = "venue"
    target: str
    by_half_ticks: int = 2
    share: float = 1.0
    delay_ns: int = 50 * MILLISECOND

    @property
    def kind(self) -> str:
        return "exchange: trades corrected"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        _check_delay(self.kind, self.delay_ns)
        if not 1 <= abs(self.by_half_ticks) <= MOST_HALF_TICKS:
            expected = f"expected 1 to {MOST_HALF_TICKS} half ticks, up or down"
            raise ValueError(f"{self.kind}: {expected}, found {self.by_half_ticks}")

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = tally.key(_name("correct", self.target))

        def on_trade(trade: TradeCaptureReport) -> None:
            drawn = _drawn(world, name, self.share, trade.exec_id)
            if drawn and rules.staff.correct(trade.exec_id, self.by_half_ticks, self.delay_ns):
                tally.touched("trades corrected")

        return rules.on_trades(on_trade)


class UnsolicitedCancels(FaultKind, frozen=True):
    """As it begins, the venue cancels a share of the orders that stand in its book. Nobody asked for it."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "exchange: unsolicited cancels"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = tally.key(_name("unsolicited", self.target))
        for handle in rules.staff.open_orders():
            if _drawn(world, name, self.share, handle.key) and rules.staff.cancel(handle.key):
                tally.touched("orders cancelled unasked")
        return lambda: None


BY_STAFF: Final = ("trades-busted", "trades-corrected", "unsolicited-cancels", "orders-held", "venue-closes")
"""The kinds of this file, by the names that plans give them."""
HeldName = Literal["suspended", "stopped"]
HELD_NAMES: Final[tuple[HeldName, ...]] = get_args(HeldName)


class OrdersHeld(FaultKind, frozen=True):
    """As it begins, the venue takes a share of the orders out of its book, and as it heals it puts them back.

    ``suspended`` orders do nothing meanwhile; ``stopped`` ones are sure of a price, and get it in the end.
    """

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    held: HeldName = "suspended"

    @property
    def kind(self) -> str:
        return "exchange: orders held"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        if self.held not in HELD_NAMES:
            raise ValueError(f"{self.kind}: expected suspended or stopped, found {self.held!r}")

    def inject(self, world: World, tally: Tally) -> Heal:
        rules: Rules = world.venue(self.target)
        name = tally.key(_name("held", self.target))
        keys = []
        for handle in rules.staff.open_orders():
            if _drawn(world, name, self.share, handle.key) and rules.staff.hold(handle.key, self.held):
                tally.touched(f"orders {self.held}")
                keys.append(handle.key)

        def heal() -> None:
            for key in keys:
                rules.staff.release(key)

        return heal


class VenueCloses(FaultKind, frozen=True):
    """The venue's day ends as it begins, and the next one begins as it heals.

    DAY orders expire, GTC orders are done for the day and go to work again; new orders are refused in between.
    """

    place: ClassVar[str] = "venue"
    target: str

    @property
    def kind(self) -> str:
        return "exchange: the day ends"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        tally.touched("days ended")
        for _ in range(rules.staff.close()):
            tally.touched("orders over or done for the day")

        def heal() -> None:
            rules.staff.reopen()

        return heal
