"""What a request to the OMS comes to: the command that is decided, with the actor who answers for it."""

from squall.system.domain.actors import Capacity, acting
from squall.system.domain.commands import PlaceOrder, ReplaceOrder
from squall.system.domain.messages import AmendOrder, SubmitOrder
from squall.system.domain.terms import Attribution, Terms


def _actor(strategy: str, attribution: Attribution) -> str:
    """Whoever sends an order: a strategy, or a person where no strategy is named."""
    if strategy:
        return acting(Capacity.STRATEGY, strategy)
    return acting(Capacity.TRADER, attribution.trader or "nobody")


def place_order(message: SubmitOrder, parent_cap: bool) -> PlaceOrder:
    """*parent_cap*: whether a child that its parent has no room for is denied."""
    return PlaceOrder(
        actor=_actor(message.strategy, message.attribution),
        cl_ord_id=message.cl_ord_id,
        strategy=message.strategy,
        terms=Terms(
            message.symbol,
            message.side,
            message.quantity_lots,
            message.ord_type,
            message.time_in_force,
            message.price_half_ticks,
            message.stop_price_half_ticks,
            message.venue,
            message.expire_ns,
            message.min_lots,
        ),
        intended_ns=message.intended_ns,
        attribution=message.attribution,
        parent_cap=parent_cap,
        decision_twice_half_ticks=message.decision_twice_half_ticks,
    )


def replace_order(sender: str, message: AmendOrder, parent_cap: bool) -> ReplaceOrder:
    """Of the actor that it names, and else of its *sender*. *parent_cap* as for an order."""
    return ReplaceOrder(
        actor=message.actor or sender,
        cl_ord_id=message.cl_ord_id,
        revision=message.revision,
        quantity_lots=message.quantity_lots,
        price_half_ticks=message.price_half_ticks,
        stop_price_half_ticks=message.stop_price_half_ticks,
        parent_cap=parent_cap,
    )
