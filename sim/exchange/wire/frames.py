"""The protocol on a byte stream: each message as MessagePack, behind its length in four bytes, big-endian."""

from typing import Final

import msgspec

from squall.sim.exchange.wire.messages import (
    BookUpdate,
    BusinessReject,
    ConsolidatedPacket,
    DepthImage,
    DepthIncrement,
    DropCopyHeartbeat,
    ExecutionReport,
    FeedHeartbeat,
    Heartbeat,
    Logon,
    LogonAccepted,
    NewOrderSingle,
    OrderCancelReject,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderMassStatusReport,
    OrderMassStatusRequest,
    OrderStatusReport,
    OrderStatusRequest,
    Snapshot,
    SnapshotRequest,
    TradeCaptureReport,
    TradeCaptureReportRequest,
    TradeCaptureReportRequestAck,
)

SessionMessage = Logon | LogonAccepted | Heartbeat
OrderMessage = (
    NewOrderSingle
    | OrderCancelRequest
    | OrderCancelReplaceRequest
    | OrderStatusRequest
    | ExecutionReport
    | OrderCancelReject
    | OrderStatusReport
    | BusinessReject
)
FeedMessage = BookUpdate | DepthIncrement | FeedHeartbeat | SnapshotRequest | Snapshot | DepthImage | ConsolidatedPacket
WatchMessage = (
    TradeCaptureReportRequest
    | TradeCaptureReportRequestAck
    | TradeCaptureReport
    | DropCopyHeartbeat
    | OrderMassStatusRequest
    | OrderMassStatusReport
)
AnyMessage = SessionMessage | OrderMessage | FeedMessage | WatchMessage

HEADER_BYTES: Final = 4
LARGEST_BYTES: Final = 1 << 20
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[AnyMessage]] = msgspec.msgpack.Decoder(AnyMessage)


class FrameError(ValueError):
    """These bytes are no message of the protocol."""


def encode(message: AnyMessage) -> bytes:
    """One frame."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def decode(body: bytes) -> AnyMessage:
    """The message of one frame, its header taken off; FrameError where it is none."""
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise FrameError(f"no message of the protocol: {error}") from None


def length(header: bytes) -> int:
    """How many bytes follow this header; FrameError where nobody would send so many."""
    found = int.from_bytes(header, "big")
    if not 0 < found <= LARGEST_BYTES:
        raise FrameError(f"expected a frame of 1 to {LARGEST_BYTES} bytes, found {found}")
    return found


class Frames:
    """Cuts a stream of bytes into messages, however the bytes come."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[AnyMessage]:
        """The messages that these bytes complete."""
        rest = self._rest
        rest += data
        found = []
        while len(rest) >= HEADER_BYTES:
            end = HEADER_BYTES + length(bytes(rest[:HEADER_BYTES]))
            if len(rest) < end:
                break
            found.append(decode(bytes(rest[HEADER_BYTES:end])))
            del rest[:end]
        return found
