"""What stands between a program and its host when its code is at fault: rules about messages, and states it is in."""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from squall.sim.core import MESSAGE, SPIN, START, STREAMED, TIMER, Job
from squall.sim.trace import Intercepted

if TYPE_CHECKING:
    from squall.sim.host import Host
    from squall.sim.slot import ProgramRuntime, Slot

Way = Literal["in", "out"]
IN: Final = "in"
OUT: Final = "out"


class Act(Enum):
    """What becomes of the handler that is about to be given a message."""

    HANDLE = "handles"
    THROW = "throws on"
    HANG = "hangs on"
    SPIN = "goes round in circles on"


class Outcome(Struct, frozen=True):
    """What a rule makes of one message: those that go on in its place (none: it is dropped), and how late.

    What is late may be overtaken, on a stream too: the delay is in the program, not in the network. The acts other than
    `HANDLE` are for messages on their way in. *pass_ns*: how long one round of a handler takes that spins.
    """

    messages: tuple[Any, ...] = ()
    delay_ns: int = 0
    act: Act = Act.HANDLE
    pass_ns: int = 1_000_000


Rule = Callable[[str, Any], Outcome | None]
"""From the peer's address and the message to what becomes of it; None where the rule does not concern it."""


class Tap:
    """One program's rules, and whether it is down, hung or spinning. It is there while there is any of this."""

    def __init__(self, host: "Host", slot: "Slot") -> None:
        self._host = host
        self._slot = slot
        self._rules: dict[Way, list[Rule]] = {IN: [], OUT: []}
        self._passed: list[Job] = []
        """Jobs that have met the rules already: repetitions, and what was late."""
        self._held: deque[Job] = deque()
        """While the program spins: the message it spins on, and all that came behind it."""
        self._round: Job | None = None
        """The round that it is on."""
        self._spun_by: Rule | None = None
        self.down = False
        """Its process is gone, and has not been started again."""
        self.hung = False
        """Its handler does not return: it handles nothing more in this life."""

    @property
    def spinning(self) -> bool:
        """It goes round in circles on one message: its timers ring, and nothing else is handled."""
        return bool(self._held)

    @property
    def idle(self) -> bool:
        """Nothing is installed, and the program is well: this can go."""
        quiet = not (self.down or self.hung or self._held or self._passed)
        return quiet and not any(self._rules.values())

    # --- rules ---

    def install(self, way: Way, rule: Rule) -> Callable[[], None]:
        """Let a rule see every message this way, after those that are there; returns what removes it."""
        rules = self._rules[way]
        entry: Rule = lambda peer, message: rule(peer, message)  # noqa: E731 -- the same rule may be installed twice
        rules.append(entry)

        def remove() -> None:
            if entry in rules:
                rules.remove(entry)
                if entry is self._spun_by:
                    self._release()
                self._host.tidy(self._slot)

        return remove

    def _outcome(self, way: Way, peer: str, message: Any) -> Outcome | None:
        """All rules in the order in which they were installed, each on what the ones before it have left."""
        messages: tuple[Any, ...] = (message,)
        delay_ns = 0
        touched = False
        for rule in tuple(self._rules[way]):
            left: list[Any] = []
            for each in messages:
                found = rule(peer, each)
                if found is None:
                    left.append(each)
                    continue
                touched = True
                if found.act is not Act.HANDLE:
                    self._spun_by = rule if found.act is Act.SPIN else None
                    return found
                delay_ns += found.delay_ns
                left += found.messages
            messages = tuple(left)
        return Outcome(messages, delay_ns) if touched else None

    def _record(self, way: Way, peer: str, message: Any, what: str) -> None:
        kernel, trace = self._host.world.kernel, self._host.world.trace
        event = Intercepted(program=self._slot.address, way=way, peer=peer, what=message.identity, deed=what)
        kernel.cause = trace.observe(self._host.name, event)

    # --- on the way in ---

    def lets_through(self, job: Job) -> bool:
        """Whether the handler that this job stands for is to run now; its message may be another one by then."""
        if self.down or self.hung:
            return False
        if job.kind == SPIN:
            if job is self._round:
                self._slot.core.submit(job)
            return False
        if self._held and job.kind not in (TIMER, START):
            self._held.append(job)
            return False
        if job.kind not in (MESSAGE, STREAMED) or (job.kind == STREAMED and job.a.hung_up):
            return True
        if any(job is each for each in self._passed):
            self._passed = [each for each in self._passed if each is not job]
            return True
        peer = job.a if job.kind == MESSAGE else job.a.peer.address
        outcome = self._outcome(IN, peer, job.b)
        return True if outcome is None else self._meets(job, peer, outcome)

    def _meets(self, job: Job, peer: str, outcome: Outcome) -> bool:
        match outcome.act:
            case Act.THROW:
                self._host.threw(self._slot, job.b)
                return False
            case Act.HANG:
                self._record(IN, peer, job.b, outcome.act.value)
                self.hung = True
                return False
            case Act.SPIN:
                self._record(IN, peer, job.b, outcome.act.value)
                self._held.append(job)
                self._round = Job(self._slot, SPIN, None, None, outcome.pass_ns, job.cause)
                self._slot.core.submit(self._round)
                return False
        if outcome.messages != (job.b,):
            self._record(IN, peer, job.b, _deed(outcome.messages))
            job.cause = self._host.world.kernel.cause
        jobs = [Job(job.slot, job.kind, job.a, message, job.cost_ns, job.cause) for message in outcome.messages]
        if outcome.delay_ns:
            self._record(IN, peer, job.b, "gets late")
            self._later(outcome.delay_ns, jobs)
            return False
        if not jobs:
            return False
        job.b = jobs[0].b
        self._passed += jobs[1:]
        self._slot.core.waiting.extendleft(reversed(jobs[1:]))
        return True

    def _later(self, delay_ns: int, jobs: list[Job]) -> None:
        life = self._slot.runtime

        def now(_: object) -> None:
            if self._slot.runtime is life:
                tap = self._host.tapped(self._slot)
                tap._passed += jobs
                for job in jobs:
                    self._slot.core.submit(job)

        self._host.world.kernel.call_in(delay_ns, now)

    def _release(self) -> None:
        """The rule is gone: what was held meets those that are left, in its order and before all that came since."""
        if self._held:
            held, self._held, self._round = self._held, deque(), None
            self._slot.core.waiting.extendleft(reversed(held))

    # --- on the way out ---

    def sends(self, runtime: "ProgramRuntime", to: str, message: Any, streamed: bool) -> bool:
        """What the program hands to its network goes through the rules first. What they drop, it believes sent."""
        outcome = self._outcome(OUT, to, message)
        if outcome is None:
            return runtime.hand_over(to, message, streamed)
        if outcome.messages != (message,):
            self._record(OUT, to, message, _deed(outcome.messages))
        if outcome.delay_ns:
            self._record(OUT, to, message, "sends late")
            self._send_late(runtime, to, outcome, streamed)
            return True
        return self._hand_over(runtime, to, outcome.messages, streamed)

    def _send_late(self, runtime: "ProgramRuntime", to: str, outcome: Outcome, streamed: bool) -> None:
        def now(_: object) -> None:
            self._hand_over(runtime, to, outcome.messages, streamed)

        self._host.world.kernel.call_in(outcome.delay_ns, now)

    @staticmethod
    def _hand_over(runtime: "ProgramRuntime", to: str, messages: tuple[Any, ...], streamed: bool) -> bool:
        sent = True
        for each in messages:
            sent &= runtime.hand_over(to, each, streamed)
        return sent

    # --- lives ---

    def reset(self, down: bool) -> None:
        """The program's life is over: what was held for it dies. The rules stay: they are in the code."""
        self.down = down
        self.hung = False
        self._held.clear()
        self._round = None
        self._passed.clear()


def _deed(messages: tuple[Any, ...]) -> str:
    if not messages:
        return "drops"
    return "changes" if len(messages) == 1 else "repeats"
