"""The OMS as a program, with clients' parents: what it takes, what it lets out, and what it tells the algorithms."""

from typing import Any

from squall.sim.exchange.wire.messages import ExecType, ExecutionReport, OrdStatus, OrdType, Side, TimeInForce
from squall.system.config import DeskConfig, OmsConfig
from squall.system.domain.claims import ProtectionActed
from squall.system.domain.ids import ClOrdID, Epoch, Symbol, Venue
from squall.system.domain.messages import (
    Algorithm,
    CancelOrder,
    CheckOrder,
    ChildMoved,
    ChildState,
    FamilyTold,
    FenceAccepted,
    Leading,
    LeaseGranted,
    OrderChecked,
    OrderTaken,
    ParentOrder,
    RequestLease,
    RouteOrder,
    SubmitOrder,
    VenueReport,
)
from squall.system.domain.terms import Attribution
from squall.system.services.oms import Oms
from squall.system.wiring import Instrument, Wiring
from tests.fakes import FakeRuntime

PARENT = ClOrdID("fund-1")
PEERS = ("strategy", "algos", "execution", "risk", "router", "positions", "audit")
ORDER = ParentOrder(PARENT, "fund", "fund/main", "ann", Symbol("ACME"), Side.BUY, 100, Algorithm.TWAP, end_ns=10**12)


class Rig:
    """An OMS that leads alone; the rest of the desk is the test."""

    def __init__(self, config: DeskConfig | None = None, wiring: Wiring | None = None) -> None:
        self.runtime = FakeRuntime("oms1")
        self.config = config or DeskConfig()
        self.wiring = wiring or Wiring(
            instruments=(Instrument(Symbol("ACME")),), venues=(), algos="algos", clients="clients"
        )
        self.start()

    def start(self) -> None:
        """Also a restart: what is on the disk stays."""
        self.runtime.timers.clear()
        self.runtime.streams.clear()
        self.runtime.sent.clear()
        self.oms = Oms(self.runtime, self.config, self.wiring)
        self.oms.on_start()
        if not self.take(RequestLease):
            self.runtime.advance(self.oms, 10**9)
        else:
            self.oms.on_start()
        asked: RequestLease = self.take(RequestLease)[-1]
        for keeper in ("keeper1", "keeper2"):
            self.hear(keeper, LeaseGranted(asked.epoch, asked.candidate, keeper, asked.asked_ns))
        self.sync()
        for peer in PEERS:
            self.runtime.connect(self.oms, peer)
        self.hear("execution", FenceAccepted(Epoch(asked.epoch)))

    def hear(self, sender: str, message: Any) -> None:
        self.oms.on_message(sender, message)
        self.sync()

    def sync(self) -> None:
        self.runtime.sync(self.oms)

    def take(self, kind: type, to: str | None = None) -> list[Any]:
        return self.runtime.take(kind, to)


def child(number: int, lots: int) -> SubmitOrder:
    return SubmitOrder(
        cl_ord_id=ClOrdID(f"{PARENT}.{number}"),
        strategy="algos",
        symbol=Symbol("ACME"),
        side=Side.BUY,
        quantity_lots=lots,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price_half_ticks=20_000,
        intended_ns=0,
        attribution=Attribution("fund/main", "fund", "ann", "twap", PARENT),
        expire_ns=777,
    )


def filled(number: int, lots: int, leaves: int) -> VenueReport:
    name = ClOrdID(f"{PARENT}.{number}")
    report = ExecutionReport(
        f"x{number}", ExecType.TRADE, OrdStatus.FILLED, name, "7", "ACME", Side.BUY, lots, leaves, lots, 20_000
    )
    return VenueReport(Venue("exchange-a"), name, report)


def test_a_parent_is_taken_as_an_order_is_and_nothing_of_it_goes_out() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    assert rig.take(OrderTaken, "algos") == [OrderTaken(PARENT)]
    assert rig.take(CheckOrder) == rig.take(RouteOrder) == []
    rig.hear("algos", ORDER)
    assert rig.take(OrderTaken, "algos") == [OrderTaken(PARENT)], "said again, taken once"
    assert rig.oms.version == 1


def test_a_child_goes_its_way_and_the_algorithms_hear_of_its_fills_and_its_end() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    rig.hear("algos", child(1, 60))
    assert rig.take(OrderTaken, "algos") == [OrderTaken(PARENT), OrderTaken(ClOrdID("fund-1.1"))]
    rig.hear("risk", OrderChecked(ClOrdID("fund-1.1"), ()))
    (routed,) = rig.take(RouteOrder)
    assert routed.expire_ns == 777
    rig.hear("execution", filled(1, 60, 0))
    told = ChildState(ClOrdID("fund-1.1"), 60, 60, 1_200_000, ended=True)
    assert rig.take(ChildMoved, "algos") == [ChildMoved(PARENT, told)]


def test_a_child_that_is_too_large_is_denied_here_and_risk_is_not_asked() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    rig.hear("algos", child(1, 60))
    rig.take(CheckOrder)
    rig.hear("algos", child(2, 41))
    assert rig.take(CheckOrder) == []
    denied = ChildState(ClOrdID("fund-1.2"), 41, ended=True)
    assert rig.take(ChildMoved, "algos") == [ChildMoved(PARENT, denied)]
    acted = [claim for claim in rig.runtime.claims if isinstance(claim, ProtectionActed)]
    assert [claim.protection for claim in acted] == ["oms.parent_cap"]


def test_with_the_cap_off_it_is_not() -> None:
    rig = Rig(DeskConfig(oms=OmsConfig(parent_cap=False)))
    rig.hear("algos", ORDER)
    rig.hear("algos", child(1, 400))
    assert len(rig.take(CheckOrder)) == 1


def test_on_a_new_stream_the_algorithms_hear_who_leads_and_how_their_children_stand() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    rig.hear("algos", child(1, 60))
    rig.runtime.sent.clear()
    rig.runtime.disconnect(rig.oms, "algos")
    rig.runtime.connect(rig.oms, "algos")
    assert rig.take(Leading, "algos") == [Leading(Epoch(1), "oms1")]
    assert rig.take(FamilyTold, "algos") == [FamilyTold(1, PARENT, (ChildState(ClOrdID("fund-1.1"), 60),))]


def test_a_family_is_not_told_of_before_what_is_told_is_safe() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    rig.oms.on_message("algos", child(1, 60))
    rig.runtime.disconnect(rig.oms, "algos")
    rig.runtime.connect(rig.oms, "algos")
    assert rig.take(FamilyTold) == []
    rig.sync()
    assert len(rig.take(FamilyTold)) == 1


def test_a_new_leader_knows_the_family_from_the_journal() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    rig.hear("algos", child(1, 60))
    rig.start()
    (told,) = rig.take(FamilyTold, "algos")
    assert told.children == (ChildState(ClOrdID("fund-1.1"), 60),)
    rig.hear("algos", child(2, 41))
    assert rig.take(ChildMoved)[0].child.ended


def test_a_parent_that_is_closed_is_told_of_no_more() -> None:
    rig = Rig()
    rig.hear("algos", ORDER)
    rig.hear("algos", CancelOrder(PARENT))
    rig.runtime.disconnect(rig.oms, "algos")
    rig.runtime.connect(rig.oms, "algos")
    assert rig.take(FamilyTold) == []


def test_a_desk_without_algorithms_tells_nobody() -> None:
    rig = Rig(wiring=Wiring(instruments=(Instrument(Symbol("ACME")),), venues=()))
    assert rig.take(FamilyTold) == []
    assert [to for to, message in rig.runtime.sent if isinstance(message, Leading)] == ["strategy"]
