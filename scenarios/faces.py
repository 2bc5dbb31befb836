"""What each service shows of itself, as values under names that bear their units."""

from enum import Enum
from typing import Any

from msgspec.structs import asdict

from squall.sim.exchange.venue import Venue
from squall.system.domain.orders import TERMINAL, Order
from squall.system.domain.parent_life import ParentLife
from squall.system.domain.portfolio import Exposure
from squall.system.domain.projections.trades import CapturedTrade, Standing
from squall.system.services.algos import Algos
from squall.system.services.audit import Audit
from squall.system.services.build import Build
from squall.system.services.clients import Clients
from squall.system.services.execution import Execution
from squall.system.services.keeper import Keeper
from squall.system.services.market_data import MarketData
from squall.system.services.monitor import Monitor
from squall.system.services.oms import Oms
from squall.system.services.operator import Operator
from squall.system.services.portfolio import Portfolio
from squall.system.services.positions import Positions
from squall.system.services.reconciler import Reconciler
from squall.system.services.risk import Risk
from squall.system.services.router import Router
from squall.system.services.strategy import Strategy
from squall.system.services.strategy_engine import StrategyEngine
from squall.system.services.tick_store import TickStore


def shown(program: Any) -> dict[str, Any]:
    """What a service knows. A program of a user's own shows nothing: nobody knows what it keeps."""
    match program:
        case Build():
            return shown(program.service)
        case Oms():
            return _oms(program)
        case Execution():
            return _execution(program)
        case Positions():
            return _positions(program)
        case Portfolio():
            return _portfolio(program)
        case Risk():
            return _risk(program)
        case Router():
            return {"routable": list(program.routable)}
        case MarketData():
            return _feeds(program)
        case Strategy() | StrategyEngine():
            return _strategy(program)
        case Keeper():
            grant = program.last
            return {"epoch": grant.epoch, "granted_to": grant.candidate or None, "led": grant.led}
        case Audit():
            return _audit(program)
        case Monitor():
            return _monitor(program)
        case TickStore():
            return {
                "bars": {symbol: len(bars) for symbol, bars in program.bars.items()},
                "refused": program.refused,
                "unwritten": program.unwritten,
            }
        case Operator():
            return {
                "words": {
                    f"{word.scope.value} {word.name}".rstrip(): {
                        "state": word.state.value,
                        "done": word not in program.waiting,
                        "left_orders": program.left_of(word),
                    }
                    for word in program.words
                }
            }
        case Reconciler():
            return _reconciler(program)
        case Algos():
            return {"parents": {name: _parent(life) for name, life in program.lives.items()}}
        case Clients():
            return {
                "parents_done": {name: done.outcome.value for name, done in program.done.items()},
                "parents_refused": program.refused,
                "parents_unanswered": list(program.unanswered),
            }
        case Venue():
            return {"orders_of_the_desk": len(program.ledger.live_orders)}
        case _:
            return {}


def _oms(program: Oms) -> dict[str, Any]:
    return {
        "role": program.role.value,
        "epoch": program.epoch,
        "journal_version": program.version,
        "orders": {order.cl_ord_id: _order(order) for order in program.orders},
    }


def _strategy(program: Strategy | StrategyEngine) -> dict[str, Any]:
    epoch, leader = program.leader
    dropped = {reason.value: count for reason, count in program.dropped.items() if count}
    holds = _holds(program) if isinstance(program, StrategyEngine) else {}
    return {
        "epoch": epoch,
        "leader": leader,
        "not_taken_yet": list(program.waiting),
        "signals_dropped": dropped,
        **holds,
    }


def _monitor(program: Monitor) -> dict[str, Any]:
    alerts = [f"{alert.severity}: {alert.text}" for alert in program.board.kept if program.board.stands(alert.kind)]
    quarantines = {
        venue: {reason.value: count for reason, count in quality.counts} for venue, quality in program.quality.items()
    }
    return {
        "open_orders": program.flow.open_orders,
        "metrics": _metrics(program),
        "alerts_standing": alerts,
        "quarantines": quarantines,
    }


def _metrics(program: Monitor) -> dict[str, Any]:
    """What each of the monitor's alerts looks at; None where nothing has been seen of it."""
    latencies, rate, slippage = program.flow.order_to_fill, program.flow.fill_rate, program.flow.slippage
    return {
        "order_to_fill_p99_ns": latencies.p99_ns() if len(latencies) else None,
        "filled_lots": rate.filled_lots,
        "ordered_lots": rate.ordered_lots,
        "slippage_bp": slippage.in_basis_points if len(slippage) else None,
        "daily_profit": program.profit.currency_units,
        "drawdown_percent": program.drawdown_percent,
        "var_utilisation_percent": program.var_utilisation_percent,
    }


def _holds(engine: StrategyEngine) -> dict[str, Any]:
    """What it holds and quotes, as it has been told."""
    quotes = {
        mine.cl_ord_id: {
            "side": mine.side.value,
            "leaves_lots": mine.leaves_lots,
            "price_half_ticks": mine.price_half_ticks,
            "venue": mine.venue,
            "moves_to_half_ticks": mine.aim_half_ticks if mine.asked is not None else None,
            "taken_back": mine.cancelling,
        }
        for mine in engine.open_orders
    }
    return {"positions": engine.positions, "open_orders": quotes, "venues_throttled": list(engine.throttled)}


def _order(order: Order) -> dict[str, Any]:
    return {
        "state": order.state.value,
        "symbol": order.terms.symbol,
        "side": order.terms.side.name.lower(),
        "lots": order.terms.quantity_lots,
        "filled_lots": order.cum_lots,
        "venue": order.venue,
        "attempt": order.attempt,
    }


def _execution(program: Execution) -> dict[str, Any]:
    return {
        "epoch": program.epoch,
        "venues": {
            line.venue: {
                "breaker": line.breaker.state.value,
                "failures": line.breaker.failures,
                "session": line.gateway.state.value,
                "session_number": line.gateway.session,
            }
            for line in program.lines
        },
        "orders_at_venues": sum(flight.answered for flight in program.flights),
        "orders_unanswered": [flight.order.cl_ord_id for flight in program.flights if not flight.answered],
        "orders_doubted": [flight.order.cl_ord_id for flight in program.flights if flight.doubted],
    }


def _positions(program: Positions) -> dict[str, Any]:
    return {
        symbol: {
            "net_lots": total.net_lots,
            "cash_flow_half_tick_lots": total.cash_flow,
            "realised_half_tick_lots": total.realised,
            "fees_half_tick_lots": total.fees,
            "fills": total.number,
        }
        for symbol, total in program.fills.totals.items()
    }


def _audit(program: Audit) -> dict[str, Any]:
    models, lag, money = program.read_models, program.lag, program.money
    rows = models.orders.rows.values()
    return {
        "versions_missing": [list(hole) for hole in program.missing],
        "shows_version": models.version,
        "behind_versions": lag.versions,
        "behind_ns": lag.age_ns,
        "orders": len(rows),
        "orders_open": sum(row.status not in TERMINAL for row in rows),
        "fills": len(models.fills.fills),
        "positions": {
            f"{key.symbol} of {key.strategy}": {
                "net_lots": row.quantity_lots,
                "realised_half_tick_lots": row.realised,
                "fees_half_tick_lots": row.fees,
            }
            for key, row in models.fills.rows.items()
        },
        "captured": _captured(program),
        "flow": {
            state.value: {
                "entered": node.entered,
                "left": node.left,
                "ordered_lots": node.ordered_lots,
                "filled_lots": node.filled_lots,
            }
            for state, node in models.flow.nodes.items()
        },
        "quality": {
            strategy: {
                "orders": each.orders,
                "ordered_lots": each.ordered_lots,
                "filled_lots": each.filled_lots,
                "execution_cents": money.in_cents(each.execution),
                "fees_cents": money.in_cents(each.fees),
                "opportunity_cents": money.in_cents(each.opportunity),
                "shortfall_bp": each.shortfall_bp,
            }
            for strategy, each in models.quality(money, {}).items()
        },
    }


def _captured(program: Audit) -> dict[str, Any]:
    """Trades by how they stand, how far they are on the disk, and the latest of them with its order."""
    trades = program.read_models.trades.rows
    standings = [trade.standing for trade in trades.values()]
    latest = next(reversed(trades.values()), None)
    return {
        "version_on_disk": program.captured_version,
        "not_on_disk": program.uncaptured,
        "standing": {each.value: standings.count(each) for each in Standing if each in standings},
        "latest": None if latest is None else _trade(latest),
    }


def _trade(trade: CapturedTrade) -> dict[str, Any]:
    """One record, whole."""
    told = {**asdict(trade), **asdict(trade.attribution)}
    del told["attribution"]
    return {name: value.value if isinstance(value, Enum) else value for name, value in told.items()}


def _portfolio(program: Portfolio) -> dict[str, Any]:
    now, in_cents = program.valuation, program.money.in_cents
    if now is None:
        return {"equity_cents": None}

    def by(exposures: tuple[Exposure, ...]) -> dict[str, dict[str, int]]:
        return {each.of: {"net_cents": in_cents(each.net), "gross_cents": in_cents(each.gross)} for each in exposures}

    return {
        "equity_cents": in_cents(now.equity),
        "cash_cents": in_cents(now.cash),
        "profit_cents": in_cents(now.profit),
        "realised_cents": in_cents(now.realised),
        "unrealised_cents": in_cents(now.unrealised),
        "fees_cents": in_cents(now.fees),
        "drawdown_percent": now.drawdown_percent,
        "value_at_risk_cents": None if now.tail is None else in_cents(now.tail.value_at_risk),
        "expected_shortfall_cents": None if now.tail is None else in_cents(now.tail.expected_shortfall),
        "var_utilisation_percent": program.var_utilisation_percent,
        "names": by(now.names),
        "sectors": by(now.sectors),
        "strategies": by(now.strategies),
    }


def _risk(program: Risk) -> dict[str, Any]:
    gate = program.gate
    symbols = {}
    for symbol in gate.symbols:
        buying_lots, selling_lots = gate.in_flight(symbol)
        symbols[symbol] = {
            "net_lots": gate.net_lots(symbol),
            "buying_lots": buying_lots,
            "selling_lots": selling_lots,
        }
    limits = {name: getattr(gate.limits, name) for name in gate.limits.__struct_fields__}
    return {"open_orders": gate.open_orders, "waiting": list(program.waiting), "symbols": symbols, "limits": limits}


def _feeds(program: MarketData) -> dict[str, Any]:
    return {
        venue: {
            "state": feed.phase.value,
            "next_seq": feed.next_seq,
            "known_seq": feed.known_seq,
            "touches": {
                symbol: {"bid_half_ticks": bid, "bid_lots": bid_lots, "ask_half_ticks": ask, "ask_lots": ask_lots}
                for symbol, (bid, bid_lots, ask, ask_lots) in feed.touches.items()
            },
            "told_from": feed.provider.value,
            "in_quarantine": {what: held.reason.value for what, held in feed.quarantine.standing.items()},
            "quarantines": {reason.value: count for reason, count in feed.quarantine.counts.items() if count},
        }
        for venue, feed in program.feeds.items()
    }


def _reconciler(program: Reconciler) -> dict[str, Any]:
    return {
        "leader": program.leader,
        "venues": {
            watch.venue: {
                "connected": watch.connected,
                "subscribed": watch.is_subscribed,
                "trades_heard": watch.last,
                "lists_asked": watch.queries,
                "list_with_leader": watch.heard,
                "queries_failed": watch.failures,
            }
            for watch in program.watches
        },
    }


def _parent(life: ParentLife) -> dict[str, Any]:
    order, progress = life.order, life.progress
    return {
        "algorithm": order.algorithm.value,
        "client": order.client,
        "symbol": order.symbol,
        "side": order.side.name.lower(),
        "lots": order.quantity_lots,
        "filled_lots": progress.filled_lots,
        "open_lots": progress.open_lots,
        "outcome": None if life.done is None else life.done.outcome.value,
        "children": len(life.children),
        "children_open": len(life.open_children),
    }
