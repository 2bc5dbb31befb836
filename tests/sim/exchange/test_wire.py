"""The published protocol: every message survives its bytes, and says who it is."""

import pytest

from squall.sim.exchange.wire import messages
from squall.sim.exchange.wire.frames import Frames, encode
from squall.sim.exchange.wire.messages import (
    FREE,
    PRECEDENCE,
    ConsolidatedPacket,
    ConsolidatedQuote,
    DepthBook,
    DepthEntry,
    DepthImage,
    DepthIncrement,
    DepthTrade,
    DropCopyHeartbeat,
    ExecType,
    OrderCancelReplaceRequest,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    OrdStatus,
    OrdType,
    Side,
    Tariff,
    TimeInForce,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
    VenueOpenOrder,
)

TRADE = TradeCaptureReport(
    "exchange-a", "execution", 7, ExecType.TRADE_CANCEL, "e2", "e1", "o1", "o1", "ACME", Side.BUY, 5, 20_000, -2, 0, 9
)
OPEN = VenueOpenOrder(
    "o1/2", "o1", "ACME", Side.SELL, OrdType.STOP_LIMIT, TimeInForce.GTC, 19_998, 10, 4, 6, OrdStatus.SUSPENDED, 11
)


@pytest.mark.parametrize(
    "message",
    [
        OrderCancelReplaceRequest("o1/2", "o1", "ACME", Side.BUY, 40, 19_998),
        TradeCaptureReportRequest("reconciler", "execution", 3, 1),
        TradeCaptureReportRequestAck("execution", 1, 7),
        TRADE,
        DropCopyHeartbeat("execution", 7, 1),
        OrderMassStatusRequest("reconciler", "execution", 1),
        OrderMassStatusReport("execution", 1, (OPEN,), 7, 12),
        DepthIncrement("exchange-b", "A", 7, 7_001, (DepthEntry("0", 999_900, 700),), (DepthTrade("2", 5, 6),), 8),
        DepthImage("exchange-b", 7, 1, (DepthBook(7_001, (DepthEntry("1", 999_900, 700),)),), 8),
        ConsolidatedPacket(3, 8, (ConsolidatedQuote("ACME.A", 999_900, 70, 1_000_100, 90),)),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_of_the_new_conversations_survives_its_bytes(message: messages.WireMessage) -> None:
    assert Frames().feed(encode(message)) == [message]  # type: ignore[arg-type]
    assert message.identity


def test_every_message_that_the_wire_modules_define_is_published() -> None:
    kinds = {kind.__name__ for kind in messages.WireMessage.__subclasses__()}

    assert kinds <= set(messages.__all__)


def test_every_status_of_the_venues_has_its_precedence_once() -> None:
    assert sorted(PRECEDENCE, key=lambda status: status.value) == sorted(OrdStatus, key=lambda status: status.value)


def test_an_order_ends_filled_canceled_expired_or_rejected_and_in_no_other_way() -> None:
    ended = {status for status in OrdStatus if status.ended}

    assert ended == {OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.REJECTED}


def test_a_fee_is_rounded_once_and_a_rebate_is_negative() -> None:
    tariff = Tariff(take_per_100_lots=60, make_per_100_lots=-40)

    assert [tariff.fee(lots, takes=True) for lots in (1, 100, 150)] == [1, 60, 90]
    assert [tariff.fee(lots, takes=False) for lots in (1, 100, 150)] == [0, -40, -60]
    assert FREE.fee(1_000, takes=True) == 0
