"""What can be asked of recorded bars: the volume profile, volatility, returns for value at risk, an interval's VWAP.

Every answer is over the bars that there are, of one symbol, in order of time. A return is only taken between bars with
no gap between them; `coverage` says how much of the time asked about was recorded at all.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import log, sqrt
from typing import Final

from squall.system.domain.messages import AskHistory, Bar, HistoryTold, Statistic

MILLION: Final = 1_000_000
DAY_NS: Final = 86_400 * 10**9


def day_of(at_ns: int) -> int:
    """The number of the trading day, by the wall clock: 0 from half a day before its opening at 0 to half a day after.

    No clock is so wrong that it takes the opening for the day before.
    """
    return (at_ns + DAY_NS // 2) // DAY_NS


def between(bars: Sequence[Bar], from_ns: int, to_ns: int) -> tuple[Bar, ...]:
    """The bars that begin in this time, its end left out."""
    return tuple(bar for bar in bars if from_ns <= bar.start_ns < to_ns)


def expected_bars(from_ns: int, to_ns: int, bar_ns: int) -> int:
    """How many bars should begin in this time."""
    return max(-(-to_ns // bar_ns) - -(-from_ns // bar_ns), 0)


def coverage(bars: Sequence[Bar], from_ns: int, to_ns: int, bar_ns: int) -> Fraction:
    """The share of the bars that should begin in this time, of which there is one; 1 where none should."""
    expected = expected_bars(from_ns, to_ns, bar_ns)
    return Fraction(len(between(bars, from_ns, to_ns)), expected) if expected else Fraction(1)


def volume_profile(
    bars: Sequence[Bar], open_ns: int, close_ns: int, slices: int, day_ns: int
) -> tuple[tuple[int, int], ...]:
    """Lots traded in each of so many equal parts of the day, all days that are recorded added up, and in how many bars.

    *open_ns* and *close_ns* are those of any one day; days are *day_ns* apart. A bar counts where it begins. The sum is
    what was traded within opening hours. ValueError where there is no part, or a day that is longer than a day.
    """
    if slices <= 0 or not 0 < close_ns - open_ns <= day_ns:
        raise ValueError(f"volume profile: found {slices} slices of {close_ns - open_ns} ns, expected a day in parts")
    lots, counts = [0] * slices, [0] * slices
    for bar in bars:
        since_open_ns = (bar.start_ns - open_ns) % day_ns
        if since_open_ns < close_ns - open_ns:
            part = since_open_ns * slices // (close_ns - open_ns)
            lots[part] += bar.lots
            counts[part] += 1
    return tuple(zip(lots, counts, strict=True))


def interval_vwap(bars: Sequence[Bar], from_ns: int, to_ns: int) -> Fraction | None:
    """The volume-weighted average price of the bars that begin in this time, in half ticks: exact. None where nothing
    was traded."""
    chosen = between(bars, from_ns, to_ns)
    lots = sum(bar.lots for bar in chosen)
    return Fraction(sum(bar.turnover for bar in chosen), lots) if lots else None


def closes(bars: Sequence[Bar], bar_ns: int, every: int = 1) -> Iterator[tuple[int, int]]:
    """Pairs of closing prices (doubled) that are *every* bars apart, end to end, with nothing missing between them."""
    run: list[Bar] = []
    for bar in bars:
        if run and bar.start_ns != run[-1].start_ns + bar_ns:
            run.clear()
        if not bar.close_twice:
            run.clear()
            continue
        run.append(bar)
        if len(run) == every + 1:
            yield run[0].close_twice, bar.close_twice
            run = [bar]


def returns(bars: Sequence[Bar], bar_ns: int, every: int = 1) -> tuple[Fraction, ...]:
    """Simple returns over horizons of *every* bars that do not overlap, exact, oldest first: the history of a VaR."""
    return tuple(Fraction(after - before, before) for before, after in closes(bars, bar_ns, every))


def volatility_millionths(bars: Sequence[Bar], bar_ns: int, horizon_ns: int) -> int | None:
    """The standard deviation of the return over *horizon_ns*, in millionths; None from fewer than two returns.

    The sample's (n − 1) deviation of the bars' log returns, by the square root of time: σ·√(horizon / bar), as in Hull,
    Options, Futures and Other Derivatives, on historical volatility. Scaling so takes returns to be independent.
    """
    logs = [log(after / before) for before, after in closes(bars, bar_ns)]
    if len(logs) < 2:
        return None
    mean = sum(logs) / len(logs)
    variance = sum((each - mean) ** 2 for each in logs) / (len(logs) - 1)
    return round(sqrt(variance * horizon_ns / bar_ns) * MILLION)


def answer(asked: AskHistory, bars: Sequence[Bar], bar_ns: int) -> HistoryTold:
    """What these bars, all of the symbol that is asked about, have to say; nothing, where the question makes no sense.

    The profile lays all recorded days over the one that is asked about; the others look at the time asked about alone.
    """
    chosen = between(bars, asked.from_ns, asked.to_ns)
    values: tuple[int, ...] = ()
    match asked.statistic:
        case Statistic.VOLUME_PROFILE:
            if asked.parts > 0 and 0 < asked.to_ns - asked.from_ns <= DAY_NS:
                profile = volume_profile(bars, asked.from_ns, asked.to_ns, asked.parts, DAY_NS)
                values = tuple(number for part in profile for number in part)
        case Statistic.VWAP:
            values = (sum(bar.turnover for bar in chosen), sum(bar.lots for bar in chosen))
        case Statistic.VOLATILITY:
            found = volatility_millionths(chosen, bar_ns, asked.horizon_ns) if asked.horizon_ns > 0 else None
            values = () if found is None else (found,)
        case Statistic.RETURNS:
            every = asked.horizon_ns // bar_ns
            if every > 0:
                values = tuple(price for pair in closes(chosen, bar_ns, every) for price in pair)
    missing = expected_bars(asked.from_ns, asked.to_ns, bar_ns) - len(chosen)
    return HistoryTold(asked.number, values, len(chosen), max(missing, 0))
