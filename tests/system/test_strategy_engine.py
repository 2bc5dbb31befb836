"""The engine of strategies: it trades once it knows what it holds, counts what it leaves out, and forgets no order."""

from typing import Any

from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side, TimeInForce
from squall.system.config import SECOND, DeskConfig, StrategyConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.holdings import Holdings
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    AmendOrder,
    AskHoldings,
    CancelOrder,
    HoldingsTold,
    Leading,
    OpenHolding,
    OrderProgressed,
    OrderTaken,
    SubmitOrder,
    Tick,
    VenueHealth,
    Wish,
)
from squall.system.domain.signals import Workload
from squall.system.domain.strategies.market_maker import MarketMaker
from squall.system.domain.strategies.mean_reversion import MeanReversion
from squall.system.domain.strategies.orders import Filtered, Mine
from squall.system.services.strategy_engine import ASK_AGAIN_NS, StrategyEngine
from squall.system.wiring import Instrument, VenueRoute, Wiring
from tests.fakes import FakeRuntime

ACME = Symbol("ACME")
A, B, POOL = Venue("exchange-a"), Venue("exchange-b"), Venue("dark-pool")
WIRING = Wiring(
    instruments=(Instrument(ACME),),
    venues=(
        VenueRoute(A, "exchange-a", (ACME,)),
        VenueRoute(B, "exchange-b", (ACME,)),
        VenueRoute(POOL, "dark-pool", (ACME,), dark=True),
    ),
)
MAKER = MarketMaker(half_spread_ticks=1, skew_lots_per_tick=0)
CONFIG = StrategyConfig()


class Rig:
    """An engine on a fake machine at 5 s of its clock, and the leader's answers."""

    def __init__(
        self,
        rule: MarketMaker | MeanReversion = MAKER,
        *,
        stop_ns: int | None = None,
        config: StrategyConfig = CONFIG,
    ) -> None:
        self.config = DeskConfig(strategy=config)
        self.runtime = FakeRuntime("strategy", now_ns=5 * SECOND)
        self.workload = Workload(strategy="maker", rule=rule, stop_ns=stop_ns)
        self.rule = rule
        self.seq = 0
        self.start()

    def start(self) -> None:
        """Also a restart: what is on the disk stays."""
        self.runtime.timers.clear()
        self.runtime.streams.clear()
        self.runtime.sent.clear()
        self.engine = StrategyEngine(self.runtime, self.config, WIRING, self.workload, self.rule)
        self.engine.on_start()
        for oms in WIRING.oms:
            self.runtime.connect(self.engine, oms)
        self.runtime.connect(self.engine, "execution")
        self.health(A, True)
        self.health(B, True)

    def health(self, venue: Venue, safe: bool, throttled: bool = False) -> None:
        """Execution says how the venue is."""
        self.hear(VenueHealth(venue, safe, 1, False, throttled), sender="execution")

    def rest(self, name: str, price: int, *, venue: Venue = A, revision: int = 0) -> None:
        """The leader says that this quote stands there, and on which wish."""
        self.hear(OrderProgressed(ClOrdID(name), 0, False, venue, 100, price, revision))

    def wishes(self) -> list[tuple[str, int, int, int | None]]:
        """What was asked to move since the last time: which order, the number of the wish, lots and price."""
        return [
            (wish.cl_ord_id, wish.revision, wish.quantity_lots, wish.price_half_ticks)
            for wish in self.runtime.take(AmendOrder)
        ]

    def hear(self, *messages: object, sender: str = "oms1") -> None:
        for message in messages:
            self.engine.on_message(sender, message)  # type: ignore[arg-type]

    def lead(self, net_lots: int = 0, *open_orders: OpenHolding, epoch: int = 1) -> None:
        """oms1 leads, and says where the strategy stands."""
        self.hear(Leading(Epoch(epoch), "oms1"))
        self.tell(net_lots, *open_orders, epoch=epoch)

    def tell(self, net_lots: int, *open_orders: OpenHolding, epoch: int = 1) -> None:
        self.hear(HoldingsTold("maker", Epoch(epoch), 1, {ACME: net_lots}, open_orders))

    def tick(self, bid: int, *, venue: Venue = A, stale: bool = False, lots: int = 500) -> None:
        self.seq += 1
        self.hear(Tick(venue, ACME, self.seq, bid, lots, bid + 4, lots, stale), sender="market-data")

    def pass_time(self, ns: int) -> None:
        self.runtime.advance(self.engine, ns)

    def sent(self) -> list[SubmitOrder]:
        """What went out since the last time, once the diary is on the disk; the leader takes it."""
        self.runtime.sync(self.engine)
        orders: list[SubmitOrder] = self.runtime.take(SubmitOrder)
        for order in orders:
            self.hear(OrderTaken(order.cl_ord_id))
        return orders

    def cancels(self) -> list[str]:
        return [cancel.cl_ord_id for cancel in self.runtime.take(CancelOrder)]


def quoting(**kwargs: Any) -> Rig:
    """Both quotes stand: maker-ACME-1 buys at 100, maker-ACME-2 sells at 104."""
    rig = Rig(**kwargs)
    rig.lead()
    rig.tick(100)
    assert [(each.side, each.price_half_ticks) for each in rig.sent()] == [(Side.BUY, 100), (Side.SELL, 104)]
    return rig


def test_nothing_is_meant_before_the_leader_has_said_what_we_hold() -> None:
    rig = Rig()
    rig.tick(100)
    rig.hear(Leading(Epoch(1), "oms1"))
    assert rig.runtime.take(AskHoldings, "oms1") == [AskHoldings("maker", Epoch(1))]
    rig.tick(102)
    assert rig.sent() == []
    rig.tell(0)
    rig.tick(104)
    assert [order.time_in_force for order in rig.sent()] == [TimeInForce.DAY, TimeInForce.DAY]


def test_a_leader_that_does_not_answer_is_asked_again() -> None:
    rig = Rig()
    rig.hear(Leading(Epoch(1), "oms1"))
    rig.runtime.take(AskHoldings)
    rig.pass_time(ASK_AGAIN_NS)
    assert rig.runtime.take(AskHoldings) == [AskHoldings("maker", Epoch(1))]
    rig.tell(0)
    rig.pass_time(2 * ASK_AGAIN_NS)
    assert rig.runtime.take(AskHoldings) == []


def test_an_answer_of_an_earlier_leader_is_not_heeded() -> None:
    rig = Rig()
    rig.hear(Leading(Epoch(2), "oms2"), sender="oms2")
    rig.tell(70, epoch=1)
    rig.tick(100)
    assert rig.sent() == []
    assert rig.engine.positions == {ACME: 0}


def test_quotes_are_pulled_at_the_first_tick_that_nobody_believes() -> None:
    rig = quoting()
    rig.tick(100, stale=True)
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]
    acted = [claim.protection for claim in rig.runtime.claims if isinstance(claim, ProtectionActed)]
    assert acted == ["strategy.pull_stale_quotes"] * 2


def test_a_quote_that_is_pulled_before_it_has_left_is_taken_back_behind_itself() -> None:
    rig = Rig()
    rig.lead()
    rig.tick(100)
    rig.tick(100, stale=True)
    assert rig.cancels() == []
    rig.runtime.sync(rig.engine)
    words = [message for _, message in rig.runtime.sent if isinstance(message, SubmitOrder | CancelOrder)]
    assert [(type(word), word.cl_ord_id) for word in words] == [
        (SubmitOrder, "maker-ACME-1"),
        (CancelOrder, "maker-ACME-1"),
        (SubmitOrder, "maker-ACME-2"),
        (CancelOrder, "maker-ACME-2"),
    ]


def test_quotes_stay_while_another_venue_is_believed() -> None:
    rig = quoting()
    rig.tick(100, venue=B)
    rig.tick(100, stale=True)
    assert rig.cancels() == []


def test_quotes_are_pulled_when_market_data_itself_has_fallen_silent() -> None:
    rig = quoting()
    rig.pass_time(CONFIG.quote_patience_ns - 1)
    assert rig.cancels() == []
    rig.pass_time(CONFIG.quote_patience_ns)
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]


def test_however_short_the_patience_time_passes_between_two_looks() -> None:
    """A timer of no length would ring again and again within the same instant."""
    config = DeskConfig(strategy=StrategyConfig(quote_patience_ns=3))
    rig = quoting()
    rig.engine.on_config(config)
    rig.engine.on_timer("watch")
    assert rig.runtime.timers["watch"] == rig.runtime.monotonic_ns + 1


def test_a_quote_is_sent_anew_only_once_the_old_one_has_ended() -> None:
    rig = quoting()
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(110)
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]
    rig.tick(112)
    assert rig.sent() == []
    rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 30, True), OrderProgressed(ClOrdID("maker-ACME-2"), 0, True))
    assert rig.engine.positions == {ACME: 30}
    rig.tick(112)
    rig.tick(110)
    assert [each.cl_ord_id for each in rig.sent()] == ["maker-ACME-3", "maker-ACME-4"]


def test_signals_in_the_cool_down_are_counted_and_said_once() -> None:
    rig = quoting()
    rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 100, True))
    for bid in (94, 92, 90):
        rig.tick(bid)
    assert rig.engine.dropped[Filtered.COOL_DOWN] == 3
    acted = [claim for claim in rig.runtime.claims if isinstance(claim, ProtectionActed)]
    assert [claim.protection for claim in acted] == ["strategy.cool_down"]


def test_at_the_end_of_the_day_what_rests_is_taken_back() -> None:
    rig = quoting(stop_ns=SECOND)
    rig.pass_time(SECOND)
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]
    rig.tick(120)
    assert rig.sent() == []


def test_after_a_restart_open_quotes_are_known_and_no_name_is_used_twice() -> None:
    rig = quoting()
    rig.start()
    rig.hear(Leading(Epoch(1), "oms1"))
    assert [order.cl_ord_id for order in rig.sent()] == ["maker-ACME-1", "maker-ACME-2"]  # in case nobody has them
    rig.tell(20, OpenHolding(ClOrdID("maker-ACME-2"), 10))
    assert rig.engine.positions == {ACME: 20}
    rig.tick(100)
    (order,) = rig.sent()
    assert (order.cl_ord_id, order.side) == ("maker-ACME-1001", Side.BUY)


def test_what_has_ended_is_not_cancelled_at_the_next_leader() -> None:
    rig = quoting()
    rig.tick(100, stale=True)
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]
    rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 0, True))
    rig.hear(Leading(Epoch(2), "oms2"), sender="oms2")
    assert rig.cancels() == ["maker-ACME-2"]
    rig.start()
    rig.hear(Leading(Epoch(3), "oms1"))
    assert rig.cancels() == ["maker-ACME-2"]


def test_an_order_that_was_taken_after_all_is_asked_about() -> None:
    rig = Rig()
    rig.lead()
    rig.tick(100)
    rig.runtime.sync(rig.engine)
    rig.runtime.take(SubmitOrder)
    rig.runtime.take(AskHoldings)
    rig.lead(60, epoch=2)  # it has filled 60 of it, and its word that it has it is late
    rig.runtime.take(AskHoldings)
    rig.hear(OrderTaken(ClOrdID("maker-ACME-1")))
    assert len(rig.runtime.take(AskHoldings)) == 1


def test_progress_of_an_order_that_we_took_for_ended_makes_us_ask() -> None:
    rig = quoting()
    rig.runtime.take(AskHoldings)
    rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 100, True), OrderProgressed(ClOrdID("maker-ACME-1"), 60, True))
    assert len(rig.runtime.take(AskHoldings)) == 1


def test_mean_reversion_takes_until_it_is_as_long_as_its_budget_allows() -> None:
    rig = Rig(MeanReversion(window_ticks=2))
    rig.lead()
    bought = 0
    for bid in (100, 102, *(range(60, 40, -2))):
        rig.pass_time(CONFIG.cool_down_time_ns)
        rig.tick(bid)
        for order in rig.sent():
            bought += order.quantity_lots
            rig.hear(OrderProgressed(order.cl_ord_id, order.quantity_lots, True))
    assert bought == CONFIG.risk_budget_lots
    assert rig.engine.positions == {ACME: bought}


def leaning_long() -> Rig:
    """It wants 100 lots more at the next tick of a market that falls: 30 are shown at exchange-a, 40 at exchange-b."""
    rig = Rig(MeanReversion(window_ticks=2))
    rig.lead()
    for bid in (100, 102):
        rig.tick(bid)
    rig.tick(80, venue=B, stale=True)
    return rig


def test_what_takes_is_split_over_the_venues_and_what_none_of_them_shows_is_wanted_again() -> None:
    """Erratum 14: it does not vanish."""
    rig = leaning_long()
    rig.tick(82, venue=B, lots=40)
    assert [(each.venue, each.quantity_lots) for each in rig.sent()] == []  # the middle of two venues is 92
    rig.tick(80, lots=30)
    legs = rig.sent()
    assert [(each.venue, each.quantity_lots) for each in legs] == [(A, 30), (B, 40)]
    assert {each.price_half_ticks for each in legs} == {88}
    for each in legs:
        rig.hear(OrderProgressed(each.cl_ord_id, 20, True))
    assert rig.engine.positions == {ACME: 40}
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(70, venue=B, lots=40)  # the venues cross each other: nobody knows a middle
    rig.tick(70, lots=30)
    assert [(each.venue, each.quantity_lots) for each in rig.sent()] == [(B, 40), (A, 30)]


def test_a_venue_that_had_more_than_it_showed_is_asked_for_more_the_next_time() -> None:
    rig = leaning_long()
    rig.tick(80, lots=30)
    (leg,) = rig.sent()
    assert leg.quantity_lots == 30
    rig.hear(OrderProgressed(leg.cl_ord_id, 30, True))
    rig.engine._legs.hidden[ACME] = {A: 20}  # what earlier legs have found
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(78, lots=30)
    assert [each.quantity_lots for each in rig.sent()] == [50]


def test_of_a_leg_that_never_came_to_its_venue_nothing_is_learnt() -> None:
    for worked_at, hidden in ((None, 20), (B, 20), (A, 10)):
        rig = leaning_long()
        rig.engine._legs.hidden[ACME] = {A: 20}
        rig.tick(80, lots=30)
        (leg,) = rig.sent()
        rig.hear(OrderProgressed(leg.cl_ord_id, 0, True, worked_at))
        assert rig.engine._legs.hidden[ACME][A] == hidden


# --- holdings ---


def test_progress_is_absolute_so_that_it_counts_once_however_often_it_is_told() -> None:
    holdings = Holdings()
    holdings.hold(Mine(ClOrdID("m-1"), Side.SELL, 50, 100, True))
    for cum_lots in (20, 20, 30, 25):  # the last one after a bust
        assert holdings.progress(OrderProgressed(ClOrdID("m-1"), cum_lots, False)) is None
    assert holdings.position_lots == -25
    ended = holdings.progress(OrderProgressed(ClOrdID("m-1"), 50, True))
    assert ended is not None
    assert (holdings.position_lots, holdings.open_orders) == (-50, ())


def test_a_telling_ends_what_it_does_not_name_unless_nobody_has_taken_that_yet() -> None:
    holdings = Holdings()
    for name in ("m-1", "m-2", "m-3"):
        holdings.hold(Mine(ClOrdID(name), Side.BUY, 50, 100, True))
    ended = holdings.told(70, [OpenHolding(ClOrdID("m-1"), 20)], {ClOrdID("m-2"): None}, new_leader=False)
    assert [mine.cl_ord_id for mine in ended] == ["m-3"]
    assert [(mine.cl_ord_id, mine.cum_lots) for mine in holdings.open_orders] == [("m-1", 20), ("m-2", 0)]
    holdings.progress(OrderProgressed(ClOrdID("m-1"), 30, False))
    assert holdings.position_lots == 80


def test_a_telling_that_has_crossed_a_wish_leaves_it_standing_and_one_of_a_new_leader_does_not() -> None:
    for new_leader, lots, meets in ((False, 40, True), (True, 10, False)):
        holdings = Holdings()
        holdings.hold(Mine(ClOrdID("q-1"), Side.BUY, 10, 100, True, venue=A))
        holdings.moving(ClOrdID("q-1"), 40, 104)
        told = OpenHolding(ClOrdID("q-1"), 0, A, 10, 100, 0, None)
        holdings.told(0, [told], {}, new_leader=new_leader)
        (mine,) = holdings.open_orders
        assert (mine.leaves_lots, mine.meets(Side.SELL, 103), mine.revision) == (lots, meets, 1)
        holdings.told(0, [replace(told, revision=1)], {}, new_leader=False)
        assert holdings.open_order(ClOrdID("q-1")).asked is None, "it was heard, and is answered"


# --- quotes that move ---


WIDE = MarketMaker(half_spread_ticks=3, requote_ticks=0, skew_lots_per_tick=0)


def standing(**kwargs: Any) -> Rig:
    """Both quotes stand at exchange-a: maker-ACME-1 buys at 100, maker-ACME-2 sells at 112."""
    rig = Rig(WIDE, **kwargs)
    rig.lead()
    rig.tick(104)
    assert [(each.side, each.price_half_ticks) for each in rig.sent()] == [(Side.BUY, 100), (Side.SELL, 112)]
    rig.rest("maker-ACME-1", 100)
    rig.rest("maker-ACME-2", 112)
    return rig


def moving(**kwargs: Any) -> Rig:
    """The same, and the cool-down is over."""
    rig = standing(**kwargs)
    rig.pass_time(CONFIG.cool_down_time_ns)
    return rig


def test_a_quote_that_has_to_move_is_replaced_where_it_rests() -> None:
    rig = moving()
    rig.tick(108)
    assert rig.wishes() == [("maker-ACME-1", 1, 100, 104), ("maker-ACME-2", 1, 100, 116)]
    assert (rig.cancels(), rig.sent()) == ([], [])


def test_while_a_wish_is_unanswered_no_other_goes_out_and_no_other_quote_either() -> None:
    rig = moving()
    rig.tick(108)
    rig.wishes()
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(112)
    assert (rig.wishes(), rig.cancels(), rig.sent()) == ([], [], [])
    rig.rest("maker-ACME-1", 104, revision=1)
    rig.tick(110)
    assert rig.wishes() == [("maker-ACME-1", 2, 100, 106)]


def test_a_quote_that_was_partly_filled_is_replaced_by_a_whole_one() -> None:
    rig = moving()
    rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 30, False, A, 100, 100))
    rig.tick(108)
    assert rig.wishes()[0] == ("maker-ACME-1", 1, 130, 104)


def test_a_wish_that_is_refused_leaves_the_quote_as_it_was_and_is_made_again() -> None:
    rig = moving()
    rig.tick(108)
    rig.wishes()
    rig.rest("maker-ACME-1", 100, revision=1)  # the terms that it had
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(110)
    assert rig.wishes() == [("maker-ACME-1", 2, 100, 106)]


def test_a_quote_that_is_filled_while_it_is_replaced_is_gone_and_a_new_one_goes_out() -> None:
    rig = moving()
    rig.tick(108)
    rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 100, True, A, 100, 100))
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(110)
    assert [(each.cl_ord_id, each.side) for each in rig.sent()] == [("maker-ACME-3", Side.BUY)]


def test_a_wish_that_a_leader_has_let_drop_is_repeated_under_its_number() -> None:
    rig = moving()
    rig.tick(108)
    first = rig.wishes()
    rig.engine.on_timer("watch")
    assert rig.wishes() == first


def test_a_wish_that_died_with_its_leader_is_made_anew_by_the_terms_that_the_next_one_tells() -> None:
    rig = moving()
    rig.tick(108)
    rig.wishes()
    open_orders = [OpenHolding(ClOrdID(f"maker-ACME-{n}"), 0, A, 100, price) for n, price in ((1, 100), (2, 112))]
    rig.lead(0, *open_orders, epoch=2)
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(110)
    assert rig.wishes() == [("maker-ACME-1", 2, 100, 106), ("maker-ACME-2", 2, 100, 118)]


def test_a_wish_that_crosses_the_answer_to_a_question_is_still_under_way() -> None:
    """The order that nobody had taken is taken, so it asks once more where it stands; and moves a quote meanwhile."""
    rig = moving()
    rig.tick(108)
    first = rig.wishes()
    open_orders = [OpenHolding(ClOrdID(f"maker-ACME-{n}"), 0, A, 100, price) for n, price in ((1, 100), (2, 112))]
    rig.tell(0, *open_orders)
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(110)
    assert rig.wishes() == []
    rig.engine.on_timer("watch")
    assert rig.wishes() == first


def test_no_wish_of_the_last_leaders_days_goes_to_a_new_one_before_it_has_told_where_we_stand() -> None:
    rig = moving()
    rig.tick(108)
    rig.wishes()
    rig.hear(Leading(Epoch(2), "oms1"))
    rig.engine.on_timer("watch")
    assert rig.wishes() == []


def test_after_a_restart_a_wish_that_the_leader_has_is_waited_for() -> None:
    rig = moving()
    rig.start()
    wish = Wish(4, 100, 104)
    rig.hear(Leading(Epoch(1), "oms1"))
    rig.sent()
    rig.tell(0, OpenHolding(ClOrdID("maker-ACME-1"), 0, A, 100, 100, 4, wish))
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(112)
    assert rig.wishes() == []
    rig.rest("maker-ACME-1", 104, revision=4)
    rig.pass_time(CONFIG.cool_down_time_ns)
    rig.tick(114)
    assert rig.wishes() == [("maker-ACME-1", 5, 100, 110)]


def test_a_quote_too_far_in_the_market_does_not_wait_for_the_cool_down_and_one_that_lags_does() -> None:
    rig = standing()
    rig.tick(100)
    assert [name for name, *_ in rig.wishes()] == ["maker-ACME-1"], "the bid stands above where it should"
    assert rig.cancels() == []
    assert rig.engine.dropped[Filtered.COOL_DOWN] == 1


def test_with_replacing_off_a_quote_is_taken_back_as_ever() -> None:
    rig = moving(config=StrategyConfig(replace_quotes=False))
    rig.tick(108)
    assert (rig.wishes(), rig.cancels()) == ([], ["maker-ACME-1", "maker-ACME-2"])


# --- the health of venues ---


def test_only_quotes_at_the_sick_venue_are_pulled_and_those_that_may_be_on_their_way_to_it() -> None:
    rig = moving()
    rig.rest("maker-ACME-2", 112, venue=B)
    rig.health(A, False)
    assert rig.cancels() == ["maker-ACME-1"]
    rig = quoting()
    rig.rest("maker-ACME-1", 100, venue=B)
    rig.health(A, False)
    assert rig.cancels() == ["maker-ACME-2"], "nobody has said where it is"


def test_a_quote_that_comes_to_a_venue_which_has_become_sick_is_pulled() -> None:
    rig = Rig()
    rig.health(A, False)
    rig.lead()
    rig.tick(100, venue=B)
    rig.sent()
    rig.rest("maker-ACME-1", 100)
    assert rig.cancels() == ["maker-ACME-1"]


def test_at_a_throttled_venue_a_quote_that_lags_waits_longer() -> None:
    rig = moving()
    rig.health(A, True, throttled=True)
    rig.tick(108)
    assert [name for name, *_ in rig.wishes()] == []
    assert rig.cancels() == ["maker-ACME-2"], "the offer stands too low, and does not wait"
    rig.pass_time(CONFIG.throttled_cool_down_ns)
    rig.tick(110)
    assert [name for name, *_ in rig.wishes()] == ["maker-ACME-1"]
    acted = [claim.protection for claim in rig.runtime.claims if isinstance(claim, ProtectionActed)]
    assert acted.count("strategy.heed_throttle") == 1


def test_new_quotes_wait_longer_only_where_every_venue_is_throttled() -> None:
    for both in (False, True):
        rig = quoting()
        rig.health(A, True, throttled=True)
        rig.health(B, True, throttled=both)
        rig.hear(OrderProgressed(ClOrdID("maker-ACME-1"), 100, True))
        rig.pass_time(CONFIG.cool_down_time_ns)
        rig.tick(100, lots=499)
        assert len(rig.sent()) == (0 if both else 1)


def test_quotes_are_pulled_when_a_venue_is_not_safe_any_more_and_come_back_at_the_other() -> None:
    rig = quoting()
    rig.health(A, False)
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]
    acted = [claim.protection for claim in rig.runtime.claims if isinstance(claim, ProtectionActed)]
    assert acted == ["strategy.heed_venues"] * 2
    for name in ("maker-ACME-1", "maker-ACME-2"):
        rig.hear(OrderProgressed(ClOrdID(name), 0, True))
    rig.pass_time(SECOND)
    rig.tick(200, venue=B)
    assert [each.price_half_ticks for each in rig.sent()] == [200, 204], "by exchange-b's prices alone"


def test_how_a_dark_pool_fares_is_nothing_to_quotes_which_never_rest_there() -> None:
    rig = quoting()
    rig.health(POOL, True)
    rig.health(POOL, False)
    assert rig.cancels() == []


def test_while_no_venue_is_safe_nothing_is_meant_and_the_reason_is_counted() -> None:
    rig = Rig()
    rig.lead()
    for venue in (A, B):
        rig.health(venue, False)
    rig.tick(100)
    assert rig.sent() == []
    rig.health(B, True)
    rig.tick(102)
    assert rig.sent() == [], "what exchange-a shows is of no use"
    rig.tick(104, venue=B)
    assert len(rig.sent()) == 2


def test_an_order_that_takes_has_no_leg_at_a_venue_that_is_not_safe() -> None:
    rig = Rig(MarketMaker(half_spread_ticks=1, skew_lots_per_tick=0, hedge_lots=50))
    rig.lead(100)
    rig.health(A, False)
    rig.tick(100)
    rig.tick(98, venue=B)
    assert {order.venue for order in rig.sent()} == {B}


def test_without_a_stream_to_execution_no_venue_is_safe_until_it_has_spoken_again() -> None:
    rig = quoting()
    rig.runtime.opened.clear()
    rig.runtime.disconnect(rig.engine, "execution")
    assert rig.cancels() == ["maker-ACME-1", "maker-ACME-2"]
    rig.pass_time(SECOND)
    assert rig.runtime.opened == ["execution"]


def test_with_the_protection_off_a_sick_venue_is_traded_on() -> None:
    rig = Rig(config=StrategyConfig(heed_venues=False))
    rig.lead()
    rig.health(A, False)
    rig.tick(100)
    assert len(rig.sent()) == 2
    rig.health(A, False)
    assert rig.cancels() == []
