"""One session's life: logon, heartbeats, loss, and what its incarnations are good for."""

from squall.sim.exchange.wire.messages import (
    Heartbeat,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrdType,
    Side,
    TimeInForce,
)
from squall.system.config import SECOND, ExecutionConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import RouteOrder
from squall.system.gateways.native import SILENT_BEATS, NativeGateway, SessionState
from squall.system.wiring import VenueRoute
from tests.fakes import FakeRuntime

CONFIG = ExecutionConfig()
ROUTE = VenueRoute(Venue("A"), "venue-a", (Symbol("ACME"),))
ORDER = RouteOrder(
    epoch=Epoch(1),
    cl_ord_id=ClOrdID("pulse-ACME-1"),
    symbol=Symbol("ACME"),
    side=Side.SELL,
    quantity_lots=5,
    ord_type=OrdType.LIMIT,
    time_in_force=TimeInForce.DAY,
    price_half_ticks=200,
    attempt=1,
)


def started(runtime: FakeRuntime) -> NativeGateway:
    gateway = NativeGateway(runtime, CONFIG, ROUTE)
    gateway.start()
    return gateway


def log_on(runtime: FakeRuntime, gateway: NativeGateway, previous_closed: bool = False) -> None:
    runtime.streams.add("venue-a")
    gateway.on_stream_open()
    assert gateway.on_logon_accepted(LogonAccepted(gateway.session, previous_closed))


def beat(runtime: FakeRuntime, gateway: NativeGateway) -> bool:
    assert runtime.timers.pop(("beat", "A")) == runtime.monotonic_ns + SECOND
    runtime.monotonic_ns += SECOND
    return gateway.on_beat()


def test_a_session_opens_logs_on_and_stands_when_the_venue_says_so() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    assert (runtime.opened, gateway.state) == (["venue-a"], SessionState.OPENING)
    runtime.streams.add("venue-a")
    gateway.on_stream_open()
    assert runtime.take(Logon) == [Logon("execution", 1)]
    assert not gateway.established
    assert gateway.on_logon_accepted(LogonAccepted(1, False))
    assert gateway.established


def test_nothing_is_said_on_a_session_that_does_not_stand() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    runtime.streams.add("venue-a")
    gateway.on_stream_open()
    assert not gateway.send_order(ORDER, "pulse-ACME-1", 1)
    assert not gateway.query("pulse-ACME-1", 1)
    assert runtime.take(NewOrderSingle) == []


def test_an_order_is_put_into_the_venues_words_and_keeps_the_desks_name_as_its_link() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    log_on(runtime, gateway)
    assert gateway.send_order(ORDER, "pulse-ACME-1~2", 2)
    assert runtime.take(NewOrderSingle) == [
        NewOrderSingle(
            cl_ord_id="pulse-ACME-1~2",
            cl_ord_link_id="pulse-ACME-1",
            symbol="ACME",
            side=Side.SELL,
            quantity_lots=5,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.DAY,
            price_half_ticks=200,
            attempt=2,
        )
    ]


def test_a_lost_session_is_opened_again_after_the_interval_as_a_new_incarnation() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    log_on(runtime, gateway)
    runtime.streams.clear()
    assert gateway.on_stream_closed()
    assert runtime.timers == {("reconnect", "A"): CONFIG.reconnect_interval_ns}
    gateway.on_reconnect()
    assert runtime.opened == ["venue-a", "venue-a"]
    log_on(runtime, gateway, previous_closed=True)
    assert (gateway.session, gateway.closed_below) == (2, 2)


def falls(runtime: FakeRuntime, gateway: NativeGateway, after_ns: int) -> int:
    """The session stands for so long and falls; how long it is left alone then."""
    log_on(runtime, gateway)
    runtime.monotonic_ns += after_ns
    runtime.streams.clear()
    assert gateway.on_stream_closed()
    wait_ns = runtime.timers[("reconnect", "A")] - runtime.monotonic_ns
    gateway.on_reconnect()
    return wait_ns


def test_a_session_that_falls_again_and_again_is_left_alone_for_longer_each_time() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    waits = [falls(runtime, gateway, SECOND // 10) for _ in range(9)]
    assert waits[0] == CONFIG.reconnect_interval_ns, "once is no pattern"
    assert waits[1:] == sorted(waits[1:])
    assert waits[1] >= CONFIG.flap_interval_ns
    assert CONFIG.flap_interval_max_ns // 2 <= waits[-1] <= CONFIG.flap_interval_max_ns
    assert ProtectionActed("execution.flap_damping", "A after 9 sessions that fell") in runtime.claims


def test_one_that_has_held_for_long_is_well_and_what_was_before_is_forgotten() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    for _ in range(5):
        falls(runtime, gateway, SECOND // 10)
    assert falls(runtime, gateway, CONFIG.flap_window_ns) == CONFIG.reconnect_interval_ns
    assert falls(runtime, gateway, SECOND // 10) == CONFIG.reconnect_interval_ns


def test_without_damping_it_is_tried_at_once_each_time() -> None:
    runtime = FakeRuntime("execution")
    gateway = NativeGateway(runtime, ExecutionConfig(flap_damping=False), ROUTE)
    gateway.start()
    assert {falls(runtime, gateway, SECOND // 10) for _ in range(9)} == {CONFIG.reconnect_interval_ns}


def test_an_attempt_that_never_stood_is_no_lost_session() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    assert not gateway.on_stream_closed()
    assert gateway.session == 0


def test_a_venue_that_does_not_say_so_has_not_declared_the_old_session_dead() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    log_on(runtime, gateway)
    gateway.on_stream_closed()
    log_on(runtime, gateway, previous_closed=False)
    assert (gateway.session, gateway.closed_below) == (2, 1)


def test_an_acceptance_of_an_earlier_logon_is_not_taken_for_this_ones() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    gateway.on_stream_open()
    gateway.on_stream_closed()
    gateway.on_stream_open()
    assert not gateway.on_logon_accepted(LogonAccepted(1, False))
    assert not gateway.established


def test_a_restarted_process_goes_on_counting_its_sessions() -> None:
    runtime = FakeRuntime("execution")
    log_on(runtime, started(runtime))
    gateway = started(runtime)
    assert (gateway.session, gateway.inherited) == (1, 1)
    log_on(runtime, gateway, previous_closed=True)
    assert gateway.session == 2


def test_beats_go_out_while_the_session_stands() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    log_on(runtime, gateway)
    for _ in range(10):
        gateway.heard()
        assert not beat(runtime, gateway)
    assert runtime.take(Heartbeat) == [Heartbeat("execution", number) for number in range(1, 11)]


def test_a_venue_that_falls_silent_is_hung_up_on() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    log_on(runtime, gateway)
    lost = [beat(runtime, gateway) for _ in range(SILENT_BEATS + 1)]
    assert lost == [False] * SILENT_BEATS + [True]
    assert runtime.closed == ["venue-a"]
    assert list(runtime.timers) == [("reconnect", "A")]


def test_a_logon_that_is_never_answered_is_given_up() -> None:
    runtime = FakeRuntime("execution")
    gateway = started(runtime)
    gateway.on_stream_open()
    lost = [beat(runtime, gateway) for _ in range(SILENT_BEATS + 1)]
    assert not any(lost)  # there was no session yet that could be lost
    assert gateway.state is SessionState.DOWN
    assert list(runtime.timers) == [("reconnect", "A")]
