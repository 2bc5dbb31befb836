"""When a program of the desk begins anew."""

from collections.abc import Callable

from squall.scenarios.topology import Stage
from squall.sim.trace import HostCrashed, ProgramStarted, Record


def on_new_life(stage: Stage, program: str, forget: Callable[[], None]) -> None:
    """Call *forget* whenever this program begins anew: with its host, or alone."""
    home = stage.world.transport.slot_of(program).host.name

    def crashed(record: Record) -> None:
        if record.host == home:
            forget()

    def started(record: Record) -> None:
        if record.event.program == program:
            forget()

    stage.world.trace.watch(crashed, HostCrashed)
    stage.world.trace.watch(started, ProgramStarted)
