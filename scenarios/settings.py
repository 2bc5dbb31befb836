"""Everything that a run can be set to: the desk's configuration and the world's, by dotted key."""

from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from squall.faults.durations import DurationError, format_duration, parse_duration
from squall.sim import bursts
from squall.sim.link import LinkSpec
from squall.sim.ntp import NtpSpec
from squall.sim.service import Exponential
from squall.sim.stream import TcpSpec
from squall.system.config import DeskConfig, Entry, ReferenceConfig
from squall.system.domain.ids import Symbol
from squall.system.domain.reference import corrected, settled
from squall.system.wiring import Instrument

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class NetworkConfig(Struct, frozen=True):
    """The links that every topology lays, and TCP's time-outs on them."""

    lan_latency_ns: int = 2_500
    """Each host to the switch, one way: two of these from host to host."""
    site_latency_ns: int = 100 * MICROSECOND
    """What it takes more from one site to another, one way: some twenty kilometres of fibre."""
    venue_latency_ns: int = 200 * MICROSECOND
    venue_jitter_ns: int = 50 * MICROSECOND
    venue_bandwidth_bps: int = 0
    """Bits a second of each line to a venue, each way; 0: bytes cost nothing."""
    venue_queue_bytes: int = 65_536
    """What may wait at either end of such a line."""
    venue_tail_ns: int = 0
    """What a packet to or from a venue takes longer on average, exponential, on top of the jitter; 0: nothing."""
    venue_bad_ns: int = 0
    """The mean length of the times in which a line to a venue loses everything, exponential; 0: there are none."""
    venue_good_ns: int = SECOND
    """That of the times between them."""
    rto_min_ns: int = 20 * MILLISECOND
    rto_max_ns: int = 2 * SECOND
    max_retransmissions: int = 8
    streams: Literal["lean", "tcp"] = "lean"
    """Whether streams are all of TCP, with windows, congestion and acknowledgements that are held back."""
    no_delay: bool = True
    """Protection, with TCP: TCP_NODELAY. Off, a small segment waits until all that is out is acknowledged (Nagle)."""
    delayed_ack_ns: int = 40 * MILLISECOND
    """With TCP: how long an acknowledgement waits for something to ride on."""
    keep_alive_ns: int = 0
    """With TCP: after so long without word an idle stream asks whether somebody is there. 0: it never asks."""
    reroute: bool = True
    """Protection: packets are led around a link that is down, where the market has a second carrier."""
    convergence_ns: int = 200 * MILLISECOND
    """How long it takes until they are, and as long until they come back."""

    @property
    def venue_line(self) -> LinkSpec:
        """What each line to a venue is like, and each half of the way round."""
        weather = bursts.Bursts(self.venue_bad_ns, self.venue_good_ns) if self.venue_bad_ns else None
        return LinkSpec(
            self.venue_latency_ns,
            self.venue_jitter_ns,
            bandwidth_bps=self.venue_bandwidth_bps,
            queue_bytes=self.venue_queue_bytes,
            spread=Exponential(self.venue_tail_ns) if self.venue_tail_ns else None,
            bursts=weather,
        )

    @property
    def tcp(self) -> TcpSpec | None:
        """What streams are like where they are all of TCP."""
        if self.streams == "lean":
            return None
        return TcpSpec(nagle=not self.no_delay, delayed_ack_ns=self.delayed_ack_ns, keep_alive_ns=self.keep_alive_ns)


class VenueConfig(Struct, frozen=True):
    refuse_duplicates: bool = True
    """Protection, on the venue's side: a ClOrdID that was seen before is refused."""
    query_cost_ns: int = 8 * MICROSECOND
    """How long a venue's machine is busy with one question about an order."""
    events_per_s: int = 1
    """How lively the simulated participants are, per symbol and venue."""
    take_per_100_lots: int = 0
    """Fee of a hundred lots for an order that took what rested, in half tick x lot; a rebate is negative."""
    make_per_100_lots: int = 0
    """The same for one that rested."""


class SiteConfig(Struct, frozen=True):
    """How our desk stands in its sites, in scenarios that have any."""

    spread: bool = True
    """Protection: the backup and most of the keepers stand in another site than the primary."""


class ObjectiveConfig(Struct, frozen=True):
    """What recovery is to reach."""

    rto_ns: int = 2 * SECOND
    """From the loss of the leader to the first acknowledged order of the next one."""


class Settings(Struct, frozen=True):
    """The desk's sections and the world's side by side: what `--set section.key=value` changes."""

    desk: DeskConfig = DeskConfig()
    network: NetworkConfig = NetworkConfig()
    venue: VenueConfig = VenueConfig()
    site: SiteConfig = SiteConfig()
    ntp: NtpSpec = NtpSpec()
    objective: ObjectiveConfig = ObjectiveConfig()


CHAPTER: Final = ("lease.beat=5s", "lease.missed_beats=3", "lease.lease=15s", "objective.rto=20s")
"""The chapter's heartbeat of 5 s, three missed, and what can be promised with it."""

SHORTEST_NS: Final = 1_000
"""Of any wait: timers that ring more often than each microsecond would keep a run busy for ever."""
TAKEN: Final = ("latency_ns", "jitter_ns", "tail_ns", "cost_ns")
"""Ends of the names of durations that are no waits: how long something takes. They may be as short as they are."""
MAY_BE_NONE: Final = ("jitter_ns", "tail_ns", "bad_ns", "keep_alive_ns", "bandwidth_bps")
"""Ends of the names of what may be nothing at all."""
LARGEST: Final = 10**18
"""Of any number, and of any duration in ns: some thirty years, and well within what a record can hold."""
SHORTEST: Final = {
    "algos.pace": MILLISECOND,
    "algos.history_interval": MILLISECOND,
    "ntp.poll": MILLISECOND,
    "network.venue_bad": bursts.SHORTEST_NS,
    "network.venue_good": bursts.SHORTEST_NS,
}
"""Waits that may not even be that short: each time a parent, or all that was recorded of a day, is looked through; and
each turn of a line's weather is drawn."""
LEAST: Final = {"network.venue_bandwidth_bps": 10_000}
"""Numbers that are more, where they are not nothing: a longer message would take seconds to go out."""
MOST: Final = {
    "algos.profile_parts": 1_000,
    "algos.shortfall_slices": 1_000,
    "algos.twap_slices": 1_000,
    "ntp.slew_ppm": 500,
    "router.count": 64,
    "var.confidence_percent": 99,
    "venue.take_per_100_lots": 10**9,
    "venue.make_per_100_lots": 10**9,
}
"""Numbers that are less, either way: of parts of a day each is kept, each router is a program of its own, a level of
100 % has no tail, and what a trade of all that may be held costs has to fit into a record."""
SIGNED: Final = ("daily_profit_target", "daily_profit_alert", "take_per_100_lots", "make_per_100_lots")
"""Money that may be lost as well as made: the only numbers that need not be above zero."""

PROFILES: Final[dict[str, tuple[str, ...]]] = {"default": (), "chapter": CHAPTER}


ORDERED: Final = (
    ("lease.lease", "lease.beat", False),
    ("network.rto_max", "network.rto_min", True),
    ("execution.query_interval_max", "execution.query_interval", True),
    ("execution.retry_interval_max", "execution.retry_interval", True),
    ("execution.reconnect_interval_max", "execution.reconnect_interval", True),
    ("execution.flap_interval_max", "execution.flap_interval", True),
)
"""Durations of which the first must not be shorter than the second, and whether they may be equal."""
COUNTED: Final = (("var.observations", "var.observations_min"),)
"""Numbers of which the first must not be less than the second."""


class SettingError(ValueError):
    """A `--set` that cannot be: one line that names the key, what was found and what was expected."""


def _sections(settings: Settings) -> dict[str, Struct]:
    desk = {name: getattr(settings.desk, name) for name in settings.desk.__struct_fields__}
    world = {"network": settings.network, "venue": settings.venue, "site": settings.site, "ntp": settings.ntp}
    return {**desk, **world, "objective": settings.objective}


def keys(settings: Settings) -> dict[str, Any]:
    """Every key and its value, in order. Times stand under their name without the unit, as `--set` takes them.

    Of the reference data those that were set.
    """
    plain = {
        f"{section}.{field.removesuffix('_ns')}": getattr(values, field)
        for section, values in _sections(settings).items()
        if section != "reference"
        for field in values.__struct_fields__
    }
    entries = settings.desk.reference.entries
    return {**plain, **{f"reference.{each.symbol}.{each.field}": each.value for each in entries}}


def override(settings: Settings, assignment: str) -> Settings:
    """A copy changed by one ``section.key=value``, or by ``profile=NAME``."""
    key, equals, text = assignment.partition("=")
    if not equals:
        raise SettingError(f"--set {assignment}: expected key=value, found no '='")
    if key == "profile":
        return _with_profile(settings, text)
    section, _, field = key.partition(".")
    if section == "reference":
        return _with_entry(settings, field, text)
    sections = _sections(settings)
    if section not in sections or not field:
        raise SettingError(f"--set {key}: no such key; sections are {', '.join(sections)}, and profile")
    values = sections[section]
    fields = values.__struct_fields__
    name = field if field in fields else f"{field}_ns"
    if name not in fields:
        known = ", ".join(f"{section}.{each.removesuffix('_ns')}" for each in fields)
        raise SettingError(f"--set {key}: no such key; {section} has {known}")
    value = _parse(key, name, get_type_hints(type(values))[name], text)
    changed = msgspec.structs.replace(values, **{name: value})
    if section in settings.desk.__struct_fields__:
        return msgspec.structs.replace(settings, desk=msgspec.structs.replace(settings.desk, **{section: changed}))
    return msgspec.structs.replace(settings, **{section: changed})


def _with_entry(settings: Settings, place: str, text: str) -> Settings:
    """One field of one instrument's entry: ``reference.ACME.sector=steel``."""
    symbol, _, field = place.rpartition(".")
    try:
        entries = settled(settings.desk.reference.entries, Entry(symbol, field, text))
    except ValueError as error:
        raise SettingError(f"--set reference.{place}: {error}") from None
    changed = msgspec.structs.replace(settings.desk, reference=ReferenceConfig(entries))
    return msgspec.structs.replace(settings, desk=changed)


def check_together(settings: Settings) -> None:
    """SettingError where two settings contradict each other, whoever made them: one line that names both."""
    values = keys(settings)
    for large, small, may_be_equal in ORDERED:
        if values[large] < values[small] or (values[large] == values[small] and not may_be_equal):
            expected = "at least" if may_be_equal else "more than"
            found = format_duration(values[large])
            raise SettingError(f"{large}: found {found}, expected {expected} {small}, {format_duration(values[small])}")
    for large, small in COUNTED:
        if values[large] < values[small]:
            raise SettingError(f"{large}: found {values[large]}, expected at least {small}, {values[small]}")
    _check_calendars(settings.desk.reference.entries)


def _check_calendars(entries: tuple[Entry, ...]) -> None:
    """No symbol's session may end before it has begun: nobody could ever trade it, and `restricted` says so better."""
    for symbol in dict.fromkeys(entry.symbol for entry in entries):
        (one,) = corrected((Instrument(Symbol(symbol)),), entries)
        if one.opens_ns >= one.closes_ns:
            opens, closes = format_duration(one.opens_ns), format_duration(one.closes_ns)
            raise SettingError(f"reference.{symbol}.opens: found {opens}, expected less than its closes, {closes}")


def _with_profile(settings: Settings, name: str) -> Settings:
    if name not in PROFILES:
        raise SettingError(f"--set profile={name}: no such profile; profiles are {', '.join(PROFILES)}")
    for assignment in PROFILES[name]:
        settings = override(settings, assignment)
    return settings


def _parse(key: str, name: str, kind: Any, text: str) -> Any:
    if kind is bool:
        switches = {"true": True, "on": True, "false": False, "off": False}
        if text.lower() not in switches:
            raise SettingError(f"--set {key}: expected on or off, found {text!r}")
        return switches[text.lower()]
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise SettingError(f"--set {key}: expected {' or '.join(get_args(kind))}, found {text!r}")
        return text
    if name.endswith("_ns"):
        try:
            value = parse_duration(text)
        except DurationError as error:
            raise SettingError(f"--set {key}: {error}") from None
        if value == 0 and name.endswith(MAY_BE_NONE):
            return 0
        if value == 0:
            raise SettingError(f"--set {key}: expected a duration above zero, found {text!r}")
        shortest_ns = SHORTEST.get(key.removesuffix("_ns"), SHORTEST_NS)
        if value < shortest_ns and not name.endswith(TAKEN):
            raise SettingError(f"--set {key}: expected a duration of at least {shortest_ns} ns, found {text!r}")
        if value > LARGEST:
            raise SettingError(f"--set {key}: expected a duration of at most {LARGEST} ns, found {text!r}")
        return value
    if kind is int:
        try:
            number = int(text)
        except ValueError:
            raise SettingError(f"--set {key}: expected a whole number, found {text!r}") from None
        if number <= 0 and name not in SIGNED and not (number == 0 and name.endswith(MAY_BE_NONE)):
            raise SettingError(f"--set {key}: expected a number above zero, found {text!r}")
        least = LEAST.get(key, number)
        if number and number < least:
            raise SettingError(f"--set {key}: expected a number of at least {least}, found {text!r}")
        most = MOST.get(key, LARGEST)
        if abs(number) > most:
            raise SettingError(f"--set {key}: expected a number of at most {most}, found {text!r}")
        return number
    raise SettingError(f"--set {key}: cannot be set")
