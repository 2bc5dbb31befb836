"""Every strategy trades, on the simulated market and on recorded ones, and keeps what it promises."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from squall.scenarios.checks.strategies import budget_kept, never_with_itself
from squall.scenarios.desk_promises import always, settles
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, run
from squall.scenarios.scenario import Market, Scenario
from squall.scenarios.settings import SECOND, Settings, VenueConfig
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker
from squall.system.domain.strategies.mean_reversion import MeanReversion
from squall.system.domain.strategies.momentum import Momentum
from squall.system.domain.strategies.rules import Rule
from tests.recordings import SYNTHETIC, source_file, sources, synthetic_lines, write

RULES: dict[str, Rule] = {
    "momentum": Momentum(fast_ticks=2, slow_ticks=8, enter_half_ticks=1),
    "reversion": MeanReversion(window_ticks=10),
    "maker": MarketMaker(half_spread_ticks=1, hedge_lots=150),
}


def _day(name: str, market: Market) -> Scenario:
    return Scenario(
        settings=Settings(venue=VenueConfig(events_per_s=15)),
        market=market,
        workload=Workload(strategy=name, rule=RULES[name], start_ns=1 * SECOND, stop_ns=12 * SECOND),
        promises=(*always(), *settles(), budget_kept(500), never_with_itself()),
        duration_ns=15 * SECOND,
    )


@pytest.mark.parametrize("source", sources())
@pytest.mark.parametrize("name", RULES)
def test_every_strategy_trades_on_a_recorded_market(name: str, source: str, tmp_path: Path) -> None:
    if source == SYNTHETIC:
        file = write(tmp_path / "walk.gz", synthetic_lines(duration_ms=20_000))
    else:
        file = source_file(source, tmp_path)
    choice = Choice(name, _day(name, Market(recording=str(file))), "it trades")
    result = run(choice)
    assert result.verdict is Verdict.PASS, [check for check in result.checks if check.verdict is not Verdict.PASS]
    assert result.metrics["orders"] >= 2


@pytest.mark.parametrize("name", RULES)
def test_every_strategy_trades_on_the_simulated_market(name: str) -> None:
    orders = 0
    for seed in range(1, 5):
        scenario = _day(name, Market())
        result = run(Choice(name, replace(scenario, promises=(*always(), budget_kept(500))), "it trades", seed))
        assert result.verdict is not Verdict.VIOLATED, result.checks
        orders += result.metrics["orders"] or 0
    assert orders >= 4
