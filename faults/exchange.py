"""A venue's application that loses, delays, refuses or holds what passes, and one that lets nobody in."""

from typing import ClassVar, Final, Literal, get_args

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.sim.exchange.rules import DISCARDED, PASS, Fate, Refusal, Report, Request, Rules
from squall.sim.exchange.wire.messages import (
    BusinessRejectReason,
    ExecType,
    ExecutionReport,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderStatusReport,
    OrderStatusRequest,
    OrdRejReason,
)
from squall.sim.kernel import Call
from squall.sim.rng import Chance
from squall.sim.world import World

Told = Literal["everything", "trades", "ends"]
TOLD: Final[tuple[Told, ...]] = get_args(Told)
SHORTEST_PERIOD_NS: Final = 1_000_000
"""Of a session that flaps: more often than each millisecond would keep a run busy for ever."""


def _tells(message: Report, only: Told) -> bool:
    """Whether this is a report of that sort."""
    if only == "everything":
        return True
    if type(message) is not ExecutionReport:
        return False
    if only == "trades":
        return message.exec_type is ExecType.TRADE
    return message.exec_type is ExecType.CANCELED or message.exec_type is ExecType.EXPIRED


class _Lose:
    """Discards a share of requests, or of reports; questions about orders only where told to."""

    def __init__(
        self,
        name: str,
        chance: Chance,
        share: float,
        questions: bool,
        reports: bool,
        tally: Tally,
        only: Told = "everything",
    ) -> None:
        self._name = name
        self._chance = chance
        self._share = share
        self._questions = questions
        self._reports = reports
        self._tally = tally
        self._only = only

    def on_request(self, message: Request) -> Fate:
        if self._reports or not self._hits(message, type(message) is OrderStatusRequest):
            return PASS
        self._tally.touched("requests discarded")
        return DISCARDED

    def on_report(self, message: Report) -> Fate:
        if not self._reports or not _tells(message, self._only):
            return PASS
        if not self._hits(message, type(message) is OrderStatusReport):
            return PASS
        self._tally.touched("reports discarded")
        return DISCARDED

    def _hits(self, message: Request | Report, question: bool) -> bool:
        if question and not self._questions:
            return False
        return self._share >= 1.0 or self._chance.uniform(f"{self._name}/{message.identity}") < self._share


def _draws_of(venue: str, rules: Rules) -> str:
    """What keyed chance knows a rule at this venue by. One that overlaps another draws numbers of its own."""
    return f"api-loss/{venue}/{rules.next_number}"


class RequestsLost(FaultKind, frozen=True):
    """The venue's session takes the request, its application never sees it. *questions*: status queries too."""

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    questions: bool = False

    @property
    def kind(self) -> str:
        return "exchange API: requests lost"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = _draws_of(self.target, rules)
        return rules.install(_Lose(name, world.chance, self.share, self.questions, False, tally))


class ReportsLost(FaultKind, frozen=True):
    """The venue acts, and its report is never sent. *questions*: answers to status queries too.

    *only*: reports of ``trades``, or of ``ends`` (cancelled, expired); what else there is to tell is told.
    """

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    questions: bool = False
    only: Told = "everything"

    @property
    def kind(self) -> str:
        return "exchange API: reports lost"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        if self.only not in TOLD:
            raise ValueError(f"{self.kind}: no reports of {self.only!r}; there are {', '.join(TOLD)}")

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = _draws_of(self.target, rules)
        return rules.install(_Lose(name, world.chance, self.share, self.questions, True, tally, self.only))


class _Delay:
    """Holds every request back, or only those to cancel and to replace."""

    def __init__(self, delay_ns: int, tally: Tally, changes_only: bool = False) -> None:
        self._fate = Fate(delay_ns=delay_ns)
        self._tally = tally
        self._changes_only = changes_only

    def on_request(self, message: Request) -> Fate:
        if self._changes_only and not isinstance(message, OrderCancelRequest | OrderCancelReplaceRequest):
            return PASS
        self._tally.touched("requests delayed")
        return self._fate

    def on_report(self, message: Report) -> Fate:
        return PASS


class ApiSlow(FaultKind, frozen=True):
    """The venue's application takes this much longer over every request."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int

    @property
    def kind(self) -> str:
        return "exchange API: slow"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if self.delay_ns <= 0:
            raise ValueError(f"{self.kind}: the delay must be above 0 ns, found {self.delay_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).install(_Delay(self.delay_ns, tally))


class CancelsSlow(FaultKind, frozen=True):
    """The venue takes this much longer over cancels and replaces, and meanwhile the order is at work as it was."""

    place: ClassVar[str] = "venue"
    target: str
    delay_ns: int

    @property
    def kind(self) -> str:
        return "exchange API: cancels slow"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if self.delay_ns <= 0:
            raise ValueError(f"{self.kind}: the delay must be above 0 ns, found {self.delay_ns}")

    def inject(self, world: World, tally: Tally) -> Heal:
        return world.venue(self.target).install(_Delay(self.delay_ns, tally, changes_only=True))


ErrorName = Literal["not-available", "throttled", "closed"]
ERROR_NAMES: Final[tuple[ErrorName, ...]] = get_args(ErrorName)
ERRORS: Final[dict[ErrorName, Refusal]] = {
    "not-available": BusinessRejectReason.NOT_AVAILABLE,
    "throttled": BusinessRejectReason.THROTTLED,
    "closed": OrdRejReason.EXCHANGE_CLOSED,
}


class _Refuse:
    """Answers a share of the requests with an error; one that is final is for new orders only."""

    def __init__(self, name: str, chance: Chance, share: float, refusal: Refusal, tally: Tally) -> None:
        self._name = name
        self._chance = chance
        self._share = share
        self._fate = Fate(refusal=refusal)
        self._final = isinstance(refusal, OrdRejReason)
        self._tally = tally

    def on_request(self, message: Request) -> Fate:
        if self._final and type(message) is not NewOrderSingle:
            return PASS
        if self._share < 1.0 and self._chance.uniform(f"{self._name}/{message.identity}") >= self._share:
            return PASS
        self._tally.touched("requests refused")
        return self._fate

    def on_report(self, message: Report) -> Fate:
        return PASS


class ErrorStorm(FaultKind, frozen=True):
    """The venue answers a share of the requests with an error, and acts upon none of these.

    ``not-available`` and ``throttled`` say "not now" to orders, cancels and questions; ``closed`` refuses new orders
    for good.
    """

    place: ClassVar[str] = "venue"
    target: str
    share: float = 1.0
    error: ErrorName = "not-available"

    @property
    def kind(self) -> str:
        return "exchange API: error storm"

    def check(self, world: World) -> None:
        world.venue(self.target)
        check_share(self.kind, self.share)
        if self.error not in ERRORS:
            raise ValueError(f"{self.kind}: no error {self.error!r}; errors are {', '.join(ERRORS)}")

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        name = f"error-storm/{self.target}/{rules.next_number}"
        return rules.install(_Refuse(name, world.chance, self.share, ERRORS[self.error], tally))


class SessionDrop(FaultKind, frozen=True):
    """The venue hangs up on every client, and hangs up again on whoever would log on."""

    place: ClassVar[str] = "venue"
    target: str

    @property
    def kind(self) -> str:
        return "exchange API: session drop"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        open_up = rules.shut(lambda: tally.touched("log-ons refused"))
        for _ in range(rules.hang_up()):
            tally.touched("sessions dropped")
        return open_up


class SessionFlaps(FaultKind, frozen=True):
    """The venue hangs up on every client, lets them log on again, and hangs up again: once in every period."""

    place: ClassVar[str] = "venue"
    target: str
    period_ns: int = 500_000_000

    @property
    def kind(self) -> str:
        return "exchange API: session flaps"

    def check(self, world: World) -> None:
        world.venue(self.target)
        if self.period_ns < SHORTEST_PERIOD_NS:
            raise ValueError(
                f"{self.kind}: the period must be at least {SHORTEST_PERIOD_NS} ns, found {self.period_ns}"
            )

    def inject(self, world: World, tally: Tally) -> Heal:
        kernel, rules = world.kernel, world.venue(self.target)
        due: Call

        def hang_up(_: None) -> None:
            nonlocal due
            for _session in range(rules.hang_up()):
                tally.touched("sessions dropped")
            due = kernel.call_in(self.period_ns, hang_up)

        hang_up(None)
        return lambda: due.cancel()


class _Stalled:
    """Counts what comes before a gate that is shut."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def on_request(self, message: Request) -> Fate:
        self._tally.touched("requests held")
        return PASS

    def on_report(self, message: Report) -> Fate:
        self._tally.touched("reports held")
        return PASS


class SilentStall(FaultKind, frozen=True):
    """The application stands still while its sessions live: heartbeats go on, and nothing is acted upon or reported.

    The market goes on without it. When the stall is over all that waited goes its way at once, or, with *discards*, is
    gone for good.
    """

    place: ClassVar[str] = "venue"
    target: str
    discards: bool = False

    @property
    def kind(self) -> str:
        return "exchange API: silent stall"

    def check(self, world: World) -> None:
        world.venue(self.target)

    def inject(self, world: World, tally: Tally) -> Heal:
        rules = world.venue(self.target)
        remove, let_go = rules.install(_Stalled(tally)), rules.gate.hold(self.discards)

        def heal() -> None:
            remove()
            let_go()

        return heal


class PriceSlide(FaultKind, frozen=True):
    """The fair value of a symbol moves steadily, everywhere: down where the speed is negative."""

    place: ClassVar[str] = "symbol"
    target: str
    half_ticks_per_s: int

    @property
    def kind(self) -> str:
        return "market: prices slide"

    def check(self, world: World) -> None:
        world.fair_value(self.target)
        if not self.half_ticks_per_s:
            raise ValueError(f"{self.kind}: the speed must not be 0 half ticks a second")

    def inject(self, world: World, tally: Tally) -> Heal:
        tally.touched("fair value drifting")
        return world.fair_value(self.target).install(self.half_ticks_per_s)
