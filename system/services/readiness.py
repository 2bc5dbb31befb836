"""Readiness gates: what each service still needs before it can do its part. Empty: it can."""

from collections.abc import Iterable

from squall.system.services.agent import Agent
from squall.system.services.algos import Algos
from squall.system.services.audit import Audit
from squall.system.services.clients import Clients
from squall.system.services.execution import Execution
from squall.system.services.feed_channel import Phase
from squall.system.services.keeper import Keeper
from squall.system.services.leadership import Role
from squall.system.services.market_data import MarketData
from squall.system.services.monitor import Monitor
from squall.system.services.old_router import OldRouter
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

Service = (
    Agent
    | Algos
    | Audit
    | Clients
    | Execution
    | Keeper
    | MarketData
    | Monitor
    | OldRouter
    | Oms
    | Operator
    | Portfolio
    | Positions
    | Reconciler
    | Risk
    | Router
    | Strategy
    | StrategyEngine
    | TickStore
)


def waits_for(service: Service) -> tuple[str, ...]:
    """What it waits for, in words; each holds for this life of the program only."""
    match service:
        case Keeper():
            return _unless(service.renews, "a leader that renews its lease")
        case MarketData():
            return tuple(
                f"the feed of {venue}"
                for venue, feed in service.feeds.items()
                if feed.phase is not Phase.IN_SEQUENCE or not feed.known_seq
            )
        case Monitor():
            return service.awaited
        case Audit():
            return (*_unless(service.hears, "a leader"), *(f"versions {a} to {b - 1}" for a, b in service.missing))
        case Portfolio():
            return _unless(service.valuation is not None, "positions")
        case Positions():
            return _unless(service.known, "a leader's fills")
        case Risk():
            gate = service.gate
            return (*_unless(gate.ready, "the leader's orders and the positions"), *_prices(gate.blind))
        case Execution():
            lines = service.lines
            down = (f"a session with {line.venue}" for line in lines if not line.gateway.established)
            return (*_unless(service.fenced, "a leader's claim"), *down)
        case Router():
            return (*_unless(service.informed, "execution's word of the venues"), *_prices(service.blind))
        case Reconciler():
            lost = (f"a stream to {watch.venue}" for watch in service.watches if not watch.connected)
            return (*_unless(service.leader is not None, "a leader"), *lost)
        case Oms():
            return _unless(service.in_step or service.role is Role.LEADING, "the journal of whoever leads")
        case Strategy() | StrategyEngine():
            return _unless(service.leader[1] is not None, "a leader")
        case Algos():
            return _unless(service.leader is not None, "a leader")
        case TickStore() | Operator() | Clients() | Agent() | OldRouter():
            return ()


def unfinished(service: Service) -> tuple[str, ...]:
    """What it would not get done if it were stopped now, though nothing new came to it."""
    match service:
        case Oms():
            return _unless(not service.unsaid, f"{service.unsaid} words that wait for both journals")
        case Audit():
            return _unless(service.settled, "what was copied last is not written, or not shown")
        case _:
            return ()


def leads(service: Service) -> bool:
    """Whether it is the OMS that leads."""
    return isinstance(service, Oms) and service.role is Role.LEADING


def _unless(holds: bool, what: str) -> tuple[str, ...]:
    return () if holds else (what,)


def _prices(symbols: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"a price of {symbol}" for symbol in symbols)
