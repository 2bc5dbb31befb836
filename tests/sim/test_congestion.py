"""Reno and the retransmission time-out, step by step as the RFCs have them."""

from squall.sim.congestion import Patience, Reno

MSS = 1_000


def test_slow_start_doubles_and_congestion_avoidance_adds_a_segment_a_round_trip() -> None:
    reno = Reno(MSS)
    assert reno.window == 10 * MSS
    for _ in range(10):
        reno.acknowledged(MSS)
    assert reno.window == 20 * MSS
    reno.threshold = 20 * MSS
    for _ in range(20):
        reno.acknowledged(MSS)
    assert 20.9 * MSS < reno.window <= 21 * MSS


def test_a_loss_halves_the_window_and_recovery_lets_out_one_segment_for_each_that_has_left() -> None:
    reno = Reno(MSS)
    reno.lost(20 * MSS)
    assert (reno.threshold, reno.window) == (10 * MSS, 13 * MSS)
    reno.duplicate()
    assert reno.window == 14 * MSS
    reno.partial(3 * MSS)
    assert reno.window == 12 * MSS
    reno.recovered()
    assert (reno.window, reno.recovering) == (10 * MSS, False)


def test_a_time_out_begins_with_one_segment_and_a_second_one_halves_nothing_more() -> None:
    reno = Reno(MSS)
    reno.timed_out(16 * MSS, again=False)
    reno.timed_out(MSS, again=True)
    assert (reno.window, reno.threshold) == (MSS, 8 * MSS)
    reno.timed_out(MSS, again=False)
    assert reno.threshold == 2 * MSS, "never less than two segments"


def test_the_time_out_follows_the_round_trip_and_its_variation_and_doubles_while_nothing_is_heard() -> None:
    patience = Patience(first_ns=50, least_ns=20, most_ns=1_000)
    assert patience.timeout_ns == 50
    patience.heard_after(100)
    assert patience.timeout_ns == 100 + 4 * 50
    patience.heard_after(200)
    assert patience.timeout_ns == 112 + 4 * 62
    for _ in range(200):
        patience.heard_after(100)
    assert 120 <= patience.timeout_ns <= 122, "where nothing varies, the least time stands on top of the round trip"
    patience.passed()
    patience.passed()
    assert patience.timeout_ns > 4 * 119
    patience.passed()
    patience.passed()
    assert patience.timeout_ns == 1_000
    patience.got_on()
    assert patience.timeout_ns < 123
