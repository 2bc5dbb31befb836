"""Exposures as shares of the portfolio, drawdown and locates: judged from the venues' books and records alone.

The gate marks a name at the middle of the freshest touch, of whichever venue; here every acceptance is judged at the
lowest middle that a venue shows, so that a limit only counts as passed where it is at any mark.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from squall.scenarios.checks.exposure import VenueFold
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import ConfigPushed, Record, TouchChanged, VenueAccepted, VenueClosed, VenueExecuted

MILLISECOND: Final = 1_000_000
GRACE_NS: Final = 100 * MILLISECOND
"""How long news may take to reach the gate."""
SLACK_PERCENT: Final = 2
"""How far the market may move between the gate's answer and the venue's."""


class _Marks:
    """The middle of every venue's touch, by symbol."""

    def __init__(self, stage: Stage) -> None:
        self._middles: dict[str, dict[str, Fraction]] = {}
        stage.world.trace.watch(self._on_touch, TouchChanged)

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        if touch.bid_half_ticks and touch.ask_half_ticks:
            middle = Fraction(touch.bid_half_ticks + touch.ask_half_ticks, 2)
            self._middles.setdefault(touch.symbol, {})[touch.venue] = middle

    def lowest(self, symbol: str) -> Fraction:
        """0 where nobody shows one."""
        return min(self._middles.get(symbol, {}).values(), default=Fraction(0))


class _Exposures:
    """What can come of all open orders; *judge* is asked at every acceptance that makes it more."""

    def __init__(self, stage: Stage, judge: Callable[[Record, VenueAccepted], None]) -> None:
        self._fold = VenueFold(stage)
        self._marks = _Marks(stage)
        self._units = {str(each.symbol): Fraction(each.unit_money) for each in stage.floor.instruments}
        self._judge = judge
        trace = stage.world.trace
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._after, VenueExecuted)
        trace.watch(self._after, VenueClosed)

    def _after(self, record: Record) -> None:
        book = self._fold.moved
        book.worst_before = book.worst_lots

    def _on_accepted(self, record: Record) -> None:
        book = self._fold.moved
        before, book.worst_before = book.worst_before, book.worst_lots
        if book.worst_lots > before:
            self._judge(record, record.event)

    def worth(self, symbol: str) -> Fraction:
        """Of this name's position, at its worst."""
        book = self._fold.books.get(symbol)
        return book.worst_lots * self._marks.lowest(symbol) * self._units[symbol] if book is not None else Fraction(0)

    def gross(self) -> Fraction:
        """Of all names together, each at its worst."""
        return sum(map(self.worth, self._units), Fraction(0))


class _Within:
    """An amount that must not pass a share of the portfolio."""

    def __init__(self, stage: Stage, what: str, percent: int, by_name: bool) -> None:
        self._what = what
        self._by_name = by_name
        self._limit = stage.scenario.settings.desk.risk.max_portfolio_value * percent // 100
        self._most = Fraction(0)
        self._docket = Docket()
        self._exposures = _Exposures(stage, self._judge)

    def _judge(self, record: Record, event: VenueAccepted) -> None:
        worth = self._exposures.worth(event.symbol) if self._by_name else self._exposures.gross()
        self._most = max(self._most, worth)
        if worth * 100 > self._limit * (100 + SLACK_PERCENT):
            detail = f"with {event.cl_ord_link_id} in {event.symbol} {self._what} can come to {float(worth):,.0f}"
            self._docket.violated(record, f"{detail}, the limit is {self._limit:,}")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._what} came to {float(self._most):,.0f} of {self._limit:,} at most")


def name_within_share() -> Promise:
    """No name's position, open orders included, is worth more than `risk.max_name_percent` of the portfolio."""

    def judge(stage: Stage) -> _Within:
        return _Within(stage, "one name", stage.scenario.settings.desk.risk.max_name_percent, by_name=True)

    return Promise("no name is too large a share of the portfolio", "safety", judge)


def gross_within_limit() -> Promise:
    """All names together, each at its worst, are worth no more than `risk.max_gross_percent` of the portfolio."""

    def judge(stage: Stage) -> _Within:
        return _Within(stage, "gross exposure", stage.scenario.settings.desk.risk.max_gross_percent, by_name=False)

    return Promise("gross exposure stays within the limit", "safety", judge)


class _DrawdownKept:
    """Once equity has fallen so far from its peak (and a grace for the news), only what does not raise exposure."""

    def __init__(self, stage: Stage) -> None:
        self._fold = VenueFold(stage)
        risk = stage.scenario.settings.desk.risk
        self._cash, self._percent = Fraction(risk.cash), risk.max_drawdown_percent
        self._units = [(self._fold.book(each.symbol), Fraction(each.unit_money)) for each in stage.floor.instruments]
        self._peak = self._cash
        self._past_since_ns: int | None = None
        self._worst = Fraction(0)
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_touch, TouchChanged)
        trace.watch(self._on_accepted, VenueAccepted)
        trace.watch(self._after, VenueExecuted)
        trace.watch(self._after, VenueClosed)

    def _after(self, record: Record) -> None:
        book = self._fold.moved
        book.worst_before = book.worst_lots

    def _on_touch(self, record: Record) -> None:
        touch: TouchChanged = record.event
        if not touch.bid_half_ticks or not touch.ask_half_ticks:
            return
        self._fold.book(touch.symbol).mark_half_ticks = (touch.bid_half_ticks + touch.ask_half_ticks) // 2
        equity = self._cash
        for book, unit in self._units:
            equity += (book.cash + book.net_lots * book.mark_half_ticks) * unit
        self._peak = max(self._peak, equity)
        fall = (self._peak - equity) * 100 / self._peak
        self._worst = max(self._worst, fall)
        if fall < self._percent:
            self._past_since_ns = None
        elif self._past_since_ns is None:
            self._past_since_ns = record.at_ns

    def _on_accepted(self, record: Record) -> None:
        book, event = self._fold.moved, record.event
        before, worst = book.worst_before, book.worst_lots
        book.worst_before = worst
        since = self._past_since_ns
        if since is not None and record.at_ns - since > GRACE_NS and worst > before:
            late = f"{(record.at_ns - since) / 1e9:.1f} s after the drawdown was reached"
            self._docket.violated(record, f"{event.cl_ord_link_id} raised {event.symbol} to {worst} lots {late}")

    def ruling(self) -> Ruling:
        fell = f"equity fell {float(self._worst):.2f} % from its peak, {self._percent} % is the limit"
        return self._docket.ruling(f"{fell}; nothing raised the exposure beyond")


def drawdown_kept() -> Promise:
    """Once equity is `risk.max_drawdown_percent` below its peak, no order that raises the exposure is accepted."""
    return Promise("past the drawdown only reducing orders pass", "safety", _DrawdownKept)


class _ShortsLocated:
    """A locate counts from when risk is told of it; what was short before is not bought back for it."""

    def __init__(self, stage: Stage) -> None:
        self._fold = VenueFold(stage)
        entries = stage.scenario.settings.desk.reference.entries
        said = {each.symbol: each.value for each in entries if each.field == "locate"}
        self._located = {symbol: (int(value), 0) for symbol, value in said.items() if value != "easy"}
        self._ever = len(self._located)
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_push, ConfigPushed)
        trace.watch(self._on_accepted, VenueAccepted)

    def _on_push(self, record: Record) -> None:
        push: ConfigPushed = record.event
        key, _, value = push.what.removeprefix("without ").partition("=")
        if push.program != "risk" or not key.startswith("reference.") or not key.endswith(".locate"):
            return
        symbol = key.removeprefix("reference.").removesuffix(".locate")
        if push.what.startswith("without ") or value == "easy":
            self._located.pop(symbol, None)
        else:
            self._ever += 1
            self._located[symbol] = (int(value), record.at_ns)

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        located = self._located.get(event.symbol)
        if event.buy or located is None:
            return
        lots, since_ns = located
        book = self._fold.moved
        short = book.sells - book.net_lots
        if short > lots and record.at_ns - since_ns > GRACE_NS:
            detail = f"{event.symbol}: with {event.cl_ord_link_id} {short} lots can be short"
            self._docket.violated(record, f"{detail}, {lots} were located")

    def ruling(self) -> Ruling:
        return self._docket.ruling(f"{self._ever} locates, none passed")


def shorts_located() -> Promise:
    """No sale is accepted with which more can be short, open sales included, than was located."""
    return Promise("nothing is sold short without a locate", "safety", _ShortsLocated)
