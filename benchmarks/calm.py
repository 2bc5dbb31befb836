"""What a quiet minute costs: messages a second, a record of the trace, and ten times as long, as ratios."""

import gc
import json
import subprocess
import sys
import tracemalloc
from statistics import median
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

import msgspec

from benchmarks.yardstick import bare_simpy_timeouts, clock, interleaved, ratio, row
from squall.scenarios.find import choose
from squall.scenarios.result import Verdict
from squall.scenarios.run import Choice, Progress, run
from squall.sim.kernel import Kernel
from squall.sim.trace import Record, Trace

SEED: Final = 1
LONGER: Final = 10
LONGER_ROUNDS: Final = 3

ID_SETS: Final = (
    "sim.exchange.ledger.Ledger._histories",
    "system.domain.oms_state.OmsState.exec_ids",
    "system.domain.oms_state.OmsState.seen",
    "system.domain.fill_book.FillBook.orders",
    "system.domain.fill_book.FillBook._keys",
    "system.domain.fill_book.FillBook._logs",
    "system.services.submission.Submission._cancelled",
    "scenarios.checks.audit._AuditComplete._orders",
    "scenarios.checks.durability._NothingLost._owed",
    "scenarios.checks.orders._FilledWithinOrdered._filled",
    "scenarios.checks.orders._NoOrderTwice._executed",
    "scenarios.checks.orders._OrderedLots.lots",
    "scenarios.checks.orders._OrdersEndOnOurDesk._booked",
    "scenarios.checks.orders._OrdersEndOnOurDesk._ended",
    "scenarios.checks.orders._OrdersEndOnOurDesk._filled",
    "scenarios.measure.Measure._seen",
)
"""What has to remember every order or execution of the day; all else has to stay as small as it was."""

DISK_FILES: Final = (
    "system/services/journal.py",
    "system/services/diary.py",
    "system/services/submission.py",
    "system/services/audit.py",
    "system/domain/audit_trail.py",
    "sim/disk.py",
)
"""Where the records that stand on simulated disks are made."""


def calm(longer: int = 1, orders: int = 1, symbols: int = 0) -> Choice:
    """`squall run calm`, or so many times as long, with so many times the orders, or on so many symbols."""
    choice = choose("calm", seed=SEED)
    made = choice.scenario
    workload = msgspec.structs.replace(
        made.workload, stop_ns=made.workload.stop_ns * longer, orders_per_s=made.workload.orders_per_s * orders
    )
    names = tuple(f"NAME{number:02}" for number in range(symbols)) or made.market.symbols
    market = msgspec.structs.replace(made.market, symbols=names)
    stretched = msgspec.structs.replace(made, workload=workload, duration_ns=made.duration_ns * longer, market=market)
    return msgspec.structs.replace(choice, scenario=stretched)


def messages(longer: int = 1, orders: int = 1, symbols: int = 0) -> tuple[float, int]:
    """Build, run and judge, as the command line does: guard, trace, digest and checks on."""
    choice = calm(longer, orders, symbols)
    began = clock()
    result = run(choice)
    seconds = clock() - began
    assert result.verdict is Verdict.PASS, f"calm: {result.verdict.value}"
    return seconds, result.messages


class _Memory:
    """A sink that keeps every record."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        self.records.append(record)


class Recorded:
    """The records of a calm minute, to be observed again by a trace with nobody watching."""

    def __init__(self) -> None:
        memory = _Memory()
        run(calm(), memory)
        self._events = [(record.host, record.event) for record in memory.records]

    def observe(self) -> tuple[float, int]:
        """Trace and digest alone."""
        trace = Trace(Kernel())
        began = clock()
        for host, event in self._events:
            trace.observe(host, event)
        trace.digest()
        return clock() - began, len(self._events)


# --- memory, in a process of its own ------------------------------------------------------------------


def deep_size_bytes(roots: list[object]) -> int:
    """What objects and all that they lead to occupy, each once; code apart."""
    seen: dict[int, object] = {}
    waiting, total = list(roots), 0
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, type | ModuleType | FunctionType | BuiltinFunctionType):
            continue
        seen[id(found)] = found
        total += sys.getsizeof(found)
        waiting.extend(gc.get_referents(found))
        if isinstance(found, msgspec.Struct):  # those without garbage collection hide what they refer to
            waiting.extend(getattr(found, name) for name in found.__struct_fields__)
    return total


def memory_bytes(longer: int) -> dict[str, int]:
    """Peak of a run, and of its stepping alone, before it is judged; what of it are disks and id sets."""
    sizes: dict[str, int] = {}

    def at_the_end(done: float) -> None:
        if done < 1:
            return
        sizes["stepping"] = tracemalloc.get_traced_memory()[1]
        # The encoder's slack belongs to a record as well, so what was allocated counts, not what is in it.
        made = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"*/{f}") for f in DISK_FILES])
        sizes["disks"] = sum(trace.size for trace in made.traces)
        del made
        objects = [each for each in gc.get_objects() if str(type(each).__module__).startswith("squall.")]
        sizes["ids"] = deep_size_bytes([each for owner in objects for each in _id_sets(owner)])
        objects.clear()
        tracemalloc.reset_peak()

    progress: Progress = at_the_end
    choice = calm(longer)
    run(calm())  # so that what is loaded and cached once is not counted
    gc.collect()
    tracemalloc.start()
    result = run(choice, None, progress)
    sizes["peak"] = max(sizes["stepping"], tracemalloc.get_traced_memory()[1])
    sizes["messages"] = result.messages
    return sizes


def _id_sets(owner: Any) -> list[object]:
    name = f"{type(owner).__module__.removeprefix('squall.')}.{type(owner).__name__}"
    wanted = [each.rpartition(".")[2] for each in ID_SETS if each.rpartition(".")[0] == name]
    return [getattr(owner, attribute) for attribute in wanted]


def memory_in_fresh_process(longer: int) -> dict[str, int]:
    """The same, where nothing else has run before."""
    command = [sys.executable, "-m", "benchmarks.calm", "--memory", str(longer)]
    answer: dict[str, int] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def main() -> int:
    """Print the ratios; 1 where a target is missed."""
    recorded = Recorded()
    rates = interleaved({"simpy": bare_simpy_timeouts, "messages": messages, "records": recorded.observe})
    print(f"bare simpy timeouts {median(rates['simpy']):>12,.0f} a second")
    print(f"calm, messages      {median(rates['messages']):>12,.0f} a second")
    print(f"calm, records       {1e6 / median(rates['records']):>12.2f} µs each")
    held = [
        row("calm: messages handled", ratio(rates, "messages", "simpy"), "× bare simpy", 0.12, True),
        row("trace and digest, a record", ratio(rates, "simpy", "records"), "timeouts", 0.8, False),
    ]
    long = interleaved({"once": messages, "longer": lambda: messages(LONGER)}, LONGER_ROUNDS)
    held.append(row(f"{LONGER} × as long: time a message", ratio(long, "once", "longer"), "× once", 1.15, False))
    once, longer = memory_in_fresh_process(1), memory_in_fresh_process(LONGER)
    for what, size in (("once", once), (f"{LONGER} ×", longer)):
        apart = f"of it disks {size['disks']:,}, id sets {size['ids']:,}"
        print(f"memory {what:<5} peak {size['peak']:>12,} bytes, {apart}; {size['messages']:,} messages")
    for peak, when in (("stepping", "while stepping"), ("peak", "judging included")):
        left = [size[peak] - size["disks"] - size["ids"] for size in (once, longer)]
        held.append(row(f"{LONGER} × as long: memory, {when}", left[1] / left[0], "× once", 1.2, False))
    return 0 if all(held) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        print(json.dumps(memory_bytes(int(sys.argv[2]))))
    else:
        sys.exit(main())
