"""Monitor ↔ whoever it asks on a stream: whether there is a program behind the stream."""

from squall.system.domain.messages.base import DeskMessage


class AreYouThere(DeskMessage, frozen=True, gc=False, tag=True):
    """Monitor → audit, portfolio, reconciler, operator: answer this.

    What a host's network acknowledges is no sign of life of a program.
    """

    number: int

    @property
    def identity(self) -> str:
        return f"are-you-there/{self.number}"


class Alive(DeskMessage, frozen=True, gc=False, tag=True):
    """The answer, by the program itself."""

    number: int

    @property
    def identity(self) -> str:
        return f"alive/{self.number}"
