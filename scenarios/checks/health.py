"""Whoever falls silent is named to people in time, and nobody else is."""

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Docket, Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.intercept import Act
from squall.sim.trace import Intercepted, ProgramStarted, Record
from squall.system.domain.claims import AlertRaised


class _SilenceTold:
    """A program hangs from the message on which it does to its next start; an alert is what people see."""

    def __init__(self, stage: Stage, program: str, within_ns: int) -> None:
        self._kernel = stage.world.kernel
        self._program = program
        self._within_ns = within_ns
        self._hung: Record | None = None
        self._told = 0
        self._docket = Docket()
        trace = stage.world.trace
        trace.watch(self._on_intercepted, Intercepted)
        trace.watch(self._on_started, ProgramStarted)
        trace.watch_claims(self._on_alert, AlertRaised)

    def _on_intercepted(self, record: Record) -> None:
        if record.event.program == self._program and record.event.deed == Act.HANG.value:
            self._hung = record

    def _on_started(self, record: Record) -> None:
        if record.event.program == self._program:
            self._judge(record.at_ns)
            self._hung = None

    def _on_alert(self, record: Record) -> None:
        if record.event.kind != f"silent/{self._program}":
            return
        if self._hung is None:
            self._docket.violated(record, f"{self._program} is called silent, and was not")
            return
        self._judge(record.at_ns)
        self._told += 1
        self._hung = None

    def _judge(self, now_ns: int) -> None:
        """Of a program that hangs until now, and of which nobody was told before."""
        hung = self._hung
        if hung is not None and now_ns - hung.at_ns > self._within_ns:
            silent_s = (now_ns - hung.at_ns) / 1e9
            self._docket.violated(hung, f"{self._program} hung for {silent_s:.1f} s, and nobody was told")

    def ruling(self) -> Ruling:
        self._judge(self._kernel.now_ns)
        self._hung = None
        if not self._told and not self._docket.violations:
            return Ruling(Verdict.INCONCLUSIVE, f"{self._program} never hung for long enough")
        return self._docket.ruling(f"{self._told} times, each told in time")


def silence_told(program: str, within_ns: int) -> Promise:
    """When this program hangs, an alert names it in this time; it is not named otherwise."""
    name = f"{program} does not fall silent unnoticed"
    return Promise(
        name, "liveness", lambda stage: _SilenceTold(stage, program, within_ns), needs_faults=True, of_our_desk=True
    )
