"""A keeper: what it grants stays granted, through restarts too."""

from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.ids import Epoch
from squall.system.domain.messages import (
    LeaseGranted,
    LeaseRefused,
    LeaseRenewed,
    ReleaseLease,
    RenewLease,
    RequestLease,
)
from squall.system.services.keeper import Keeper
from squall.system.wiring import Wiring
from tests.fakes import FakeRuntime

WIRING = Wiring(instruments=(), venues=())


def started(runtime: FakeRuntime) -> Keeper:
    keeper = Keeper(runtime, DeskConfig(), WIRING)
    keeper.on_start()
    return keeper


def request(epoch: int, candidate: str, attempt: int = 1) -> RequestLease:
    return RequestLease(Epoch(epoch), candidate, asked_ns=77, attempt=attempt)


def test_a_grant_leaves_only_when_it_is_on_the_disk() -> None:
    runtime = FakeRuntime("keeper1")
    keeper = started(runtime)
    keeper.on_message("oms1", request(1, "oms1"))
    assert runtime.sent == []
    runtime.sync(keeper)
    assert runtime.sent == [("oms1", LeaseGranted(Epoch(1), "oms1", "keeper1", 77))]


def test_while_a_lease_runs_nobody_else_gets_one() -> None:
    runtime = FakeRuntime("keeper1")
    keeper = started(runtime)
    keeper.on_message("oms1", request(1, "oms1"))
    keeper.on_message("oms2", request(2, "oms2"))
    assert runtime.take(LeaseRefused, "oms2") == [LeaseRefused(Epoch(2), "oms2", "keeper1", Epoch(1))]
    runtime.advance(keeper, 501 * MILLISECOND)
    keeper.on_message("oms2", request(2, "oms2", attempt=2))
    runtime.sync(keeper)
    # The first grant was still on its way to the disk, and no longer holds.
    assert runtime.take(LeaseGranted) == [LeaseGranted(Epoch(2), "oms2", "keeper1", 77)]


def test_a_renewal_keeps_the_lease_running_without_touching_the_disk() -> None:
    runtime = FakeRuntime("keeper1")
    keeper = started(runtime)
    keeper.on_message("oms1", request(1, "oms1"))
    runtime.sync(keeper)
    for number in range(20):
        runtime.advance(keeper, 100 * MILLISECOND)
        keeper.on_message("oms1", RenewLease(Epoch(1), "oms1", runtime.monotonic_ns, number))
        keeper.on_message("oms2", request(2, "oms2"))
    assert len(runtime.take(LeaseRenewed, "oms1")) == 20
    assert len(runtime.take(LeaseRefused, "oms2")) == 20
    assert len(runtime.files["grants"]) == 1


def test_the_next_epoch_is_granted_at_once_when_a_leader_has_given_its_lease_up() -> None:
    runtime = FakeRuntime("keeper1")
    keeper = started(runtime)
    keeper.on_message("oms1", request(1, "oms1"))
    keeper.on_message("oms1", RenewLease(Epoch(1), "oms1", 5, 1))
    keeper.on_message("oms1", ReleaseLease(Epoch(1), "oms1"))
    # A renewal that was on its way when its sender stopped brings the lease back for nobody.
    runtime.take(LeaseRenewed)
    keeper.on_message("oms1", RenewLease(Epoch(1), "oms1", 5, 1))
    assert runtime.take(LeaseRenewed) == []
    keeper.on_message("oms2", request(2, "oms2"))
    runtime.sync(keeper)
    assert runtime.take(LeaseGranted, "oms2") == [LeaseGranted(Epoch(2), "oms2", "keeper1", 77)]


def test_a_leader_that_was_replaced_is_not_renewed() -> None:
    runtime = FakeRuntime("keeper1")
    keeper = started(runtime)
    keeper.on_message("oms1", request(1, "oms1"))
    runtime.advance(keeper, 501 * MILLISECOND)
    keeper.on_message("oms2", request(2, "oms2"))
    keeper.on_message("oms1", RenewLease(Epoch(1), "oms1", 5, 1))
    assert runtime.take(LeaseRenewed) == []


def test_after_a_restart_the_highest_epoch_is_known_and_its_lease_is_taken_to_run() -> None:
    runtime = FakeRuntime("keeper1")
    before = started(runtime)
    before.on_message("oms1", request(1, "oms1"))
    runtime.sync(before)
    runtime.sent.clear()
    keeper = started(runtime)
    keeper.on_message("oms2", request(1, "oms2"))
    keeper.on_message("oms2", request(2, "oms2"))
    assert len(runtime.take(LeaseRefused)) == 2
    runtime.advance(keeper, 501 * MILLISECOND)
    keeper.on_message("oms2", request(2, "oms2"))
    runtime.sync(keeper)
    assert runtime.take(LeaseGranted) == [LeaseGranted(Epoch(2), "oms2", "keeper1", 77)]


def test_a_candidate_that_lost_its_disk_does_not_get_its_own_old_epoch_again() -> None:
    runtime = FakeRuntime("keeper1")
    keeper = started(runtime)
    keeper.on_message("oms1", request(1, "oms1"))
    keeper.on_message("oms1", RenewLease(Epoch(1), "oms1", 5, 1))
    runtime.advance(keeper, 10_000 * MILLISECOND)
    keeper.on_message("oms1", request(1, "oms1"))
    assert runtime.take(LeaseRefused) == [LeaseRefused(Epoch(1), "oms1", "keeper1", Epoch(1))]
