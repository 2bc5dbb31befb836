"""How a service gets its orders to the OMS: each repeated until it is taken, whoever leads, and none forgotten."""

from collections import deque
from collections.abc import Hashable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from squall.system.config import MILLISECOND, StrategyConfig
from squall.system.domain.claims import AlertRaised, SignalDropped
from squall.system.domain.ids import ClOrdID, Epoch
from squall.system.domain.messages import AmendOrder, CancelOrder, Leading, ParentOrder, SubmitOrder
from squall.system.domain.signals import DropReason, rests
from squall.system.runtime import Address, Runtime

REOPEN_NS: Final = 50 * MILLISECOND
WAITING_LIMIT: Final = 100_000
"""How many orders may wait to be taken; who has more to send drops it."""
CANCELS_REMEMBERED: Final = 1_024
"""Cancels that a new leader hears again, since the old one may have died with them."""
BACK_OFF_DOUBLINGS: Final = 3
"""Repetitions come ever more slowly, up to 2^3 intervals apart, not to drown an OMS that is merely busy."""

_REPEAT: Final = "repeat"
_encode: Final = msgspec.msgpack.Encoder().encode


AnyOrder = SubmitOrder | ParentOrder


class Entry(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of what a service writes into its diary."""


class OrderMeant(Entry, frozen=True, gc=False, tag=True):
    """An order goes out: a later life has to see that it is taken, and where it rests, that it is withdrawn."""

    order: AnyOrder


class OrderSettled(Entry, frozen=True, gc=False, tag=True):
    """Nothing is left to do for it: it was taken, and where it rests its cancel has been sent."""

    cl_ord_id: ClOrdID


class OrderOver(Entry, frozen=True, gc=False, tag=True):
    """It has ended: nobody need be told again that we wanted it back."""

    cl_ord_id: ClOrdID


class Unsettled(Struct):
    """What a diary's entries about orders come to: fold them in their order."""

    open: dict[ClOrdID, AnyOrder] = {}
    """Perhaps taken, perhaps not, and not settled."""
    withdrawn: dict[ClOrdID, None] = {}
    """Orders that rested, and whose cancel has been sent."""

    def take(self, entry: OrderMeant | OrderSettled | OrderOver) -> None:
        match entry:
            case OrderMeant(order):
                self.open[order.cl_ord_id] = order
            case OrderSettled(cl_ord_id):
                settled = self.open.pop(cl_ord_id, None)
                if settled is not None and stays(settled):
                    self.withdrawn[cl_ord_id] = None
            case OrderOver(cl_ord_id):
                self.open.pop(cl_ord_id, None)
                self.withdrawn.pop(cl_ord_id, None)


def stays(order: AnyOrder) -> bool:
    """Whether it is the service's to take back some time: an order that rests in a book, or a client's parent."""
    return isinstance(order, ParentOrder) or rests(order)


class _Waiting:
    """An order that no OMS has taken yet."""

    __slots__ = ("again_ns", "order", "token", "writes")

    def __init__(self, order: AnyOrder, token: int = 0) -> None:
        self.order = order
        self.token = token
        """Of its entry in the diary, before which it must not go out; 0 where it needs none."""
        self.writes = 0
        self.again_ns = 0


class Submission:
    """The part of a service that talks to the OMS. The service hands on to it what happens, as named below:

    `on_start` (once the diary was read), `on_leading`, `on_taken`, `on_durable`, `on_stream_closed`, `on_config`,
    and `on_timer` for every key that is not the service's own.
    """

    def __init__(self, runtime: Runtime, config: StrategyConfig, oms: tuple[Address, ...], file: str) -> None:
        """*file* is the service's diary on its host's disk; entries of the service's own may stand there too."""
        self._runtime = runtime
        self._config = config
        self._oms = oms
        self._file = file
        self._epoch = Epoch(0)
        self._leader: Address | None = None
        self._waiting: dict[ClOrdID, _Waiting] = {}
        self._repeating = False
        self._durable = 0
        """The diary's latest token that is on the disk."""
        self._syncing: deque[_Waiting] = deque()
        """Orders that wait for their entry in the diary."""
        self._cancelled: dict[ClOrdID, None] = {}
        self._given_up: deque[ClOrdID] = deque(maxlen=CANCELS_REMEMBERED)
        """Orders to rest that nobody had taken in time: one that is taken after all is nobody's, and is cancelled."""

    @property
    def leader(self) -> tuple[Epoch, Address | None]:
        """The highest epoch heard of, and where it is to be reached now."""
        return self._epoch, self._leader

    @property
    def waiting(self) -> tuple[ClOrdID, ...]:
        """Orders that no OMS has taken yet."""
        return tuple(self._waiting)

    @property
    def is_full(self) -> bool:
        """Too many orders wait to be taken: no more may be sent."""
        return len(self._waiting) >= WAITING_LIMIT

    # --- what the service asks for ---

    def remember(self, entry: Entry) -> int:
        """Append an entry to the diary; returns the token of the write."""
        return self._runtime.append(self._file, _encode(entry))

    def send(self, order: AnyOrder, noted_first: bool = False) -> None:
        """At once, unless it is to rest: what rests must not be forgotten, so its entry has to be durable first.

        *noted_first*: so it has to be for this one, although it does not rest.
        """
        waiting = self._waiting[order.cl_ord_id] = _Waiting(order)
        token = self.remember(OrderMeant(order))
        if noted_first or stays(order):
            waiting.token = token
            self._syncing.append(waiting)
            return
        self._write(waiting)
        self._await_repetition()

    def cancel(self, cl_ord_id: ClOrdID) -> None:
        """We do not want it any more: whoever comes to lead is told so too. Never before the order itself."""
        self._remember_cancel(cl_ord_id)
        waiting = self._waiting.get(cl_ord_id)
        if waiting is None or waiting.token <= self._durable:
            self._withdraw(cl_ord_id)

    def over(self, cl_ord_id: ClOrdID) -> None:
        """An order that was to rest has ended, as a service knows that follows its orders.

        Else each that came and went today would be repeated after a restart, and its cancel to every new leader.
        """
        self._waiting.pop(cl_ord_id, None)
        self._cancelled.pop(cl_ord_id, None)
        self.remember(OrderOver(cl_ord_id))

    def amend(self, wish: AmendOrder) -> None:
        """Said once, and to nobody where nobody leads: the order is as good as it was."""
        if self._leader is not None:
            self._runtime.write(self._leader, wish)

    # --- what happens ---

    def on_start(self, open_orders: Iterable[AnyOrder], withdrawn: Iterable[ClOrdID]) -> None:
        """Both as earlier lives have left them in the diary."""
        for cl_ord_id in withdrawn:
            self._remember_cancel(cl_ord_id)
        # The OMS knows by their names which of these it has; in any case it says that they are taken.
        self._waiting = {order.cl_ord_id: _Waiting(order) for order in open_orders}
        for oms in self._oms:
            self._runtime.open(oms)

    def on_leading(self, sender: Address, leading: Leading) -> None:
        """Tell the leader what no leader has taken, and the cancels that the last one may have died with."""
        if leading.epoch < self._epoch:
            return
        self._epoch = leading.epoch
        self._leader = sender
        for waiting in self._waiting.values():
            waiting.writes = 0
            self._write(waiting)
        for cl_ord_id in self._cancelled:
            self._runtime.write(sender, CancelOrder(cl_ord_id=cl_ord_id))
        self._await_repetition()

    def on_taken(self, cl_ord_id: ClOrdID) -> AnyOrder | None:
        """Returns the order if it was waited for. One that rests is the service's to cancel, some time."""
        waiting = self._waiting.pop(cl_ord_id, None)
        if waiting is None:
            if cl_ord_id in self._given_up:
                self._given_up.remove(cl_ord_id)
                self._withdraw(cl_ord_id)
            return None
        if not stays(waiting.order):
            self.remember(OrderSettled(cl_ord_id))
        return waiting.order

    def on_timer(self, key: Hashable) -> int:
        """Returns how many orders were given up, which it has said of each. ValueError for a key that is not known."""
        match key:
            case "repeat":
                return self._on_repeat()
            case ("reopen", str(oms)):
                self._runtime.open(oms)
                return 0
            case _:
                raise ValueError(f"submission: found timer {key!r}, expected repeat or reopen")

    def on_durable(self, token: int) -> None:
        self._durable = token
        syncing = self._syncing
        while syncing and syncing[0].token <= token:
            waiting = syncing.popleft()
            self._write(waiting)
            if waiting.order.cl_ord_id in self._cancelled:
                self._withdraw(waiting.order.cl_ord_id)
        self._await_repetition()

    def on_stream_closed(self, peer: Address) -> None:
        if peer == self._leader:
            self._leader = None
        if peer in self._oms:
            self._runtime.set_timer(REOPEN_NS, ("reopen", peer))

    def on_config(self, config: StrategyConfig) -> None:
        self._config = config

    # --- until it is taken ---

    def _write(self, waiting: _Waiting) -> None:
        """To the leader, if there is one; otherwise the order is kept: it was meant, and will be sent."""
        if self._leader is None or waiting.token > self._durable:
            return
        interval_ns = self._config.resubmit_interval_ns << min(waiting.writes, BACK_OFF_DOUBLINGS)
        waiting.again_ns = self._runtime.monotonic_ns + interval_ns
        if self._runtime.write(self._leader, waiting.order):
            waiting.writes += 1

    def _await_repetition(self) -> None:
        """Runs the timer while there are orders to repeat and a leader to repeat them to."""
        if self._repeating or self._leader is None or not self._waiting:
            return
        self._repeating = True
        soonest_ns = min(waiting.again_ns for waiting in self._waiting.values())
        # Not one timer an order: those that fall due close together are looked through once.
        delay_ns = max(soonest_ns - self._runtime.monotonic_ns, self._config.resubmit_interval_ns // 8)
        self._runtime.set_timer(delay_ns, _REPEAT)

    def _on_repeat(self) -> int:
        self._repeating = False
        now_ns = self._runtime.monotonic_ns
        given_up = 0
        for cl_ord_id, waiting in list(self._waiting.items()):
            if waiting.again_ns > now_ns:
                continue
            if waiting.writes > self._config.max_resubmits:
                self._give_up(cl_ord_id, waiting)
                given_up += 1
            else:
                self._write(waiting)
        self._await_repetition()
        return given_up

    def _give_up(self, cl_ord_id: ClOrdID, waiting: _Waiting) -> None:
        del self._waiting[cl_ord_id]
        if stays(waiting.order):
            self._given_up.append(cl_ord_id)
            self._remember_cancel(cl_ord_id)  # the next leader may have it from this one
        text = f"{cl_ord_id}: written {waiting.writes} times to {self._leader}, never taken"
        self._runtime.emit(AlertRaised(severity="critical", kind="order never taken", text=text))
        self._runtime.emit(SignalDropped(cl_ord_id=cl_ord_id, reason=DropReason.NEVER_TAKEN.value, count=1))

    def _remember_cancel(self, cl_ord_id: ClOrdID) -> None:
        self._cancelled[cl_ord_id] = None
        if len(self._cancelled) > CANCELS_REMEMBERED:
            del self._cancelled[next(iter(self._cancelled))]

    def _withdraw(self, cl_ord_id: ClOrdID) -> None:
        waiting = self._waiting.get(cl_ord_id)
        if waiting is None or stays(waiting.order):
            self.remember(OrderSettled(cl_ord_id))  # of others a later life has to see that they are taken
        if self._leader is not None:
            self._runtime.write(self._leader, CancelOrder(cl_ord_id=cl_ord_id))
