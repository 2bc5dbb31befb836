"""Person → operator → agents and services: which build of each program is to run, and whether it can do its part yet.

Datagrams, repeated until they are answered.
"""

from squall.system.domain.messages.base import DeskMessage


class RollOut(DeskMessage, frozen=True, gc=False, tag=True):
    """A person's word: every program is to run in this build, one after the other, while the desk trades."""

    number: int
    version: str

    @property
    def identity(self) -> str:
        return f"roll-out/{self.version}/{self.number}"


class ShutDesk(DeskMessage, frozen=True, gc=False, tag=True):
    """A person's word: close the desk, and then stop every program, in the reverse order of their start."""

    number: int

    @property
    def identity(self) -> str:
        return f"shut-desk/{self.number}"


class InstallBuild(DeskMessage, frozen=True, gc=False, tag=True):
    """Operator → agent: have this program run in this build; empty for the one that the desk was laid out with."""

    number: int
    program: str
    version: str

    @property
    def identity(self) -> str:
        return f"install/{self.program}/{self.version}/{self.number}"


class BuildInstalled(DeskMessage, frozen=True, gc=False, tag=True):
    """Agent → operator: so it is; or, where not *found*, there is no such program or build here."""

    program: str
    version: str
    found: bool

    @property
    def identity(self) -> str:
        return f"installed/{self.program}/{self.version}/{self.found}"


class HaltProgram(DeskMessage, frozen=True, gc=False, tag=True):
    """Operator → agent: stop this program, and do not start it again."""

    number: int
    program: str

    @property
    def identity(self) -> str:
        return f"halt/{self.program}/{self.number}"


class ProgramHalted(DeskMessage, frozen=True, gc=False, tag=True):
    """Agent → operator: it has stopped."""

    program: str

    @property
    def identity(self) -> str:
        return f"halted/{self.program}"


class AskReady(DeskMessage, frozen=True, gc=False, tag=True):
    """Operator → any program: who are you, and can you do your part?"""

    number: int

    @property
    def identity(self) -> str:
        return f"ask-ready/{self.number}"


class ReadyTold(DeskMessage, frozen=True, gc=False, tag=True):
    """The answer, by the build itself. It is ready when it *waits for* nothing any more."""

    number: int
    version: str
    waits_for: tuple[str, ...]
    leads: bool
    """It is the OMS that leads."""
    unfinished: tuple[str, ...] = ()
    """What it would not get done if it were stopped now."""

    @property
    def identity(self) -> str:
        return f"ready/{self.version}/{self.number}"
