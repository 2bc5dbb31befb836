"""What an order asks for and on whose behalf: said once, when it is taken, and carried whole ever after."""

from msgspec import Struct

from squall.sim.exchange.wire.messages import OrdType, Side, TimeInForce
from squall.system.domain.ids import ClOrdID, Symbol, Venue


class Terms(Struct, frozen=True, gc=False, array_like=True):
    """What is to be traded. A replace gives an order other terms; its name stays. Lots are positive on both sides."""

    symbol: Symbol
    side: Side
    quantity_lots: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price_half_ticks: int | None
    stop_price_half_ticks: int | None = None
    venue: Venue | None = None
    """Of a leg of an order that was split: the venue that it was cut for. The router goes there while that is safe."""
    expire_ns: int | None = None
    """By the wall clock: from then on it is not sent to a venue any more, whatever it has waited for on the desk."""
    min_lots: int = 0
    """MinQty: no execution is smaller, unless less is left. Lit venues know no such thing."""


class Attribution(Struct, frozen=True, gc=False, array_like=True):
    """For whom and by whom, as MiFIR art. 25 wants it kept. The strategy stands beside it: each order has one."""

    account: str = "house"
    client: str | None = None
    """None: on the desk's own account."""
    trader: str | None = None
    """The person who answers for it; None where only the strategy's owner does."""
    algorithm: str | None = None
    """Which execution algorithm made it out of its parent."""
    parent: ClOrdID | None = None
    """The order that this one is a part of."""


HOUSE = Attribution()
"""Of orders that nobody else is behind: the desk's own account, no algorithm, no parent."""
