"""The operator's console: a person's word about what may trade goes to whoever leads, until it is done."""

from collections.abc import Hashable
from typing import Final

import msgspec

from squall.system.config import DeskConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed, SwitchReported
from squall.system.domain.messages import (
    Alive,
    AreYouThere,
    BuildInstalled,
    ProgramHalted,
    ReadyTold,
    RollOut,
    ShutDesk,
    SwitchDone,
    SwitchRefused,
    SwitchTrading,
)
from squall.system.domain.switches import Scope, TradingState
from squall.system.runtime import Address, Runtime
from squall.system.services.releases import Releases
from squall.system.wiring import Wiring

ORDERS_FILE: Final = "orders of the operator"
REPEAT: Final = "repeat"
_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final[msgspec.msgpack.Decoder[SwitchTrading]] = msgspec.msgpack.Decoder(SwitchTrading)

STOPS_FILE: Final = "stops"
ASKED, CLOSED = b"asked", b"closed"
"""What a stop for the day has come to: it was asked for; the desk is closed, so that programs may stop."""

ReleaseTalk = RollOut | ShutDesk | ReadyTold | BuildInstalled | ProgramHalted
OperatorMessage = SwitchTrading | SwitchDone | SwitchRefused | AreYouThere | ReleaseTalk
Thing = tuple[Scope, str]
THE_DESK: Final[Thing] = (Scope.DESK, "")


class Operator:
    """Writes each order down, repeats it to every OMS, and says what has come of it.

    Only a leader answers, so it need not be known who leads. An order is done when a leader has written it down; one
    that halts something, when nothing is left open of it; one that closes it, when what is left is meant to stay, and
    the venues' own lists say the same. One about a thing that does not exist is refused. A later order about the same
    thing replaces an earlier one.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._config = config
        self._desks = wiring.oms
        self._orders: dict[Thing, SwitchTrading] = {}
        self._done: dict[Thing, None] = {}
        self._left: dict[Thing, int] = {}
        self._number = 0
        self._stops = b""
        self._releases = Releases(runtime, config, wiring)

    @property
    def waiting(self) -> tuple[SwitchTrading, ...]:
        """Orders that are not done, in the order in which they were given."""
        return tuple(order for thing, order in self._orders.items() if thing not in self._done)

    @property
    def words(self) -> tuple[SwitchTrading, ...]:
        """The last word about each thing, in the order in which they were given."""
        return tuple(self._orders.values())

    def left_of(self, word: SwitchTrading) -> int | None:
        """How many open orders it still concerns, by the leader's last answer; None where there was none."""
        return self._left.get((word.scope, word.name))

    def on_start(self) -> None:
        for data in self._runtime.read(ORDERS_FILE):
            self._note(_DECODER.decode(data))
        self._repeat()
        self._releases.on_start()
        self._stops = (self._runtime.read(STOPS_FILE) or [b""])[-1]
        if self._stops == CLOSED:
            self._releases.halt_all()

    def on_message(self, sender: Address, message: OperatorMessage) -> None:
        match message:
            case SwitchTrading():
                self._order(message)
            case SwitchDone():
                self._on_done(message)
            case SwitchRefused():
                self._on_refused(message)
            case AreYouThere():
                self._runtime.write(sender, Alive(message.number))
            case RollOut() | ShutDesk() | ReadyTold() | BuildInstalled() | ProgramHalted():
                self._on_release_talk(sender, message)
            case _:
                raise TypeError(f"operator: no use for a {type(message).__name__} from {sender}")

    def _order(self, wish: SwitchTrading) -> None:
        order = msgspec.structs.replace(wish, number=self._number + 1)
        self._note(order)
        self._runtime.append(ORDERS_FILE, _encode(order))
        self._repeat()

    def _on_release_talk(self, sender: Address, message: ReleaseTalk) -> None:
        match message:
            case RollOut():
                self._releases.roll_out(message)
            case ReadyTold():
                self._releases.on_ready(sender, message)
            case BuildInstalled():
                self._releases.on_installed(message)
            case ProgramHalted():
                self._releases.on_halted(message)
            case ShutDesk():
                self._stop_has_come_to(ASKED)
                self._order(SwitchTrading(0, *THE_DESK, TradingState.CLOSING))
                if not self._config.upgrade.await_close:
                    self._stop_has_come_to(CLOSED)

    def _stop_has_come_to(self, what: bytes) -> None:
        self._stops = what
        self._runtime.append(STOPS_FILE, what)
        if what == CLOSED:
            self._releases.halt_all()

    def _note(self, order: SwitchTrading) -> None:
        thing = (order.scope, order.name)
        self._number = order.number
        self._orders.pop(thing, None)
        self._orders[thing] = order
        self._done.pop(thing, None)
        self._left.pop(thing, None)

    def _repeat(self) -> None:
        waiting = self.waiting
        for oms in self._desks if waiting else ():
            self._runtime.open(oms)
            for order in waiting:
                self._runtime.write(oms, order)
        if waiting:
            self._runtime.set_timer(self._config.risk.repeat_switch_ns, REPEAT)

    def _on_done(self, done: SwitchDone) -> None:
        thing = (done.scope, done.name)
        order = self._orders.get(thing)
        if order is None or (order.number, order.state) != (done.number, done.state):
            return
        if thing in self._done or self._left.get(thing) == done.left:
            return
        self._left[thing] = done.left
        if not done.state.ends_trading or not done.left:
            self._done[thing] = None
        if self._stops == ASKED and thing == THE_DESK and done.state is TradingState.CLOSING:
            self._await_close(done.left)
        self._runtime.emit(SwitchReported(done.scope.value, done.name, done.state.value, done.left, done.waits_for))

    def _await_close(self, left: int) -> None:
        """The programs go on for as long as anything is left."""
        if left:
            self._runtime.emit(ProtectionActed("upgrade.await_close", f"{left} are left: no program stops yet"))
        else:
            self._stop_has_come_to(CLOSED)

    def _on_refused(self, refused: SwitchRefused) -> None:
        """There is no such thing: the person is told, and nothing is repeated."""
        thing = (refused.scope, refused.name)
        order = self._orders.get(thing)
        if order is None or order.number != refused.number or thing in self._done:
            return
        self._done[thing] = None
        text = f"{order.state.value} for {refused.scope.value} {refused.name!r} is refused: {refused.reason.value}"
        self._runtime.emit(AlertRaised("warning", "operator.refused", text))

    def on_timer(self, key: Hashable) -> None:
        if self._releases.on_timer(key):
            return
        if key != REPEAT:
            raise ValueError(f"operator: found timer {key!r}, expected {REPEAT!r}")
        self._repeat()

    def on_stream_open(self, peer: Address) -> None:
        """Say at once what is waiting to be said, to an OMS: others may knock too."""
        for order in self.waiting if peer in self._desks else ():
            self._runtime.write(peer, order)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        """Where there is something to say, the next repetition opens it again."""

    def on_durable(self, token: int) -> None:
        """Nobody waits for it: an order goes out at once, and is repeated in the next life if it got to the disk."""

    def on_config(self, config: DeskConfig) -> None:
        self._config = self._releases.config = config
