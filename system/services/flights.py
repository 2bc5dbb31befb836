"""Orders from their first write to their end: what venues are asked about them, and what leaders are told."""

from collections.abc import Iterator

from squall.system.config import ExecutionConfig
from squall.system.domain import back_off, doubt
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.doubt import Flight
from squall.system.domain.ids import ClOrdID, Epoch, Venue
from squall.system.domain.messages import DeskMessage, OrderUnsent, UnsentReason
from squall.system.runtime import Address, Runtime
from squall.system.services.line import Line


class Flights:
    """Execution's orders, and nothing of those that have ended.

    What there is to say goes to the leader. Where no stream to the leader is open it is dropped, on purpose: a leader
    that opens one begins with a fence that names its open orders, and gets the answers then.
    """

    def __init__(self, runtime: Runtime, config: ExecutionConfig) -> None:
        self._runtime = runtime
        self.config = config
        self._each: dict[ClOrdID, Flight] = {}
        self.highest = Epoch(0)
        """The highest epoch seen, in this life or before."""
        self.served = Epoch(0)
        """The epoch whose fence was accepted in this life; 0 until one was."""
        self.leaders: dict[Epoch, Address] = {}

    def __iter__(self) -> Iterator[Flight]:
        """The oldest first."""
        return iter(self._each.values())

    def get(self, cl_ord_id: ClOrdID) -> Flight | None:
        """By the desk's name of the order; None where it was never written, or has ended."""
        return self._each.get(cl_ord_id)

    def named(self, wire_id: str) -> Flight | None:
        """What bears this name on the wire: an order, a child of one, or an order whose retry was given a new name."""
        return self._each.get(ClOrdID(wire_id)) or self._each.get(doubt.desk_id(wire_id))

    def add(self, flight: Flight) -> None:
        """It is about to be written, or asked about."""
        self._each[flight.order.cl_ord_id] = flight

    def give_back(self, flight: Flight, reason: UnsentReason) -> None:
        """It is certainly at no venue: the leader may route it anew."""
        self.forget(flight)
        self.tell(flight, OrderUnsent(flight.order.cl_ord_id, flight.order.attempt, reason))

    def forget(self, flight: Flight) -> None:
        """It has ended, or is to be: nothing is asked about it any more."""
        self.close_questions(flight)
        self._runtime.cancel_timer(("ack", flight.order.cl_ord_id))
        del self._each[flight.order.cl_ord_id]

    # --- questions ---

    def ask(self, flight: Flight, line: Line) -> None:
        """Ask the venue what became of the order, now or when its session stands again, until it answers."""
        gateway = line.gateway
        question = doubt.open_question(flight.questions.get(line.venue), flight.order.attempt)
        if gateway.established:
            question = doubt.ask(question, gateway.session)
            gateway.query(flight.wire_id, question.asked)
            interval_ns, longest_ns = self.config.query_interval_ns, self.config.query_interval_max_ns
            times = doubt.times_asked(question)
            wait_ns = self.wait_ns(interval_ns, longest_ns, times, f"{flight.wire_id}/{question.asked}")
            self._runtime.set_timer(wait_ns, ("ask", flight.order.cl_ord_id, line.venue))
        flight.questions[line.venue] = question

    def close_questions(self, flight: Flight) -> None:
        """It is known what became of it."""
        for venue in flight.questions:
            self.close_question(flight, venue)

    def close_question(self, flight: Flight, venue: Venue) -> None:
        """This venue has answered."""
        question = flight.questions[venue]
        if question.is_open:
            flight.questions[venue] = doubt.close(question)
            self._runtime.cancel_timer(("ask", flight.order.cl_ord_id, venue))

    def wait_ns(self, interval_ns: int, longest_ns: int, failures: int, what: str) -> int:
        """How long what has failed so often waits until it is tried again."""
        if not self.config.back_off:
            return interval_ns
        if failures > 1:
            self.acted("execution.back_off", what)
        return back_off.wait_ns(interval_ns, longest_ns, failures, self._runtime.chance("back off", what))

    # --- leaders ---

    def serves(self, epoch: Epoch) -> bool:
        """Whether this epoch's leader has a say here: not superseded, and fenced in since a restart."""
        return epoch == self.served == self.highest or not self.config.fencing

    def tell(self, flight: Flight | None, message: DeskMessage) -> None:
        """To the leader; without fencing, to whichever leader answers for the order."""
        epoch = self.highest
        if flight is not None and not self.config.fencing:
            epoch = flight.epoch
        self.write(self.leaders.get(epoch), message)

    def write(self, to: Address | None, message: DeskMessage) -> None:
        """A peer that is unknown or gone hears nothing: it will ask."""
        if to is not None:
            self._runtime.write(to, message)

    def acted(self, protection: str, what: str) -> None:
        """Say that a protection did something."""
        self._runtime.emit(ProtectionActed(protection=protection, what=what))
