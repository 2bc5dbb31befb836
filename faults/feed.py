"""Market data that is missing, late, doubled or dead: what a venue's publisher does to its two lines."""

from typing import ClassVar, Final, Literal, get_args

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.exchange.feed_rules import SENT, UNSENT, Falsehood, FeedFate, FeedRules
from squall.sim.exchange.wire.messages import Level, Side
from squall.sim.kernel import INJECT, Call
from squall.sim.rng import Chance
from squall.sim.world import World

LineName = Literal["A", "B"]
Lines = Literal["both", "A", "B"]
LINES: Final[tuple[Lines, ...]] = get_args(Lines)
MOST_PER_S: Final = 1_000_000


class _OnLines:
    """Gives a share of the updates on these lines this fate; which they are, both lines agree on."""

    def __init__(self, draws: str, chance: Chance, lines: Lines, share: float, fate: FeedFate, tally: Tally) -> None:
        self._draws = draws
        self._chance = chance
        self._lines = lines
        self._share = share
        self._fate = fate
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: object) -> Falsehood | None:
        return None

    def on_update(self, line: str, seq: int) -> FeedFate:
        if self._lines not in ("both", line):
            return SENT
        if self._share < 1.0 and self._chance.uniform(f"{self._draws}/{seq}") >= self._share:
            return SENT
        self._tally.touched(f"updates on line {line}")
        return self._fate

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return SENT


def _check_lines(kind: str, lines: str, expected: tuple[str, ...] = LINES) -> None:
    if lines not in expected:
        raise ValueError(f"{kind}: the lines must be one of {', '.join(expected)}, found {lines!r}")


def draws_of(what: str, venue: str, rules: FeedRules) -> str:
    """What keyed chance knows a rule at this venue by. One that overlaps another draws numbers of its own."""
    return f"{what}/{venue}/{rules.next_number}"


class FeedGap(FaultKind, frozen=True):
    """A share of the updates is numbered and never sent, on both lines or on one."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    lines: Lines = "both"

    @property
    def kind(self) -> str:
        return "market data: gap"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        _check_lines(self.kind, self.lines)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("feed-gap", self.target, rules)
        return rules.install(_OnLines(draws, world.chance, self.lines, self.share, UNSENT, tally))


class FeedDuplicate(FaultKind, frozen=True):
    """A share of the updates is sent twice, on both lines or on one."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    lines: Lines = "both"

    @property
    def kind(self) -> str:
        return "market data: duplicate"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        _check_lines(self.kind, self.lines)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        draws = draws_of("feed-duplicate", self.target, rules)
        return rules.install(_OnLines(draws, world.chance, self.lines, self.share, FeedFate(copies=1), tally))


class FeedLate(FaultKind, frozen=True):
    """Updates are sent this much later, on both lines or on one; heartbeats tell of them in time."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int
    lines: Lines = "both"

    @property
    def kind(self) -> str:
        return "market data: late"

    def check(self, world: World) -> None:
        world.venue(self.target)
        _check_lines(self.kind, self.lines)
        if self.delay_ns <= 0:
            raise ValueError(f"{self.kind}: the delay must be above 0 ns, found {self.delay_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        return rules.install(_OnLines("", world.chance, self.lines, 1.0, FeedFate(delay_ns=self.delay_ns), tally))


class _Dead:
    """Nothing goes out on these lines."""

    def __init__(self, lines: Lines, tally: Tally) -> None:
        self._lines = lines
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: object) -> Falsehood | None:
        return None

    def on_update(self, line: str, seq: int) -> FeedFate:
        return self._fate(line, "updates")

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return self._fate(line, "heartbeats")

    def _fate(self, line: str, what: str) -> FeedFate:
        if self._lines not in ("both", line):
            return SENT
        self._tally.touched(f"{what} on line {line}")
        return UNSENT


class FeedLineDead(FaultKind, frozen=True):
    """One line is dead: neither updates nor heartbeats."""

    place: ClassVar[str] = "venue"
    target: str
    line: LineName = "A"

    @property
    def kind(self) -> str:
        return "market data: line dead"

    def check(self, world: World) -> None:
        world.venue(self.target)
        _check_lines(self.kind, self.line, get_args(LineName))

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).feed.install(_Dead(self.line, tally))


class FeedDead(FaultKind, frozen=True):
    """Both lines are dead."""

    place: ClassVar[str] = "venue"
    target: str

    @property
    def kind(self) -> str:
        return "market data: both lines dead"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).feed.install(_Dead("both", tally))


class _Frozen:
    """Sends no update, and heartbeats that know of none."""

    def __init__(self, last_seq: int, tally: Tally) -> None:
        self._told = FeedFate(last_seq=last_seq)
        self._tally = tally

    def content(self, symbol: str, seq: int, truth: object) -> Falsehood | None:
        return None

    def on_update(self, line: str, seq: int) -> FeedFate:
        self._tally.touched(f"updates on line {line}")
        return UNSENT

    def on_heartbeat(self, line: str, last_seq: int) -> FeedFate:
        return self._told


class FeedStale(FaultKind, frozen=True):
    """The publisher stands still and does not know it: no updates, and heartbeats as if nothing had happened."""

    place: ClassVar[str] = "venue"
    target: str

    @property
    def kind(self) -> str:
        return "market data: stale"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target).feed
        return rules.install(_Frozen(rules.last_seq(), tally))


class MessageStorm(FaultKind, frozen=True):
    """The feed carries so many more updates a second, far from the touch: a quote that flickers."""

    place: ClassVar[str] = "venue"
    target: str
    per_s: int = 1_000

    @property
    def kind(self) -> str:
        return "market data: message storm"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if not 0 < self.per_s <= MOST_PER_S:
            raise ValueError(f"{self.kind}: expected 1 to {MOST_PER_S} updates a second, found {self.per_s}")

    def inject(self, world: World, tally: Tally) -> Heal:
        kernel, rules = world.kernel, world.venue(self.target).feed
        gap_ns = 1_000_000_000 // self.per_s
        due: Call | None = None
        sent = 0

        def flicker(lots: int) -> None:
            nonlocal sent
            symbol = rules.symbols[sent // 2 % len(rules.symbols)]
            rules.publish(symbol, (Level(Side.BUY, FAR_HALF_TICKS, lots),))
            sent += 1
            tally.touched("updates more")

        def again(_: None) -> None:
            nonlocal due
            flicker((sent + 1) % 2)
            due = kernel.call_at(kernel.now_ns + gap_ns, again, turn=INJECT)

        def heal() -> None:
            nonlocal due
            if due is not None:
                due.cancel()
                due = None
                if sent % 2:
                    flicker(0)

        again(None)
        return heal


FAR_HALF_TICKS: Final = 2
"""Where a quote flickers that nobody will ever trade with."""
