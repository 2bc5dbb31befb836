"""Orders on their way to a venue: when an answer settles what became of one, and what to do with it then."""

from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from squall.sim.exchange.wire.messages import OrderStatusReport, OrdStatus
from squall.system.config import ExecutionConfig
from squall.system.domain.breaker import Permit
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import RouteOrder

QUERIES_PER_ATTEMPT: Final = 10_000
"""Queries about different attempts are numbered apart, so that an old answer is never taken for a new one."""


class Question(Struct, frozen=True, gc=False):
    """What one venue is asked about one order. It stays open until an answer settles it."""

    asked: int
    """Number of the latest query."""
    valid_from: int
    """Lowest query number whose "unknown" counts: earlier ones rode an older session or preceded a write."""
    session: int = 0
    """The session incarnation that the latest query rode."""
    is_open: bool = True


class Flight(Struct):
    """An order from its first write to its end, as execution knows it. The service changes it in place."""

    order: RouteOrder
    epoch: Epoch
    """Of the leader who answers for it: a new leader adopts what it names in its fence."""
    wire_id: str
    """The ClOrdID that its last write bore, and that queries and cancels go by."""
    venue: Venue | None = None
    """None: this process never wrote it, and asks where it may be on behalf of a new leader."""
    sends: int = 0
    session: int = 0
    """The session incarnation that the last write rode."""
    written: int = 0
    """The number of the last write, as the venue sees it."""
    paused: bool = False
    """The venue turned the last write away for the moment: it is certainly not there, and will be sent again."""
    permit: Permit | None = None
    """The breaker's leave for the last write, until its fate is told."""
    answered: bool = False
    """Some venue spoke of it: it is there, and will never be sent again."""
    doubted: bool = False
    """The OMS was told that it is in doubt."""
    owed: bool = False
    """A leader asked: it gets the next answer even where that says nothing new."""
    checks: int = 0
    """How often an acknowledged order that stays open was looked after."""
    revision: int = 0
    """Of the replace that the venue was asked for and has not answered; 0 where there is none."""
    withdrawn: bool = False
    """The desk wants it back: where it has not arrived it is not sent again."""
    filled_lots: int = 0
    """As the venue's reports told it one by one: less than the venue's own sum when a report was lost."""
    questions: dict[Venue, Question] = {}

    def is_asked(self, venue: Venue) -> bool:
        """Whether this venue still owes an answer about it."""
        question = self.questions.get(venue)
        return question is not None and question.is_open


class Finding(Enum):
    """What an answer to a status query proves."""

    KNOWN = "the venue has it"
    ABSENT = "the venue does not have it and never will"
    NOTHING = "the venue does not have it yet"


class Step(Enum):
    SEND_AGAIN = "send again"
    GIVE_BACK = "give back"


def ended(status: OrdStatus | None) -> bool:
    """Whether nothing more can happen to an order in this state."""
    return status is not None and status.ended


def wire_attempt(flight: Flight, config: ExecutionConfig) -> int:
    """Number of the next write, unlike that of any other write of the order, on whichever routing attempt."""
    return (flight.order.attempt - 1) * config.max_sends + flight.sends + 1


def is_turned_away(flight: Flight, refused: str, config: ExecutionConfig) -> bool:
    """Whether a venue's "not now" about the request *refused* leaves the order certainly at no venue.

    It is about one write. Earlier ones may have arrived, unless nothing is sent again before it is known what became
    of them.
    """
    certain = flight.sends == 1 or (flight.sends > 1 and config.resolve_in_doubt)
    return certain and not flight.answered and refused == f"new/{flight.wire_id}/{flight.written}"


def fresh_wire_id(cl_ord_id: ClOrdID, send: int) -> str:
    """The name that write number *send* bears where a retry does not keep its ClOrdID."""
    return f"{cl_ord_id}~{send}"


def replace_id(cl_ord_id: ClOrdID, revision: int) -> str:
    """The name that an order bears at its venue once it has been replaced as *revision* asked: a link of its chain."""
    return f"{cl_ord_id}~r{revision}"


def revision_of(wire_id: str) -> int:
    """The revision in the name that `replace_id` has made; 0 for any other name."""
    _, mark, digits = wire_id.rpartition("~r")
    return int(digits) if mark and digits.isdigit() else 0


def desk_id(wire_id: str) -> ClOrdID:
    """The desk's name for the order that bears *wire_id* on the wire."""
    return ClOrdID(wire_id.partition("~")[0])


def open_question(question: Question | None, attempt: int) -> Question:
    """The question to be asked now about the order's routing *attempt*: the one that stands, or a new one."""
    if question is None:
        first = (attempt - 1) * QUERIES_PER_ATTEMPT
        return Question(asked=first, valid_from=first + 1)
    if question.is_open:
        return question
    return replace(question, is_open=True, valid_from=question.asked + 1)


def ask(question: Question, session: int) -> Question:
    """The question after one more query, on this session incarnation."""
    number = question.asked + 1
    valid_from = question.valid_from if session == question.session else number
    return replace(question, asked=number, valid_from=valid_from, session=session)


def close(question: Question) -> Question:
    """The question, answered."""
    return replace(question, is_open=False)


def times_asked(question: Question) -> int:
    """How often it has been asked on this session, to go by."""
    return question.asked - question.valid_from + 1


def check_wait_ns(flight: Flight, config: ExecutionConfig) -> int:
    """How long to leave an acknowledged order alone before asking if it is still open; doubles likewise."""
    return min(config.ack_timeout_ns << min(flight.checks, 30), config.query_interval_max_ns)


def judge(question: Question, answer: OrderStatusReport, order_session: int, closed_below: int) -> Finding:
    """What *answer* proves of an order whose last write rode session *order_session*.

    "Unknown" is no proof that an order is not still on its way. It is when the query came behind the order on
    the same session, which is first in, first out, or when the venue had declared the order's session dead
    (all those numbered below *closed_below*) before it was asked.
    """
    if answer.status is not None:
        return Finding.KNOWN
    if not question.valid_from <= answer.attempt <= question.asked:
        return Finding.NOTHING
    if order_session == question.session or order_session < closed_below:
        return Finding.ABSENT
    return Finding.NOTHING


def after_absence(flight: Flight, config: ExecutionConfig, has_leader: bool) -> Step:
    """What to do with an order certainly at no venue. One withdrawn, or adopted by no leader, is not sent again."""
    if not flight.withdrawn and flight.sends and flight.sends < config.max_sends and has_leader:
        return Step.SEND_AGAIN
    return Step.GIVE_BACK
