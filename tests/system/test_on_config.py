"""A pushed configuration holds from the next thing that a service does, as if it had been started with it."""

from msgspec.structs import replace

from squall.system.assemble import DESK
from squall.system.config import (
    MILLISECOND,
    BreakerConfig,
    DeskConfig,
    ExecutionConfig,
    FeedConfig,
    MonitorConfig,
    OmsConfig,
    RiskConfig,
    StrategyConfig,
)
from squall.system.domain.clients import ClientFlow
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.signals import Workload
from squall.system.services.execution import Execution
from squall.system.services.market_data import MarketData
from squall.system.services.oms import Oms
from squall.system.services.positions import Positions
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

WIRING = Wiring(
    instruments=(Instrument(Symbol("ACME")),),
    venues=(VenueRoute(Venue("exchange-a"), "exchange-a", (Symbol("ACME"),)),),
)
OTHER = DeskConfig(
    breaker=BreakerConfig(failure_threshold=9),
    execution=ExecutionConfig(heartbeat_interval_ns=7 * MILLISECOND),
    risk=RiskConfig(reopen_interval_ns=7 * MILLISECOND),
    feed=FeedConfig(gap_timeout_ns=7 * MILLISECOND),
    oms=OmsConfig(max_reroutes=9),
    strategy=StrategyConfig(max_resubmits=9),
    monitor=MonitorConfig(reopen_interval_ns=9 * MILLISECOND),
)


def test_every_service_takes_a_configuration_at_any_time() -> None:
    wiring = replace(WIRING, algos="algos", clients="clients")
    for address, service in DESK.items():
        program = service.make(FakeRuntime(address), DeskConfig(), wiring, Workload(clients=ClientFlow()))
        program.on_config(OTHER)
        program.on_start()
        program.on_config(DeskConfig())


def test_positions_wait_as_long_as_they_are_told_before_they_reach_out_again() -> None:
    runtime = FakeRuntime("positions")
    positions = Positions(runtime, DeskConfig(), WIRING)
    positions.on_config(OTHER)
    positions.on_stream_closed("risk", "reset")
    positions.on_stream_closed("monitor", "reset")
    assert (runtime.timers["risk"], runtime.timers["monitor"]) == (7 * MILLISECOND, 9 * MILLISECOND)


def test_market_data_judge_the_lines_by_the_patience_that_they_are_told() -> None:
    market_data = MarketData(FakeRuntime("market-data"), DeskConfig(), WIRING)
    market_data.on_config(OTHER)
    assert [channel.arbiter.patience_ns for channel in market_data._channels.values()] == [7 * MILLISECOND]


def test_execution_hands_it_to_sessions_and_breakers() -> None:
    execution = Execution(FakeRuntime("execution"), DeskConfig(), WIRING)
    execution.on_start()
    execution.on_config(OTHER)
    (line,) = execution.lines
    assert line.gateway.config.heartbeat_interval_ns == 7 * MILLISECOND
    assert line.breaker.config.failure_threshold == 9


def test_the_oms_hands_it_to_its_leadership() -> None:
    oms = Oms(FakeRuntime("oms1"), DeskConfig(), WIRING)
    oms.on_start()
    oms.on_config(OTHER)
    assert oms._leadership.config is OTHER.lease
