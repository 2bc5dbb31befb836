"""A disk keeps what it has said to be durable, and of the rest a beginning; with the disk, everything is gone."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.sim.disk import Disk
from squall.sim.kernel import Kernel
from squall.sim.trace import DiskLost, DiskSynced, Trace
from tests.profiles import examples
from tests.sim.machines import Memory, TwoHosts

FSYNC_NS = 100


class Plate:
    """A disk of its own, and what it has told."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.memory = Memory()
        self.disk = Disk(self.kernel, Trace(self.kernel, self.memory), "host", FSYNC_NS)
        self.told: list[int] = []

    def append(self, file: str, data: bytes) -> int:
        return self.disk.append(file, data, self.told.append)

    def run(self, for_ns: int) -> None:
        self.kernel.run_until(self.kernel.now_ns + for_ns)


def test_a_record_can_be_read_at_once_and_is_durable_after_an_fsync() -> None:
    plate = Plate()
    token = plate.append("file", b"one")
    assert (plate.disk.read("file"), plate.disk.durable("file"), plate.told) == ([b"one"], [], [])
    plate.run(FSYNC_NS)
    assert plate.told == [], "an fsync that ends now is not over yet"
    plate.run(1)
    assert (plate.disk.read("file"), plate.disk.durable("file"), plate.told) == ([b"one"], [b"one"], [token])
    assert plate.memory.events(DiskSynced) == [DiskSynced("file", 1, 3)]


def test_what_is_appended_during_an_fsync_shares_the_next_and_each_file_has_its_record() -> None:
    plate = Plate()
    plate.append("one", b"1")
    plate.run(50)
    tokens = [plate.append(file, b"22") for file in ("two", "one", "two")]
    plate.run(1_000)
    assert [record.at_ns for record in plate.memory.records] == [100, 200, 200]
    assert plate.memory.events(DiskSynced) == [
        DiskSynced("one", 1, 1),
        DiskSynced("two", 2, 4),
        DiskSynced("one", 1, 2),
    ]
    assert plate.told == [tokens[0] - 1, tokens[-1]]
    assert plate.disk.size_bytes == 7


def test_each_program_is_told_of_the_latest_of_its_own_tokens() -> None:
    plate = Plate()
    other: list[int] = []
    plate.append("file", b"first")
    mine = [plate.append("file", b"mine") for _ in range(2)]
    theirs = plate.disk.append("file", b"theirs", other.append)
    mine.append(plate.append("file", b"mine"))
    plate.run(1_000)
    assert plate.told == [1, mine[-1]]
    assert other == [theirs]


def test_a_file_that_is_not_there_is_empty() -> None:
    plate = Plate()
    assert (plate.disk.read("none"), plate.disk.durable("none"), plate.disk.size_bytes) == ([], [], 0)


def test_a_crash_that_loses_nothing_says_nothing_and_one_that_loses_the_disk_always_does() -> None:
    plate = Plate()
    plate.disk.crash()
    plate.disk.destroy()
    plate.append("file", b"durable")
    plate.run(1_000)
    plate.append("file", b"not")
    plate.disk.destroy()
    assert plate.memory.events(DiskLost) == [
        DiskLost(records=0, whole_disk=True),
        DiskLost(records=1, whole_disk=False),
        DiskLost(records=1, whole_disk=True),
    ]
    assert plate.disk.read("file") == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from(["orders", "fence"])),
        st.tuples(st.just("wait"), st.integers(1, 250)),
        st.just(("crash", None)),
        st.just(("destroy", None)),
    ),
    max_size=40,
)


class SlowDisk:
    """The reference: a list of appends, and the moment at which each would be durable, worked out one by one."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.kept: list[tuple[str, bytes]] = []
        self.open: list[tuple[int, str, bytes, int]] = []
        """(appended at, file, data, token), oldest first."""
        self.sync_ends_ns: int | None = None
        self.told: list[int] = []

    def append(self, file: str, data: bytes, token: int) -> None:
        if self.sync_ends_ns is None:
            self.sync_ends_ns = self.now_ns + FSYNC_NS
        self.open.append((self.now_ns, file, data, token))

    def wait(self, for_ns: int) -> None:
        until_ns = self.now_ns + for_ns
        # What ends at until_ns itself is not done: a run is half-open.
        while self.sync_ends_ns is not None and self.sync_ends_ns < until_ns:
            began_ns, ended_ns = self.sync_ends_ns - FSYNC_NS, self.sync_ends_ns
            done = [each for each in self.open if self._in_sync(each, began_ns)]
            self.open = self.open[len(done) :]
            self.kept += [(file, data) for _, file, data, _ in done]
            self.told.append(done[-1][3])
            self.sync_ends_ns = ended_ns + FSYNC_NS if self.open else None
        self.now_ns = until_ns

    def _in_sync(self, each: tuple[int, str, bytes, int], began_ns: int) -> bool:
        # The append that finds no sync under way begins one and is alone in it.
        if each is self.open[0]:
            return True
        return each[0] <= began_ns and self.open[0][0] < began_ns

    def crash(self) -> None:
        self.open.clear()
        self.sync_ends_ns = None

    def destroy(self) -> None:
        self.crash()
        self.kept.clear()

    def durable(self, file: str) -> list[bytes]:
        return [data for name, data in self.kept if name == file]

    def read(self, file: str) -> list[bytes]:
        return self.durable(file) + [data for _, name, data, _ in self.open if name == file]


@settings(max_examples=examples(150))
@given(STEPS)
def test_after_any_appends_syncs_and_crashes_it_is_as_the_slow_one_has_it(steps: list[tuple[str, Any]]) -> None:
    plate, slow = Plate(), SlowDisk()
    for number, (what, arg) in enumerate(steps):
        match what:
            case "append":
                data = f"record {number}".encode()
                slow.append(arg, data, plate.append(arg, data))
            case "wait":
                plate.run(arg)
                slow.wait(arg)
            case _:
                getattr(plate.disk, what)()
                getattr(slow, what)()
        for file in ("orders", "fence"):
            assert plate.disk.read(file) == slow.read(file)
            assert plate.disk.durable(file) == slow.durable(file)
        assert plate.told == slow.told


@settings(max_examples=examples(100))
@given(STEPS)
def test_what_a_crash_leaves_is_a_beginning_of_what_was_written_with_all_that_was_reported_durable(
    steps: list[tuple[str, Any]],
) -> None:
    """Said without any model of how a disk does it: what a journal rests on."""
    plate = Plate()
    written: list[tuple[int, str, bytes]] = []
    """What stood on the disk after the last crash, and what was appended since."""
    for number, (what, arg) in enumerate((*steps, ("crash", None))):
        match what:
            case "append":
                data = f"record {number}".encode()
                written.append((plate.append(arg, data), arg, data))
            case "wait":
                plate.run(arg)
            case "crash":
                plate.disk.crash()
                left = {file: plate.disk.read(file) for file in ("orders", "fence")}
                reported = max(plate.told, default=0)
                survived = sum(len(records) for records in left.values())
                # A beginning across files, not only in each.
                for file, records in left.items():
                    assert records == [data for _, name, data in written[:survived] if name == file]
                assert all(token > reported for token, _, _ in written[survived:])
                written = written[:survived]
            case "destroy":
                plate.disk.destroy()
                assert plate.disk.size_bytes == 0
                written, plate.told = [], []


def test_a_program_that_was_told_finds_it_after_a_crash() -> None:
    """Through a host: on_durable is the promise, and it is kept."""
    stage = TwoHosts()
    tokens = [stage.diary("b").runtime.append("file", f"{n}".encode()) for n in range(3)]
    stage.at(1_000 + 12_600, lambda: stage.world.host("host2").crash())
    stage.run(20_000)
    stage.world.host("host2").restart()
    assert stage.diary("b").runtime.read("file") == [b"0"]
    assert tokens == [1, 2, 3]
