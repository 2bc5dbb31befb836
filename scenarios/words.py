"""Says what a record means, to somebody who has never seen the code. The host is told beside it."""

from typing import Any, Final

from squall.sim.trace import (
    ClockDisciplined,
    ConfigPushed,
    DiskLost,
    DiskSynced,
    FaultBegan,
    FaultHealed,
    FeedTold,
    Handled,
    HostCrashed,
    HostPaused,
    HostRestarted,
    HostResumed,
    Intercepted,
    PacketDropped,
    ProgramRaised,
    ProgramStarted,
    ProgramStopped,
    QueueFull,
    Record,
    Retransmitted,
    RoutesChanged,
    Sent,
    StreamClosed,
    StreamOpened,
    TouchChanged,
    VenueAccepted,
    VenueBusted,
    VenueClosed,
    VenueCorrected,
    VenueExecuted,
    VenueIgnored,
    VenueRefused,
    VenueReplaced,
)
from squall.system.domain.messages import Replicate, Replicated

PLUMBING: Final = (Replicate, Replicated)
"""Messages that keep two copies alike: true links of a chain, and no news to whoever reads it."""


def is_plumbing(record: Record) -> bool:
    """Whether a story is better told without this link."""
    event = record.event
    return type(event) is DiskSynced or (type(event) in (Sent, Handled) and type(event.message) in PLUMBING)


def in_words(record: Record) -> str:
    """One sentence for one record."""
    event: Any = record.event
    match event:
        case Sent():
            return f"{event.sender} sends {event.to} {_message(event.message)}"
        case Handled():
            return f"{event.to} handles {_message(event.message)} from {event.sender}"
        case PacketDropped():
            return f"{event.link} loses {event.what}, from {event.sender} to {event.to}"
        case Retransmitted():
            return (
                f"{event.sender} repeats {event.what} to {event.to} after {event.after_ns / 1e6:.0f} ms "
                f"without an acknowledgement (attempt {event.attempt + 1})"
            )
        case RoutesChanged():
            around = ", ".join(event.around) or "nothing"
            return f"leads {_count(event.ways, 'route')} anew, around {around}"
        case StreamOpened():
            return f"a stream from {event.client} to {event.server} opens"
        case StreamClosed():
            return f"{event.end} learns that its stream to {event.peer} is gone: {event.reason}"
        case DiskSynced():
            return f"{event.file} on disk: {_count(event.records, 'record')} more"
        case DiskLost():
            what = "the whole disk" if event.whole_disk else "what was not synced"
            return f"loses {what}: {_count(event.records, 'record')}"
        case ClockDisciplined():
            off = f"{abs(event.offset_ns) / 1e3:.1f} us {'behind' if event.offset_ns > 0 else 'ahead'}"
            doubt = f", {_count(event.disbelieved, 'server')} not believed" if event.disbelieved else ""
            return f"finds its clock {off}, and {event.deed}{doubt}"
        case QueueFull():
            return f"{event.message} from {event.sender} to {event.to} finds the queue full, and {event.deed}"
        case HostCrashed():
            return "crashes" + (", and its disk is gone" if event.with_disk else "")
        case HostRestarted():
            return "comes back"
        case HostPaused():
            return "stops for a while"
        case HostResumed():
            return "goes on"
        case ProgramStopped():
            return f"{event.program} goes down: {event.why}"
        case ProgramStarted():
            return f"{event.program} starts again" + (f", as version {event.version}" if event.version else "")
        case ConfigPushed():
            return f"{event.program} is configured anew: {event.what}"
        case Intercepted():
            other = f", from {event.peer}" if event.way == "in" else f", to {event.peer}"
            return f"a fault in its code: {event.program} {event.deed} {event.what}{other}"
        case ProgramRaised():
            return f"{event.program} raises {event.error} at {event.where}"
        case FaultBegan():
            return f"the fault begins: {event.kind} on {event.target}"
        case FaultHealed():
            return f"the fault ends: {event.kind} on {event.target}, {_count(event.effects, 'effect')}"
        case _:
            return _of_venue(event) or f"says: {_claim(event)}"


def _of_venue(event: Any) -> str | None:
    match event:
        case VenueAccepted():
            side = "buy" if event.buy else "sell"
            return f"accepts {event.cl_ord_id}: {side} {event.lots} {event.symbol}"
        case VenueExecuted():
            return f"executes {event.lots} {event.symbol} of {event.cl_ord_id} ({event.exec_id})"
        case VenueReplaced():
            return f"makes {event.orig_cl_ord_id} {event.cl_ord_id}: {event.lots} lots, {event.leaves_lots} left"
        case VenueBusted():
            return f"busts {event.exec_ref_id}: {event.lots} {event.symbol} of {event.cl_ord_id} ({event.exec_id})"
        case VenueCorrected():
            was = event.was_price_half_ticks
            return f"corrects {event.exec_ref_id} from {was} to {event.price_half_ticks} half ticks ({event.exec_id})"
        case VenueClosed():
            return f"closes {event.cl_ord_id} with {event.leaves_lots} lots left"
        case VenueRefused():
            return f"refuses {event.cl_ord_id}: {event.reason}"
        case VenueIgnored():
            return f"{event.venue} " + (f"never sends {event.what}" if event.report else f"never acts on {event.what}")
        case TouchChanged():
            return f"shows a new touch in {event.symbol} with message {event.seq}"
        case FeedTold():
            what = "tells the truth" if event.truly else "tells what is not so"
            return f"{what} about {event.symbol} from message {event.seq} on"
        case _:
            return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _message(message: Any) -> str:
    return f"{type(message).__name__} ({message.identity})"


def _claim(event: Any) -> str:
    fields = ", ".join(f"{name} {getattr(event, name)}" for name in getattr(event, "__struct_fields__", ()))
    return f"{type(event).__name__}: {fields}"
