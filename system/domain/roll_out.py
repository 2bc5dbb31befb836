"""A roll-out: which program is next, and what has to be true before another one may be touched.

One at a time, in the order in which the desk starts, so that whoever reads what another writes is new before it:

1. *check*: it answers, and of the two OMSs the other one can do its part; the one that does not lead goes first.
2. *hand over*: an OMS that leads gives its lease up, until the other one leads.
3. *install*: its machine stops it, and starts the other build.
4. *await*: the new build says that it waits for nothing any more. Only then comes the next.

A build that does not become ready in time is taken back, and the roll-out stops there, with all that was done so far
as it is. One that does not even answer in time stops it too. Nothing here is ever waited for without an end.
"""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

from squall.system.domain.messages import ReadyTold


class Step(Enum):
    CHECK = "check"
    HAND_OVER = "hand over"
    INSTALL = "install"
    AWAIT = "await"
    ROLL_BACK = "roll back"
    OVER = "over"


class Rules(Struct, frozen=True):
    """Whether leases are handed over and builds awaited, and how long a step may take."""

    hands_over: bool
    awaits: bool
    patience_ns: int


class Noted(Struct, frozen=True, array_like=True):
    """What the next life of whoever rolls out has to know."""

    number: int
    version: str
    done: tuple[str, ...] = ()
    current: str = ""
    before: str | None = None
    """The build that the current one had before it was touched; None where it was not."""
    trouble: str = ""
    """Why it has stopped, where it has."""


class Ask(Struct, frozen=True):
    program: str


class Install(Struct, frozen=True):
    program: str
    version: str


class HandItOver(Struct, frozen=True):
    program: str


Task = Ask | Install | HandItOver
"""What is to be said, and again until it is answered."""


class RollOut:
    """Where it stands. `tasks` says what is to be said now; answers move it on. Times are monotonic."""

    def __init__(self, noted: Noted, order: Iterable[str], pair: tuple[str, ...], rules: Rules, now_ns: int) -> None:
        """*order*: all programs; *pair*: those two of them of which one leads and the other stands by."""
        self.number = noted.number
        self.version = noted.version
        self._order = tuple(order)
        self._pair = pair
        self.rules = rules
        self._done: dict[str, None] = dict.fromkeys(noted.done)
        self._before = noted.before
        self.trouble = noted.trouble
        self.current = noted.current
        self._heard: dict[str, ReadyTold] = {}
        """Who has answered since this step began."""
        self._since_ns = now_ns
        self.step = Step.CHECK
        self.waited_for: tuple[str, ...] = ()
        """What the current one has waited for since it was installed."""
        if self.trouble:
            self.step = Step.OVER
        elif not self.current:
            self._next(now_ns)

    @property
    def noted(self) -> Noted:
        """All that is to be written down."""
        done = tuple(self._done)
        return Noted(self.number, self.version, done, self.current, self._before, self.trouble)

    @property
    def done(self) -> tuple[str, ...]:
        """Programs that run in the new build, and can do their part, as far as anybody has looked."""
        return tuple(self._done)

    def tasks(self, now_ns: int) -> tuple[Task, ...]:
        """What is to be said now. Where it has taken too long, the step changes first."""
        if self.step is not Step.OVER and now_ns - self._since_ns >= self.rules.patience_ns:
            self._too_long(now_ns)
        asked = tuple(Ask(each) for each in self._concerned)
        match self.step:
            case Step.CHECK:
                return asked
            case Step.HAND_OVER:
                return (HandItOver(self.current), *asked)
            case Step.INSTALL:
                return (Install(self.current, self.version),)
            case Step.AWAIT:
                return (Ask(self.current),)
            case Step.ROLL_BACK:
                return (Install(self.current, self._before or ""), Ask(self.current))
            case Step.OVER:
                return ()

    @property
    def _concerned(self) -> tuple[str, ...]:
        """Whose answers decide whether the current one may be touched."""
        return self._pair if self.current in self._pair else (self.current,)

    def on_ready(self, program: str, told: ReadyTold, now_ns: int) -> None:
        """A program says how it is."""
        self._heard[program] = told
        match self.step:
            case Step.CHECK:
                self._check(now_ns)
            case Step.HAND_OVER:
                self._handed_over(now_ns)
            case Step.AWAIT if program == self.current and told.version == self.version:
                if told.waits_for:
                    self.waited_for = told.waits_for
                else:
                    self._finish(now_ns)
            case Step.ROLL_BACK if program == self.current and told.version == self._before and not told.waits_for:
                self._stop(f"{program} was not ready in build {self.version}, and runs in the one before again")

    def on_installed(self, program: str, version: str, found: bool, now_ns: int) -> None:
        """Its machine has done as it was told, or cannot."""
        if self.step is not Step.INSTALL or (program, version) != (self.current, self.version):
            return
        if not found:
            self._stop(f"there is no build {version} of {program} on its machine")
        elif self.rules.awaits:
            self._go(Step.AWAIT, now_ns)
        else:
            self._finish(now_ns)

    def _check(self, now_ns: int) -> None:
        mine = self._heard.get(self.current)
        if mine is None:
            return
        if mine.version == self.version:
            self._go(Step.AWAIT, now_ns)
            return
        if self.current in self._pair:
            (other,) = (each for each in self._pair if each != self.current)
            theirs = self._heard.get(other)
            if self.rules.awaits and (theirs is None or theirs.waits_for):
                return  # nobody could take over
            if mine.leads and other not in self._done and theirs is not None and not theirs.leads:
                self.current = other
                self._go(Step.CHECK, now_ns)
                return
        self._before = mine.version
        self._go(Step.HAND_OVER if mine.leads and self.rules.hands_over else Step.INSTALL, now_ns)

    def _handed_over(self, now_ns: int) -> None:
        mine = self._heard.get(self.current)
        others = [each for name, each in self._heard.items() if name != self.current]
        if mine is not None and not mine.leads and any(each.leads and not each.waits_for for each in others):
            self._go(Step.INSTALL, now_ns)

    def _too_long(self, now_ns: int) -> None:
        what = f"{self.current}: {self.step.value} takes longer than it may"
        match self.step:
            case Step.AWAIT if self._before is not None:
                self._go(Step.ROLL_BACK, now_ns)
            case Step.ROLL_BACK:
                self._stop(f"{self.current} is ready neither in build {self.version} nor in the one before")
            case _:
                self._stop(what)

    def _finish(self, now_ns: int) -> None:
        self._done[self.current] = None
        self._next(now_ns)

    def _next(self, now_ns: int) -> None:
        left = [each for each in self._order if each not in self._done]
        self.current, self._before = (left[0] if left else ""), None
        self._go(Step.CHECK if left else Step.OVER, now_ns)

    def _stop(self, trouble: str) -> None:
        self.trouble = trouble
        self.step = Step.OVER

    def _go(self, step: Step, now_ns: int) -> None:
        self.step = step
        self._since_ns = now_ns
        self._heard.clear()
        if step is not Step.AWAIT:
            self.waited_for = ()
