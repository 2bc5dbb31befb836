"""The operator's hand on builds: rolls a new one out while the desk trades, and stops the programs of a closed desk."""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from squall.system.config import DeskConfig
from squall.system.domain.claims import AlertRaised, ProtectionActed, ReleaseMoved
from squall.system.domain.messages import (
    AskReady,
    BuildInstalled,
    HaltProgram,
    HandOver,
    InstallBuild,
    ProgramHalted,
    ReadyTold,
    RollOut,
)
from squall.system.domain.roll_out import Ask, HandItOver, Install, Noted, Rules, Step
from squall.system.domain.roll_out import RollOut as Course
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring

FILE: Final = "roll-outs"
AGAIN: Final = "go on with the roll-out"
HALT_AGAIN: Final = "go on with the stop"

_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final[msgspec.msgpack.Decoder[Noted]] = msgspec.msgpack.Decoder(Noted)


class Releases:
    """One roll-out at a time; a later word replaces an earlier one. How far it has come outlives the operator."""

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring) -> None:
        self._runtime = runtime
        self._wiring = wiring
        self.config = config
        self._course: Course | None = None
        self._noted: Noted | None = None
        self._step = ("", Step.OVER)
        """Where the roll-out was when anything was last said of it: with which program."""
        self._asked = 0
        self._fresh_from = 0
        """Answers to what was asked before this step began are old."""
        self._number = 0
        self._to_halt: deque[Address] = deque()
        """Programs that are to stop for the day, the next one first."""
        self._halt_since_ns = 0
        self._slow_to_say = ""
        """The program of which it was said that it is awaited."""

    # --- roll-outs ---

    def on_start(self) -> None:
        """Go on where the last life was. One that replaced itself finds itself in the new build."""
        records = self._runtime.read(FILE)
        if records:
            self._begin(_DECODER.decode(records[-1]))

    def roll_out(self, wish: RollOut) -> None:
        """A person wants all programs in this build."""
        if not self._wiring.agents:
            text = f"build {wish.version} cannot be rolled out: this desk has no agents"
            self._runtime.emit(AlertRaised("warning", "operator.roll_out", text))
            return
        self._number += 1
        self._begin(Noted(self._number, wish.version))

    def _begin(self, noted: Noted) -> None:
        wiring, config = self._wiring, self.config
        rules = Rules(config.lease.hand_over, config.upgrade.await_ready, config.upgrade.patience_ns)
        self._number = noted.number
        self._course = Course(noted, wiring.in_order, wiring.oms, rules, self._runtime.monotonic_ns)
        self._go_on(self._course)

    def on_ready(self, program: Address, told: ReadyTold) -> None:
        if self._to_halt:
            if self._to_halt[0] == program and not (told.unfinished and self.config.upgrade.await_close):
                self._halt(program)
            return
        course = self._course
        if course is not None and told.number >= self._fresh_from:
            course.on_ready(program, told, self._runtime.monotonic_ns)
            if course.waited_for and self._slow_to_say != program:
                self._slow_to_say = program
                what = f"{program} waits for {', '.join(course.waited_for)}"
                self._runtime.emit(ProtectionActed("upgrade.await_ready", what))
            self._go_on(course)

    def on_installed(self, installed: BuildInstalled) -> None:
        if self._course is not None:
            now_ns = self._runtime.monotonic_ns
            self._course.on_installed(installed.program, installed.version, installed.found, now_ns)
            self._go_on(self._course)

    def _go_on(self, course: Course) -> None:
        """Where anything has moved: write it down, say so, and see what is next."""
        step = (course.current, course.step)
        if course.noted != self._noted:
            self._noted = course.noted
            self._runtime.append(FILE, _encode(self._noted))
        elif step == self._step:
            return
        self._step = step
        self._fresh_from = self._asked + 1
        if course.step is Step.OVER:
            self._runtime.cancel_timer(AGAIN)
            self._over(course)
            return
        self._runtime.emit(ReleaseMoved(course.current, course.step.value))
        self._say(course)

    def _over(self, course: Course) -> None:
        self._runtime.emit(ReleaseMoved("", course.trouble or f"build {course.version} is rolled out"))
        if course.trouble:
            text = f"the roll-out of build {course.version} has stopped: {course.trouble}"
            self._runtime.emit(AlertRaised("critical", "operator.roll_out", text))

    def _say(self, course: Course) -> None:
        self._asked += 1
        for task in course.tasks(self._runtime.monotonic_ns):
            match task:
                case Ask(program):
                    self._runtime.send(program, AskReady(self._asked))
                case Install(program, version):
                    agent = self._wiring.agents[program]
                    self._runtime.send(agent, InstallBuild(self._asked, program, version))
                case HandItOver(program):
                    self._runtime.send(program, HandOver(self._asked))
        self._runtime.set_timer(self.config.upgrade.ask_interval_ns, AGAIN)

    # --- the end of the day ---

    def halt_all(self) -> None:
        """Stop every program but the operator, the last to start first."""
        self._to_halt = deque(each for each in reversed(self._wiring.in_order) if each != self._wiring.operator)
        self._halt_next()

    def on_halted(self, halted: ProgramHalted) -> None:
        if self._to_halt and self._to_halt[0] == halted.program:
            self._to_halt.popleft()
            self._runtime.emit(ReleaseMoved(halted.program, "halted"))
            self._halt_next()

    def _halt_next(self) -> None:
        self._halt_since_ns = self._runtime.monotonic_ns
        if self._to_halt:
            self._ask_whether_done()
        else:
            self._runtime.cancel_timer(HALT_AGAIN)
            self._runtime.emit(ReleaseMoved("", "every program has stopped"))

    def _ask_whether_done(self) -> None:
        """Each is asked first; one that does not answer, or is never done, is stopped after all, with an alert."""
        program = self._to_halt[0]
        self._asked += 1
        if self._runtime.monotonic_ns - self._halt_since_ns >= self.config.upgrade.patience_ns:
            text = f"{program} is stopped, and did not say in time that it is done"
            self._runtime.emit(AlertRaised("warning", "operator.stop", text))
            self._halt(program)
        else:
            self._runtime.send(program, AskReady(self._asked))
        self._runtime.set_timer(self.config.upgrade.ask_interval_ns, HALT_AGAIN)

    def _halt(self, program: Address) -> None:
        self._runtime.send(self._wiring.agents[program], HaltProgram(self._asked, program))

    def on_timer(self, key: object) -> bool:
        """False where the timer is not ours."""
        timers: dict[object, Callable[[], None]] = {AGAIN: self._again, HALT_AGAIN: self._ask_whether_done}
        ring = timers.get(key)
        if ring is not None:
            ring()
        return ring is not None

    def _again(self) -> None:
        course = self._course
        if course is not None and course.step is not Step.OVER:
            self._say(course)
            self._go_on(course)
