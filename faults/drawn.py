"""What a drawn plan is drawn from: by category of failure, each kind with its intensities and how long it lasts."""

from collections.abc import Callable, Mapping, Sequence
from math import exp, log
from typing import Final, Protocol, TypeVar

from msgspec import Struct

from squall.faults.disk import ReadError
from squall.faults.drop_copy import DropCopyLate, DropCopyLost, QueriesUnanswered
from squall.faults.exchange import (
    ERROR_NAMES,
    ApiSlow,
    ErrorStorm,
    ReportsLost,
    RequestsLost,
    SessionDrop,
    SessionFlaps,
    SilentStall,
)
from squall.faults.execution_reports import AckAfterFill, DuplicateReports, LateReports, OutOfOrderReports
from squall.faults.fault import Fault, FaultKind, Planned
from squall.faults.feed import (
    LINES,
    FeedDead,
    FeedDuplicate,
    FeedGap,
    FeedLate,
    FeedLineDead,
    FeedStale,
    MessageStorm,
)
from squall.faults.feed_lies import BadTick, FeedCrossed, FeedImpossible, FeedLocked, FeedStuck
from squall.faults.feed_old import FeedMisnamed, FeedReplays
from squall.faults.hardware import ClockDrift, ClockStep, CoreThrottled, DiskFull, DiskSlow, NicDown, TornWrite
from squall.faults.host import Crash, Pause
from squall.faults.kinds import tag_of
from squall.faults.link import BurstyLoss, CongestedLink, SqueezedLink
from squall.faults.market import QuoteStuffing
from squall.faults.memory import MemoryLeak
from squall.faults.messages import FieldsSwapped
from squall.faults.network import Clogging, Flapping, LinkCut, PacketLoss, Partition
from squall.faults.packets import Corruption, Duplication, Jitter, Latency, Reordering
from squall.faults.phases import MILLISECOND, SECOND, Phases
from squall.faults.site import CoolingLost
from squall.faults.software import BadConfig, Hangs, Livelock, PoisonMessage, Sluggish, Throws
from squall.faults.targets import PLACES
from squall.faults.venue_staff import (
    HELD_NAMES,
    OrdersHeld,
    TradesBusted,
    TradesCorrected,
    UnsolicitedCancels,
    VenueCloses,
)
from squall.sim.world import World

T = TypeVar("T")


class Uniform(Protocol):
    """Where uniforms come from: the keyed chance of a seed, or whoever wants to choose (`squall.strategies`)."""

    def uniform(self, key: str) -> float:
        """In [0, 1), for this name."""


class Dice:
    """Keyed draws for one fault: each has a name, so that none moves when another is added."""

    def __init__(self, chance: Uniform, key: str) -> None:
        self._chance = chance
        self._key = key

    def uniform(self, name: str) -> float:
        """In [0, 1)."""
        return self._chance.uniform(f"{self._key}/{name}")

    def between(self, name: str, low: float, high: float) -> float:
        """From *low* to *high*, both above zero, every order of magnitude alike."""
        return low * exp(self.uniform(name) * log(high / low))

    def share(self, name: str, low: float, high: float) -> float:
        """As above, with three digits: what a person would write."""
        return round(self.between(name, low, high), 3)

    def ns(self, name: str, low_ns: int, high_ns: int) -> int:
        """As above, in whole milliseconds."""
        return int(self.between(name, low_ns, high_ns)) // MILLISECOND * MILLISECOND or MILLISECOND

    def one(self, name: str, options: Sequence[T]) -> T:
        """One of these."""
        return options[int(self.uniform(name) * len(options))]


class Drawn(Struct, frozen=True):
    """One kind: how to draw one of it, and how long it lasts."""

    kind: type[FaultKind]
    draw: Callable[[World, Dice], Fault]
    shortest_ns: int = 100 * MILLISECOND
    longest_ns: int = 3 * SECOND


def _venue(world: World, dice: Dice) -> str:
    return dice.one("target", tuple(world.venues))


def _host(world: World, dice: Dice) -> str:
    """A machine of the desk."""
    return dice.one("target", tuple(name for name in world.hosts if name not in world.venues))


def _others(world: World) -> str:
    """The rest of the desk; for one that is a single machine, the rest of the world."""
    return "desk" if len(world.groups.get("desk", ())) != 1 else "hosts"


def _link(world: World, dice: Dice) -> str:
    return dice.one("target", tuple(world.network.links))


def _squeezed(world: World, dice: Dice) -> Fault:
    """Where the link is narrow by itself, to half of that at the most."""
    target = _link(world, dice)
    bandwidth_bps = int(dice.between("bandwidth", 64_000, 4_000_000)) // 1_000 * 1_000
    own_bps = world.network.link(target).spec.bandwidth_bps
    return SqueezedLink(target, min(bandwidth_bps, own_bps // 2 or bandwidth_bps))


def _lines(world: World, what: str) -> tuple[str, ...]:
    """Order links, or feed links, by a part of their names; any link where the world has none of these."""
    links = tuple(world.network.links)
    return tuple(link for link in links if what in link) or links


def _service(world: World, dice: Dice) -> str:
    """A program of the desk."""
    return dice.one("target", PLACES["service"](world))


POISONS: Final = (
    ("oms1", "SubmitOrder"),
    ("oms1", "VenueReport"),
    ("oms2", "Replicate"),
    ("risk", "CheckOrder"),
    ("router", "RouteOrder"),
    ("execution", "SendOrder"),
    ("execution", "ExecutionReport"),
    ("positions", "BookFill"),
    ("strategy", "OrderTaken"),
    ("market-data", "BookUpdate"),
)
"""Whom a message may be poison to, in the desk that comes with squall."""

SLIPS: Final = (
    ("risk", "risk.max_order_lots", "1"),
    ("risk", "risk.max_position_lots", "1"),
    ("execution", "execution.ack_timeout", "1ms"),
    ("execution", "execution.heartbeat_interval", "10ms"),
    ("execution", "breaker.failure_threshold", "1"),
    ("market-data", "feed.snapshot_timeout", "1ms"),
    ("strategy", "strategy.resubmit_interval", "20ms"),
    ("oms1", "oms.inquiry_interval", "20ms"),
    ("oms1", "lease.self_stop", "off"),
)
"""Configurations that are wrong, and cost a sound desk some trade or some work, but none of its promises: also where
nobody leads for as long as a drawn fault lasts (so no order is repeated every millisecond: it would be given up)."""


def _poisoned(world: World, dice: Dice) -> Fault:
    known = [(program, message) for program, message in POISONS if program in PLACES["service"](world)]
    if not known:
        return Throws(_service(world, dice))
    return PoisonMessage(*dice.one("message", known), dice.share("share", 0.02, 1.0))


def _misconfigured(world: World, dice: Dice) -> Fault:
    known = [slip for slip in SLIPS if slip[0] in PLACES["service"](world)]
    return BadConfig(*dice.one("slip", known)) if known else Throws(_service(world, dice))


def _mistyped(world: World, dice: Dice) -> Fault:
    """What the gate stops: a price for a quantity is far beyond the size of any order."""
    if "strategy" not in PLACES["service"](world):
        return Throws(_service(world, dice))
    return FieldsSwapped(
        "strategy", "SubmitOrder", "quantity_lots", "price_half_ticks", share=dice.share("share", 0.1, 1.0)
    )


EXCHANGE_API: Final = "exchange-api"
NETWORK: Final = "network"
SOFTWARE: Final = "software"
DATA_FEED: Final = "data-feed"
HARDWARE: Final = "hardware"

CATALOGUE: Final[Mapping[str, tuple[Drawn, ...]]] = {
    EXCHANGE_API: (
        Drawn(RequestsLost, lambda world, dice: RequestsLost(_venue(world, dice), dice.share("share", 0.1, 1.0))),
        Drawn(ReportsLost, lambda world, dice: ReportsLost(_venue(world, dice), dice.share("share", 0.1, 1.0))),
        Drawn(
            ApiSlow,
            lambda world, dice: ApiSlow(_venue(world, dice), dice.ns("delay", 20 * MILLISECOND, 1 * SECOND)),
        ),
        Drawn(
            ErrorStorm,
            lambda world, dice: ErrorStorm(
                _venue(world, dice), dice.share("share", 0.1, 1.0), dice.one("error", ERROR_NAMES)
            ),
        ),
        Drawn(SessionDrop, lambda world, dice: SessionDrop(_venue(world, dice)), 10 * MILLISECOND),
        Drawn(
            SessionFlaps,
            lambda world, dice: SessionFlaps(_venue(world, dice), dice.ns("period", 200 * MILLISECOND, SECOND)),
            SECOND,
        ),
        Drawn(SilentStall, lambda world, dice: SilentStall(_venue(world, dice), dice.uniform("discards") < 0.5)),
        Drawn(
            DuplicateReports,
            lambda world, dice: DuplicateReports(
                _venue(world, dice), dice.share("share", 0.1, 1.0), dice.ns("delay", MILLISECOND, SECOND)
            ),
        ),
        Drawn(
            OutOfOrderReports,
            lambda world, dice: OutOfOrderReports(
                _venue(world, dice), dice.share("share", 0.1, 0.9), dice.ns("delay", MILLISECOND, SECOND)
            ),
        ),
        Drawn(
            LateReports,
            lambda world, dice: LateReports(_venue(world, dice), dice.ns("delay", 10 * MILLISECOND, SECOND)),
        ),
        Drawn(
            AckAfterFill, lambda world, dice: AckAfterFill(_venue(world, dice), dice.ns("delay", MILLISECOND, SECOND))
        ),
        Drawn(
            TradesBusted,
            lambda world, dice: TradesBusted(
                _venue(world, dice), dice.share("share", 0.1, 1.0), dice.ns("delay", 10 * MILLISECOND, 4 * SECOND)
            ),
        ),
        Drawn(
            TradesCorrected,
            lambda world, dice: TradesCorrected(
                _venue(world, dice),
                dice.one("by", (-4, -2, 2, 4)),
                dice.share("share", 0.1, 1.0),
                dice.ns("delay", 10 * MILLISECOND, 4 * SECOND),
            ),
        ),
        Drawn(
            UnsolicitedCancels,
            lambda world, dice: UnsolicitedCancels(_venue(world, dice), dice.share("share", 0.3, 1.0)),
        ),
        Drawn(
            OrdersHeld,
            lambda world, dice: OrdersHeld(
                _venue(world, dice), dice.share("share", 0.3, 1.0), dice.one("held", HELD_NAMES)
            ),
        ),
        Drawn(VenueCloses, lambda world, dice: VenueCloses(_venue(world, dice)), SECOND),
        Drawn(DropCopyLost, lambda world, dice: DropCopyLost(_venue(world, dice), dice.share("share", 0.1, 1.0))),
        Drawn(
            DropCopyLate, lambda world, dice: DropCopyLate(_venue(world, dice), dice.ns("delay", MILLISECOND, SECOND))
        ),
        Drawn(QueriesUnanswered, lambda world, dice: QueriesUnanswered(_venue(world, dice)), SECOND, 5 * SECOND),
    ),
    NETWORK: (
        Drawn(
            PacketLoss,
            lambda world, dice: PacketLoss(
                dice.one("target", tuple(world.network.links)), dice.share("share", 0.01, 0.5)
            ),
        ),
        Drawn(
            LinkCut,
            lambda world, dice: LinkCut(dice.one("target", tuple(world.network.links))),
            10 * MILLISECOND,
            2 * SECOND,
        ),
        Drawn(
            Partition,
            lambda world, dice: Partition((_host(world, dice),), (_others(world),), dice.uniform("both ways") < 0.5),
            10 * MILLISECOND,
            2 * SECOND,
        ),
        Drawn(Latency, lambda world, dice: Latency(_link(world, dice), dice.ns("delay", MILLISECOND, SECOND // 4))),
        Drawn(Jitter, lambda world, dice: Jitter(_link(world, dice), dice.ns("delay", MILLISECOND, SECOND // 4))),
        Drawn(
            Reordering,
            lambda world, dice: Reordering(
                _link(world, dice), dice.share("share", 0.01, 0.5), dice.ns("delay", MILLISECOND, 20 * MILLISECOND)
            ),
        ),
        Drawn(Duplication, lambda world, dice: Duplication(_link(world, dice), dice.share("share", 0.01, 1.0))),
        Drawn(Corruption, lambda world, dice: Corruption(_link(world, dice), dice.share("share", 0.01, 0.5))),
        Drawn(
            Flapping,
            lambda world, dice: Flapping(_link(world, dice), dice.ns("period", 20 * MILLISECOND, SECOND)),
        ),
        Drawn(
            Clogging,
            lambda world, dice: Clogging("40% of links", dice.ns("stagger", 50 * MILLISECOND, SECOND // 2)),
            SECOND,
        ),
        Drawn(
            BurstyLoss,
            lambda world, dice: BurstyLoss(
                _link(world, dice),
                dice.ns("bad", 5 * MILLISECOND, SECOND // 5),
                dice.ns("good", 20 * MILLISECOND, SECOND),
                dice.share("loss", 0.3, 1.0),
            ),
        ),
        Drawn(SqueezedLink, _squeezed),
        Drawn(
            CongestedLink,
            lambda world, dice: CongestedLink(_link(world, dice), dice.share("load", 0.5, 1.5)),
        ),
    ),
    SOFTWARE: (
        Drawn(Pause, lambda world, dice: Pause(_host(world, dice)), 10 * MILLISECOND, 2 * SECOND),
        Drawn(Throws, lambda world, dice: Throws(_service(world, dice))),
        Drawn(PoisonMessage, _poisoned),
        Drawn(Hangs, lambda world, dice: Hangs(_service(world, dice)), 10 * MILLISECOND),
        Drawn(Livelock, lambda world, dice: Livelock(_service(world, dice)), 10 * MILLISECOND, 2 * SECOND),
        Drawn(Sluggish, lambda world, dice: Sluggish(_service(world, dice), dice.share("factor", 2.0, 1_000.0))),
        Drawn(MemoryLeak, lambda world, dice: MemoryLeak(_service(world, dice), int(dice.between("mib", 1e3, 2e4)))),
        Drawn(BadConfig, _misconfigured),
        Drawn(FieldsSwapped, _mistyped),
    ),
    DATA_FEED: (
        Drawn(
            PacketLoss,
            lambda world, dice: PacketLoss(dice.one("target", _lines(world, "/feed-")), dice.share("share", 0.02, 1.0)),
        ),
        Drawn(LinkCut, lambda world, dice: LinkCut(dice.one("target", _lines(world, "/feed-")))),
        Drawn(
            FeedGap,
            lambda world, dice: FeedGap(_venue(world, dice), dice.share("share", 0.05, 1.0), dice.one("lines", LINES)),
        ),
        Drawn(FeedStale, lambda world, dice: FeedStale(_venue(world, dice))),
        Drawn(FeedStuck, lambda world, dice: FeedStuck(_venue(world, dice))),
        Drawn(FeedCrossed, lambda world, dice: FeedCrossed(_venue(world, dice), dice.share("share", 0.05, 0.8))),
        Drawn(FeedLocked, lambda world, dice: FeedLocked(_venue(world, dice), dice.share("share", 0.05, 0.8))),
        Drawn(FeedImpossible, lambda world, dice: FeedImpossible(_venue(world, dice), dice.share("share", 0.05, 0.8))),
        Drawn(FeedMisnamed, lambda world, dice: FeedMisnamed(_venue(world, dice), dice.share("share", 0.05, 0.8))),
        Drawn(
            FeedReplays,
            lambda world, dice: FeedReplays(_venue(world, dice), dice.ns("back", 50 * MILLISECOND, SECOND)),
        ),
        Drawn(
            BadTick,
            lambda world, dice: BadTick(
                _venue(world, dice), dice.share("share", 0.05, 0.8), dice.share("factor", 1.5, 100.0)
            ),
        ),
        Drawn(
            FeedDuplicate,
            lambda world, dice: FeedDuplicate(
                _venue(world, dice), dice.share("share", 0.05, 1.0), dice.one("lines", LINES)
            ),
        ),
        Drawn(
            FeedLate,
            lambda world, dice: FeedLate(
                _venue(world, dice), dice.ns("delay", MILLISECOND, SECOND), dice.one("lines", LINES)
            ),
        ),
        Drawn(FeedLineDead, lambda world, dice: FeedLineDead(_venue(world, dice), dice.one("line", ("A", "B")))),
        Drawn(FeedDead, lambda world, dice: FeedDead(_venue(world, dice))),
        Drawn(
            QuoteStuffing,
            lambda world, dice: QuoteStuffing(_venue(world, dice), int(dice.between("per second", 20, 200))),
            10 * MILLISECOND,
            SECOND // 2,
        ),
        Drawn(
            MessageStorm,
            lambda world, dice: MessageStorm(_venue(world, dice), int(dice.between("per second", 20, 400))),
            10 * MILLISECOND,
            SECOND // 2,
        ),
    ),
    HARDWARE: (
        Drawn(Crash, lambda world, dice: Crash(_host(world, dice)), 500 * MILLISECOND),
        Drawn(TornWrite, lambda world, dice: TornWrite(_host(world, dice)), 500 * MILLISECOND),
        Drawn(NicDown, lambda world, dice: NicDown(_host(world, dice)), 10 * MILLISECOND, 2 * SECOND),
        Drawn(CoreThrottled, lambda world, dice: CoreThrottled(_host(world, dice), dice.share("factor", 2.0, 100.0))),
        Drawn(DiskFull, lambda world, dice: DiskFull(_host(world, dice))),
        Drawn(DiskSlow, lambda world, dice: DiskSlow(_host(world, dice), dice.share("factor", 2.0, 1_000.0))),
        Drawn(ReadError, lambda world, dice: ReadError(_host(world, dice), dice.share("share", 0.1, 1.0))),
        Drawn(
            CoolingLost,
            lambda world, dice: CoolingLost(
                _host(world, dice), dice.ns("step", 50 * MILLISECOND, SECOND), dice.share("factor", 1.5, 10.0)
            ),
            SECOND,
        ),
        Drawn(
            ClockStep,
            lambda world, dice: ClockStep(
                _host(world, dice), dice.one("way", (1, -1)) * dice.ns("by", MILLISECOND, 100 * SECOND)
            ),
        ),
        Drawn(ClockDrift, lambda world, dice: ClockDrift(_host(world, dice), int(dice.between("ppm", 10, 150)))),
    ),
}
"""A new kind is one more line here, under what an incident report would call it; a pause is a garbage collector's. Not
drawn, since no desk could keep its promises or none has to: ``Crash`` with its disk (with the leader's disk gone while
its backup is down, orders are gone by design), ``BitRot`` (likewise of the only copy), ``PowerLost`` (of one machine it
is ``TornWrite``), ``PriceSlide`` (a market that falls is no failure), ``OldVersion`` (what a build does is its own),
and ``OffByOne`` and ``ValueAsQuantity`` (the desk does what it is told, and nobody else knows what was meant)."""


def planned(world: World, drawn: Drawn, phases: Phases, start_ns: int, name: str) -> Planned:
    """One of this kind from *start_ns* on, its window and intensities drawn by *name*; over when healing is."""
    dice = Dice(world.chance, f"drawn/{name}")
    lasts_ns = dice.ns("window", drawn.shortest_ns, drawn.longest_ns)
    end_ns = max(start_ns + 1, min(start_ns + lasts_ns, phases.healed_ns))
    # A drawn fault may find nothing to do: that something was struck is asked of the whole plan.
    return Planned(drawn.draw(world, dice), start_ns, end_ns, must_touch=False, name=name)


def name_of(category: str, drawn: Drawn, number: int) -> str:
    """What a drawn fault is called: ``network packet-loss 2``."""
    return f"{category} {tag_of(drawn.kind)} {number}"
