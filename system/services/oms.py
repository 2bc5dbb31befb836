"""The order management system: one of two, of which one leads and the other holds a copy of its journal."""

from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec

from squall.sim.exchange.wire.messages import ExecutionReport, OrderStatusReport
from squall.system.config import DeskConfig
from squall.system.domain.actors import Capacity, acting
from squall.system.domain.claims import AlertRaised, ProtectionActed
from squall.system.domain.commands import (
    ApplyReport,
    ApplyStatus,
    DoubtOrder,
    JudgeOrder,
    JudgeReplace,
    MarkSent,
    PlaceParent,
    RefuseCancel,
    RefuseReplace,
    ReturnOrder,
    WithdrawOrder,
)
from squall.system.domain.doubt import revision_of
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import (
    AmendOrder,
    AskHoldings,
    CancelOrder,
    CancelRefused,
    FenceAccepted,
    HandOver,
    JoinStandby,
    JournalImage,
    LeaderBeat,
    LeaseGranted,
    LeaseOffered,
    LeaseRefused,
    LeaseRenewed,
    OrderChecked,
    OrderDoubtful,
    OrderLeft,
    OrderUnsent,
    ParentOrder,
    ReplaceChecked,
    ReplaceRefused,
    Replicate,
    Replicated,
    SchemaRead,
    StopReached,
    SubmitOrder,
    SwitchTrading,
    UnsentReason,
    VenueOpenOrders,
    VenueReport,
    VenueTrades,
)
from squall.system.domain.oms_state import OmsState
from squall.system.domain.orders import Order
from squall.system.domain.requests import place_order, replace_order
from squall.system.domain.schemas import FIRST, Schema
from squall.system.domain.snapshots import as_of
from squall.system.runtime import Address, Runtime
from squall.system.services.journal import Journal, UnreadableLogError
from squall.system.services.leadership import Leadership, OmsTimer, Role
from squall.system.services.replication import Follower, Replication
from squall.system.services.term import Term
from squall.system.wiring import Wiring

DeskTalk = (
    SubmitOrder
    | ParentOrder
    | CancelOrder
    | AmendOrder
    | AskHoldings
    | OrderChecked
    | ReplaceChecked
    | OrderLeft
    | OrderUnsent
    | OrderDoubtful
    | VenueReport
    | CancelRefused
    | ReplaceRefused
    | FenceAccepted
    | StopReached
    | SwitchTrading
    | HandOver
    | VenueTrades
    | VenueOpenOrders
)
LeaseTalk = LeaseGranted | LeaseRenewed | LeaseRefused | LeaderBeat | LeaseOffered
JournalTalk = Replicate | Replicated | JoinStandby | JournalImage | SchemaRead
OmsMessage = DeskTalk | LeaseTalk | JournalTalk


_P = ParamSpec("_P")


def _while_the_log_is_whole(
    handler: Callable[Concatenate["Oms", _P], None],
) -> Callable[Concatenate["Oms", _P], None]:
    """Any handler may come to read the log. Where it cannot be read we are done with it, whatever was under way."""

    def handle(self: "Oms", /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            handler(self, *args, **kwargs)
        except UnreadableLogError as error:
            self._lose_log(error)

    return handle


class Oms:
    """Sorts what arrives: to `Leadership`, to `Follower` or `Replication`, and orders to the `Term`."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, schema: Schema = FIRST) -> None:
        """*schema*: how this build writes events, and up to which it reads them."""
        self._runtime = runtime
        self._config = config
        self._wiring = wiring
        (self._peer,) = (oms for oms in wiring.oms if oms != runtime.address)
        self._schema = schema
        self._streams: dict[Address, None] = {}
        self._journal = Journal(runtime, config.oms.whole_log, schema)
        self._leadership = Leadership(runtime, config.lease, wiring, self._peer)
        self._follower = Follower(runtime, self._journal, self._peer, schema)
        self._term: Term | None = None
        self._epoch_token = 0
        """Of the first record of our epoch: when it is durable, so is all that we inherited."""
        self._log_lost = False
        """Our log cannot be read, and we have not been sent another."""
        self._offered = Epoch(0)
        """The epoch that its leader has handed over to us."""

    @property
    def role(self) -> Role:
        """What this OMS is just now."""
        return self._leadership.role

    @property
    def in_step(self) -> bool:
        """A standby that could take over now, with all that its leader has shipped."""
        return self.role is Role.STANDBY and self._follower.in_step

    @property
    def unsaid(self) -> int:
        """How many effects wait until what is behind them is safe."""
        return 0 if self._term is None else self._term.unsaid

    @property
    def epoch(self) -> Epoch:
        """Of the leader whose journal this is."""
        return self._journal.epoch

    @property
    def version(self) -> int:
        """Of the journal's last event."""
        return self._journal.version

    @property
    def orders(self) -> tuple[Order, ...]:
        """Live orders, in order of arrival; a standby folds nothing, so it knows none."""
        return () if self._term is None else tuple(self._term.state.orders.values())

    def as_of(self, at_ns: int) -> OmsState:
        """All orders as the journal on our disk had them at this time of the leaders' wall clocks."""
        return as_of(map(self._schema.decode, self._journal.events()), at_ns)

    def id_set_sizes(self) -> dict[str, int]:
        """How many names this OMS keeps, for the memory report; a standby keeps none."""
        return {} if self._term is None else self._term.state.id_set_sizes()

    # --- leading and following ---

    def on_start(self) -> None:
        try:
            self._journal.load()
        except UnreadableLogError as error:
            self._lose_log(error)
        if self._runtime.address == self._wiring.oms[0] and not self._journal.epoch and not self._log_lost:
            self._leadership.campaign(self._journal.epoch)
        else:
            self._leadership.moved_to(Role.STANDBY)
            self._leadership.listen(long=True)

    def _won(self) -> None:
        """Write the epoch down; once that is durable, so is everything before it, and the term begins."""
        if self._journal.epoch and self._journal.epoch != self._offered:
            what = f"{self._runtime.address} takes over epoch {self._leadership.epoch}"
            self._runtime.emit(ProtectionActed("lease.takeover", what))
        self._epoch_token = self._journal.append(self._leadership.epoch, (), self._journal.version)
        replication = Replication(self._runtime, self._journal, self._peer, self._leadership.epoch, self._schema)
        self._term = Term(
            self._runtime,
            self._config,
            self._wiring,
            self._journal,
            replication,
            self._leadership,
            self._streams,
            self._schema,
        )

    def _step_down(self) -> None:
        """Lead no more, at once: what was queued is forgotten, and our streams end here."""
        self._term = None
        for key in (OmsTimer.RECONNECT, OmsTimer.RECONCILE, OmsTimer.INQUIRE, OmsTimer.SETTLED):
            self._runtime.cancel_timer(key)
        for peer in self._streams:
            if peer not in self._wiring.submitters:
                self._runtime.close(peer)
        self._streams = {peer: None for peer in self._streams if peer in self._wiring.submitters}
        self._follower.on_stream_closed()
        self._leadership.stop()

    def _acting_term(self) -> Term | None:
        """The term, while our lease lasts. Asked before anything that a leader does."""
        term = self._term
        if term is not None and self._leadership.overdue():
            self._runtime.emit(ProtectionActed("lease.self_stop", f"epoch {term.epoch} ended by the clock"))
            self._step_down()
            return None
        return term

    # --- handlers ---

    @_while_the_log_is_whole
    def on_message(self, sender: Address, message: OmsMessage) -> None:
        term = self._acting_term()
        match message:
            case Replicated() | Replicate() | JoinStandby() | JournalImage() | SchemaRead():
                self._on_journal_talk(term, message)
            case LeaseRenewed() | LeaderBeat() | LeaseGranted() | LeaseRefused() | LeaseOffered():
                self._on_lease_talk(message)
            case _:
                if term is not None and term.begun:
                    self._on_desk_talk(term, sender, message)

    def _on_lease_talk(self, message: LeaseTalk) -> None:
        match message:
            case LeaderBeat():
                if self._leadership.on_beat_heard(message.epoch, self._journal.epoch):
                    self._step_down()
                if self._term is None:
                    self._follower.on_beat(message.epoch)
            case LeaseRenewed():
                self._leadership.on_renewed(message)
            case LeaseGranted():
                if self._leadership.on_granted(message):
                    self._won()
            case LeaseRefused():
                self._leadership.on_refused(message)
            case LeaseOffered():
                self._on_offered(message)

    def _on_offered(self, message: LeaseOffered) -> None:
        """Its leader has stopped. With all of its journal we ask at once; otherwise we wait, as in any silence."""
        journal = self._journal
        has_it_all = (journal.epoch, journal.durable_version) == (message.epoch, message.version)
        if self.role is Role.STANDBY and has_it_all:
            self._offered = message.epoch
            self._campaign()

    def _hand_over_if_retired(self) -> None:
        """Stop first, and then say so: at no time do two lead."""
        term = self._term
        if term is not None and term.retired:
            version = term.state.version
            self._step_down()
            self._leadership.release(version)
            what = f"{self._runtime.address} gives up epoch {term.epoch} at version {version}"
            self._runtime.emit(ProtectionActed("lease.hand_over", what))

    def _on_journal_talk(self, term: Term | None, message: JournalTalk) -> None:
        match message:
            case Replicated():
                if term is not None:
                    term.replication.on_replicated(message)
                    if term.begun:  # a standby may be quicker than our own disk
                        term.flush()
                        self._hand_over_if_retired()
            case Replicate():
                if term is None:
                    self._follower.on_replicate(message)
                else:
                    self._leadership.tell(self._peer)  # it thinks that it leads: it is to know better
            case JournalImage():
                if term is None:
                    self._follower.on_image(message)
                    self._log_lost = not self._journal.epoch
            case SchemaRead():
                if term is not None:
                    term.on_schema(message)
            case JoinStandby():
                if term is not None:
                    term.replication.on_join()

    def _on_desk_talk(self, term: Term, sender: Address, message: DeskTalk) -> None:
        match message:
            case SubmitOrder():
                term.submit(sender, place_order(message, self._config.oms.parent_cap))
            case ParentOrder():
                actor = acting(Capacity.TRADER, message.trader)
                term.submit_parent(sender, PlaceParent(actor, message.cl_ord_id, message))
            case VenueReport():
                self._on_report(term, message)
            case OrderChecked():
                term.execute(JudgeOrder(sender, message.cl_ord_id, message.denials, term.epoch, message.reduces))
            case OrderLeft():
                term.execute(MarkSent(sender, message.cl_ord_id, message.venue, message.attempt))
            case OrderUnsent():
                self._on_unsent(term, sender, message)
            case OrderDoubtful():
                term.execute(DoubtOrder(sender, message.cl_ord_id, message.venue, message.attempt))
            case CancelOrder():
                term.withdraw(WithdrawOrder(message.actor or sender, message.cl_ord_id))
            case AmendOrder():
                term.amend(replace_order(sender, message, self._config.oms.parent_cap))
            case ReplaceChecked():
                revision, denials = revision_of(message.replace_id), message.denials
                term.execute(JudgeReplace(sender, message.cl_ord_id, revision, denials, term.epoch))
            case ReplaceRefused():
                term.execute(RefuseReplace(sender, message.cl_ord_id, message.revision, message.reason))
            case CancelRefused():
                term.refuse_cancel(RefuseCancel(sender, message.cl_ord_id, message.reason))
            case StopReached():
                term.stops.on_reached(sender, message)
            case AskHoldings():
                term.tell_holdings(sender, message.strategy)
            case SwitchTrading():
                term.halts.switch(sender, message)
            case HandOver():
                term.retire()
            case VenueTrades():
                term.reconciliation.on_trades(message, self._config.reconcile)
            case VenueOpenOrders():
                term.reconciliation.on_open_orders(sender, message, self._config.reconcile)
                term.halts.on_open_orders(message)
            case FenceAccepted():
                if message.epoch == term.epoch:
                    term.on_fence_accepted()
            case _:
                raise TypeError(f"oms: found {type(message).__name__} from {sender}, expected {OmsMessage}")

    def _on_report(self, term: Term, message: VenueReport) -> None:
        report, cl_ord_id, venue = message.report, message.cl_ord_id, message.venue
        match report:
            case ExecutionReport():
                term.execute(ApplyReport(venue, cl_ord_id, venue, report))
                term.inquiries.on_word(cl_ord_id)
            case OrderStatusReport():
                moved = term.execute(ApplyStatus(venue, cl_ord_id, venue, report))
                if report.status is not None:
                    term.inquiries.on_answer(cl_ord_id, moved)

    def _on_unsent(self, term: Term, sender: Address, message: OrderUnsent) -> None:
        if message.reason is UnsentReason.FENCED and term.let_out(message.cl_ord_id, message.attempt):
            self._step_down()  # what leaves in our epoch is refused: there is a higher one
            return
        max_reroutes = self._config.oms.max_reroutes
        command = ReturnOrder(sender, message.cl_ord_id, message.attempt, message.reason, term.epoch, max_reroutes)
        term.inquiries.on_answer(message.cl_ord_id, term.execute(command))

    @_while_the_log_is_whole
    def on_timer(self, key: Hashable) -> None:
        term = self._acting_term()
        match key:
            case OmsTimer.SILENCE:
                self._on_silence()
            case OmsTimer.RETRY:
                if self.role is Role.CANDIDATE:
                    self._leadership.ask()
            case OmsTimer.BEAT:
                if term is not None:
                    self._leadership.beat()
                    term.on_beat()
            case OmsTimer.LEASE_END:
                pass  # `_acting_term` has looked at the clock
            case OmsTimer.RECONNECT:
                if term is not None:
                    term.reconnect()
            case OmsTimer.RECONCILE:
                if term is not None:
                    term.lead()
            case OmsTimer.SETTLED:
                if term is not None:
                    term.settle()
                    self._hand_over_if_retired()
            case OmsTimer.INQUIRE:
                if term is not None:
                    term.inquiries.look()
            case _:
                raise ValueError(f"oms: found timer {key!r}, expected an OmsTimer")

    def _on_silence(self) -> None:
        """No leader to be heard. Whether its epoch is ours to ask for, the keepers say."""
        if self._leadership.role is Role.STANDBY and self._config.lease.takeover and not self._log_lost:
            self._campaign()

    def _campaign(self) -> None:
        """Ask for the next epoch, where all of the log can be read."""
        self._journal.check()
        self._leadership.campaign(self._journal.epoch)

    def _lose_log(self, error: UnreadableLogError) -> None:
        """What we have is not all there was: we neither lead from it nor pass it on. Who leads next sends us theirs."""
        text = f"{self._runtime.address}: {error}; it follows until it has been sent another"
        self._runtime.emit(ProtectionActed("oms.whole_log", text))
        self._runtime.emit(AlertRaised("critical", "oms.log", text))
        self._log_lost = True
        if self._term is not None:
            self._step_down()
        self._journal.void()
        self._follower.start_anew()

    @_while_the_log_is_whole
    def on_durable(self, token: int) -> None:
        self._journal.on_durable(token)
        term = self._acting_term()
        if term is None:
            self._follower.on_durable()
        elif term.begun:
            term.flush()
            self._hand_over_if_retired()
        elif token >= self._epoch_token:
            term.begin()

    @_while_the_log_is_whole
    def on_stream_open(self, peer: Address) -> None:
        self._streams[peer] = None
        term = self._acting_term()
        if term is None:
            if peer == self._peer:
                self._follower.on_stream_open()
        elif term.begun:
            term.on_stream_open(peer)

    @_while_the_log_is_whole
    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._streams.pop(peer, None)
        if peer == self._peer:
            self._follower.on_stream_closed()
        term = self._acting_term()
        if term is not None:
            if peer == self._peer:
                term.on_standby_gone()
            if term.begun:
                term.on_stream_closed(peer)

    @_while_the_log_is_whole
    def on_config(self, config: DeskConfig) -> None:
        self._config = config
        self._journal.whole = config.oms.whole_log
        self._leadership.config = config.lease
        if self._term is not None:
            self._term.config = config
