"""Risk: asks the gate about every order, and feeds it with fills, marks, ends of orders and what is switched off."""

from collections.abc import Hashable
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.ids import ClOrdID
from squall.system.domain.limits import Answer, Gate
from squall.system.domain.messages import (
    AskPositions,
    AskTicks,
    CheckOrder,
    CheckReplace,
    DenyReason,
    OrderChecked,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    ReplaceChecked,
    ResizeOrder,
    SwitchesTold,
    SwitchTrading,
    SyncRisk,
    Tick,
)
from squall.system.domain.reference import corrected
from squall.system.domain.switches import Scope, TradingState
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

Question = CheckOrder | CheckReplace
RiskMessage = Tick | Question | PositionChanged | ReleaseOrder | ResizeOrder | PositionsTold | SyncRisk | SwitchesTold

REOPEN: Final = "reopen positions"
PEAK_FILE: Final = "peak"

SWITCH_OF: Final = {
    DenyReason.ORDER_SIZE: "risk.hard_block",
    DenyReason.ORDER_VALUE: "risk.exposure_limits",
    DenyReason.GROSS_EXPOSURE: "risk.exposure_limits",
    DenyReason.NET_EXPOSURE: "risk.exposure_limits",
    DenyReason.PORTFOLIO_VALUE: "risk.exposure_limits",
    DenyReason.BUYING_POWER: "risk.exposure_limits",
    DenyReason.NAME_CONCENTRATION: "risk.concentration",
    DenyReason.SECTOR_CONCENTRATION: "risk.concentration",
    DenyReason.DAILY_LOSS: "risk.loss_limit",
    DenyReason.DRAWDOWN: "risk.drawdown_limit",
    DenyReason.PRICE_COLLAR: "risk.price_collar",
    DenyReason.MARKET_ON_THE_RUN: "risk.price_collar",
    DenyReason.FAT_FINGER: "risk.fat_finger",
    DenyReason.MESSAGE_RATE: "risk.rate_limit",
    DenyReason.REPEATED: "risk.duplicate_filter",
    DenyReason.RESTRICTED: "risk.restricted_list",
    DenyReason.LOCATE: "risk.locates",
    DenyReason.HALTED: "risk.kill_switch",
    DenyReason.REDUCING_ONLY: "risk.kill_switch",
}
"""Which protection stands behind a denial. Those that are not here cannot be switched off."""


class Risk:
    """What is in flight comes from the leader, what is held comes from the positions.

    Until it has both, a question waits. A question of a lower epoch than the highest heard is not answered. On disk it
    keeps one number, which nobody else knows: the highest profit that the desk has had.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._wiring = wiring
        self._positions = wiring.positions
        self.gate = Gate(config.risk, corrected(wiring.instruments, config.reference.entries))
        self._waiting: dict[ClOrdID, tuple[Address, Question]] = {}
        self._leader: Address | None = None
        self._peak = 0
        """The highest profit that is on the disk."""

    @property
    def waiting(self) -> tuple[ClOrdID, ...]:
        """Orders asked about before the gate was ready."""
        return tuple(self._waiting)

    def on_start(self) -> None:
        records = self._runtime.read(PEAK_FILE)
        self._peak = int(records[-1]) if records else 0
        self.gate.remember_peak(self._peak)
        # Positions open this stream too; but after a restart of ours they would not know that they have to.
        self._runtime.open(self._positions)
        # Else a gate that restarts denies what it has no mark for, until each book has moved.
        self._runtime.send(self._wiring.market_data, AskTicks(1))

    def on_message(self, sender: Address, message: RiskMessage) -> None:
        match message:
            case Tick():
                self.gate.on_tick(message, self._runtime.monotonic_ns)
                self._keep_peak()
            case CheckOrder() | CheckReplace():
                self._asked(sender, message)
            case PositionChanged():
                self._on_fill(message)
            case ReleaseOrder():
                self._waiting.pop(message.cl_ord_id, None)  # nobody needs the answer any more
                self.gate.on_release(message)
            case ResizeOrder():
                self.gate.on_resized(message.cl_ord_id, message.quantity_lots)
            case PositionsTold():
                self.gate.on_told(message)
                self._answer_waiting()
            case SyncRisk():
                self._synced(sender, message)
            case SwitchesTold():
                if self.gate.heeds(message.epoch):
                    self.gate.on_switches(message.switches)
                    self._report_trips()
            case _:
                raise TypeError(f"risk: no handler for {type(message).__name__} from {sender}")

    def _asked(self, sender: Address, question: Question) -> None:
        if not self.gate.heeds(question.epoch):
            return
        if self.gate.ready_for(question.epoch):
            self._answer(sender, question)
        elif len(self._waiting) < self._config.risk.max_waiting or question.cl_ord_id in self._waiting:
            self._waiting[question.cl_ord_id] = (sender, question)
        else:
            waiting = len(self._waiting)
            text = f"risk: {waiting} questions wait already, dropped the one about {question.cl_ord_id}"
            self._runtime.emit(AlertRaised("critical", "risk.waiting", text))

    def _synced(self, sender: Address, sync: SyncRisk) -> None:
        if not self.gate.heeds(sync.epoch):
            return
        self._leader = sender
        if self.gate.on_sync(sync):
            self._runtime.write(self._positions, AskPositions(sync.epoch))
        self._report_trips()
        self._answer_waiting()

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for sender, question in waiting.values():
            self._asked(sender, question)

    def _answer(self, sender: Address, question: Question) -> None:
        runtime = self._runtime
        match question:
            case CheckOrder():
                answer = self.gate.check(question, runtime.monotonic_ns, runtime.now_ns)
                runtime.write(sender, OrderChecked(question.cl_ord_id, answer.denials, answer.reduces))
            case CheckReplace():
                answer = self.gate.check_replace(question, runtime.monotonic_ns, runtime.now_ns)
                runtime.write(sender, ReplaceChecked(question.cl_ord_id, question.replace_id, answer.denials))
        if answer.denials:
            self._claim(question, answer)
        elif question.quantity_lots > self._config.risk.warn_order_lots:
            text = f"{question.cl_ord_id} is unusually large: {question.quantity_lots} lots"
            runtime.emit(AlertRaised("warning", "risk.order_size", text))

    def _claim(self, question: Question, answer: Answer) -> None:
        """Which protections have acted: each once, however many of its limits were passed."""
        acted = ["risk.count_in_flight"] if answer.for_flight_alone else []
        acted += [SWITCH_OF[each.reason] for each in answer.denials if each.reason in SWITCH_OF]
        for protection in dict.fromkeys(acted):
            self._runtime.emit(ProtectionActed(protection, f"denied {question.cl_ord_id}"))

    # --- executions ---

    def _on_fill(self, fill: PositionChanged) -> None:
        stopped = self.gate.on_fill(fill, self._runtime.monotonic_ns)
        if stopped is not None:
            most = self._config.risk.max_repeats
            text = f"{stopped} is stopped: more than {most} executions alike; a person has to set it going again"
            self._runtime.emit(ProtectionActed("risk.repeat_throttle", f"stopped {stopped}"))
            self._runtime.emit(AlertRaised("critical", "risk.repeat_throttle", text))
            self._report_trips()
        self._keep_peak()

    def _keep_peak(self) -> None:
        profit = self.gate.peak
        if profit >= self._peak + self._config.risk.peak_step:
            self._peak = profit
            self._runtime.append(PEAK_FILE, str(profit).encode())

    def _report_trips(self) -> None:
        """The leader is to write down whom the throttle has stopped, and is told until it says that it has."""
        for strategy in self.gate.tripped:
            if self._leader is not None:
                self._runtime.write(self._leader, SwitchTrading(0, Scope.STRATEGY, strategy, TradingState.HALTED))

    # --- Program ---

    def on_stream_open(self, peer: Address) -> None:
        """Nothing: whoever is at the other end speaks first."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        if peer == self._positions:
            self._runtime.set_timer(self._config.risk.reopen_interval_ns, REOPEN)
        else:
            # It asks again on its next stream.
            self._waiting = {name: asked for name, asked in self._waiting.items() if asked[0] != peer}

    def on_timer(self, key: Hashable) -> None:
        if key != REOPEN:
            raise ValueError(f"risk: timer {key!r}, expected {REOPEN!r}")
        self._runtime.open(self._positions)

    def on_durable(self, token: int) -> None:
        """A new peak is safe. Nobody waits for that: until then a crash forgets what the last step was worth."""

    def on_config(self, config: DeskConfig) -> None:
        """New limits and new reference data hold for the next question."""
        self._config = config
        self.gate.limits = config.risk
        self.gate.on_reference(corrected(self._wiring.instruments, config.reference.entries))
