"""The stream of orders, whatever each of them is: how fast, how alike, how large for its sender, how often filled."""

from collections import deque
from typing import Final

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, RiskConfig
from squall.system.domain.ids import Symbol
from squall.system.domain.messages import CheckOrder, Denial, DenyReason

USUAL_ORDERS: Final = 16
"""How many orders back a strategy's usual size is looked for."""

Content = tuple[str, str, Symbol, bool, int, int | None]
"""What makes two orders alike: all but their names."""


class Flow:
    """Remembers as much of the approved orders and their fills as its windows are long."""

    def __init__(self) -> None:
        self._sent: deque[int] = deque()
        """When orders were approved, within the last second."""
        self._alike: dict[Content, int] = {}
        """How many orders of each content were approved within the window."""
        self._contents: deque[tuple[int, Content]] = deque()
        """When each of them was."""
        self._sizes: dict[tuple[str, Symbol], deque[int]] = {}
        """Each strategy's latest sizes in a symbol."""
        self._fills: dict[tuple[str, Symbol, bool], deque[int]] = {}

    def checks(self, order: CheckOrder, content: Content, limits: RiskConfig, now_ns: int) -> list[Denial]:
        """What speaks against it. Nothing is remembered of an order that is denied."""
        denials: list[Denial] = []
        self._rate(denials, limits, now_ns)
        self._forget(now_ns - limits.duplicate_window_ns)
        if limits.duplicate_filter:
            alike = self._alike.get(content, 0)
            if alike >= limits.max_alike:
                denials.append(Denial(DenyReason.REPEATED, alike + 1, limits.max_alike))
        self._size(denials, order.strategy, order.symbol, order.quantity_lots, limits)
        return denials

    def checks_change(
        self, strategy: str, symbol: Symbol, lots: int, lowers: bool, limits: RiskConfig, now_ns: int
    ) -> list[Denial]:
        """What speaks against a change of an order to so many lots: it is a message, and has a size, like any other."""
        denials: list[Denial] = []
        self._rate(denials, limits, now_ns)
        if not lowers:
            self._size(denials, strategy, symbol, lots, limits)
        return denials

    def _rate(self, denials: list[Denial], limits: RiskConfig, now_ns: int) -> None:
        sent = self._sent
        while sent and sent[0] <= now_ns - SECOND:
            sent.popleft()
        if limits.rate_limit and len(sent) >= limits.max_orders_per_s:
            denials.append(Denial(DenyReason.MESSAGE_RATE, len(sent) + 1, limits.max_orders_per_s))

    def _size(self, denials: list[Denial], strategy: str, symbol: Symbol, lots: int, limits: RiskConfig) -> None:
        if not limits.fat_finger or lots <= limits.fat_finger_lots:
            return
        sizes = self._sizes.get((strategy, symbol))
        if sizes is not None:
            most = max(sizes) * limits.fat_finger_times
            if lots > most:
                denials.append(Denial(DenyReason.FAT_FINGER, lots, most))

    def approved_change(self, now_ns: int) -> None:
        """It goes out. Whatever size the order has now, what its sender's usual one is new orders say."""
        self._sent.append(now_ns)

    def approved(self, order: CheckOrder, content: Content, now_ns: int) -> None:
        """It goes out: from here on it is what others are held against."""
        self._sent.append(now_ns)
        key = (order.strategy, order.symbol)
        sizes = self._sizes.get(key)
        if sizes is None:
            sizes = self._sizes[key] = deque(maxlen=USUAL_ORDERS)
        sizes.append(order.quantity_lots)
        self._alike[content] = self._alike.get(content, 0) + 1
        self._contents.append((now_ns, content))

    def _forget(self, until_ns: int) -> None:
        """Orders that were approved then, or before, are too old to be alike."""
        contents, alike = self._contents, self._alike
        while contents and contents[0][0] <= until_ns:
            content = contents.popleft()[1]
            if alike[content] == 1:
                del alike[content]
            else:
                alike[content] -= 1

    def filled(self, strategy: str, symbol: Symbol, buys: bool, limits: RiskConfig, now_ns: int) -> bool:
        """Note an execution. True where it is one too many of its kind within the window."""
        key = (strategy, symbol, buys)
        times = self._fills.get(key)
        if times is None:
            times = self._fills[key] = deque()
        while times and times[0] <= now_ns - limits.repeat_window_ns:
            times.popleft()
        times.append(now_ns)
        return len(times) > limits.max_repeats


def content_of(order: CheckOrder) -> Content:
    """All of it but its name."""
    return (
        order.client,
        order.strategy,
        order.symbol,
        order.side is Side.BUY,
        order.quantity_lots,
        order.price_half_ticks,
    )
