"""The desk's clients: they send parent orders, repeat each until it is answered, and want to hear how it ended."""

from collections.abc import Hashable
from typing import Final

from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.clients import ClientDraws, ClientFlow, cancelled_ns, decided_ns, shape_parent
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import (
    CancelParent,
    DoneHeard,
    ParentAnswered,
    ParentDone,
    ParentMeasured,
    ParentOrder,
)
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

REPEAT_NS: Final = 500 * MILLISECOND
REOPEN_NS: Final = 50 * MILLISECOND

ClientsMessage = ParentAnswered | ParentDone | ParentMeasured


class Clients:
    """All that a client remembers it can work out again: after a restart each order is sent once more, by its name."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, flow: ClientFlow | None) -> None:
        assert flow is not None, "there are no clients without parent orders"
        assert wiring.algos is not None, "and none without algorithms"
        self._runtime = runtime
        self._algos: Address = wiring.algos
        self._flow = flow
        self._symbols = tuple(instrument.symbol for instrument in wiring.instruments)
        self._unanswered: dict[ClOrdID, ParentOrder] = {}
        self._unwanted: dict[ClOrdID, None] = {}
        """Parents that their clients want back, and that are not done."""
        self.done: dict[ClOrdID, ParentDone] = {}
        self.refused: dict[ClOrdID, str] = {}
        self.measured: dict[ClOrdID, ParentMeasured] = {}

    @property
    def unanswered(self) -> tuple[ClOrdID, ...]:
        """Parents that nobody has taken or refused yet: they are sent again."""
        return tuple(self._unanswered)

    def on_start(self) -> None:
        self._runtime.open(self._algos)
        now_ns = self._runtime.now_ns
        for number in range(1, self._flow.parents + 1):
            self._runtime.set_timer(max(decided_ns(self._flow, number) - now_ns, 0), ("send", number))
            at_ns = cancelled_ns(self._flow, number, self._draws(number))
            if at_ns is not None:
                self._runtime.set_timer(max(at_ns - now_ns, 0), ("cancel", number))
        self._runtime.set_timer(REPEAT_NS, "repeat")

    def _draws(self, number: int) -> ClientDraws:
        chance = self._runtime.chance
        return ClientDraws(
            side=chance("client", number, "side"),
            lots=chance("client", number, "lots"),
            limit=chance("client", number, "limit"),
            aversion=chance("client", number, "aversion"),
            cancel=chance("client", number, "cancel"),
        )

    def _parent(self, number: int) -> ParentOrder:
        return shape_parent(self._flow, self._symbols, number, self._draws(number))

    def on_message(self, sender: Address, message: ClientsMessage) -> None:
        match message:
            case ParentAnswered(name, refusal):
                self._unanswered.pop(name, None)
                if refusal is not None:
                    self.refused[name] = refusal
                    self._unwanted.pop(name, None)
            case ParentDone(name):
                self.done[name] = message
                self._unanswered.pop(name, None)
                self._unwanted.pop(name, None)
                self._runtime.write(self._algos, DoneHeard(name))
            case ParentMeasured(name):
                self.measured[name] = message
                self._runtime.write(self._algos, DoneHeard(name, measured=True))
            case _:
                raise TypeError(f"clients: found {type(message).__name__}, expected {ClientsMessage}")

    def on_timer(self, key: Hashable) -> None:
        match key:
            case ("send", int(number)):
                order = self._parent(number)
                self._unanswered[order.cl_ord_id] = order
                self._runtime.write(self._algos, order)
            case ("cancel", int(number)):
                name = self._parent(number).cl_ord_id
                if name not in self.done and name not in self.refused:
                    self._unwanted[name] = None
                    self._runtime.write(self._algos, CancelParent(name))
            case "repeat":
                self._repeat()
            case "reopen":
                self._runtime.open(self._algos)
            case _:
                raise ValueError(f"clients: found timer {key!r}, expected send, cancel, repeat or reopen")

    def _repeat(self) -> None:
        for order in self._unanswered.values():
            self._runtime.write(self._algos, order)
        for name in self._unwanted:
            self._runtime.write(self._algos, CancelParent(name))
        self._runtime.set_timer(REPEAT_NS, "repeat")

    def on_durable(self, token: int) -> None:
        """Nothing is written down."""

    def on_stream_open(self, peer: Address) -> None:
        """The next repetition goes out on it."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        if peer == self._algos:
            self._runtime.set_timer(REOPEN_NS, "reopen")

    def on_config(self, config: DeskConfig) -> None:
        """Clients are not the desk's to configure."""
