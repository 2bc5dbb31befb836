"""The breaker, judged from the wire: what may leave for a venue that has stopped answering, and when."""

from squall.scenarios.checks.breaker import breaker_holds, flow_moves_from
from squall.sim.exchange.wire.messages import Logon, LogonAccepted, OrderCancelReplaceRequest, Side
from squall.sim.trace import HostCrashed, StreamClosed
from squall.system.domain.claims import BreakerMoved
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, status, undecided

# Three unanswered orders within ten seconds shut it, for five seconds; an answer may take 250 ms.
QUICK = (
    "breaker.failure_threshold=3",
    "breaker.failure_window=10s",
    "breaker.reset_timeout=5s",
    "execution.ack_timeout=250ms",
)
PATIENCE_NS = 250 * MS


def _silence(tale: Tale, orders: int = 3, from_ns: int = 1 * SECOND, every_ns: int = 300 * MS) -> int:
    """So many orders leave, and nobody answers; returns when the last one has waited for too long."""
    for number in range(orders):
        tale.at(from_ns + number * every_ns)
        tale.left(f"silent-{number}")
    return from_ns + (orders - 1) * every_ns + PATIENCE_NS


def test_orders_may_leave_as_long_as_fewer_than_the_threshold_went_unanswered() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale, orders=2)
    tale.at(shut_ns + 1 * SECOND)
    tale.left("o-1")
    ruling = judge.ruling()
    assert held(ruling)
    assert "open 0 times" in ruling.detail


def test_an_order_that_leaves_after_three_in_a_row_went_unanswered_is_a_violation() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 1 * SECOND)
    seq = tale.left("o-1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "o-1 went to exchange-a 1.000 s after 3 failures in a row" in ruling.detail


def test_a_replace_that_leaves_through_an_open_breaker_is_a_violation() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 1 * SECOND)
    replace = OrderCancelReplaceRequest("o-1~r1", "o-1", "ACME", Side.BUY, 10, 20_000)
    tale.sent("execution", "exchange-a", replace)
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.detail == "o-1~r1 went to exchange-a through an open breaker"


def test_nothing_that_leaves_while_the_breaker_is_shut_means_that_it_held() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    ruling = judge.ruling()
    assert held(ruling)
    assert "open 1 times" in ruling.detail


def test_an_order_that_leaves_in_the_very_moment_is_forgiven() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 1 * MS)
    tale.left("on its way")
    assert held(judge.ruling())


def test_another_venue_has_a_breaker_of_its_own() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 1 * SECOND)
    tale.left("o-1", venue="exchange-b")
    assert held(judge.ruling())


def test_one_answer_in_time_breaks_the_row() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    _silence(tale, orders=2)
    tale.at(2 * SECOND)
    tale.left("lucky")
    tale.at(2 * SECOND + 200 * MS)
    tale.answered("lucky")
    _silence(tale, orders=2, from_ns=3 * SECOND)
    tale.at(5 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_an_answer_that_comes_too_late_does_not_break_the_row() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 500 * MS)
    tale.answered("silent-2")
    tale.at(shut_ns + 1 * SECOND)
    tale.left("o-1")
    assert fired(judge.ruling())


def test_failures_that_are_older_than_the_window_do_not_count() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    _silence(tale, orders=2)
    _silence(tale, orders=1, from_ns=12 * SECOND)
    tale.at(13 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_stragglers_that_were_on_the_wire_when_it_shut_do_not_start_the_wait_anew() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    # All leave before the first of them has waited for too long: the third failure shuts, the others straggle.
    shut_ns = _silence(tale, orders=6, every_ns=40 * MS) - 3 * 40 * MS
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    assert held(judge.ruling())


def test_after_the_reset_time_one_order_is_let_through_as_a_probe_and_no_second_one() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    assert held(judge.ruling())
    tale.at(shut_ns + 5 * SECOND + 100 * MS)
    seq = tale.left("too eager")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq
    assert "while a probe was still unanswered" in ruling.detail


def test_a_probe_that_fails_starts_the_wait_anew() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    tale.at(shut_ns + 6 * SECOND)
    tale.left("too soon")
    ruling = judge.ruling()
    assert fired(ruling)
    assert "0.750 s after" in ruling.detail


def test_a_failed_probe_is_followed_by_another_one_after_a_whole_reset_time() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    tale.at(shut_ns + 5 * SECOND + PATIENCE_NS + 5 * SECOND)
    tale.left("second probe")
    ruling = judge.ruling()
    assert held(ruling)
    assert "open 2 times" in ruling.detail


def test_a_probe_that_is_answered_closes_it() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    tale.at(shut_ns + 5 * SECOND + 1 * MS)
    tale.answered("probe")
    for number in range(3):
        tale.left(f"o-{number}")
    assert held(judge.ruling())


def test_what_waited_on_a_session_that_broke_is_no_time_out() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    for number in range(3):
        tale.at(1 * SECOND + number * MS)
        tale.left(f"o-{number}")
    tale.saw(StreamClosed("execution", "exchange-a", "reset"), "exec")
    tale.at(2 * SECOND)
    tale.left("o-3")
    assert held(judge.ruling())


def _lost_session(tale: Tale, at_ns: int, venue: str = "exchange-a") -> None:
    """A session is established, and lost a moment later."""
    tale.at(at_ns - 1 * MS)
    tale.sent("execution", venue, Logon("execution", 1))
    tale.handled("execution", venue, LogonAccepted(1, False))
    tale.at(at_ns)
    tale.saw(StreamClosed("execution", venue, "reset"), "exec")


def test_three_lost_sessions_shut_it_as_three_unanswered_orders_do() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    for number in range(3):
        _lost_session(tale, (number + 1) * SECOND)
    tale.at(4 * SECOND)
    tale.left("o-1")
    assert fired(judge.ruling())


def test_a_session_that_is_lost_is_one_failure_however_many_orders_wait_on_it() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    for number in range(2):
        tale.at((number + 1) * SECOND - 10 * MS)
        for order in range(5):
            tale.left(f"waiting-{number}-{order}")
        _lost_session(tale, (number + 1) * SECOND)
    tale.at(3 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_a_connection_that_never_became_a_session_is_no_failure_when_it_goes() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    for number in range(5):
        tale.at((number + 1) * SECOND)
        tale.sent("execution", "exchange-a", Logon("execution", number))
        tale.saw(StreamClosed("execution", "exchange-a", "reset"), "exec")
        # What stood in the desk's queue when the connection went establishes nothing any more.
        tale.handled("execution", "exchange-a", LogonAccepted(number, False))
    tale.at(6 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_an_answer_that_the_desk_had_not_yet_read_when_its_session_went_breaks_the_row() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    _silence(tale, orders=2)
    tale.at(3 * SECOND)
    tale.left("lucky")
    _lost_session(tale, 3 * SECOND + 100 * MS)
    tale.answered("lucky")
    tale.at(4 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_a_probe_whose_session_is_lost_starts_the_wait_anew() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 5 * SECOND)
    tale.left("probe")
    _lost_session(tale, shut_ns + 5 * SECOND + 50 * MS)
    tale.at(shut_ns + 7 * SECOND)
    tale.left("too soon")
    assert fired(judge.ruling())


def test_an_answer_that_had_to_be_asked_for_in_time_breaks_the_row_too() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    _silence(tale, orders=2)
    tale.at(3 * SECOND)
    tale.left("asked after")
    tale.at(3 * SECOND + 100 * MS)
    tale.handled("execution", "exchange-a", status("asked after"))
    tale.at(4 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_a_breaker_forgets_all_when_its_host_goes_down() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.saw(HostCrashed(with_disk=False), "exec")
    tale.at(shut_ns + 1 * SECOND)
    tale.left("o-1")
    assert held(judge.ruling())


def test_the_peers_end_of_a_broken_session_changes_nothing() -> None:
    tale = Tale(*QUICK)
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.saw(StreamClosed("exchange-a", "execution", "reset"), "exchange-a")
    tale.at(shut_ns + 1 * SECOND)
    tale.left("o-1")
    assert fired(judge.ruling())


def test_the_judge_counts_whether_the_desk_has_its_breaker_on_or_off() -> None:
    tale = Tale(*QUICK, "breaker.enabled=off")
    judge = tale.judge(breaker_holds())
    shut_ns = _silence(tale)
    tale.at(shut_ns + 1 * SECOND)
    tale.left("o-1")
    assert fired(judge.ruling())


# --- the flow moves ---


def test_orders_that_are_accepted_elsewhere_while_a_venue_is_shut_show_that_the_flow_moved() -> None:
    tale = Tale()
    judge = tale.judge(flow_moves_from("exchange-a"))
    tale.heard(BreakerMoved("exchange-a", "open", 5))
    tale.accepted("o-1", venue="exchange-b")
    tale.heard(BreakerMoved("exchange-a", "half-open", 5))
    tale.accepted("o-2", venue="exchange-b")
    ruling = judge.ruling()
    assert held(ruling)
    assert ruling.detail.startswith("2 orders")


def test_without_an_order_accepted_elsewhere_the_run_has_not_shown_that_the_flow_moves() -> None:
    tale = Tale()
    judge = tale.judge(flow_moves_from("exchange-a"))
    tale.accepted("before", venue="exchange-b")
    tale.heard(BreakerMoved("exchange-b", "open", 5))
    tale.accepted("other venue shut", venue="exchange-b")
    tale.heard(BreakerMoved("exchange-a", "open", 5))
    tale.accepted("same venue", venue="exchange-a")
    tale.heard(BreakerMoved("exchange-a", "closed", 0))
    tale.accepted("after", venue="exchange-b")
    assert undecided(judge.ruling())
