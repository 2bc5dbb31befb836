"""Clocks are where they claim to be: how far each host's wall clock is from true time, looked at all the time."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.kernel import OBSERVE
from squall.sim.trace import ClockDisciplined, Record

LOOK_NS = 10_000_000
RTS_25_NS = 100_000
"""RTS 25 (2017/574), table 2: high-frequency trading within 100 us of UTC."""


class _Within:
    """Looks at every clock of the desk every 10 ms. A host that is down shows no time."""

    def __init__(self, stage: Stage, limit_ns: int, settled_ns: int) -> None:
        self._kernel = stage.world.kernel
        self._hosts = [stage.world.host(name) for name in stage.desk.hosts]
        self._limit_ns = limit_ns
        self._worst_ns = 0
        self._worst = ""
        self._looks = 0
        self._latest: dict[str, Record] = {}
        self._docket = Docket()
        stage.world.trace.watch(self._on_disciplined, ClockDisciplined)
        self._kernel.call_at(settled_ns, self._look, turn=OBSERVE)

    def _on_disciplined(self, record: Record) -> None:
        self._latest[record.host] = record

    def _look(self, _: object) -> None:
        now_ns = self._kernel.now_ns
        for host in self._hosts:
            if host.up:
                error_ns = host.clock.wall_ns(now_ns) - now_ns
                self._looks += 1
                if abs(error_ns) > self._worst_ns:
                    self._worst_ns, self._worst = abs(error_ns), host.name
                if abs(error_ns) > self._limit_ns:
                    way = "ahead of" if error_ns > 0 else "behind"
                    detail = f"{host.name} is {abs(error_ns) / 1e3:.1f} us {way} true time at {now_ns / 1e9:.2f} s"
                    self._docket.violated(self._latest.get(host.name), detail)
        self._kernel.call_at(now_ns + LOOK_NS, self._look, turn=OBSERVE)

    def ruling(self) -> Ruling:
        if not self._looks:
            return Ruling(Verdict.INCONCLUSIVE, "nobody has looked at a clock so far")
        worst = f"at most {self._worst_ns / 1e3:.1f} us off, {self._worst}"
        return self._docket.ruling(f"{self._looks} looks at {len(self._hosts)} clocks; {worst}")


def clocks_within(limit_ns: int = RTS_25_NS, settled_ns: int = 0) -> Promise:
    """From *settled_ns* on, no wall clock of the desk is further than this from true time (RTS 25: traceable to UTC).

    Asked only of runs with faults: left alone every clock drifts away, and one that nobody sets would tell nothing.
    """
    name = f"clocks are within {limit_ns / 1e3:g} us of true time"
    return Promise(name, "safety", lambda stage: _Within(stage, limit_ns, settled_ns), needs_faults=True)
