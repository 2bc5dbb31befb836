"""Monitor: turns the OMS's events, the positions' news and signs of life into alerts for people."""

from collections.abc import Hashable
from math import lcm
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.alerts import (
    CRITICAL,
    WARNING,
    Alert,
    AlertBoard,
    DailyProfit,
    FillRateWindow,
    LatencyWindow,
    OrderFlow,
    Vitals,
)
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.events import OrderFilled, TradeBusted, TradeCorrected
from squall.system.domain.ids import Venue
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    FeedQuality,
    JournalCopied,
    PortfolioValued,
    PositionChanged,
    PositionsTold,
)
from squall.system.domain.slippage import SlippageWindow
from squall.system.domain.suspicion import Suspicion
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

MonitorMessage = Alive | FeedQuality | JournalCopied | PortfolioValued | PositionChanged | PositionsTold

KNOCK: Final = "knock"
JUDGE: Final = "judge"
MILLISECOND: Final = 1_000_000


class Monitor:
    """Decides nothing and stops nothing: what it says is for people.

    Every `health_interval_ns` it knocks at every service: opens a stream, and hangs up when it has opened. Reconciler
    and operator are asked on it first, since hosts open streams for programs that hang too; of the others what they do
    is missed. Positions, portfolio and audit keep a stream to the monitor, so that theirs has to stand instead; audit
    and portfolio are asked on it, and positions show by what they book.

    The second provider is not of the desk: market data say of it, as of each venue's feed, that it is not heard.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config.monitor
        self._positions = wiring.positions
        self._callers = (wiring.positions, wiring.audit, wiring.portfolio)
        self._asked = (wiring.audit, wiring.portfolio)
        self._asked_at_the_door = (wiring.reconciler, wiring.operator)
        self._at_the_door: dict[Address, None] = {}
        """Those whose stream stands until they answer."""
        self._probes = 0
        self._knocked_at = (
            wiring.market_data,
            *wiring.submitters,
            wiring.risk,
            *wiring.routers,
            wiring.execution,
            *wiring.oms,
            *wiring.keepers,
            wiring.tick_store,
            wiring.reconciler,
            wiring.operator,
        )
        limits = config.monitor
        ratios = {one.symbol: one.unit_money.as_integer_ratio() for one in wiring.instruments}
        scale = lcm(*(denominator for _, denominator in ratios.values()))
        weights = {symbol: n * (scale // d) for symbol, (n, d) in ratios.items()}
        self.flow = OrderFlow(
            LatencyWindow(limits.window_orders, limits.order_to_fill_alert_ns, limits.order_to_fill_target_ns),
            FillRateWindow(limits.window_orders, limits.fill_rate_alert_percent, limits.fill_rate_target_percent),
            SlippageWindow(limits.window_orders, limits.slippage_alert_bp, limits.slippage_target_bp),
            weights,
            limits.max_open_orders,
        )
        self.profit = DailyProfit(weights, scale)
        self._fills = dict.fromkeys(ratios, 0)
        """Fills, busts and corrections in the journal, per symbol."""
        self._booked = dict.fromkeys(ratios, 0)
        """Those that the positions have told of, per symbol."""
        self.vitals = Vitals((*self._knocked_at, *self._callers))
        self.quality: dict[Venue, FeedQuality] = {}
        """What of each venue's market data is in quarantine, and how often anything was, by reason."""
        self.var_utilisation_percent: int | None = None
        """As the portfolio told it last."""
        self.drawdown_percent: int | None = None
        """Likewise."""
        self.board = AlertBoard(limits.max_alerts_kept)

    @property
    def awaited(self) -> tuple[Address, ...]:
        """Those that are to open a stream to us, and have not."""
        return tuple(each for each in self._callers if self.vitals.owes(each))

    def on_start(self) -> None:
        for caller in self._callers:
            self.vitals.expect(caller, self._runtime.monotonic_ns)
        self._runtime.set_timer(self._config.health_interval_ns, KNOCK)

    # --- metrics ---

    def on_message(self, sender: Address, message: MonitorMessage) -> None:
        match message:
            case JournalCopied():
                self._copied(message)
            case PositionChanged():
                self.vitals.sign(self._positions)
                self._booked[message.symbol] = message.number
                self.profit.on_fill(message.symbol, message.net_lots, message.cash_flow)
                self._judge_profit()
            case PositionsTold():
                self.vitals.sign(self._positions)
                for state in message.states:
                    self._booked[state.symbol] = state.number
                    self._fills[state.symbol] = max(self._fills[state.symbol], state.number)
                    self.profit.on_told(state.symbol, state.net_lots, state.cash_flow, state.cost_basis)
                self._judge_profit()
            case FeedQuality():
                self.quality[message.venue] = message
                self._judge_quality(message)
            case Alive():
                self.vitals.sign(sender)
                self._leave(sender)
            case PortfolioValued():
                self.var_utilisation_percent = message.var_utilisation_percent
                self.drawdown_percent = message.drawdown_percent
                self._judge_drawdown(message.drawdown_percent)
                self._judge_var(message.var_utilisation_percent)
            case _:
                raise TypeError(f"monitor: no handler for {type(message).__name__} from {sender}")

    def _copied(self, copied: JournalCopied) -> None:
        moved = False
        for event in copied.events:
            moved |= self.flow.on_event(event)
            if isinstance(event, OrderFilled) or (isinstance(event, TradeBusted | TradeCorrected) and event.lots):
                self._fills[event.symbol] += 1
                # The positions' word may have overtaken the journal's.
                if self._fills[event.symbol] > self._booked[event.symbol]:
                    self.vitals.expect(self._positions, self._runtime.monotonic_ns)
        if moved:
            self._judge_flow()

    def _judge_flow(self) -> None:
        latencies, rate, slippage = self.flow.order_to_fill, self.flow.fill_rate, self.flow.slippage
        enough = self._config.window_orders_min
        if len(latencies) >= enough and self.board.is_news("order-to-fill", latencies.alarming, latencies.well):
            found_ms, limit_ms = (ns // MILLISECOND for ns in (latencies.p99_ns(), self._config.order_to_fill_alert_ns))
            text = f"order to fill: p99 is {found_ms} ms over {len(latencies)} orders, limit {limit_ms} ms"
            self._raise(Alert(WARNING, "order-to-fill", text))
        if len(rate) >= enough and self.board.is_news("fill-rate", rate.alarming, rate.well):
            text = (
                f"fill rate: {rate.filled_lots} of {rate.ordered_lots} lots over {len(rate)} orders, "
                f"limit {self._config.fill_rate_alert_percent} %"
            )
            self._raise(Alert(WARNING, "fill-rate", text))
        if len(slippage) >= enough and self.board.is_news("slippage", slippage.alarming, slippage.well):
            found_bp, limit_bp = slippage.in_basis_points, self._config.slippage_alert_bp
            text = f"slippage: {found_bp} bp over {len(slippage)} orders, limit {limit_bp} bp"
            self._raise(Alert(WARNING, "slippage", text))

    def _judge_profit(self) -> None:
        limit = self._config.daily_profit_alert
        alarming = self.profit.below(limit)
        well = not self.profit.below(self._config.daily_profit_target)
        if self.board.is_news("daily-profit", alarming, well):
            text = f"daily profit: {self.profit.currency_units}, limit {limit}"
            self._raise(Alert(CRITICAL, "daily-profit", text))

    def _judge_quality(self, quality: FeedQuality) -> None:
        """Once for each venue and reason, however many books it is about, until no book is in quarantine for it."""
        reasons = [reason for _, reason in quality.standing]
        for reason in Suspicion:
            standing = reason in reasons
            kind = f"quarantine/{quality.venue}/{reason.value}"
            if self.board.is_news(kind, standing, not standing):
                books = ", ".join(what for what, why in quality.standing if why is reason)
                text = f"market data of {quality.venue}: {books} in quarantine, {reason.value}"
                self._raise(Alert(WARNING, kind, text))

    def _judge_drawdown(self, percent: int) -> None:
        """How far equity is below its peak."""
        limit = self._config.drawdown_alert_percent
        if self.board.is_news("drawdown", percent >= limit, percent <= self._config.drawdown_target_percent):
            text = f"drawdown: equity is {percent} % below its peak, limit {limit} %"
            self._raise(Alert(CRITICAL, "drawdown", text))

    def _judge_var(self, utilisation_percent: int | None) -> None:
        """Value at risk, as a share of its limit. While too little of the past is known, all stays as it is."""
        if utilisation_percent is None:
            return
        limit = self._config.var_utilisation_alert_percent
        well = utilisation_percent < self._config.var_utilisation_target_percent
        if self.board.is_news("var-utilisation", utilisation_percent > limit, well):
            text = f"value at risk: {utilisation_percent} % of its limit, alert above {limit} %"
            self._raise(Alert(CRITICAL, "var-utilisation", text))

    def _raise(self, alert: Alert) -> None:
        self.board.post(alert)
        self._runtime.emit(AlertRaised(alert.severity, alert.kind, alert.text))

    # --- health ---

    def on_timer(self, key: Hashable) -> None:
        match key:
            case "knock":
                self._knock()
            case "judge":
                self._judge_health()
            case _:
                raise ValueError(f"monitor: timer {key!r}, expected {KNOCK!r} or {JUDGE!r}")

    def _knock(self) -> None:
        now_ns = self._runtime.monotonic_ns
        self._probes += 1
        for service in self._knocked_at:
            self._leave(service)
            self.vitals.expect(service, now_ns)
            self._runtime.open(service)
        if self._config.probes:
            for service in self._asked:
                # With no stream it owes a sign of life already.
                self.vitals.expect(service, now_ns)
                self._runtime.write(service, AreYouThere(self._probes))
        self._runtime.set_timer(self._config.health_timeout_ns, JUDGE)
        self._runtime.set_timer(self._config.health_interval_ns, KNOCK)

    def _judge_health(self) -> None:
        now_ns = self._runtime.monotonic_ns
        for service in self.vitals.services:
            silent_ns = self.vitals.silent_ns(service, now_ns)
            silent = silent_ns >= self._config.health_timeout_ns
            kind = f"silent/{service}"
            if self.board.is_news(kind, silent, silent_ns == 0):
                text = f"health: no sign of life from {service} for {silent_ns // MILLISECOND} ms"
                self._raise(Alert(CRITICAL, kind, text))
                if service in (*self._asked, *self._asked_at_the_door) and self._config.probes:
                    self._runtime.emit(ProtectionActed("monitor.probes", f"no sign of life from {service}"))

    def _leave(self, service: Address) -> None:
        """Hang up where it was asked, whether it has answered or not."""
        if service in self._at_the_door:
            del self._at_the_door[service]
            self._runtime.close(service)

    def on_stream_open(self, peer: Address) -> None:
        if peer in self._asked_at_the_door and self._config.probes:
            self._at_the_door[peer] = None
            self._runtime.write(peer, AreYouThere(self._probes))
            return
        self.vitals.sign(peer)
        if peer in self._knocked_at:
            self._runtime.close(peer)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._at_the_door.pop(peer, None)
        if peer in self._callers:
            self.vitals.expect(peer, self._runtime.monotonic_ns)

    def on_durable(self, token: int) -> None:
        raise RuntimeError(f"monitor: token {token} is durable, but the monitor writes no file")

    def on_config(self, config: DeskConfig) -> None:
        """Intervals change at once; the windows keep the levels that they were made with."""
        self._config = config.monitor
