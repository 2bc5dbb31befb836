"""The journal's second copy: the leader's side, which knows what may leave, and the standby's."""

from collections import deque
from itertools import islice

from squall.system.domain.ids import Epoch
from squall.system.domain.messages import JoinStandby, JournalImage, Replicate, Replicated, SchemaRead
from squall.system.domain.schemas import FIRST, Schema, tag_of
from squall.system.runtime import Address, Runtime
from squall.system.services.journal import Journal


class Replication:
    """The leader's side, for one epoch: one batch is under way at a time, what comes meanwhile is the next.

    The leader runs alone until a standby has joined. From then on nothing may leave that the standby does not
    hold; and when it falls out of step, nothing leaves until it is back.
    """

    def __init__(
        self, runtime: Runtime, journal: Journal, standby: Address, epoch: Epoch, schema: Schema = FIRST
    ) -> None:
        self._runtime = runtime
        self._journal = journal
        self._standby = standby
        self._epoch = epoch
        self._schema = schema
        self._read = FIRST.number
        """The schema that the standby reads."""
        self._backlog: deque[bytes] | None = None
        """The events after version *_held* that the standby may lack; None where we have not kept them."""
        self._base = 0
        """The version before the first of the backlog."""
        self._held = 0
        """The standby has said that it holds all up to this version."""
        self._shipped = 0
        self._under_way = False
        # What we inherited counts as safe: it is on our disk before we act, and there is nobody else to ask.
        self._committed = journal.version
        self.joined = False
        """A standby has had the whole journal in this epoch: from then on, commits need it."""
        self.in_step = False
        """The stream stands, and the standby on it has this journal or is being sent it."""

    @property
    def writes(self) -> Schema:
        """In which schema what is new is written: one that the standby reads too, which may have to take over."""
        return self._schema if self._read >= self._schema.number else FIRST

    def on_schema(self, message: SchemaRead) -> None:
        """The standby says what it reads."""
        self._read = message.schema

    @property
    def lost(self) -> bool:
        """The backup has joined and is gone: we may not go on without it."""
        return self.joined and not self.in_step

    @property
    def alone(self) -> bool:
        """No backup has joined in this epoch, and none is about to."""
        return not self.joined and not self.in_step

    @property
    def complete(self) -> bool:
        """The standby is here, and holds all that is in the journal, on its disk as on ours."""
        journal = self._journal
        return self.joined and self.in_step and self._held == journal.version == journal.durable_version

    def committed(self, output_commit: bool) -> int:
        """The version up to which effects may leave; it never goes back."""
        limit = self._journal.durable_version
        if output_commit and self.joined:
            limit = min(limit, self._held)
        elif output_commit and self.in_step:
            limit = 0  # the image is under way: a moment's patience, and no event is in one place only
        if limit > self._committed:
            self._committed = limit
        return self._committed

    def add(self, events: tuple[bytes, ...]) -> None:
        """The leader has appended these; they are shipped as soon as nothing else is under way."""
        if self._backlog is not None:
            self._backlog.extend(events)
            self._ship()

    def _ship(self) -> None:
        if self._backlog is None or not self.in_step or self._under_way:
            return
        first = self._shipped - self._base
        if first >= len(self._backlog):
            return
        last = first + 1 if self._runtime.buggify("batch of one", self._shipped) else None
        events = tuple(islice(self._backlog, first, last))
        if self._runtime.write(self._standby, Replicate(self._epoch, self._shipped, events)):
            self._shipped += len(events)
            self._under_way = True

    def on_join(self) -> None:
        """The standby needs the whole journal."""
        events = self._image()
        if self._runtime.write(self._standby, JournalImage(self._epoch, events)):
            self._backlog = deque()
            self._base = self._shipped = len(events)
            self._held = 0
            self._under_way = self.in_step = True

    def _image(self) -> tuple[bytes, ...]:
        """The whole journal, in words that the standby knows: a build that was taken back gets it as it was then."""
        events = self._journal.events()
        if self._read >= self._schema.number:
            return tuple(events)
        decode, unknown = self._schema.decode, FIRST.unknown
        return tuple(FIRST.encode(decode(event)) if tag_of(event) in unknown else event for event in events)

    def on_replicated(self, message: Replicated) -> None:
        """The standby holds all up to this version: of a batch, or as it says on a new stream."""
        version = message.version
        mine = message.epoch == self._epoch and version <= self._journal.version
        if self._backlog is None or not mine or version < self._base:
            if not self._under_way:
                self.on_join()
            return
        for _ in range(version - self._base):
            self._backlog.popleft()
        self._base = self._held = version
        if not self.in_step or version >= self._shipped:
            self._shipped = version
            self._under_way = False
        self.joined = self.in_step = True
        self._ship()

    def on_stream_closed(self) -> None:
        """What was under way may be lost; the standby says on its next stream what it holds, and what it reads."""
        self._read = FIRST.number
        self.in_step = self._under_way = False
        if not self.joined:
            self._backlog = None


class Follower:
    """The standby's side: takes what the leader ships, and says what is on its disk. It folds nothing."""

    def __init__(self, runtime: Runtime, journal: Journal, peer: Address, schema: Schema = FIRST) -> None:
        self._runtime = runtime
        self._journal = journal
        self._peer = peer
        self._schema = schema
        self._heard = Epoch(0)
        """The highest epoch that we know to be led."""
        self._open = False
        self._asked = False
        """For the image, on this stream."""
        self._attempts = 0
        self._unopened_beats = 0
        self._owes = False

    @property
    def in_step(self) -> bool:
        """We have the journal of the leader that we hear, on our disk, and a stream to hear more of it."""
        return self._open and not self._owes and self._heard == self._journal.epoch > 0

    def on_beat(self, epoch: Epoch) -> None:
        """The leader of this epoch lives. Make sure that we follow it."""
        self._heard = max(self._heard, epoch)
        if not self._open:
            # The leader opens the stream; but one that died with our last life may look alive to it.
            self._unopened_beats += 1
            if self._unopened_beats > 1:
                self._runtime.open(self._peer)
        elif self._heard != self._journal.epoch:
            self._join()

    def _join(self) -> None:
        if not self._asked:
            self._attempts += 1
            self._asked = self._runtime.write(self._peer, JoinStandby(self._runtime.address, self._attempts))

    def start_anew(self) -> None:
        """What we had is void: ask for everything, also where we have asked before."""
        self._asked = self._owes = False

    def on_stream_open(self) -> None:
        """Say where we stand."""
        self._open, self._asked, self._unopened_beats = True, False, 0
        if self._schema.number > FIRST.number:
            self._runtime.write(self._peer, SchemaRead(self._runtime.address, self._schema.number))
        if self._heard and self._heard == self._journal.epoch:
            self._tell()
        else:
            self._join()

    def on_stream_closed(self) -> None:
        self._open = self._asked = False

    def on_image(self, image: JournalImage) -> None:
        """This is the journal now."""
        if image.epoch >= self._journal.epoch:
            self._heard = max(self._heard, image.epoch)
            self._journal.replace(image.epoch, image.events)
            self._owes = True

    def on_replicate(self, batch: Replicate) -> None:
        """Append what we do not have; where something is missing between, ask for everything."""
        journal = self._journal
        if batch.epoch != journal.epoch or batch.after_version > journal.version:
            if batch.epoch >= journal.epoch:
                self._join()
            return
        fresh = batch.events[journal.version - batch.after_version :]
        if fresh:
            journal.append(batch.epoch, fresh, journal.version)
            self._owes = True
        else:
            self._tell()

    def on_durable(self) -> None:
        """Something of ours is on the disk: the leader may be waiting for it."""
        if self._owes:
            self._owes = self._journal.syncing
            self._tell()

    def _tell(self) -> None:
        self._runtime.write(self._peer, Replicated(self._journal.epoch, self._journal.durable_version))
