"""Risk: asks the gate about every order, and feeds it with fills, marks and the ends of orders."""

from collections.abc import Hashable
from typing import Final

from squall.system.config import DeskConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.ids import ClOrdID
from squall.system.domain.limits import Gate
from squall.system.domain.messages import (
    AskPositions,
    CheckOrder,
    DenyReason,
    OrderChecked,
    PositionChanged,
    PositionsTold,
    ReleaseOrder,
    SyncRisk,
    Tick,
)
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

RiskMessage = Tick | CheckOrder | PositionChanged | ReleaseOrder | PositionsTold | SyncRisk

REOPEN: Final = "reopen positions"


class Risk:
    """Keeps nothing on disk: what is in flight comes from the leader, what is held comes from the positions.

    Until it has both, a question waits. A question of a lower epoch than the highest heard is not answered.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._positions = wiring.positions
        self.gate = Gate(config.risk, wiring.instruments)
        self._waiting: dict[ClOrdID, tuple[Address, CheckOrder]] = {}

    @property
    def waiting(self) -> tuple[ClOrdID, ...]:
        """Orders asked about before the gate was ready."""
        return tuple(self._waiting)

    def on_start(self) -> None:
        # Positions open this stream too; but after a restart of ours they would not know that they have to.
        self._runtime.open(self._positions)

    def on_message(self, sender: Address, message: RiskMessage) -> None:
        match message:
            case Tick():
                self.gate.on_tick(message)
            case CheckOrder():
                self._asked(sender, message)
            case PositionChanged():
                self.gate.on_fill(message)
            case ReleaseOrder():
                self.gate.on_release(message)
            case PositionsTold():
                self.gate.on_told(message)
                self._answer_waiting()
            case SyncRisk():
                self._synced(message)
            case _:
                raise TypeError(f"risk: no handler for {type(message).__name__} from {sender}")

    def _asked(self, sender: Address, question: CheckOrder) -> None:
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

    def _synced(self, sync: SyncRisk) -> None:
        if not self.gate.heeds(sync.epoch):
            return
        if self.gate.on_sync(sync):
            self._runtime.write(self._positions, AskPositions(sync.epoch))
        self._answer_waiting()

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for sender, question in waiting.values():
            self._asked(sender, question)

    def _answer(self, sender: Address, question: CheckOrder) -> None:
        answer = self.gate.check(question)
        self._runtime.write(sender, OrderChecked(question.cl_ord_id, answer.denials))
        if answer.for_flight_alone:
            self._runtime.emit(ProtectionActed("risk.count_in_flight", f"denied {question.cl_ord_id}"))
        for denial in answer.denials:
            if denial.reason is DenyReason.DAILY_LOSS:
                self._runtime.emit(ProtectionActed("risk.loss_limit", f"denied {question.cl_ord_id}"))
            elif denial.reason is DenyReason.ORDER_SIZE:
                self._runtime.emit(ProtectionActed("risk.hard_block", f"denied {question.cl_ord_id}"))
        if question.quantity_lots > self._config.risk.warn_order_lots and not answer.denials:
            text = f"{question.cl_ord_id} is unusually large: {question.quantity_lots} lots"
            self._runtime.emit(AlertRaised("warning", "risk.order_size", text))

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
        raise RuntimeError(f"risk: token {token} is durable, but risk writes no file")

    def on_config(self, config: DeskConfig) -> None:
        """New limits hold for the next question."""
        self._config = config
        self.gate.limits = config.risk
