"""The world's short cuts change nothing: whatever breaks, a run without them has the same digest, record by record."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squall.scenarios.find import choose
from squall.scenarios.run import Judged, judge
from squall.sim.pipe import Pipe
from squall.sim.route import Way
from squall.sim.trace import Handled, Sent, Trace
from tests.profiles import examples


@contextmanager
def the_long_way() -> Iterator[None]:
    """Every segment meets the whole rule, no way is taken for plain or safe, and every message makes its record."""

    def sent(trace: Trace, host: str, sender: str, to: str, message: object) -> int:
        return trace._record(host, Sent(sender, to, message), False, trace._watchers_of(Sent, message))

    def handled(trace: Trace, host: str, to: str, sender: str, message: object) -> int:
        return trace._record(host, Handled(to, sender, message), False, trace._watchers_of(Handled, message))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipe, "_arrive", Pipe._arrive_in_trouble)
        patch.setattr(Way, "plain_ns", lambda way: None)
        patch.setattr(Way, "lossless", lambda way: False)
        patch.setattr(Trace, "sent", sent)
        patch.setattr(Trace, "handled", handled)
        yield


def judged(name: str, seed: int) -> Judged:
    choice = msgspec.structs.replace(choose(name), seed=seed)
    return judge(choice, choice.settled())


@settings(max_examples=examples(6), deadline=None)
@given(name=st.sampled_from(("production-mix", "swarm", "packet-loss", "host-lost")), seed=st.integers(1, 5_000))
def test_a_run_is_the_same_by_the_long_way_whatever_breaks(name: str, seed: int) -> None:
    quick = judged(name, seed)
    with the_long_way():
        slow = judged(name, seed)
    assert quick.stage.world.trace.checkpoints == slow.stage.world.trace.checkpoints
    assert quick.stage.world.trace.digest() == slow.stage.world.trace.digest()
    assert quick.checks == slow.checks


def test_the_long_way_is_another_way() -> None:
    """Else the property above would compare a thing with itself."""
    walked: list[str] = []
    whole = Pipe._arrive_in_trouble
    with the_long_way(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipe, "_arrive", lambda pipe, segment: (walked.append("segment"), whole(pipe, segment)))
        judged("oms-crash", 1)
    assert len(walked) > 1_000
