"""Says what a record means, in a sentence that somebody who has never seen the code understands."""

from typing import Any

from squall.sim.trace import (
    DiskLost,
    DiskSynced,
    FaultBegan,
    FaultHealed,
    Handled,
    HostCrashed,
    HostPaused,
    HostRestarted,
    HostResumed,
    PacketDropped,
    ProgramRaised,
    Record,
    Retransmitted,
    Sent,
    StreamClosed,
    StreamOpened,
    TouchChanged,
    VenueAccepted,
    VenueClosed,
    VenueExecuted,
    VenueIgnored,
    VenueRefused,
)


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
        case StreamOpened():
            return f"a stream from {event.client} to {event.server} opens"
        case StreamClosed():
            return f"{event.end} learns that its stream to {event.peer} is gone: {event.reason}"
        case DiskSynced():
            return f"{record.host} has {event.records} records of {event.file} on its disk"
        case DiskLost():
            what = "the whole disk" if event.whole_disk else "what was not synced"
            return f"{record.host} loses {what}: {event.records} records"
        case HostCrashed():
            return f"{record.host} crashes" + (", and its disk is gone" if event.with_disk else "")
        case HostRestarted():
            return f"{record.host} comes back"
        case HostPaused():
            return f"{record.host} stops for a while"
        case HostResumed():
            return f"{record.host} goes on"
        case ProgramRaised():
            return f"{event.program} raises {event.error} at {event.where}"
        case FaultBegan():
            return f"the fault begins: {event.kind} on {event.target}"
        case FaultHealed():
            return f"the fault ends: {event.kind} on {event.target}, {event.effects} effects"
        case _:
            return _of_venue(event) or f"{record.host} says: {_claim(event)}"


def _of_venue(event: Any) -> str | None:
    match event:
        case VenueAccepted():
            side = "buy" if event.buy else "sell"
            return f"{event.venue} accepts {event.cl_ord_id}: {side} {event.lots} {event.symbol}"
        case VenueExecuted():
            return (
                f"{event.venue} executes {event.lots} {event.symbol} of {event.cl_ord_id} ({event.exec_id})"
            )
        case VenueClosed():
            return f"{event.venue} closes {event.cl_ord_id} with {event.leaves_lots} lots left"
        case VenueRefused():
            return f"{event.venue} refuses {event.cl_ord_id}: {event.reason}"
        case VenueIgnored():
            return f"{event.venue} " + (
                f"never sends {event.what}" if event.report else f"never acts on {event.what}"
            )
        case TouchChanged():
            return f"{event.venue} shows a new touch in {event.symbol} with message {event.seq}"
        case _:
            return None


def _message(message: Any) -> str:
    return f"{type(message).__name__} ({message.identity})"


def _claim(event: Any) -> str:
    fields = ", ".join(f"{name} {getattr(event, name)}" for name in getattr(event, "__struct_fields__", ()))
    return f"{type(event).__name__}: {fields}"
