"""What the pure part of an order costs, and how fast a log becomes a state: as ratios to a bare simpy timeout."""

import resource
import sys
from collections.abc import Iterator
from statistics import median
from typing import Final

from benchmarks.yardstick import bare_simpy_timeouts, clock, interleaved, ratio, row
from squall.sim.exchange.wire.messages import ExecType, ExecutionReport, OrdStatus, OrdType, Side, TimeInForce
from squall.system.config import RiskConfig
from squall.system.domain import snapshots
from squall.system.domain.commands import ApplyReport, JudgeOrder, MarkSent, PlaceOrder
from squall.system.domain.effects import check_order, route_order
from squall.system.domain.event_log import decode_event, encode_event
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.limits import Gate
from squall.system.domain.messages import PositionsTold, ReleaseOrder, SyncRisk, Tick
from squall.system.domain.oms import OmsState, decide, evolve, rebuild
from squall.system.domain.routing import choose_venue
from squall.system.domain.terms import Terms
from squall.system.wiring import Instrument

PATH_AT_MOST: Final = 20
REBUILD_AT_LEAST: Final = 0.1
EVENTS: Final = 1_000_000
CHUNK: Final = 10_000
"""Orders that are written down at a time: the log itself need not be in memory."""
A_ORDER: Final = 5
"""Events of each."""

ACME, VENUE, EPOCH = Symbol("ACME"), Venue("exchange-a"), Epoch(1)
TERMS: Final = Terms(ACME, Side.BUY, 10, OrdType.LIMIT, TimeInForce.DAY, 20_000)
QUOTES: Final = (
    Tick(VENUE, ACME, 1, 19_990, 100, 20_000, 100),
    Tick(Venue("exchange-b"), ACME, 1, 19_990, 100, 20_010, 100),
)


def _place(number: int) -> PlaceOrder:
    return PlaceOrder("strategy/pulse", ClOrdID(f"pulse-ACME-{number}"), "pulse", TERMS, 5)


def _report(name: ClOrdID, kind: ExecType, lots: int) -> ApplyReport:
    report = ExecutionReport(
        f"{VENUE}/{name}/{lots}", kind, OrdStatus.NEW, name, name, ACME, Side.BUY, lots, 10 - lots, lots, 20_000
    )
    return ApplyReport(VENUE, name, VENUE, report)


def _log(first: int, orders: int) -> Iterator[bytes]:
    """So many orders from their submission to their fill, as the journal has them."""
    state = OmsState()
    for number in range(first, first + orders):
        place = _place(number)
        name = place.cl_ord_id
        for command in (
            place,
            JudgeOrder("risk", name, (), EPOCH),
            MarkSent("execution", name, VENUE, 1),
            _report(name, ExecType.NEW, 0),
            _report(name, ExecType.TRADE, 10),
        ):
            for event in decide(state, command, number):
                evolve(state, event)
                yield encode_event(event)


def rebuilt(events: int = EVENTS) -> tuple[float, int]:
    """Fold a day's log; only the folding and the decoding are timed."""
    state, seconds, done = OmsState(), 0.0, 0
    while done < events:
        chunk = list(_log(done // A_ORDER, CHUNK))
        began = clock()
        rebuild(map(decode_event, chunk), state)
        seconds += clock() - began
        done += len(chunk)
    return seconds, done


def restarted() -> tuple[float, int]:
    """A snapshot of a day, and a tail of a thousandth of it; the events of the whole day, to compare."""
    state = OmsState()
    done = 0
    while done < EVENTS // 5:
        chunk = list(_log(done // A_ORDER, CHUNK))
        rebuild(map(decode_event, chunk), state)
        done += len(chunk)
    saved = snapshots.take(state)
    tail = list(_log(done // A_ORDER, 200))
    began = clock()
    again = snapshots.restore(saved)
    assert again is not None
    rebuild(map(decode_event, tail), again)
    return clock() - began, done + len(tail)


def one_order(orders: int = 20_000) -> tuple[float, int]:
    """Decide, evolve, gate, route: from the command to what the router is told."""
    gate = Gate(RiskConfig(max_position_lots=10**9), (Instrument(ACME),))
    gate.on_tick(Tick(VENUE, ACME, 1, 19_990, 100, 20_010, 100), 0)
    gate.heeds(EPOCH)
    gate.on_sync(SyncRisk(EPOCH, ()))
    gate.on_told(PositionsTold(EPOCH, (), (), 1))
    state = OmsState()
    commands = [_place(number) for number in range(orders)]
    began = clock()
    for now_ns, command in enumerate(commands):
        name = command.cl_ord_id
        for event in decide(state, command, now_ns):
            evolve(state, event)
        answer = gate.check(check_order(state.orders[name], EPOCH), now_ns * 1_000_000, 0)
        for event in decide(state, JudgeOrder("risk", name, answer.denials, EPOCH), now_ns):
            evolve(state, event)
        order = state.orders.get(name)
        if order is not None:
            choose_venue(route_order(order, EPOCH), QUOTES)
        gate.on_release(ReleaseOrder(name, 0))
    return clock() - began, orders


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Print the ratios; 1 where a target is missed."""
    rebuilt(EVENTS // 5)
    few = _peak_kib()
    rebuilt()
    many = _peak_kib()
    rates = interleaved(
        {
            "simpy": bare_simpy_timeouts,
            "rebuild": lambda: rebuilt(EVENTS // 5),
            "order": one_order,
            "restart": restarted,
        },
        rounds=3,
    )
    print(f"rebuild {median(rates['rebuild']):>12,.0f} events a second; {median(rates['order']):,.0f} orders a second")
    held = [
        row("events folded a second", ratio(rates, "rebuild", "simpy"), "× simpy", REBUILD_AT_LEAST, True),
        row("memory of five times the log", many / few, "×", 1.1, False),
        row("the pure path of an order", ratio(rates, "simpy", "order"), "timeouts", PATH_AT_MOST, False),
        row("a restart from a snapshot, to the whole log", ratio(rates, "restart", "rebuild"), "×", 3, True),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
