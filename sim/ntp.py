"""Time servers and the hosts that set their clocks by them: packets with real delays, and clocks that are slewed."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Final

from msgspec import Struct

from squall.sim.clock import Clock
from squall.sim.kernel import Call, Kernel
from squall.sim.program import Machine
from squall.sim.trace import ClockDisciplined, Trace

POLL: Final = "poll"
JUDGE: Final = "judge"
PATIENCE_NS: Final = 20_000_000
"""How long answers may take to be heard."""
MAX_FREQUENCY_PPB: Final = 500_000
"""How far an oscillator may be corrected: what the kernel's clock discipline allows."""
FREQUENCY_GAIN: Final = 0.1
"""The part of an error that is put down to the oscillator, each time, …"""
PHASE_GAIN: Final = 0.5
"""… and the part that is made up for at once: the rest may be the line's jitter."""
SERVER_ERROR_NS: Final = 1_000
"""What a client grants each server beyond half of the way there and back."""
_BILLION: Final = 1_000_000_000


class NtpSpec(Struct, frozen=True):
    """How a host disciplines its clock."""

    poll_ns: int = 250_000_000
    """Between two rounds of asking all servers."""
    step_threshold_ns: int = 128_000_000
    """A larger error is not slewed: the wall clock jumps."""
    slew_ppm: int = 80
    """How much faster or slower the clock may run to make up for an error."""
    vote: bool = True
    """Only what most servers agree on is believed; otherwise the mean of all that they say."""
    discipline: bool = True
    """Whether anything is done about what was found."""


class NtpRequest(Struct, frozen=True, gc=False, tag=True):
    """*sent_ns* is t1, by the client's wall clock."""

    wire_bytes: ClassVar[int] = 90
    is_heartbeat: ClassVar[bool] = True
    client: str
    number: int
    sent_ns: int

    @property
    def identity(self) -> str:
        return f"ntp/{self.client}/{self.number}"


class NtpReply(Struct, frozen=True, gc=False, tag=True):
    """t1 as it was asked, t2 and t3 by the server's wall clock."""

    wire_bytes: ClassVar[int] = 90
    is_heartbeat: ClassVar[bool] = True
    server: str
    client: str
    number: int
    asked_ns: int
    received_ns: int
    sent_ns: int

    @property
    def identity(self) -> str:
        return f"ntp/{self.server}/{self.client}/{self.number}"


class Sample(Struct, frozen=True):
    """What one server's answer comes to."""

    offset_ns: int
    """((t2 − t1) + (t3 − t4)) / 2: how far the client is behind, if the way takes as long there as back."""
    delay_ns: int
    """(t4 − t1) − (t3 − t2): on the way, there and back. The offset may be wrong by half of it."""


def sample(asked_ns: int, received_ns: int, sent_ns: int, answered_ns: int) -> Sample:
    """From the four times of an exchange (RFC 5905, section 8)."""
    offset_ns = ((received_ns - asked_ns) + (sent_ns - answered_ns)) // 2
    return Sample(offset_ns, (answered_ns - asked_ns) - (sent_ns - received_ns))


def agreed(samples: Sequence[Sample], servers: int) -> tuple[Sample, ...]:
    """Those among them that a majority of all *servers* can be right with at once; none where there is no majority.

    Each is right somewhere within half its delay of its offset. What most of these stretches have in common is where
    the truth may be (Marzullo's algorithm); who does not reach there is wrong.
    """
    best: tuple[Sample, ...] = ()
    for each in samples:
        # Where most stretches overlap, one of them begins.
        point_ns = each.offset_ns - _reach_ns(each)
        holding = tuple(other for other in samples if abs(other.offset_ns - point_ns) <= _reach_ns(other))
        if len(holding) > len(best):
            best = holding
    return best if 2 * len(best) > servers else ()


def _reach_ns(one: Sample) -> int:
    return max(one.delay_ns, 0) // 2 + SERVER_ERROR_NS


class Discipline:
    """A host's kernel, as far as it sets the clock: it outlives whoever tells it how, and goes on slewing."""

    def __init__(self, kernel: Kernel, clock: Clock) -> None:
        self._kernel = kernel
        self._clock = clock
        self._frequency_ppb = 0
        self._slew_ppb = 0
        self._applied_ppb = 0
        self._ends: Call | None = None

    def step(self, by_ns: int) -> None:
        """The wall clock jumps."""
        self._slew(0)
        self._clock.step(by_ns)

    def correct(self, by_ns: int, over_ns: int, slew_ppm: int) -> None:
        """Make up for an error that has come about over this time, by slewing, and for what will come, by tuning."""
        rate_ppb = by_ns * _BILLION // over_ns
        tuned = self._frequency_ppb + int(FREQUENCY_GAIN * rate_ppb)
        self._frequency_ppb = min(max(tuned, -MAX_FREQUENCY_PPB), MAX_FREQUENCY_PPB)
        slew_ppb = min(max(int(PHASE_GAIN * rate_ppb), -slew_ppm * 1_000), slew_ppm * 1_000)
        self._slew(slew_ppb)
        if slew_ppb:
            lasts_ns = int(PHASE_GAIN * abs(by_ns) * _BILLION / abs(slew_ppb))
            self._ends = self._kernel.call_in(lasts_ns, self._slewed)

    def _slewed(self, _: object) -> None:
        self._ends = None
        self._slew(0)

    def _slew(self, by_ppb: int) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
        self._slew_ppb = by_ppb
        wanted_ppb = self._frequency_ppb + self._slew_ppb
        if wanted_ppb != self._applied_ppb:
            self._clock.drift(wanted_ppb - self._applied_ppb, self._kernel.now_ns)
            self._applied_ppb = wanted_ppb


class NtpServer:
    """Says what its host's clock shows. Whether that is the time, it does not know."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def on_start(self) -> None:
        """It waits to be asked."""

    def on_message(self, sender: str, message: NtpRequest) -> None:
        now_ns, address = self._machine.now_ns, self._machine.address
        reply = NtpReply(address, message.client, message.number, message.sent_ns, now_ns, now_ns)
        self._machine.send(sender, reply)

    def on_timer(self, key: Hashable) -> None:
        """It sets none."""

    def on_durable(self, token: int) -> None:
        """It writes nothing."""

    def on_stream_open(self, peer: str) -> None:
        """It speaks in datagrams."""

    def on_stream_closed(self, peer: str, reason: str) -> None:
        """As above."""

    def on_config(self, config: Any) -> None:
        """It has none."""


class NtpClient(NtpServer):
    """Asks all servers, looks at what most of them agree on, and has the clock corrected by the quickest of those."""

    def __init__(
        self, machine: Machine, discipline: Discipline, servers: Sequence[str], spec: NtpSpec, trace: Trace, host: str
    ) -> None:
        super().__init__(machine)
        self._discipline = discipline
        self._servers = tuple(servers)
        self._spec = spec
        self._trace = trace
        self._host = host
        self._number = 0
        self._heard: dict[str, Sample] = {}

    def on_start(self) -> None:
        self._machine.set_timer(int(self._spec.poll_ns * self._machine.chance("first poll")), POLL)

    def on_timer(self, key: Hashable) -> None:
        machine, spec = self._machine, self._spec
        if key == JUDGE:
            self._judge(self._heard)
            return
        self._heard = {}
        self._number += 1
        for server in self._servers:
            machine.send(server, NtpRequest(machine.address, self._number, machine.now_ns))
        machine.set_timer(min(PATIENCE_NS, spec.poll_ns // 2), JUDGE)
        machine.set_timer(spec.poll_ns, POLL)

    def on_message(self, sender: str, message: Any) -> None:
        if message.number == self._number:  # else it is of an earlier round, and the clock another one since
            times = message.asked_ns, message.received_ns, message.sent_ns, self._machine.now_ns
            self._heard[message.server] = sample(*times)

    def _judge(self, heard: Mapping[str, Sample]) -> None:
        spec, samples = self._spec, tuple(heard.values())
        believed = agreed(samples, len(self._servers)) if spec.vote else samples
        if not believed:
            self._say(0, 0, len(samples), "holds over")
            return
        if spec.vote:
            offset_ns = min(believed, key=lambda each: each.delay_ns).offset_ns
        else:
            offset_ns = sum(each.offset_ns for each in believed) // len(believed)
        if not spec.discipline:
            deed = "is not told"
        elif abs(offset_ns) > spec.step_threshold_ns:
            deed = "steps"
            self._discipline.step(offset_ns)
        else:
            deed = "slews"
            self._discipline.correct(offset_ns, spec.poll_ns, spec.slew_ppm)
        self._say(offset_ns, min(each.delay_ns for each in believed), len(samples) - len(believed), deed)

    def _say(self, offset_ns: int, delay_ns: int, disbelieved: int, deed: str) -> None:
        event = ClockDisciplined(offset_ns=offset_ns, delay_ns=delay_ns, disbelieved=disbelieved, deed=deed)
        self._trace.observe(self._host, event)
