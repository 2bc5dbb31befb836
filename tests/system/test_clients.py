"""The desk's clients: what they want is a function of the seed, and they do not give up before they have been heard."""

import pytest
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import Side
from squall.system.config import SECOND, DeskConfig
from squall.system.domain.clients import ClientDraws, ClientFlow, cancelled_ns, shape_parent
from squall.system.domain.ids import ClOrdID, Symbol
from squall.system.domain.messages import (
    Algorithm,
    CancelParent,
    DoneHeard,
    ParentAnswered,
    ParentDone,
    ParentMeasured,
    ParentOrder,
    ParentOutcome,
)
from squall.system.services.clients import Clients
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

FLOW = ClientFlow(parents=2, first_ns=1 * SECOND, every_ns=1 * SECOND, window_ns=4 * SECOND)
SYMBOLS = (Symbol("ACME"), Symbol("BOLT"))
WIRING = Wiring(instruments=tuple(map(Instrument, SYMBOLS)), venues=(), algos="algos", clients="clients")
MIDDLE = ClientDraws(0.5, 0.5, 0.5, 0.5, 0.5)


def started(flow: ClientFlow = FLOW) -> tuple[Clients, FakeRuntime]:
    runtime = FakeRuntime("clients")
    clients = Clients(runtime, DeskConfig(), WIRING, flow)
    clients.on_start()
    runtime.connect(clients, "algos")
    return clients, runtime


# --- what they want ---


def test_erratum_45_every_parent_has_a_client_an_account_a_trader_and_an_algorithm() -> None:
    """Erratum 45."""
    parents = [shape_parent(FLOW, SYMBOLS, number, MIDDLE) for number in range(1, 13)]
    assert [parent.cl_ord_id for parent in parents[:4]] == ["fund-1", "insurer-2", "trust-3", "fund-4"]
    assert {parent.algorithm for parent in parents} == set(Algorithm) - {Algorithm.DARK_FIRST}, "which needs a pool"
    assert all(parent.account.startswith(parent.client) and parent.trader for parent in parents)
    assert len({parent.account for parent in parents}) == 6


def test_draws_decide_side_size_and_limit() -> None:
    low = shape_parent(FLOW, SYMBOLS, 2, ClientDraws(0.0, 0.0, 0.0, 0.0, 0.0))
    high = shape_parent(FLOW, SYMBOLS, 2, ClientDraws(0.99, 0.999, 0.99, 0.99, 0.99))
    assert (low.side, low.quantity_lots, low.limit_half_ticks) == (Side.BUY, 100, 20_060)
    assert (high.side, high.quantity_lots, high.limit_half_ticks) == (Side.SELL, 300, None)
    seller = shape_parent(FLOW, SYMBOLS, 2, ClientDraws(0.99, 0.0, 0.0, 0.0, 0.0))
    assert seller.limit_half_ticks == 19_940
    assert (low.start_ns, low.end_ns) == (2 * SECOND, 6 * SECOND)


def test_a_share_of_volume_is_asked_of_pov_and_sometimes_of_the_others() -> None:
    shares = [
        shape_parent(FLOW, SYMBOLS, number, replace(MIDDLE, limit=0.0)).participation_percent for number in (1, 2, 3)
    ]
    assert shares == [0, 20, 20]


def test_some_want_it_back_half_way() -> None:
    flow = replace(FLOW, cancel_share=0.3)
    assert cancelled_ns(flow, 1, replace(MIDDLE, cancel=0.29)) == 3 * SECOND
    assert cancelled_ns(flow, 1, replace(MIDDLE, cancel=0.3)) is None


@pytest.mark.parametrize("field", ["parents", "window_ns", "lots_min", "participation_percent"])
def test_a_flow_that_makes_no_sense_is_refused_by_name(field: str) -> None:
    with pytest.raises(ValueError, match=f"clients.{field}: found 0"):
        ClientFlow(**{field: 0})


# --- how they go about it ---


def test_each_is_sent_when_it_is_decided_and_repeated_until_it_is_answered() -> None:
    clients, runtime = started()
    runtime.advance(clients, 1 * SECOND)
    first = runtime.take(ParentOrder, "algos")[0]
    runtime.advance(clients, SECOND // 2)
    assert runtime.take(ParentOrder) == [first]
    clients.on_message("algos", ParentAnswered(first.cl_ord_id))
    runtime.advance(clients, 2 * SECOND)
    assert {parent.cl_ord_id for parent in runtime.take(ParentOrder)} == {"insurer-2"}


def test_a_refusal_is_an_answer() -> None:
    clients, runtime = started()
    runtime.advance(clients, 1 * SECOND)
    clients.on_message("algos", ParentAnswered(ClOrdID("fund-1"), "no quantity"))
    assert clients.refused == {"fund-1": "no quantity"}


def test_what_is_not_wanted_any_more_is_said_until_it_is_done() -> None:
    clients, runtime = started(replace(FLOW, cancel_share=1.0))
    runtime.advance(clients, 3 * SECOND)
    assert runtime.take(CancelParent) != []
    done = ParentDone(ClOrdID("fund-1"), ParentOutcome.CANCELED, 0, 0)
    clients.on_message("algos", done)
    assert runtime.take(DoneHeard, "algos") == [DoneHeard(ClOrdID("fund-1"))]
    runtime.advance(clients, SECOND // 2)
    assert runtime.take(CancelParent) == []
    assert clients.done == {"fund-1": done}


def test_a_stream_that_dies_is_opened_again() -> None:
    clients, runtime = started()
    runtime.disconnect(clients, "algos")
    runtime.advance(clients, SECOND)
    assert runtime.opened == ["algos", "algos"]


def test_the_last_ones_are_wanted_back_in_any_case() -> None:
    flow = ClientFlow(parents=5, wanted_back=2)
    wanted = [number for number in range(1, 6) if cancelled_ns(flow, number, MIDDLE) is not None]
    assert wanted == [4, 5]
    with pytest.raises(ValueError, match="wanted_back: found 6, expected 0 to 5"):
        ClientFlow(parents=5, wanted_back=6)


def test_how_well_it_was_executed_is_heard_apart_from_how_it_ended() -> None:
    clients, runtime = started()
    report = ParentMeasured(ClOrdID("fund-1"), 10, 200_020, 40_000, 0, 0, 1, 100, None, 100, False)
    clients.on_message("algos", report)
    assert clients.measured == {"fund-1": report}
    assert runtime.take(DoneHeard, "algos") == [DoneHeard(ClOrdID("fund-1"), measured=True)]
