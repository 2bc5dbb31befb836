"""The parts list of the desk: how each service is made, and what its work costs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from squall.system.config import DeskConfig
from squall.system.domain.messages import CheckOrder, Replicate, SendOrder, SubmitOrder, Tick
from squall.system.domain.schemas import SECOND
from squall.system.domain.signals import Workload
from squall.system.runtime import Runtime
from squall.system.services.agent import Agent
from squall.system.services.algos import Algos
from squall.system.services.audit import Audit
from squall.system.services.build import Build
from squall.system.services.clients import Clients
from squall.system.services.execution import Execution
from squall.system.services.keeper import Keeper
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
from squall.system.wiring import Wiring

ServiceProgram = (
    Agent
    | Algos
    | Audit
    | Build
    | Clients
    | Execution
    | Keeper
    | MarketData
    | Monitor
    | Oms
    | OldRouter
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
Make = Callable[[Runtime, DeskConfig, Wiring, Workload], ServiceProgram]


class Service(Struct, frozen=True):
    """How to make one service, and its service times in ns."""

    make: Make
    cost_ns: int = 2_000
    cost_by_message_ns: Mapping[type, int] = {}
    feed_lines: tuple[str, ...] = ()
    """Network cards of its own, one a line, for what arrives in duplicate."""
    versions: Mapping[str, Make] = {}
    """Other builds that there are, by name: a fault may deploy one."""


def _strategy(runtime: Runtime, config: DeskConfig, wiring: Wiring, workload: Workload) -> Strategy | StrategyEngine:
    """What trades: by a rule of its own, or as the workload's schedule has it."""
    if workload.rule is not None:
        return StrategyEngine(runtime, config, wiring, workload, workload.rule)
    return Strategy(runtime, config, wiring, workload)


DESK: Final[dict[str, Service]] = {
    "market-data": Service(lambda r, c, w, _: MarketData(r, c, w), feed_lines=("A", "B")),
    "strategy": Service(_strategy, cost_by_message_ns={Tick: 1_500}),
    "oms1": Service(lambda r, c, w, _: Oms(r, c, w), cost_by_message_ns={SubmitOrder: 3_000, Replicate: 1_500}),
    "oms2": Service(lambda r, c, w, _: Oms(r, c, w), cost_by_message_ns={SubmitOrder: 3_000, Replicate: 1_500}),
    "risk": Service(lambda r, c, w, _: Risk(r, c, w), cost_by_message_ns={CheckOrder: 2_500, Tick: 500}),
    "router": Service(
        lambda r, c, w, _: Router(r, c, w),
        cost_by_message_ns={Tick: 500},
        versions={"2003": lambda r, c, w, _: OldRouter(r, c, w)},
    ),
    "execution": Service(lambda r, c, w, _: Execution(r, c, w), cost_by_message_ns={SendOrder: 3_000}),
    "positions": Service(lambda r, c, w, _: Positions(r, c, w)),
    "portfolio": Service(lambda r, c, w, _: Portfolio(r, c, w)),
    "tick-store": Service(lambda r, c, w, _: TickStore(r, c, w)),
    "reconciler": Service(lambda r, c, w, _: Reconciler(r, c, w)),
    "audit": Service(lambda r, c, w, _: Audit(r, c, w)),
    "monitor": Service(lambda r, c, w, _: Monitor(r, c, w)),
    "operator": Service(lambda r, c, w, _: Operator(r, c, w)),
    "keeper1": Service(lambda r, c, w, _: Keeper(r, c, w)),
    "keeper2": Service(lambda r, c, w, _: Keeper(r, c, w)),
    "keeper3": Service(lambda r, c, w, _: Keeper(r, c, w)),
    "algos": Service(lambda r, c, w, _: Algos(r, c, w), cost_by_message_ns={Tick: 1_000}),
    "clients": Service(lambda r, c, w, load: Clients(r, c, w, load.clients)),
}
"""By address. The addresses are those of `Wiring`."""

NEXT: Final = "next"
"""The build that comes after the one that the desk is laid out with."""

AGENT: Final = Service(lambda r, c, w, _: Agent(r))
"""What stands on every machine where builds are rolled out."""


def _next_oms(runtime: Runtime, config: DeskConfig, wiring: Wiring, load: Workload) -> Oms:
    return Oms(runtime, config, wiring, SECOND)


NEXT_BUILDS: Final[Mapping[str, Make]] = {"oms1": _next_oms, "oms2": _next_oms}
"""What is not only built anew, but otherwise: the next OMS writes events in the second schema."""


def rolled_out(address: str, service: Service) -> Service:
    """The service as one that says which build it is, and that has another one."""
    return replace(
        service,
        make=partial(_build, service.make, ""),
        versions={**service.versions, NEXT: partial(_build, NEXT_BUILDS.get(address, service.make), NEXT)},
    )


def _build(make: Make, version: str, runtime: Runtime, config: DeskConfig, wiring: Wiring, load: Workload) -> Build:
    service = make(runtime, config, wiring, load)
    assert not isinstance(service, Build)
    return Build(runtime, service, version)
