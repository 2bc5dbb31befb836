"""The agent on one machine: has its supervisor run another build of a program there, or stop it."""

from collections.abc import Hashable

from squall.system.config import DeskConfig
from squall.system.domain.messages import BuildInstalled, HaltProgram, InstallBuild, ProgramHalted
from squall.system.runtime import Address, Runtime

AgentMessage = InstallBuild | HaltProgram


class Agent:
    """Knows nothing of orders, and keeps nothing: what is installed on the machine says what is to run."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def on_start(self) -> None:
        """It waits to be told."""

    def on_message(self, sender: Address, message: AgentMessage) -> None:
        match message:
            case InstallBuild(_, program, version):
                found = self._runtime.install(program, version)
                self._runtime.send(sender, BuildInstalled(program, version, found))
            case HaltProgram(_, program):
                self._runtime.halt(program)
                self._runtime.send(sender, ProgramHalted(program))
            case _:
                raise TypeError(f"agent: found {type(message).__name__}, expected {AgentMessage}")

    def on_timer(self, key: Hashable) -> None:
        raise ValueError(f"agent: found timer {key!r}, expected none")

    def on_durable(self, token: int) -> None:
        raise RuntimeError(f"agent: token {token} is durable, but an agent writes no file")

    def on_stream_open(self, peer: Address) -> None:
        """It speaks in datagrams; a stream is nobody's mistake worth dying for."""

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        """As above."""

    def on_config(self, config: DeskConfig) -> None:
        """Nothing of it is an agent's affair."""
