"""What the same seed did twice: with something, and without it."""

from msgspec import Struct

from squall.scenarios.result.run import Verdict


class OrderFate(Struct, frozen=True):
    """What became of one order, by the venues' records; where it never got there, by the desk's own word."""

    symbol: str
    buy: bool
    lots: int
    ended: str
    """filled, overfilled, cancelled, refused, denied, working, rejected by the desk, or where the desk left it."""
    filled_lots: int
    price_half_ticks: float | None
    """Average of its executions; None without one."""
    accepted: int
    """How often a venue took it: more than once, and it was sent twice."""
    doubted: bool
    """For a time the desk did not know whether it was at a venue."""


class OrderDifference(Struct, frozen=True):
    """An order whose fate differs. None where it was never submitted."""

    cl_ord_id: str
    first: OrderFate | None
    second: OrderFate | None


class OrderDelay(Struct, frozen=True):
    """An order that took longer, or less long, to reach a venue: from its submission to the first that took it."""

    cl_ord_id: str
    first_ns: int
    second_ns: int


class Arm(Struct, frozen=True):
    """One of two runs that are compared."""

    label: str
    verdict: Verdict
    digest: str
    violated: tuple[str, ...]
    """Promises that were broken."""
    figures: dict[str, int | float | None]
    """Counts, latencies and money; names carry units, and None is where there was nothing to measure."""


class Comparison(Struct, frozen=True):
    """The same seed twice, with one thing changed."""

    scenario: str
    seed: int
    first: Arm
    second: Arm
    marks_half_ticks: dict[str, int]
    """The prices at which both arms' positions are marked: the market's at the end of the first arm."""
    orders: int
    """How many orders either arm had."""
    differing: tuple[OrderDifference, ...]
    """Those whose outcome or lots differ come first, then those that differ in price alone."""
    delayed: tuple[OrderDelay, ...] = ()
    """Those that reached a venue a millisecond or more later, or earlier: the largest change first."""
