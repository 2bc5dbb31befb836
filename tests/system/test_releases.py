"""The operator's console, the agents and the gates: what is asked, installed and stopped, and what a restart keeps."""

from typing import Any

import pytest

from squall.system.config import SECOND, DeskConfig, LeaseConfig, UpgradeConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.messages import (
    AskReady,
    BuildInstalled,
    HaltProgram,
    HandOver,
    InstallBuild,
    ProgramHalted,
    ReadyTold,
    RollOut,
    ShutDesk,
    SwitchDone,
    SwitchTrading,
)
from squall.system.domain.switches import Scope, TradingState
from squall.system.services.agent import Agent
from squall.system.services.build import Build
from squall.system.services.keeper import Keeper
from squall.system.services.operator import Operator
from squall.system.wiring import Wiring
from tests.fakes import FakeRuntime

NOBODY = Wiring(instruments=(), venues=())
WIRING = Wiring(instruments=(), venues=(), agents={each: f"agent of {each}" for each in NOBODY.in_order})


class Console:
    """An operator, and a desk that answers it as a test says."""

    def __init__(self, config: DeskConfig | None = None, wiring: Wiring = WIRING) -> None:
        self.runtime = FakeRuntime("operator")
        self.config, self.wiring = config or DeskConfig(), wiring
        self.leader = "oms1"
        self.installed: list[str] = []
        self.start()

    def start(self) -> None:
        self.runtime.timers.clear()
        self.runtime.sent.clear()
        self.operator = Operator(self.runtime, self.config, self.wiring)
        self.operator.on_start()

    def say(self, word: Any) -> None:
        self.operator.on_message("a person", word)

    def answer(self, until: str = "") -> None:
        """Answer whatever is asked, until nothing is, or a program is to be installed that is not to answer."""
        while self.runtime.sent:
            to, message = self.runtime.sent.pop(0)
            match message:
                case AskReady(number):
                    version = "next" if to in self.installed else ""
                    self.operator.on_message(to, ReadyTold(number, version, (), to == self.leader))
                case InstallBuild(_, program, version):
                    if program == until:
                        return
                    self.installed.append(program)
                    self.operator.on_message(to, BuildInstalled(program, version, True))
                case HandOver():
                    self.leader = "oms2"
                case HaltProgram(_, program):
                    self.operator.on_message(to, ProgramHalted(program))
            if not self.runtime.sent and "go on with the roll-out" in self.runtime.timers:
                self.runtime.advance(self.operator, self.config.upgrade.ask_interval_ns)

    def alerts(self) -> list[str]:
        return [claim.text for claim in self.runtime.claims if isinstance(claim, AlertRaised)]


def test_every_program_is_installed_in_the_order_of_the_start_the_leader_after_its_standby_the_console_last() -> None:
    console = Console()
    console.say(RollOut(0, "next"))
    console.answer()
    order = [*WIRING.in_order]
    one, two = order.index("oms1"), order.index("oms2")
    order[one], order[two] = "oms2", "oms1"
    assert console.installed == order
    assert console.alerts() == []


def test_a_console_that_is_restarted_goes_on_where_it_was() -> None:
    console = Console()
    console.say(RollOut(0, "next"))
    console.answer(until="risk")
    done = list(console.installed)
    console.start()
    console.answer()
    assert console.installed[: len(done) + 1] == [*done, "risk"]
    assert len(console.installed) == len(WIRING.in_order)


def test_answers_to_what_was_asked_before_this_step_began_count_for_nothing() -> None:
    console = Console()
    console.say(RollOut(0, "next"))
    console.runtime.sent.clear()
    console.operator.on_message("keeper1", ReadyTold(0, "", (), False))
    assert console.runtime.sent == []


def test_a_desk_without_agents_says_that_nothing_can_be_rolled_out() -> None:
    console = Console(wiring=NOBODY)
    console.say(RollOut(0, "next"))
    assert console.alerts() == ["build next cannot be rolled out: this desk has no agents"]


def test_with_hand_over_off_the_leader_is_not_asked_to() -> None:
    console = Console(DeskConfig(lease=LeaseConfig(hand_over=False)))
    console.say(RollOut(0, "next"))
    console.answer()
    assert console.leader == "oms1"
    assert len(console.installed) == len(WIRING.in_order)


def test_an_agent_does_as_it_is_told_and_says_where_it_cannot() -> None:
    runtime = FakeRuntime("agent-risk")
    runtime.builds["risk"] = ("", "next")
    agent = Agent(runtime)
    agent.on_message("operator", InstallBuild(1, "risk", "next"))
    agent.on_message("operator", InstallBuild(2, "risk", "newest"))
    agent.on_message("operator", HaltProgram(3, "risk"))
    assert [message for _, message in runtime.sent] == [
        BuildInstalled("risk", "next", True),
        BuildInstalled("risk", "newest", False),
        ProgramHalted("risk"),
    ]
    assert runtime.installed == {}


def test_a_build_says_which_one_it_is_and_that_a_keeper_waits_for_a_leader() -> None:
    runtime = FakeRuntime("keeper1")
    build = Build(runtime, Keeper(runtime, DeskConfig(), WIRING), "next")
    build.on_start()
    build.on_message("operator", AskReady(7))
    assert runtime.take(ReadyTold) == [ReadyTold(7, "next", ("a leader that renews its lease",), False)]


# --- the stop ------------------------------------------------------------------------------------------


def closed(number: int, left: int) -> SwitchDone:
    return SwitchDone(number, Scope.DESK, "", TradingState.CLOSING, left)


def halted(console: Console) -> list[str]:
    return [message.program for message in console.runtime.take(HaltProgram)]


def test_programs_stop_when_the_desk_is_closed_the_last_to_start_first() -> None:
    console = Console()
    for oms in ("oms1", "oms2"):
        console.runtime.connect(console.operator, oms)
    console.say(ShutDesk(0))
    (order, *_) = console.runtime.take(SwitchTrading)
    assert order.state is TradingState.CLOSING
    console.operator.on_message("oms1", closed(order.number, 3))
    assert console.runtime.take(AskReady) == []
    assert [c.protection for c in console.runtime.claims if isinstance(c, ProtectionActed)] == ["upgrade.await_close"]
    console.operator.on_message("oms1", closed(order.number, 0))
    stopped = []
    while asked := console.runtime.take(AskReady):
        program = [each for each in reversed(WIRING.in_order) if each != "operator"][len(stopped)]
        console.operator.on_message(program, ReadyTold(asked[-1].number, "", (), False))
        (program,) = halted(console)
        stopped.append(program)
        console.operator.on_message(f"agent of {program}", ProgramHalted(program))
    assert stopped == [each for each in reversed(WIRING.in_order) if each != "operator"]


@pytest.mark.parametrize("answers", [True, False])
def test_one_that_is_not_done_or_does_not_answer_is_awaited_and_stopped_in_the_end_with_an_alert(answers: bool) -> None:
    console = Console(DeskConfig(upgrade=UpgradeConfig(await_close=False, patience_ns=1 * SECOND)))
    console.config = DeskConfig(upgrade=UpgradeConfig(patience_ns=1 * SECOND))
    console.say(ShutDesk(0))
    console.operator.on_config(console.config)
    for _ in range(10):
        for asked in console.runtime.take(AskReady) if answers else ():
            told = ReadyTold(asked.number, "", (), False, ("words that wait",))
            console.operator.on_message(WIRING.in_order[-2], told)
        assert halted(console) == []
        console.runtime.advance(console.operator, SECOND // 11)
    console.runtime.advance(console.operator, SECOND)
    assert set(halted(console)) == {WIRING.in_order[-2]}
    assert console.alerts()[0] == f"{WIRING.in_order[-2]} is stopped, and did not say in time that it is done"
