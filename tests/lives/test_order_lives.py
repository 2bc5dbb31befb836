"""Lives of orders through the public machine, for two OMSs that share nothing; and what is broken is found."""

from collections.abc import Sequence

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from squall.sim.exchange.wire.orders import NewOrderSingle, OrderStatusRequest
from squall.sim.exchange.wire.reports import ExecutionReport
from squall.sim.exchange.wire.words import ExecType, OrdStatus
from squall.testing.order_lives import OmsUnderTest, OrderLives, Request, Said
from tests.lives.desk_oms import DeskOms
from tests.lives.plain_oms import PlainOms
from tests.profiles import examples


class PlainLives(OrderLives):
    """The plain one."""

    def open_oms(self) -> OmsUnderTest:
        return PlainOms()


PlainLives.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=40)
TestPlainLives = PlainLives.TestCase


class DeskLives(OrderLives):
    """The desk's own."""

    def open_oms(self) -> OmsUnderTest:
        return DeskOms()


DeskLives.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=40)
TestDeskLives = DeskLives.TestCase


# --- what is broken is found ---


class CountsTwice(PlainOms):
    """What is heard twice is booked twice."""

    def heard(self, said: Said) -> None:
        if isinstance(said, ExecutionReport) and said.exec_type is ExecType.TRADE:
            times = sum(len(order.fills) for order in self._orders.values())
            said = replace(said, exec_id=f"{said.exec_id}/{times}")
        super().heard(said)


class DeafToBusts(PlainOms):
    """A trade that was declared void stays booked, whoever says so."""

    def heard(self, said: Said) -> None:
        if isinstance(said, ExecutionReport) and said.exec_type is ExecType.TRADE_CANCEL:
            return
        super().heard(said)

    def session_stands(self) -> None:
        """It asks nothing."""

    def time_passes(self) -> None:
        """It waits."""


class SendsAgainUnderAnotherName(PlainOms):
    """What was not answered is sent once more, and the venue cannot know it."""

    def session_stands(self) -> None:
        for order in self._orders.values():
            order.asked += order.written
            order.written = False

    def requests(self) -> Sequence[Request]:
        return [
            replace(request, cl_ord_id=f"{request.cl_ord_id}/{self._orders[request.cl_ord_link_id].asked}")
            if isinstance(request, NewOrderSingle)
            else request
            for request in super().requests()
        ]


class ForgetsOverARestart(PlainOms):
    """What it has heard is not on its disk."""

    def restart(self) -> None:
        super().restart()
        for order in self._orders.values():
            order.fills.clear()


class NeverAsks(PlainOms):
    """What died with a session is never found out."""

    def requests(self) -> Sequence[Request]:
        return [request for request in super().requests() if not isinstance(request, OrderStatusRequest)]


class ExpiryIsNoEnd(PlainOms):
    """It knows fills and cancels, and no other end."""

    def heard(self, said: Said) -> None:
        if getattr(said, "ord_status", None) is OrdStatus.EXPIRED or getattr(said, "status", None) is OrdStatus.EXPIRED:
            return
        super().heard(said)


@pytest.mark.parametrize(
    "broken", [CountsTwice, DeafToBusts, SendsAgainUnderAnotherName, ForgetsOverARestart, NeverAsks, ExpiryIsNoEnd]
)
def test_an_oms_that_is_broken_is_found(broken: type[PlainOms]) -> None:
    class BrokenLives(OrderLives):
        def open_oms(self) -> OmsUnderTest:
            return broken()

    hunt = settings(max_examples=400, stateful_step_count=40, phases=(Phase.generate,), derandomize=True, database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(BrokenLives, settings=hunt)


def test_a_machine_without_an_oms_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="open_oms: say which OMS"):
        OrderLives().open_oms()
