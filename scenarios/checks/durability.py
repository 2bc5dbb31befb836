"""Nothing that mattered is lost with a machine, and what is rebuilt from a journal is what was live."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from squall.scenarios.result import Verdict
from squall.scenarios.scenario import Promise, Ruling
from squall.scenarios.topology import Stage
from squall.sim.trace import Record, Sent, VenueAccepted
from squall.system.domain.claims import StateHash
from squall.system.domain.events import AnyEvent, OrderSubmitted, ParentTaken
from squall.system.domain.messages import Leading, OrderTaken
from squall.system.domain.oms_state import OmsState, evolve
from squall.system.domain.schemas import SECOND
from squall.system.services.journal import FILE, JournalRecord

_RECORD: Final = msgspec.msgpack.Decoder(JournalRecord)


class _LeadersJournal:
    """The journal of whoever led last: all that has come to its disk, as it was written.

    Records that have rotted since were kept; that nobody leads from what is left of them is for others to judge.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._leader: str | None = None
        stage.world.trace.watch(self._on_leading, Sent, Leading)

    def _on_leading(self, record: Record) -> None:
        self._leader = record.event.message.leader

    @property
    def leader(self) -> str | None:
        return self._leader

    def events(self) -> Iterator[AnyEvent]:
        """Decoded one by one, in order, from the last image on; none where nobody ever led."""
        if self._leader is None:
            return
        records: list[JournalRecord] = []
        disk = self._stage.world.transport.slot_of(self._leader).host.disk
        for data in disk.written(FILE)[: disk.files.get(FILE, 0)]:
            record = _RECORD.decode(data)
            if record.image:
                records.clear()
            records.append(record)
        for record in records:
            for encoded in record.events:
                yield SECOND.decode(encoded)  # of whichever build wrote it


TAKEN: Final = (OrderSubmitted, ParentTaken)
"""How a journal says that the desk has an order; a client's parent is one too."""


class _NothingLost:
    """RPO: orders that were taken, or that a venue accepted, and that the last leader's journal does not know."""

    def __init__(self, stage: Stage) -> None:
        self._journal = _LeadersJournal(stage)
        self._owed: dict[str, tuple[int, int, str]] = {}
        """Order to when, by which record, and to whom the desk came to owe it."""
        stage.world.trace.watch(self._on_taken, Sent, OrderTaken)
        stage.world.trace.watch(self._on_accepted, VenueAccepted)

    def _on_taken(self, record: Record) -> None:
        self._owed.setdefault(record.event.message.cl_ord_id, (record.at_ns, record.seq, "was taken"))

    def _on_accepted(self, record: Record) -> None:
        event: VenueAccepted = record.event
        owed = (record.at_ns, record.seq, f"was accepted by {event.venue}")
        self._owed.setdefault(event.cl_ord_link_id, owed)

    def ruling(self) -> Ruling:
        known = {event.cl_ord_id for event in self._journal.events() if type(event) in TAKEN}
        leader = self._journal.leader
        lost = [(order, *owed) for order, owed in self._owed.items() if order not in known]
        if not self._owed:
            return Ruling(Verdict.INCONCLUSIVE, "no order was ever taken or accepted")
        if not lost:
            return Ruling(Verdict.PASS, f"RPO 0: all {len(self._owed)} orders are in {leader}'s journal")
        order, at_ns, seq, what = lost[0]
        detail = f"{len(lost)} orders are lost: {order} {what}, and {leader}'s journal does not know it"
        return Ruling(Verdict.VIOLATED, detail, at_ns, seq)


def nothing_lost() -> Promise:
    """RPO 0: whatever the desk let out, or a venue took, is in the journal of whoever leads in the end."""
    return Promise("nothing is lost (RPO 0)", "durability", _NothingLost, of_our_desk=True)


class _RebuiltEqualsLive:
    """Folds the last leader's journal anew, and compares at the version of its last published hash."""

    def __init__(self, stage: Stage) -> None:
        self._journal = _LeadersJournal(stage)
        self._hashes: dict[str, dict[int, Record]] = {}
        stage.world.trace.watch_claims(self._on_hash, StateHash)

    def _on_hash(self, record: Record) -> None:
        # The latest one of a host is enough; keeping the claim of each host keeps memory flat.
        self._hashes[record.host] = {record.event.version: record}

    def ruling(self) -> Ruling:
        leader = self._journal.leader
        claimed = self._hashes.get(leader or "", {})
        if not claimed:
            return Ruling(Verdict.INCONCLUSIVE, "no state hash was ever published by the last leader")
        version, record = next(iter(claimed.items()))
        state = OmsState()
        for event in islice(self._journal.events(), version):
            try:
                evolve(state, event)
            except Exception as error:  # the desk's own rule breaks on the desk's own journal: a finding
                what = f"{type(event).__name__} of {event.cl_ord_id} at version {state.version}"
                detail = f"{leader}'s journal cannot be folded: {what} raises {type(error).__name__}: {error}"
                return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)
        if state.hash() == record.event.hash:
            return Ruling(Verdict.PASS, f"{leader}'s journal folds to its live state at version {version}")
        detail = f"{leader}'s journal up to version {version} folds to {state.hash()}, live it was {record.event.hash}"
        return Ruling(Verdict.VIOLATED, detail, record.at_ns, record.seq)


def rebuilt_equals_live() -> Promise:
    """The state rebuilt from the leader's disk is the state that was live when it was last published."""
    return Promise("rebuilt state equals live state", "durability", _RebuiltEqualsLive, of_our_desk=True)
