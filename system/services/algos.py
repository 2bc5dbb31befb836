"""Works off clients' parent orders in children: looks at each when something of it is due, and submits what is."""

from collections.abc import Hashable, Iterable
from typing import Final

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrdType, TimeInForce
from squall.system.config import DeskConfig
from squall.system.domain.algorithms import (
    Child,
    Hold,
    ParentRefusal,
    Plan,
    Sight,
    next_child,
    next_look_ns,
    plan,
)
from squall.system.domain.claims import AlertRaised, ParentMoved, ProtectionActed
from squall.system.domain.ids import ClOrdID, Venue
from squall.system.domain.market_view import MarketView
from squall.system.domain.messages import (
    Algorithm,
    CancelParent,
    ChildMoved,
    ChildState,
    DoneHeard,
    FamilyTold,
    HistoryTold,
    Leading,
    OrderTaken,
    ParentAnswered,
    ParentOrder,
    SubmitOrder,
    Tick,
)
from squall.system.domain.parent_life import ParentLife
from squall.system.domain.profile import Basis
from squall.system.domain.routing import DarkRule
from squall.system.domain.terms import Attribution
from squall.system.domain.working import DarkLeg, LitLegs, TakeBack, Wanted, Work, done, next_step, wanted
from squall.system.runtime import Address, Runtime
from squall.system.services import algos_diary
from squall.system.services.algos_diary import CancelWanted, ParentPlanned
from squall.system.services.algos_ends import Ends
from squall.system.services.submission import Submission
from squall.system.wiring import Wiring

STRATEGY: Final = "algos"
"""Under which clients' trades are booked: apart from what the house trades for itself."""
NEVER: Final = 1 << 60

AlgosMessage = (
    ParentOrder | CancelParent | DoneHeard | Tick | OrderTaken | Leading | ChildMoved | FamilyTold | HistoryTold
)


class Algos:
    """Every parent keeps to one rule, whatever goes wrong.

    *It pauses* while it cannot know what it does: no venue's price is fresh, the market runs away or is beyond the
    limit, nobody leads the desk, or its children come back with nothing (a venue is halted, risk says no); each such
    child makes the next one wait longer. Time runs on meanwhile, since the client's window is a time of day.
    *It resumes* by itself and catches up with its schedule, a bounded child at a time.
    *It finishes* when all of it is filled, or when its window is over: what is out then is taken back, and what has not
    traded is reported. Nothing is forced at the close; the client chose the limit, and gets to decide about the rest.
    *It is cancelled* by its client alone: trouble passes, and an instruction stands until it is taken back.
    How it ends, and who is told of that, is in `system/services/algos_ends.py`.

    The tick store says which volume a VWAP is to follow, and afterwards what a parent is to be measured against. Nobody
    waits for it: without it a VWAP follows the usual volume, and a report says what is not known.

    One that goes to the dark first is worked leg after leg (`system/domain/working.py`), by the same rule.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        assert wiring.clients is not None, "there are no algorithms without clients"
        self._runtime = runtime
        self._clients: Address = wiring.clients
        self._instruments = {instrument.symbol: instrument for instrument in wiring.instruments}
        self._market = MarketView(wiring.instruments)
        self._tariffs = {route.venue: route.tariff for route in wiring.venues}
        self._pools = {symbol: route.venue for route in wiring.venues if route.dark for symbol in route.symbols}
        self.lives: dict[ClOrdID, ParentLife] = {}
        """Every parent of the day, those that are done included: a client may ask again."""
        self._restored: dict[ClOrdID, None] = {}
        """Parents of an earlier life whose children we have not been told of since."""
        self.planned = dict.fromkeys(Basis, 0)
        """How many VWAPs of this life follow what."""
        self._submission = Submission(runtime, config.strategy, wiring.oms, algos_diary.FILE)
        self._ends = Ends(runtime, config, wiring, self._submission)
        self._history = self._ends.history
        self.on_config(config)

    @property
    def leader(self) -> Address | None:
        """Where the leader is to be reached now."""
        return self._submission.leader[1]

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.algos
        self._collar = config.strategy
        # A child is not given up: the OMS refuses it once its parent's time is over, and that is an answer.
        self._submission.on_config(replace(config.strategy, max_resubmits=NEVER))
        self._ends.on_config(config)

    def on_start(self) -> None:
        past = algos_diary.read(self._runtime)
        self.lives = past.lives
        self._restored = {name: None for name, life in self.lives.items() if life.done is None}
        self._submission.on_start(past.unsettled.open.values(), past.unsettled.withdrawn)
        if self.lives:
            # Clients hear nothing of a stream that died with our last life, and who has been answered does not ask.
            self._runtime.open(self._clients)
        self._history.on_start()
        for life in self.lives.values():
            if life.done is not None:
                self._ends.restore(life, at_the_oms=life.name in past.unsettled.open)
        self._stop()

    def on_message(self, sender: Address, message: AlgosMessage) -> None:
        match message:
            case Tick():
                self._market.see(message, self._runtime.monotonic_ns, self._collar)
            case ChildMoved():
                if sender == self._submission.leader[1]:
                    self._on_child(message)
            case OrderTaken():
                self._on_taken(message.cl_ord_id)
            case FamilyTold():
                if (message.epoch, sender) == self._submission.leader:
                    self._on_family(message)
            case Leading():
                self._submission.on_leading(sender, message)
            case ParentOrder():
                self._on_parent(message)
            case CancelParent():
                self._on_cancel(message.cl_ord_id)
            case DoneHeard(name, of_report):
                self._ends.heard(name, of_report)
            case HistoryTold():
                self._history.on_told(message)
            case _:
                raise TypeError(f"algos: found {type(message).__name__}, expected {AlgosMessage}")

    # --- the market ---

    def _sight(self, life: ParentLife) -> Sight:
        traded_lots = life.traded_lots(self._market.traded_lots(life.order.symbol))
        return self._market.sight(life.order, traded_lots, self._collar)

    # --- clients ---

    def _on_parent(self, order: ParentOrder) -> None:
        """Answered once it is durable at the OMS; until then the client repeats it."""
        life = self.lives.get(order.cl_ord_id)
        if life is not None:
            if life.done is not None:
                self._ends.tell_again(life)
            elif life.taken:
                self._answer(life.name, follows=life.follows)
            return
        planned: Plan | ParentRefusal = ParentRefusal.UNKNOWN_SYMBOL
        instrument = self._instruments.get(order.symbol)
        if instrument is not None:
            lots, tick = instrument.round_lots, instrument.tick_half_ticks
            profile, basis = self._history.profile(order.symbol)
            planned = plan(order, self._runtime.now_ns, self._config, profile, lots, tick)
        match planned:
            case ParentRefusal():
                self._answer(order.cl_ord_id, planned)
            case Plan(window):
                order = replace(order, start_ns=window.start_ns, end_ns=window.end_ns)
                life = self.lives[order.cl_ord_id] = ParentLife(order, planned)
                life.volume_from_lots = self._market.traded_lots(order.symbol)
                life.arrival_twice = self._market.middle_twice(order.symbol)
                if order.algorithm is Algorithm.VWAP:
                    life.follows = self._follow(life.name, basis)
                self._submission.remember(ParentPlanned(life.name, planned, life.arrival_twice, life.follows))
                self._submission.send(order)

    def _follow(self, name: ClOrdID, basis: Basis) -> str:
        """What a VWAP follows is counted; that it is not what was recorded is said."""
        self.planned[basis] += 1
        if basis is not Basis.RECORDED:
            self._runtime.emit(AlertRaised("warning", "algos.usual_volume", f"{name} follows {basis.value}"))
        return basis.value

    def _on_cancel(self, name: ClOrdID) -> None:
        life = self.lives.get(name)
        if life is None:
            return  # its order has not come yet, or was refused: the client repeats both until one is answered
        if life.done is not None:
            self._ends.tell_again(life)
        elif not life.cancelled:
            life.cancelled = True
            self._submission.remember(CancelWanted(name))
            self._look(life)

    def _answer(self, name: ClOrdID, refusal: ParentRefusal | None = None, follows: str = "") -> None:
        self._moved(name, *(("taken",) if refusal is None else ("refused", refusal.value)))
        self._runtime.write(self._clients, ParentAnswered(name, None if refusal is None else refusal.value, follows))

    # --- the OMS ---

    def _on_taken(self, name: ClOrdID) -> None:
        self._submission.on_taken(name)
        life = self.lives.get(name)
        if life is not None and life.done is None and not life.taken:
            life.taken = True
            self._resume(life)  # a family that it had would have been told before this
            self._answer(name, follows=life.follows)
            self._look(life)

    def _on_child(self, message: ChildMoved) -> None:
        life = self.lives.get(message.parent)
        if life is None or life.over:
            return
        self._heard(life, (message.child,))
        if life.done is not None:
            self._reconsider(life)
        elif message.child.ended:
            if life.paused in (None, Hold.BARREN):
                self._stand(life, Hold.ON_SCHEDULE)
            self._after_a_child(life)

    def _on_family(self, told: FamilyTold) -> None:
        life = self.lives.get(told.parent)
        if life is None or life.over:
            return
        self._heard(life, told.children)
        self._resume(life)
        if life.done is not None:
            self._reconsider(life)
        else:
            self._after_a_child(life)

    def _heard(self, life: ParentLife, children: Iterable[ChildState]) -> None:
        resting = life.work.resting if life.work is not None else None
        life.tell_all(children)
        if resting is not None and life.work is not None and life.work.resting is None:
            self._submission.over(resting)

    def _resume(self, life: ParentLife) -> None:
        """We know of its children what the OMS knows: it may go on, where an earlier life had begun it."""
        if life.name in self._restored:
            del self._restored[life.name]
            life.count_volume_from(self._market.traded_lots(life.order.symbol))

    def _after_a_child(self, life: ParentLife) -> None:
        """If that was the last of it, it is over; otherwise what did not trade is tried again, a while later.

        Of one that is worked in legs what comes back is routed on at once: not to where it comes from.
        """
        now_ns = self._runtime.now_ns
        if life.work is not None or life.outcome(now_ns) is not None or life.is_winding_up(now_ns):
            self._look(life)
        else:
            self._await_look(life, behind=True)

    # --- looking at a parent ---

    def _look(self, life: ParentLife) -> None:
        now_ns = self._runtime.now_ns
        if life.done is not None or not life.taken:
            return
        outcome = life.outcome(now_ns)
        if outcome is not None:
            self._runtime.cancel_timer(("look", life.name))
            self._ends.finish(life, outcome, self._market.middle_twice(life.order.symbol))
            return
        if life.is_winding_up(now_ns):
            self._take_back(life)
            return
        if life.work is not None:
            hold = self._work(life, life.work, now_ns)
            self._stand(life, hold)
            dark = hold is Hold.IN_THE_DARK
            due_ns = life.work.back_ns(self._dark_rule(life)) if dark else now_ns + self._patience_ns(life)
            self._runtime.set_timer(max(min(due_ns, life.plan.window.end_ns) - now_ns, 0), ("look", life.name))
            return
        child = self._due(life, now_ns)
        if isinstance(child, Child):
            self._submit(life, child.lots, child.limit_half_ticks)
        self._stand(life, child)
        self._await_look(life, behind=child is not Hold.ON_SCHEDULE)

    def _stand(self, life: ParentLife, found: Child | Hold) -> None:
        """Say so where it pauses, or for another reason than before, and where it resumes: nothing is in its way, and
        its children find something again."""
        before, life.paused = life.paused, life.trouble(found)
        if life.paused is before:
            return
        if life.paused is None:
            self._moved(life.name, "resumed")
            return
        if life.paused is Hold.MARKET_RUNS:
            self._runtime.emit(ProtectionActed("strategy.price_collar", life.next_name()))
        self._moved(life.name, "paused", life.paused.value)

    def _due(self, life: ParentLife, now_ns: int) -> Child | Hold:
        if self._submission.leader[1] is None or life.name in self._restored:
            return Hold.NOBODY_LEADS
        lots = self._instruments[life.order.symbol].round_lots
        return next_child(life.order, life.plan, now_ns, life.progress, self._sight(life), self._config, lots)

    # --- leg after leg ---

    def _work(self, life: ParentLife, work: Work, now_ns: int) -> Hold:
        """Do what there is to do, and say why there is no more of it."""
        quotes, again_ns = self._market.quotes(life.order.symbol), self._patience_ns(life)
        while True:
            step = next_step(
                work, self._wanted(life, now_ns), now_ns, self._dark_rule(life), quotes, self._tariffs, again_ns
            )
            match step:
                case Hold():
                    if step is Hold.TAKEN_BACK and not work.awaited:
                        work.awaited = True
                        self._runtime.emit(ProtectionActed("algos.await_end", life.name))
                    return step
                case DarkLeg():
                    self._submit(life, step.lots, step.limit_half_ticks, step.venue, step.min_lots, TimeInForce.DAY)
                case LitLegs():
                    for leg in step.legs:
                        self._submit(life, leg.lots, step.limit_half_ticks, leg.venue)
                case TakeBack(name):
                    if name not in self._submission.waiting:
                        self._submission.cancel(name)
            done(work, step, now_ns, quotes)

    def _wanted(self, life: ParentLife, now_ns: int) -> Wanted | Hold:
        if self._submission.leader[1] is None or life.name in self._restored:
            return Hold.NOBODY_LEADS
        order, config = life.order, self._config
        progress = life.progress if config.await_end else life.hopeful_progress
        step_lots, max_legs = self._instruments[order.symbol].round_lots, self._collar.max_legs
        return wanted(order, life.plan, now_ns, progress, self._sight(life), config, step_lots, max_legs)

    def _dark_rule(self, life: ParentLife) -> DarkRule | None:
        return DarkRule.of(self._pools.get(life.order.symbol), self._config)

    def _patience_ns(self, life: ParentLife) -> int:
        return life.patience_ns(self._config.pace_ns)

    # --- children ---

    def _submit(
        self,
        life: ParentLife,
        lots: int,
        limit_half_ticks: int | None,
        venue: Venue | None = None,
        min_lots: int = 0,
        time_in_force: TimeInForce = TimeInForce.IOC,
    ) -> None:
        """Written down before it goes out, so that no later life gives its name to another one."""
        order, name = life.order, life.next_name()
        life.mean(ChildState(name, lots))
        touch = self._market.touch(order.symbol)
        submit = SubmitOrder(
            cl_ord_id=name,
            strategy=STRATEGY,
            symbol=order.symbol,
            side=order.side,
            quantity_lots=lots,
            ord_type=OrdType.MARKET if limit_half_ticks is None else OrdType.LIMIT,
            time_in_force=time_in_force,
            price_half_ticks=limit_half_ticks,
            intended_ns=self._runtime.now_ns,
            venue=venue,
            expire_ns=order.end_ns,
            min_lots=min_lots,
            attribution=Attribution(order.account, order.client, order.trader, order.algorithm.value, life.name),
            decision_twice_half_ticks=touch.twice_middle if touch is not None else 0,
        )
        if life.work is not None:
            life.work.sent(submit)
        self._submission.send(submit, noted_first=True)

    def _take_back(self, life: ParentLife) -> None:
        """What is still out; its end, whatever it is, ends the parent. What rests would stay for ever: it is asked for
        again and again. The cancel of one that nobody has taken yet goes behind it, to whoever comes to lead; and it is
        asked for once more when it is taken, perhaps by another."""
        resting = life.work.resting if life.work is not None else None
        for name in life.open_children:
            if name in self._submission.waiting:
                if name != resting and name not in life.untaken:
                    life.untaken[name] = None
                    self._submission.cancel(name)
            elif name not in life.taken_back or name == resting:
                life.taken_back[name] = None
                self._submission.cancel(name)
        self._runtime.set_timer(self._patience_ns(life), ("look", life.name))

    def _reconsider(self, life: ParentLife) -> None:
        """A trade of what has ended is busted or corrected, and nobody has been told of the end yet."""
        if self._ends.goes_on(life, self._market.middle_twice(life.order.symbol)):
            self._look(life)

    def _await_look(self, life: ParentLife, behind: bool) -> None:
        now_ns = self._runtime.now_ns
        due_ns = next_look_ns(life.plan, now_ns, behind, self._patience_ns(life))
        self._runtime.set_timer(max(due_ns - now_ns, 0), ("look", life.name))

    def _moved(self, name: ClOrdID, state: str, why: str = "") -> None:
        self._runtime.emit(ParentMoved(name, state, why))

    # --- the rest of a program ---

    def on_timer(self, key: Hashable) -> None:
        match key:
            case ("look", str(name)):
                self._look(self.lives[ClOrdID(name)])
            case _ if self._ends.on_timer(key):
                pass
            case _:
                self._submission.on_timer(key)

    def on_durable(self, token: int) -> None:
        self._submission.on_durable(token)
        self._ends.on_durable(token)

    def on_stream_open(self, peer: Address) -> None:
        """The OMS speaks first, and so do clients."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self._submission.on_stream_closed(peer)
        if self._submission.leader[1] is None:
            self._stop()

    def _stop(self) -> None:
        """Nobody leads, or we have only just begun again: no schedule goes on before it is known how its children
        stand."""
        for life in self.lives.values():
            if life.done is None:
                self._stand(life, Hold.NOBODY_LEADS)
