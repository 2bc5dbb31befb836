"""Under load the latest touch of each book is said when there is room, and what is stale is said at once."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from squall.system.config import MILLISECOND, SECOND, FeedConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.conflation import Conflator
from squall.system.domain.ids import Symbol, Venue
from squall.system.domain.messages import Tick
from squall.system.services.ticks import ROOM, Ticker
from tests.fakes import FakeRuntime

CONFIG = FeedConfig(ticks_per_s=100, tick_burst=3)
EACH_NS = SECOND // 100


def tick(seq: int, symbol: str = "ACME", stale: bool = False) -> Tick:
    return Tick(Venue("exchange-a"), Symbol(symbol), seq, 100, 5, 104, 6, stale)


class Sent:
    """What a conflator lets out, and when."""

    def __init__(self, config: FeedConfig = CONFIG) -> None:
        self.config = config
        self.conflator = Conflator()
        self.now_ns = 0
        self.out: list[tuple[int, Tick]] = []

    def offer(self, *ticks: Tick) -> None:
        for each in ticks:
            if self.conflator.offer(each, self.now_ns, self.config):
                self.out.append((self.now_ns, each))

    def wait(self, by_ns: int) -> None:
        """As a program would: it comes back as soon as there is room."""
        until_ns = self.now_ns + by_ns
        while self.conflator.waiting and self.now_ns + self.conflator.room_in_ns(self.config) <= until_ns:
            self.now_ns += self.conflator.room_in_ns(self.config)
            self.out += [(self.now_ns, each) for each in self.conflator.release(self.now_ns, self.config)]
        self.now_ns = until_ns

    @property
    def seqs(self) -> list[int]:
        return [each.seq for _, each in self.out]


def test_a_burst_goes_out_at_once_and_then_the_latest_of_each_book_when_there_is_room() -> None:
    sent = Sent()
    sent.offer(*(tick(seq) for seq in range(1, 8)), tick(8, "BOLT"), tick(9))
    assert sent.seqs == [1, 2, 3]
    sent.wait(10 * EACH_NS)
    assert [(at_ns, each.seq) for at_ns, each in sent.out[3:]] == [(EACH_NS, 9), (2 * EACH_NS, 8)]
    assert sent.conflator.conflated == 4


def test_a_stale_tick_goes_at_once_in_place_of_the_good_one_that_waits() -> None:
    sent = Sent()
    sent.offer(*(tick(seq) for seq in range(1, 6)), tick(6, stale=True))
    assert sent.seqs == [1, 2, 3, 6]
    assert sent.conflator.waiting == 0
    sent.offer(tick(7), tick(8, stale=True), tick(9))
    sent.wait(SECOND)
    assert sent.seqs == [1, 2, 3, 6, 8, 9]


def test_what_waits_is_not_overtaken_by_another_book_that_finds_room() -> None:
    sent = Sent()
    sent.offer(*(tick(seq) for seq in range(1, 5)))
    sent.now_ns += EACH_NS
    sent.offer(tick(5, "BOLT"))
    sent.wait(3 * EACH_NS)
    assert sent.seqs == [1, 2, 3, 4, 5]


def test_after_a_quiet_while_there_is_room_for_a_burst_again_and_for_no_more() -> None:
    sent = Sent()
    sent.offer(*(tick(seq) for seq in range(1, 4)))
    sent.wait(SECOND)
    sent.offer(*(tick(seq) for seq in range(4, 9)))
    assert sent.seqs == [1, 2, 3, 4, 5, 6]


def test_without_the_protection_everything_goes_at_once() -> None:
    sent = Sent(replace(CONFIG, conflate=False))
    sent.offer(*(tick(seq) for seq in range(1, 50)))
    assert len(sent.out) == 49


offers = st.lists(
    st.tuples(st.sampled_from(("ACME", "BOLT", "ZINC")), st.booleans(), st.integers(0, 3 * EACH_NS)), max_size=60
)


@given(offers)
def test_every_book_ends_with_its_last_tick_in_order_no_stale_one_is_lost_and_the_rate_is_kept(
    story: list[tuple[str, bool, int]],
) -> None:
    sent = Sent()
    said: list[Tick] = []
    for seq, (symbol, stale, wait_ns) in enumerate(story, 1):
        sent.wait(wait_ns)
        said.append(tick(seq, symbol, stale))
        sent.offer(said[-1])
        assert sent.conflator.waiting <= 3
    sent.wait(SECOND)
    out = [each for _, each in sent.out]
    for symbol in ("ACME", "BOLT", "ZINC"):
        mine, all_ = ([each for each in ticks if each.symbol == symbol] for ticks in (out, said))
        assert mine[-1:] == all_[-1:]
        assert [each.seq for each in mine] == sorted({each.seq for each in mine})
    assert [each for each in out if each.stale] == [each for each in said if each.stale]
    assert len(out) + sent.conflator.conflated == len(said)
    good = [at_ns for at_ns, each in sent.out if not each.stale]
    for first, from_ns in enumerate(good):
        for last in range(first, len(good)):
            assert last - first + 1 <= CONFIG.tick_burst + 1 + (good[last] - from_ns) // EACH_NS


def test_the_service_says_that_it_conflates_and_catches_up_by_its_timer() -> None:
    runtime = FakeRuntime("market-data")
    ticker = Ticker(runtime, CONFIG, ("strategy", "risk"))
    for seq in range(1, 10):
        ticker.say(tick(seq))
    assert [each.seq for each in runtime.take(Tick, "risk")] == [1, 2, 3]
    assert [claim.protection for claim in runtime.claims if type(claim) is ProtectionActed] == ["feed.conflate"]
    assert runtime.timers == {ROOM: EACH_NS}
    runtime.monotonic_ns = runtime.timers.pop(ROOM)
    ticker.on_room()
    assert [each.seq for each in runtime.take(Tick, "strategy")] == [1, 2, 3, 9]
    assert runtime.timers == {}
    assert ticker.conflated == 5
    assert MILLISECOND < EACH_NS
