"""One leader an epoch, no order of a fenced one on the wire, and a successor in time."""

from squall.scenarios.checks.leadership import _OneLeader, leads_again, one_leader
from squall.sim.exchange.wire.messages import ExecType
from squall.sim.trace import HostCrashed
from squall.system.domain.ids import Epoch, Venue
from squall.system.domain.messages import Fence, FenceAccepted, LeaseGranted, OpenAtVenue
from tests.scenarios.stages import MS, SECOND, Tale, fired, held, route, status, undecided


def _granted(tale: Tale, epoch: int, candidate: str, keeper: str) -> int:
    return tale.sent(keeper, candidate, LeaseGranted(Epoch(epoch), candidate, keeper, 0))


def _fence(tale: Tale, epoch: int, leader: str, *orders: str) -> None:
    """A new leader tells execution, with the orders that it takes over; execution has it on its disk."""
    open_orders = tuple(OpenAtVenue(route(order, 1), Venue("exchange-a")) for order in orders)
    tale.handled("execution", leader, Fence(Epoch(epoch), leader, open_orders, 1))
    tale.sent("execution", leader, FenceAccepted(Epoch(epoch)))


# --- epochs ---


def test_an_epoch_that_a_majority_granted_to_one_candidate_has_one_leader() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    for keeper in ("keeper1", "keeper2", "keeper3"):
        _granted(tale, 1, "oms1", keeper)
    _granted(tale, 2, "oms2", "keeper1")
    _granted(tale, 2, "oms2", "keeper3")
    ruling = judge.ruling()
    assert held(ruling)
    assert "1 oms1, 2 oms2" in ruling.detail


def test_a_candidate_with_a_minority_of_grants_does_not_lead() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _granted(tale, 1, "oms1", "keeper1")
    _granted(tale, 1, "oms1", "keeper2")
    _granted(tale, 1, "oms2", "keeper3")
    assert held(judge.ruling())


def test_a_keeper_that_grants_twice_to_one_candidate_is_one_keeper() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _granted(tale, 1, "oms1", "keeper1")
    _granted(tale, 1, "oms1", "keeper2")
    _granted(tale, 1, "oms2", "keeper3")
    _granted(tale, 1, "oms2", "keeper3")
    assert held(judge.ruling())


def test_an_epoch_that_two_candidates_won_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _granted(tale, 1, "oms1", "keeper1")
    _granted(tale, 1, "oms1", "keeper2")
    _granted(tale, 1, "oms2", "keeper2")
    seq = _granted(tale, 1, "oms2", "keeper3")
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (seq, "epoch 1 was won by oms1 and by oms2")


# --- fences ---


def test_an_order_of_an_old_epoch_that_leaves_behind_the_fence_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _fence(tale, 2, "oms2")
    tale.routed("o-1", epoch=1)
    seq = tale.left("o-1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert (ruling.seq, ruling.detail) == (seq, "o-1 left on behalf of epoch 1 when 2 was the law")


def test_orders_of_the_epoch_that_is_the_law_may_leave() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _fence(tale, 2, "oms2")
    tale.routed("o-1", epoch=2)
    tale.left("o-1")
    assert held(judge.ruling())


def test_an_order_that_left_before_the_fence_was_accepted_is_no_violation() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    tale.routed("o-1", epoch=1)
    tale.handled("execution", "oms2", Fence(Epoch(2), "oms2", (), 1))
    tale.left("o-1")
    tale.sent("execution", "oms2", FenceAccepted(Epoch(2)))
    assert held(judge.ruling())


def test_an_order_that_was_handed_over_before_the_fence_and_leaves_after_it_is_a_violation() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    tale.routed("o-1", epoch=1)
    _fence(tale, 2, "oms2")
    tale.left("o-1")
    assert fired(judge.ruling())


def test_a_new_leader_may_send_the_orders_that_its_fence_has_taken_over() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    tale.routed("o-1", epoch=1)
    tale.routed("o-2", epoch=1)
    _fence(tale, 2, "oms2", "o-1")
    tale.left("o-1")
    assert held(judge.ruling())
    tale.left("o-2")
    assert fired(judge.ruling())


def test_a_late_fence_of_a_lower_epoch_does_not_lower_the_law() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _fence(tale, 3, "oms1")
    _fence(tale, 2, "oms2")
    tale.routed("o-1", epoch=2)
    tale.left("o-1")
    assert fired(judge.ruling())


def test_a_second_write_on_behalf_of_a_fenced_epoch_is_judged_as_the_first_is() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    tale.routed("o-1", epoch=1)
    tale.left("o-1")
    _fence(tale, 2, "oms2")
    seq = tale.left("o-1")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == seq


def test_what_a_fenced_leader_hands_over_late_does_not_stain_what_its_successor_sends() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    tale.routed("o-1", epoch=1)
    _fence(tale, 2, "oms2", "o-1")
    tale.routed("o-1", epoch=1)
    tale.left("o-1")
    assert held(judge.ruling())


def test_what_is_sent_because_a_fenced_leader_handed_it_over_is_its_doing_whoever_has_it_now() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    _fence(tale, 2, "oms2", "o-1")
    tale.world.kernel.cause = tale.routed("o-1", epoch=1)
    tale.left("o-1")
    assert fired(judge.ruling())


def test_an_order_that_a_venue_has_closed_is_forgotten() -> None:
    tale = Tale()
    judge = tale.judge(one_leader())
    for number in range(100):
        tale.routed(f"o-{number}", epoch=1)
        tale.left(f"o-{number}")
        tale.closed(f"o-{number}")
    assert isinstance(judge, _OneLeader)
    assert not judge._epoch_of


# --- the backup leads in time ---


def test_the_backup_leads_once_an_order_of_the_new_epoch_is_acknowledged() -> None:
    tale = Tale("objective.rto=2s")
    judge = tale.judge(leads_again("oms1"))
    tale.routed("before", epoch=1)
    tale.at(10 * SECOND)
    tale.saw(HostCrashed(with_disk=False), "oms1")
    tale.at(11 * SECOND)
    tale.routed("after", epoch=2)
    tale.at(11 * SECOND + 500 * MS)
    tale.answered("after")
    ruling = judge.ruling()
    assert held(ruling)
    assert "after 1500 ms; the limit is 2 s" in ruling.detail


def test_a_backup_that_leads_later_than_was_promised_is_a_violation() -> None:
    tale = Tale("objective.rto=2s")
    judge = tale.judge(leads_again("oms1"))
    tale.routed("before", epoch=1)
    tale.at(10 * SECOND)
    lost = tale.saw(HostCrashed(with_disk=False), "oms1")
    tale.routed("after", epoch=2)
    tale.at(12 * SECOND + 1)
    tale.answered("after")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == lost


def test_an_acknowledgement_that_had_to_be_asked_for_is_one_and_an_unknown_order_is_none() -> None:
    tale = Tale("objective.rto=2s")
    judge = tale.judge(leads_again("oms1"))
    tale.routed("before", epoch=1)
    tale.at(10 * SECOND)
    tale.saw(HostCrashed(with_disk=False), "oms1")
    tale.routed("after", epoch=2)
    tale.at(10 * SECOND + 500 * MS)
    tale.handled("execution", "exchange-a", status("after", known=False))
    assert fired(judge.ruling())
    tale.at(11 * SECOND)
    tale.handled("execution", "exchange-a", status("after"))
    ruling = judge.ruling()
    assert held(ruling)
    assert "after 1000 ms" in ruling.detail


def test_answers_to_orders_of_the_old_epoch_are_no_sign_of_a_new_leader() -> None:
    tale = Tale()
    judge = tale.judge(leads_again("oms1"))
    tale.routed("before", epoch=1)
    tale.at(10 * SECOND)
    lost = tale.saw(HostCrashed(with_disk=False), "oms1")
    tale.routed("straggler", epoch=1)
    tale.at(10 * SECOND + 1 * MS)
    tale.answered("before")
    tale.answered("straggler")
    ruling = judge.ruling()
    assert fired(ruling)
    assert ruling.seq == lost
    assert "no order of a new epoch was acknowledged after oms1 was lost" in ruling.detail


def test_an_order_of_the_new_epoch_that_is_refused_is_not_acknowledged() -> None:
    tale = Tale()
    judge = tale.judge(leads_again("oms1"))
    tale.routed("before", epoch=1)
    tale.saw(HostCrashed(with_disk=False), "oms1")
    tale.routed("after", epoch=2)
    tale.answered("after", kind=ExecType.REJECTED)
    assert fired(judge.ruling())


def test_only_the_first_loss_of_that_very_host_counts() -> None:
    tale = Tale("objective.rto=2s")
    judge = tale.judge(leads_again("oms1"))
    tale.routed("before", epoch=1)
    tale.saw(HostCrashed(with_disk=False), "risk")
    tale.at(10 * SECOND)
    tale.saw(HostCrashed(with_disk=False), "oms1")
    tale.routed("after", epoch=2)
    tale.at(11 * SECOND)
    tale.answered("after")
    tale.at(20 * SECOND)
    tale.saw(HostCrashed(with_disk=False), "oms1")
    assert held(judge.ruling())


def test_where_the_host_never_crashed_nothing_is_shown() -> None:
    tale = Tale()
    judge = tale.judge(leads_again("oms1"))
    tale.saw(HostCrashed(with_disk=False), "oms2")
    ruling = judge.ruling()
    assert undecided(ruling)
    assert ruling.detail == "oms1 was never lost"
