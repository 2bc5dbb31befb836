"""The monitor: each metric wired to its alert, each alert once, and a knock at every door."""

from decimal import Decimal

import pytest

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.config import DeskConfig, MonitorConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.events import (
    AnyEvent,
    OrderCanceled,
    OrderFilled,
    OrderSent,
    OrderSubmitted,
)
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    FeedQuality,
    JournalCopied,
    PortfolioValued,
    PositionChanged,
    PositionState,
    PositionsTold,
)
from squall.system.domain.suspicion import Suspicion
from squall.system.domain.terms import Terms
from squall.system.services.monitor import Monitor
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
VENUE = Venue("exchange-a")
WIRING = Wiring(instruments=(Instrument(ACME, unit_money=Decimal("0.01")),), venues=())
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
KNOCKED_AT = (
    "market-data",
    "strategy",
    "risk",
    "router",
    "execution",
    "oms1",
    "oms2",
    "keeper1",
    "keeper2",
    "keeper3",
    "tick-store",
    "reconciler",
    "operator",
)
ASKED = ("audit", "portfolio")
AT_THE_DOOR = ("reconciler", "operator")


def started() -> tuple[FakeRuntime, Monitor]:
    """A monitor with the streams of positions, portfolio and audit; it looks at windows of ten orders."""
    runtime = FakeRuntime("monitor")
    monitor = Monitor(runtime, DeskConfig(monitor=MonitorConfig(window_orders=10, window_orders_min=5)), WIRING)
    monitor.on_start()
    runtime.connect(monitor, "positions")
    runtime.connect(monitor, "audit")
    runtime.connect(monitor, "portfolio")
    return runtime, monitor


def all_answer(runtime: FakeRuntime, monitor: Monitor) -> None:
    """Every service that was knocked at or asked gives a sign of life."""
    for service in KNOCKED_AT:
        runtime.connect(monitor, service)
    for service in (*ASKED, *AT_THE_DOOR):
        for probe in runtime.take(AreYouThere, to=service):
            monitor.on_message(service, Alive(probe.number))


def life(name: str, latency_ns: int, filled_lots: int = 10, decision_twice: int = 0) -> tuple[AnyEvent, ...]:
    """An order of ten lots, from its submission to its end."""
    order = ClOrdID(name)
    terms = Terms(ACME, Side.BUY, 10, OrdType.LIMIT, TimeInForce.IOC, 200)
    head = (
        OrderSubmitted(order, 1, "pulse", "pulse", terms, 0, decision_twice_half_ticks=decision_twice),
        OrderSent(order, 2, "execution", VENUE, 1),
    )
    if filled_lots == 10:
        return *head, OrderFilled(order, latency_ns, VENUE, ExecID(name), VENUE, ACME, Side.BUY, 10, 200)
    return *head, OrderCanceled(order, latency_ns, VENUE, 10)


def tell(monitor: Monitor, *lives: tuple[AnyEvent, ...]) -> None:
    for events in lives:
        monitor.on_message("audit", JournalCopied(Epoch(1), 1, events))


def changed(net_lots: int, cash_flow: int, number: int) -> PositionChanged:
    return PositionChanged(ACME, net_lots, cash_flow, 0, ClOrdID("a"), ExecID(f"x/{number}"), 1, number)


def alerts(runtime: FakeRuntime) -> list[tuple[str, str]]:
    return [(claim.kind, claim.text) for claim in runtime.claims if isinstance(claim, AlertRaised)]


def test_slow_fills_raise_one_alert() -> None:
    """Erratum 31: the chapter never records the metric, so its threshold cannot fire; and alerts repeat."""
    runtime, monitor = started()
    tell(monitor, *(life(f"o{number}", 150 * MILLISECOND) for number in range(8)))
    assert alerts(runtime) == [("order-to-fill", "order to fill: p99 is 150 ms over 5 orders, limit 100 ms")]


def test_the_alert_comes_again_once_the_metric_was_back_at_its_target() -> None:
    runtime, monitor = started()
    for round_number, latency_ms in enumerate((150, 80, 20, 150)):
        tell(monitor, *(life(f"r{round_number}o{n}", latency_ms * MILLISECOND) for n in range(10)))
    assert [kind for kind, _ in alerts(runtime)] == ["order-to-fill", "order-to-fill"]


def test_a_few_orders_say_nothing() -> None:
    runtime, monitor = started()
    tell(monitor, *(life(f"o{number}", 150 * MILLISECOND) for number in range(4)))
    assert alerts(runtime) == []


def test_unfilled_orders_raise_the_fill_rate_alert() -> None:
    """Erratum 31."""
    runtime, monitor = started()
    tell(monitor, *(life(f"o{number}", MILLISECOND) for number in range(8)))
    tell(monitor, life("x", MILLISECOND, 0), life("y", MILLISECOND, 0))
    assert alerts(runtime) == [("fill-rate", "fill rate: 80 of 90 lots over 9 orders, limit 90 %")]


def test_slippage_above_its_limit_raises_one_alert_until_it_is_back_at_its_target() -> None:
    """Erratum 31: the chapter has a threshold for it, and never records a figure."""
    runtime, monitor = started()
    dear, fair = 2 * 200 * 9_980 // 10_000, 400
    for round_number, decision in enumerate((fair, dear, dear, fair, dear)):
        tell(monitor, *(life(f"r{round_number}o{n}", MILLISECOND, 10, decision) for n in range(10)))
    assert [kind for kind, _ in alerts(runtime)] == ["slippage", "slippage"]
    assert alerts(runtime)[0][1].startswith("slippage: 11 bp over 10 orders, limit 10 bp")


def test_a_loss_beyond_the_limit_raises_one_critical_alert() -> None:
    """Erratum 31: the chapter reads the daily profit from a field that does not exist."""
    runtime, monitor = started()
    monitor.on_message("positions", changed(1_000, -2_000_000, 1))
    monitor.on_message("positions", changed(999, -1_999_000, 2))
    assert alerts(runtime) == []
    monitor.on_message("positions", changed(998, -1_998_001, 3))
    monitor.on_message("positions", changed(997, -1_997_002, 4))
    assert alerts(runtime) == [("daily-profit", "daily profit: -10010, limit -10000")]


def test_positions_that_are_told_whole_count_too() -> None:
    runtime, monitor = started()
    state = PositionState(ACME, 0, -1_000_001, -1_000_001, 0, 7)
    monitor.on_message("positions", PositionsTold(Epoch(1), (state,), (), 1))
    assert alerts(runtime) == [("daily-profit", "daily profit: -10001, limit -10000")]


def test_value_at_risk_near_its_limit_raises_one_alert_until_it_is_back_at_its_target() -> None:
    """Errata 30 and 31: the chapter's utilisation has no limit, and nobody ever records it."""
    runtime, monitor = started()
    for number, percent in enumerate((85, 90, None, 91, 120, 80, 95, 79, 91), 1):
        monitor.on_message("portfolio", PortfolioValued(number, 0, 0, 0, 0, None, None, percent))
    assert alerts(runtime) == [
        ("var-utilisation", "value at risk: 91 % of its limit, alert above 90 %"),
        ("var-utilisation", "value at risk: 91 % of its limit, alert above 90 %"),
    ]


def test_a_drawdown_raises_one_alert_until_it_is_back_at_its_target() -> None:
    """Errata 22 and 31."""
    runtime, monitor = started()
    for number, percent in enumerate((14, 15, 20, 11, 16, 10, 15), 1):
        monitor.on_message("portfolio", PortfolioValued(number, 0, 0, 0, percent, None, None, None))
    text = "drawdown: equity is 15 % below its peak, limit 15 %"
    assert alerts(runtime) == [("drawdown", text), ("drawdown", text)]
    assert monitor.drawdown_percent == 15


def test_every_service_is_knocked_at_on_a_timer() -> None:
    """Erratum 34: the chapter looks when the clock divides by a minute, which almost never holds."""
    runtime, monitor = started()
    runtime.advance(monitor, 60 * SECOND)
    assert tuple(runtime.opened) == KNOCKED_AT
    all_answer(runtime, monitor)
    assert tuple(runtime.closed) == KNOCKED_AT
    runtime.advance(monitor, 59 * SECOND)
    assert alerts(runtime) == []
    runtime.advance(monitor, 1 * SECOND)
    assert tuple(runtime.opened) == 2 * KNOCKED_AT


def test_a_service_that_does_not_answer_is_named_once_until_it_does() -> None:
    runtime, monitor = started()
    for minute in range(1, 5):
        runtime.advance(monitor, minute * 60 * SECOND - runtime.monotonic_ns)
        for service in KNOCKED_AT:
            if service != "risk" or minute == 3:
                runtime.connect(monitor, service)
        for service in (*ASKED, *AT_THE_DOOR):
            monitor.on_message(service, Alive(minute))
        runtime.advance(monitor, 5 * SECOND)
        if minute == 1:
            assert alerts(runtime) == [("silent/risk", "health: no sign of life from risk for 5000 ms")]
    assert [kind for kind, _ in alerts(runtime)] == ["silent/risk", "silent/risk"]


def test_positions_that_do_not_book_a_fill_are_named() -> None:
    runtime, monitor = started()
    runtime.advance(monitor, 59 * SECOND)
    tell(monitor, life("a", MILLISECOND))
    runtime.advance(monitor, 1 * SECOND)
    all_answer(runtime, monitor)
    runtime.advance(monitor, 5 * SECOND)
    assert alerts(runtime) == [("silent/positions", "health: no sign of life from positions for 6000 ms")]


@pytest.mark.parametrize("journal_first", [True, False])
def test_positions_that_booked_every_fill_are_well_whichever_news_is_first(journal_first: bool) -> None:
    runtime, monitor = started()
    if journal_first:
        tell(monitor, life("a", MILLISECOND))
    monitor.on_message("positions", changed(10, -2_000, 1))
    if not journal_first:
        tell(monitor, life("a", MILLISECOND))
    runtime.advance(monitor, 60 * SECOND)
    all_answer(runtime, monitor)
    runtime.advance(monitor, 5 * SECOND)
    assert alerts(runtime) == []


def test_a_caller_whose_stream_is_gone_is_named() -> None:
    runtime, monitor = started()
    runtime.disconnect(monitor, "audit")
    runtime.advance(monitor, 60 * SECOND)
    all_answer(runtime, monitor)
    runtime.advance(monitor, 5 * SECOND)
    assert [kind for kind, _ in alerts(runtime)] == ["silent/audit"]


def test_who_keeps_a_stream_and_does_not_answer_on_it_is_named() -> None:
    """Erratum 34, further: a stream stands for a program that hangs, too."""
    runtime, monitor = started()
    runtime.advance(monitor, 60 * SECOND)
    assert [each.number for each in runtime.take(AreYouThere, to="portfolio")] == [1]
    all_answer(runtime, monitor)
    runtime.advance(monitor, 5 * SECOND)
    assert [kind for kind, _ in alerts(runtime)] == ["silent/portfolio"]
    assert ProtectionActed("monitor.probes", "no sign of life from portfolio") in runtime.claims


def test_who_is_knocked_at_and_whose_host_alone_opens_is_named() -> None:
    """Erratum 34, further: a host opens streams for a program that hangs, too."""
    runtime, monitor = started()
    runtime.advance(monitor, 60 * SECOND)
    assert [each.number for each in runtime.take(AreYouThere, to="portfolio")] == [1]
    monitor.on_message("portfolio", Alive(1))
    for service in KNOCKED_AT:
        runtime.connect(monitor, service)
    for service in ("audit", "reconciler"):
        assert len(runtime.take(AreYouThere, to=service)) == 1
        monitor.on_message(service, Alive(1))
    runtime.advance(monitor, 5 * SECOND)
    assert [kind for kind, _ in alerts(runtime)] == ["silent/operator"]
    assert "operator" in runtime.streams, "it may answer yet"
    assert "reconciler" not in runtime.streams
    runtime.advance(monitor, 55 * SECOND)
    all_answer(runtime, monitor)
    runtime.advance(monitor, 5 * SECOND)
    assert len(alerts(runtime)) == 1


def test_with_the_protection_off_nobody_is_asked() -> None:
    runtime, monitor = started()
    monitor.on_config(DeskConfig(monitor=MonitorConfig(probes=False)))
    runtime.advance(monitor, 60 * SECOND)
    all_answer(runtime, monitor)
    runtime.advance(monitor, 5 * SECOND)
    assert (runtime.take(AreYouThere), alerts(runtime)) == ([], [])


def test_the_defaults_are_the_numbers_of_the_table() -> None:
    """Erratum 31: target and alert level of each metric that this desk measures."""
    limits = MonitorConfig()
    assert (limits.order_to_fill_target_ns, limits.order_to_fill_alert_ns) == (
        50 * MILLISECOND,
        100 * MILLISECOND,
    )
    assert (limits.fill_rate_target_percent, limits.fill_rate_alert_percent) == (95, 90)
    assert (limits.slippage_target_bp, limits.slippage_alert_bp) == (5, 10)
    assert (limits.daily_profit_target, limits.daily_profit_alert) == (0, -10_000)
    assert limits.health_interval_ns == 60 * SECOND


# --- the quality of market data ---


def test_a_quarantine_is_told_once_for_each_reason_until_no_book_is_in_it_for_that() -> None:
    runtime, monitor = started()
    runtime.claims.clear()

    def hear(*standing: tuple[str, Suspicion]) -> list[str]:
        before = len(runtime.claims)
        monitor.on_message("market-data", FeedQuality(VENUE, before, standing, ((Suspicion.CROSSED, 7),)))
        return [claim.text for claim in runtime.claims[before:] if isinstance(claim, AlertRaised)]

    assert hear(("ACME", Suspicion.CROSSED)) == ["market data of exchange-a: ACME in quarantine, crossed"]
    assert hear(("ACME", Suspicion.CROSSED), ("BOLT", Suspicion.CROSSED)) == []
    assert hear(("feed", Suspicion.SILENT)) == ["market data of exchange-a: feed in quarantine, silent"]
    assert hear() == []
    assert hear(("BOLT", Suspicion.CROSSED)) == ["market data of exchange-a: BOLT in quarantine, crossed"]
    assert monitor.quality[VENUE].counts == ((Suspicion.CROSSED, 7),)
