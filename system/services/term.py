"""One epoch of leading: orders are decided, journaled and let out, until the lease is lost."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from msgspec.structs import replace

from squall.system.config import DeskConfig
from squall.system.domain import form, recall, snapshots
from squall.system.domain.actors import Capacity, acting
from squall.system.domain.claims import AlertRaised, OrderMoved, ProtectionActed, StateHash
from squall.system.domain.commands import AnyCommand, PlaceOrder, PlaceParent, RefuseCancel, ReplaceOrder, WithdrawOrder
from squall.system.domain.effects import (
    Effect,
    amendments_of,
    check_order,
    check_replace,
    child_moved,
    effects_of,
    family_told,
    fills_of,
    holdings_of,
    needs_inquiry,
    open_order,
    order_progressed,
)
from squall.system.domain.event_alerts import alert_of
from squall.system.domain.events import (
    AnyEvent,
    CancelRequested,
    OrderAcknowledged,
    OrderApproved,
    OrderDoubted,
    OrderFilled,
    OrderSent,
    OrderSubmitted,
    TradeBusted,
    TradeCorrected,
)
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import (
    AmendFill,
    BookFill,
    CancelAtVenue,
    DeskMessage,
    HoldingsTold,
    JournalCopied,
    Leading,
    OrderTaken,
    ReleaseOrder,
    ReplaceAtVenue,
    ResizeOrder,
    RouteOrder,
    SchemaRead,
    SyncPositions,
    SyncReconciler,
    SyncRisk,
)
from squall.system.domain.oms import OmsState, decide, evolve, rebuild
from squall.system.domain.oms_replace import new_terms
from squall.system.domain.orders import Order, OrderState
from squall.system.domain.reference import corrected
from squall.system.domain.schemas import FIRST, Schema, tag_of
from squall.system.runtime import Address, Runtime
from squall.system.services.halts import Halts
from squall.system.services.held_stops import HeldStops
from squall.system.services.inquiries import Inquiries
from squall.system.services.journal import Journal
from squall.system.services.leadership import Leadership, OmsTimer, Role
from squall.system.services.reconciliation import Reconciliation
from squall.system.services.replication import Replication
from squall.system.wiring import Instrument, Wiring

CANCEL_DOUBLINGS: Final = 6
"""A cancel that could not be asked is asked again ever more slowly, up to 2^6 beats apart."""


_ORDINARY: Final = frozenset(
    (
        OrderSubmitted,
        OrderApproved,
        OrderSent,
        OrderAcknowledged,
        OrderFilled,
        CancelRequested,
    )
)
"""What nobody need be told of: nearly all events."""


class Term:
    """A leader's state, and its half-finished business. It is dropped whole when the epoch is lost."""

    def __init__(
        self,
        runtime: Runtime,
        config: DeskConfig,
        wiring: Wiring,
        journal: Journal,
        replication: Replication,
        leadership: Leadership,
        streams: Mapping[Address, None],
        schema: Schema = FIRST,
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._wiring = wiring
        self._journal = journal
        self._schema = schema
        self._decode = schema.decode if config.oms.upcast else schema.strict
        self._encode = replication.writes.encode
        self.replication = replication
        self._leadership = leadership
        self.epoch = leadership.epoch
        self._instruments = _instruments(wiring, config)
        self._streams = streams
        """The peers to which a stream is open now; the OMS keeps it."""
        self._peers = (
            wiring.execution,
            wiring.risk,
            *wiring.routers,
            wiring.positions,
            wiring.audit,
            wiring.reconciler,
            *(oms for oms in wiring.oms if oms != runtime.address),
            *wiring.submitters,  # which hear nothing of a stream that died with our last life, and do not ask
        )
        self.state = OmsState(config.oms.ended_kept)
        self.halts = Halts(self, runtime, wiring, self._post)
        self.stops = HeldStops(self, runtime, wiring, self._post)
        self._cold_version = 0
        """The state knows of nothing up to this version; 0 unless `oms.replay` is off."""
        self._outbox: deque[tuple[int, Address, DeskMessage]] = deque()
        """Effects, and the version that has to be safe before each may leave."""
        self._uncopied: deque[AnyEvent] = deque()
        self._copied = 0
        self._hashed = 0
        self.inquiries = Inquiries(self, runtime, wiring, self._post)
        self.reconciliation = Reconciliation(
            runtime, self.epoch, wiring.execution, lambda: self.state, self.execute, self.inquiries.ask
        )
        self.begun = False
        self.fenced = False
        """Execution has accepted our epoch: no earlier leader's order leaves."""
        self.leading = False
        self._retiring_beats: int | None = None
        """For how many beats we have wanted to hand our lease over; None where we do not."""
        self._settled = False
        """And for long enough that what we let out before has got to where it goes."""
        self._warned = False
        self._held_back = False
        self._stuck_at = 0
        self._followers: dict[str, Address] = {}
        """By the name of a strategy, who wants to hear how its orders fare."""
        self._unasked: dict[ClOrdID, int] = {}
        """Orders whose cancel came to no venue that knows them, and when (monotonic) it is to be asked again."""

    @property
    def config(self) -> DeskConfig:
        """As it is now; a new one brings new reference data along."""
        return self._config

    @config.setter
    def config(self, config: DeskConfig) -> None:
        self._config = config
        self._instruments = _instruments(self._wiring, config)

    # --- taking over ---

    def begin(self) -> None:
        """The epoch is on our disk: find out how things stand, and open the desk's streams."""
        if self.config.oms.replay:
            saved, events = self._journal.recovery()
            kept = self.config.oms.ended_kept
            state = snapshots.restore(saved, kept) if saved is not None else None
            if state is None and saved is not None:
                events = self._journal.events()  # it is of another build
            self.state = rebuild(map(self._decode, events), OmsState(kept) if state is None else state)
            self._say_what_was_lifted(events)
            if self.state.version:
                what = f"{self.state.version} events, {len(self.state.orders)} open orders"
                self._runtime.emit(ProtectionActed("oms.replay", what))
        else:
            self.state.version = self._cold_version = self._journal.version
        self.stops.begin()
        self._copied = self._hashed = self.state.version
        self.begun = True
        for peer in self._peers:
            if peer in self._streams:
                self.on_stream_open(peer)
        self.reconnect()
        self._runtime.set_timer(self.config.oms.inquiry_interval_ns, OmsTimer.INQUIRE)

    def _say_what_was_lifted(self, events: Sequence[bytes]) -> None:
        """Where this build's schema is not the first: how many events of the log are not in its own words."""
        if self._schema.number > FIRST.number:
            lifted = sum(tag_of(event) in self._schema.lifted for event in events)
            if lifted:
                self._runtime.emit(ProtectionActed("oms.upcast", f"{lifted} events that an earlier build has written"))

    def on_schema(self, message: SchemaRead) -> None:
        """The standby says what it reads: from here on we write what both of us do."""
        self.replication.on_schema(message)
        self._encode = self.replication.writes.encode

    def on_standby_gone(self) -> None:
        """The next one on the stream may be of another build."""
        self.replication.on_stream_closed()
        self._encode = self.replication.writes.encode

    def reconnect(self) -> None:
        """Open what is not open, and look again later."""
        missing = [peer for peer in self._peers if peer not in self._streams]
        for peer in missing:
            self._runtime.open(peer)
        if missing:
            self._runtime.set_timer(self.config.oms.reconnect_interval_ns, OmsTimer.RECONNECT)

    def on_stream_open(self, peer: Address) -> None:
        """A new stream begins with what the other side must know before anything else."""
        wiring, write = self._wiring, self._runtime.write
        live = self.state.orders.values()
        if peer == wiring.execution:
            self.inquiries.claim()
        elif peer == wiring.risk:
            in_flight = tuple(open_order(order) for order in live if order.attempt)
            write(peer, SyncRisk(self.epoch, in_flight, self.state.switches.all))
            self._check_again()
        elif peer == wiring.positions:
            log = self._log()
            write(peer, SyncPositions(self.epoch, fills_of(log), amendments_of(log)))
        elif peer == wiring.audit:
            events = tuple(self._log())
            if events:
                write(peer, JournalCopied(self.epoch, self._cold_version + 1, events))
        elif peer == wiring.reconciler:
            write(peer, SyncReconciler(self.epoch, self._runtime.address))
        elif peer in wiring.routers:
            self.stops.on_router(peer)
            if not self.leading:
                return
            # What was let out on the last stream may have died with it, also where it is to be cancelled by now.
            let_out = [order for order in live if order.attempt and order.venue is None]
            self.inquiries.ask([order for order in let_out if wiring.router_of(order.cl_ord_id) == peer])
        elif peer in wiring.submitters and self.leading:
            self._greet(peer)

    def on_stream_closed(self, peer: Address) -> None:
        if peer in self._peers:
            self._runtime.set_timer(self.config.oms.reconnect_interval_ns, OmsTimer.RECONNECT)

    def _log(self) -> list[AnyEvent]:
        """What is safe of the journal, read back from the disk."""
        safe = self.replication.committed(self.config.oms.output_commit)
        return [self._decode(data) for data in self._journal.events()[self._cold_version : safe]]

    def _check_again(self) -> None:
        for order in self.state.orders.values():
            if order.state is OrderState.PENDING_VALIDATION:
                self._runtime.write(self._wiring.risk, check_order(order, self.epoch))
            else:
                self._check_replace(order)

    def _check_replace(self, order: Order) -> None:
        question = check_replace(order, self.epoch)
        if question is not None:
            self._runtime.write(self._wiring.risk, question)

    def on_fence_accepted(self) -> None:
        """From here on no earlier leader's order leaves. Wait a little for the answers, then trade."""
        if not self.fenced:
            self.fenced = True
            if self.inquiries.awaited:
                self._runtime.set_timer(self.config.oms.reconcile_wait_ns, OmsTimer.RECONCILE)
            else:
                self.lead()

    def lead(self) -> None:
        """Take traffic. Orders whose fate is still open stay in doubt, and are settled as answers come.

        Where no stream to the strategy stands now, the next one begins with the same word.
        """
        if not self.leading:
            self.leading = True
            self.inquiries.awaited.clear()
            self._runtime.cancel_timer(OmsTimer.RECONCILE)
            self._leadership.moved_to(Role.LEADING)
            for submitter in self._wiring.submitters:
                self._greet(submitter)

    def _greet(self, submitter: Address) -> None:
        """We lead; and to the algorithms, which may have missed words about their children: this is how they stand."""
        self._runtime.write(submitter, Leading(self.epoch, self._runtime.address))
        if submitter == self._wiring.algos:
            for family in self.state.families.values():
                self._post(submitter, family_told(family, self.epoch))
            self.flush()

    # --- orders ---

    @property
    def answerable(self) -> bool:
        """Whether what is taken now will be kept: we lead and mean to, and the backup is there where it has to be."""
        held_up = self.replication.lost and self.config.oms.output_commit
        return self.leading and self._retiring_beats is None and not held_up

    def submit(self, sender: Address, command: PlaceOrder) -> None:
        """Take a new order, unless we cannot answer for it: then the strategy will repeat it."""
        if not self._take(sender, command):
            return
        # A question may go at once: a new leader asks it again, and undoes whatever it has reserved.
        order = self.state.orders.get(command.cl_ord_id)
        if order is not None:
            self._runtime.write(self._wiring.risk, check_order(order, self.epoch))

    def submit_parent(self, sender: Address, command: PlaceParent) -> None:
        """Take a client's parent order: nothing of it is let out but in children, each of which is an order."""
        self._take(sender, command)

    def _take(self, sender: Address, command: PlaceOrder | PlaceParent) -> bool:
        """Whether it is new and we could take it."""
        if not self.answerable:
            return False
        if command.cl_ord_id in self.state.seen:
            self._post(sender, OrderTaken(command.cl_ord_id))
            self.flush()
            return False
        if self.replication.alone and not self._warned:
            self._warned = True
            text = f"{self._runtime.address} leads epoch {self.epoch} without a backup"
            self._runtime.emit(AlertRaised("warning", "oms.alone", text))
        self.execute(self._with_faults(command) if isinstance(command, PlaceOrder) else command)
        self._post(sender, OrderTaken(command.cl_ord_id))
        return True

    def _with_faults(self, command: PlaceOrder) -> PlaceOrder:
        """The command, and what the form checks say of it."""
        if not self.config.oms.form_checks:
            return command
        faults = form.check(command.cl_ord_id, command.terms, command.attribution, self._instruments)
        if not faults:
            return command
        self._runtime.emit(ProtectionActed("oms.form_checks", f"{command.cl_ord_id}: {faults[0].reason.value}"))
        return replace(command, faults=faults)

    def amend(self, command: ReplaceOrder) -> None:
        """Ask for other terms, unless we cannot answer for it: then nothing happens, and the order stays as it is."""
        if not self.answerable:
            return
        order = self.state.orders.get(command.cl_ord_id)
        if order is not None and self.halts.state_of(order).ends_trading:
            return
        if order is not None and self.config.oms.form_checks:
            lots, price, stop = command.quantity_lots, command.price_half_ticks, command.stop_price_half_ticks
            terms = new_terms(order, lots, price, stop)
            faults = form.check(command.cl_ord_id, terms, order.attribution, self._instruments)
            if faults:
                self._runtime.emit(ProtectionActed("oms.form_checks", f"{command.cl_ord_id}: {faults[0].reason.value}"))
                command = replace(command, faults=faults)
        self.execute(command)
        order = self.state.orders.get(command.cl_ord_id)
        if order is not None and order.revision == command.revision:
            self._check_replace(order)

    def withdraw(self, command: WithdrawOrder) -> None:
        """Somebody wants an order back. What outlives the day stays while the desk closes: it is done afterwards."""
        if self.leading and not self.halts.puts_off(command):
            self.execute(command)

    def tell_holdings(self, sender: Address, strategy: str) -> None:
        """Tell a strategy where it stands, and from now on how its orders fare. One that hears nothing asks again."""
        if not self.leading or (self.replication.lost and self.config.oms.output_commit):
            return
        self._followers[strategy] = sender
        self._tell(strategy)
        self.flush()

    def _tell(self, strategy: str) -> None:
        # Behind what is safe come the events that wait to be; this telling waits with them.
        net_lots, open_orders = holdings_of(self._whole_log(), self.state.orders.values(), strategy)
        told = HoldingsTold(strategy, self.epoch, self.state.version, net_lots, open_orders)
        self._post(self._followers[strategy], told)

    def execute(self, command: AnyCommand) -> bool:
        """Decide, fold, journal, ship; effects wait in the outbox. True where anything came of it."""
        if recall.is_needed(self.state, command) and self.config.oms.recall:
            self._recall(command)
        before = self.state.version
        events = decide(self.state, command, self._runtime.now_ns)
        if not events:
            return False
        for event in events:
            order = evolve(self.state, event)
            self._uncopied.append(event)
            if order is not None:
                self._follow_up(event, order)
            if type(event) not in _ORDINARY:
                told = alert_of(event)
                if told is not None:
                    self._runtime.emit(told)
                if needs_inquiry(event):
                    self.inquiries.ask_about(event)
            if isinstance(event, TradeBusted | TradeCorrected):  # perhaps of an order that nobody follows any more
                for strategy in self._followers:
                    self._tell(strategy)
        encoded = tuple(map(self._encode, events))
        self._journal.append(self.epoch, encoded, before)
        self.replication.add(encoded)
        if self.replication.lost and self.config.oms.output_commit and not self._held_back:
            self._hold_back(f"the backup is gone: {self._runtime.address} holds what it has to say")
        return True

    def _recall(self, command: AnyCommand) -> None:
        """What is to be decided is about an order that ended long ago: the log has it, and it is kept again."""
        for name in recall.recall(self.state, command, self._whole_log()):
            self._runtime.emit(ProtectionActed("oms.recall", f"{command.actor} speaks of {name}, which ended long ago"))

    def _whole_log(self) -> tuple[AnyEvent, ...]:
        """The events that are safe, read back from the disk, and behind them those that wait to be."""
        log = map(self._decode, self._journal.events()[self._cold_version : self._copied])
        return (*log, *self._uncopied)

    def _follow_up(self, event: AnyEvent, order: Order) -> None:
        """Queue what the event makes due, and say so where it is worth saying."""
        for effect in effects_of(event, order, self.epoch):
            self._post(self._receiver(effect), effect)
        if order.held_ns is not None:
            self.stops.follow(order)
        follower = self._followers.get(order.strategy)
        progress = order_progressed(event, order) if follower is not None else None
        if follower is not None and progress is not None:
            self._post(follower, progress)
        if self._wiring.algos is not None:
            word = child_moved(event, order, self.state.families)
            if word is not None:
                self._post(self._wiring.algos, word)
        if type(event) is not OrderDoubted and not order.ended:
            return
        self._runtime.emit(OrderMoved(order.cl_ord_id, order.state.value))
        self.inquiries.forget(order.cl_ord_id)

    def _post(self, to: Address, message: DeskMessage) -> None:
        self._outbox.append((self.state.version, to, message))

    def _receiver(self, effect: Effect) -> Address:
        match effect:
            case RouteOrder():
                return self._wiring.router_of(effect.cl_ord_id)
            case BookFill() | AmendFill():
                return self._wiring.positions
            case ReleaseOrder() | ResizeOrder():
                return self._wiring.risk
            case CancelAtVenue() | ReplaceAtVenue():
                return self._wiring.execution
            case _:
                assert_never(effect)

    def let_out(self, cl_ord_id: ClOrdID, attempt: int) -> bool:
        """Whether this is the latest attempt of a live order, and was made in this epoch."""
        order = self.state.orders.get(cl_ord_id)
        return order is not None and order.epoch == self.epoch and order.attempt == attempt

    def refuse_cancel(self, command: RefuseCancel) -> None:
        """The venue's no is the end of it; a cancel that was not even asked is asked again after a while."""
        self.execute(command)
        order = self.state.orders.get(command.cl_ord_id)
        if order is not None and order.state is OrderState.PENDING_CANCEL:
            wait_ns = self.config.lease.beat_ns << min(order.cancels - 1, CANCEL_DOUBLINGS)
            self._unasked.setdefault(order.cl_ord_id, self._runtime.monotonic_ns + wait_ns)

    def _ask_cancels_again(self) -> None:
        now_ns = self._runtime.monotonic_ns
        for cl_ord_id in [name for name, due_ns in self._unasked.items() if due_ns <= now_ns]:
            del self._unasked[cl_ord_id]
            order = self.state.orders.get(cl_ord_id)
            if order is not None and order.state is OrderState.PENDING_CANCEL:
                self.execute(WithdrawOrder(acting(Capacity.RECOVERY, self._runtime.address), cl_ord_id))

    # --- handing over ---

    @property
    def unsaid(self) -> int:
        """How many effects wait until what is behind them is safe."""
        return len(self._outbox)

    def retire(self) -> None:
        """Take nothing new from here on: the lease is to be handed over. What is under way goes its way."""
        if self.answerable and self.replication.joined:
            self._retiring_beats = 0
            self._settled = False
            self._runtime.set_timer(self.config.lease.settle_ns, OmsTimer.SETTLED)

    def settle(self) -> None:
        """What we let out before we were to retire has got to where it goes."""
        self._settled = True

    @property
    def retired(self) -> bool:
        """All that we ever decided is on both disks, and all that came of it has left."""
        wants_to = self._retiring_beats is not None and self._settled
        return wants_to and self.replication.complete and not self._outbox and self._copied == self.state.version

    def _still_retiring(self) -> None:
        """A standby that falls behind now is no reason to stand still: we go on, and are asked again."""
        assert self._retiring_beats is not None
        self._retiring_beats += 1
        if self._retiring_beats > self.config.lease.missed_beats:
            self._retiring_beats = None
            text = f"{self._runtime.address} leads on: its standby has not got all of the journal"
            self._runtime.emit(AlertRaised("warning", "oms.hand_over", text))

    # --- output commit ---

    def flush(self) -> None:
        """Let out what is safe, in order, and copy the events behind it to the audit.

        Where a stream is down the message is dropped: the next one begins with all that it would have said.
        """
        safe = self.replication.committed(self.config.oms.output_commit)
        outbox, write = self._outbox, self._runtime.write
        while outbox and outbox[0][0] <= safe:
            _, to, message = outbox.popleft()
            write(to, message)
        if safe > self._copied:
            events = tuple([self._uncopied.popleft() for _ in range(safe - self._copied)])
            write(self._wiring.audit, JournalCopied(self.epoch, self._copied + 1, events))
            self._copied = safe
        if not outbox:
            self._held_back = False

    def _hold_back(self, why: str) -> None:
        self._held_back = True
        self._runtime.emit(ProtectionActed("oms.output_commit", why))

    def on_beat(self) -> None:
        """Once a beat: is a cancel to be asked again, or anything held back? Is it quiet enough for a state hash?"""
        if self._retiring_beats is not None:
            self._still_retiring()
        if self._unasked and self.leading:
            self._ask_cancels_again()
        self.halts.see_to_it()
        if self.stops.any and self.leading:
            self.stops.see_to_it(self._instruments)
        version = self.state.version
        if self._outbox:
            head = self._outbox[0][0]
            stuck = head == self._stuck_at and head <= self._journal.durable_version
            if stuck and not self._held_back:
                self._hold_back(f"version {head} is on our disk, and for a beat the backup has not confirmed it")
            self._stuck_at = head
        elif version != self._hashed and self._copied == version:
            self._hashed = version
            self._runtime.emit(StateHash("oms", version, self.state.hash()))
            self._save()

    def _save(self) -> None:
        """Now that all is safe, and often enough, keep the state: a later life begins with it."""
        every, journal = self.config.oms.snapshot_events, self._journal
        if not every or self._cold_version or journal.version - journal.saved_version < every:
            return
        if journal.durable_version == journal.version == self.state.version:
            journal.save(snapshots.take(self.state))


def _instruments(wiring: Wiring, config: DeskConfig) -> dict[Symbol, Instrument]:
    return {one.symbol: one for one in corrected(wiring.instruments, config.reference.entries)}
