"""A small world to test the machinery in: programs that remember what they were told."""

from collections.abc import Callable, Hashable
from typing import Any, ClassVar

from msgspec import Struct

from squall.sim.host import Costs, ProgramRuntime
from squall.sim.link import LinkSpec
from squall.sim.stream import TransportSpec
from squall.sim.trace import Record
from squall.sim.world import World

MILLISECOND = 1_000_000


class Note(Struct, frozen=True, gc=False, tag=True):
    """A message with a name and nothing else."""

    wire_bytes: ClassVar[int] = 64
    is_heartbeat: ClassVar[bool] = False
    name: str

    @property
    def identity(self) -> str:
        return self.name


class Beat(Note, frozen=True, gc=False, tag=True):
    is_heartbeat: ClassVar[bool] = True


class Diary:
    """A program that writes down everything, and does what a test tells it to."""

    def __init__(self, runtime: ProgramRuntime) -> None:
        self.runtime = runtime
        self.entries: list[tuple[Any, ...]] = []
        self.reactions: dict[str, Callable[[str], None]] = {}

    @property
    def told(self) -> list[tuple[Any, ...]]:
        """Entries without their times."""
        return [entry[1:] for entry in self.entries]

    def _note(self, *what: Any) -> None:
        self.entries.append((self.runtime.monotonic_ns, *what))

    def on_start(self) -> None:
        self._note("start")

    def on_message(self, sender: str, message: Note) -> None:
        self._note("message", sender, message.name)
        reaction = self.reactions.get(message.name)
        if reaction is not None:
            reaction(sender)

    def on_timer(self, key: Hashable) -> None:
        self._note("timer", key)

    def on_durable(self, token: int) -> None:
        self._note("durable", token)

    def on_stream_open(self, peer: str) -> None:
        self._note("open", peer)

    def on_stream_closed(self, peer: str, reason: str) -> None:
        self._note("closed", peer, reason)

    def on_config(self, config: Any) -> None:
        self._note("config", config)


class Memory:
    """A sink that keeps every record."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        self.records.append(record)

    def events(self, kind: type) -> list[Any]:
        """The events of one kind, in order."""
        return [record.event for record in self.records if type(record.event) is kind]


FREE = Costs(default_ns=0)


class TwoHosts:
    """``a`` on host1 and ``b`` on host2, 100 ns apart on a link named ``wire``."""

    def __init__(
        self,
        seed: int = 1,
        link: LinkSpec | None = None,
        costs: Costs = FREE,
        transport: TransportSpec | None = None,
    ) -> None:
        self.memory = Memory()
        self.world = World(seed, transport, self.memory)
        for host in ("host1", "host2"):
            self.world.add_host(host)
        self.world.connect("wire", "host1", "host2", link or LinkSpec(100))
        self.world.place("host1", "a", Diary, costs)
        self.world.place("host2", "b", Diary, costs)
        self.world.start()
        self.world.run_until(1_000)

    def diary(self, address: str) -> Diary:
        """The program living at an address."""
        program = self.world.program(address)
        assert isinstance(program, Diary)
        return program

    def at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Do this at a moment."""
        self.world.kernel.call_at(at_ns, lambda _: action())

    def run(self, for_ns: int) -> None:
        """Let time pass."""
        self.world.run_until(self.world.kernel.now_ns + for_ns)
