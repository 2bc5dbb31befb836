"""Orders that ended so long ago that the OMS keeps only their names: the log still has all of them.

A venue may take a trade back hours after its order has ended, and whoever copies trades may tell of them once more.
Without its executions nobody can say what of that is news. So before such a thing is decided the order is folded anew
from its own events: a pass over the log, for what is said once in a day.
"""

from collections.abc import Sequence
from typing import Final

from squall.sim.exchange.wire.messages import ExecType
from squall.system.domain.commands import AnyCommand, ApplyReport, ApplyStatus
from squall.system.domain.events import AnyEvent, FillQuarantined, OrderFilled, TradeBusted, TradeCorrected
from squall.system.domain.ids import ClOrdID, ExecID
from squall.system.domain.oms_state import OmsState, rebuild

_AMENDING: Final = (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)
_NAMING: Final = (OrderFilled, FillQuarantined, TradeBusted, TradeCorrected)
_OF_TRADES: Final = (ExecType.TRADE, *_AMENDING)


def is_needed(state: OmsState, command: AnyCommand) -> bool:
    """Whether the command is about trades that the state has forgotten, or may have."""
    if isinstance(command, ApplyReport):
        kind = command.report.exec_type
        if kind not in _OF_TRADES:
            return False
        # An execution that we do not know is another order's that we have forgotten, or has yet to come.
        amends_unknown = kind in _AMENDING and ExecID(command.report.exec_ref_id) not in state.exec_ids
        return amends_unknown or state.forgot(command.cl_ord_id)
    return isinstance(command, ApplyStatus) and state.forgot(command.cl_ord_id)


def recall(state: OmsState, command: AnyCommand, log: Sequence[AnyEvent]) -> tuple[ClOrdID, ...]:
    """Have the state keep the forgotten orders again that the command is about; returns which.

    That is its own order, and the one whose execution it means to amend, which may be another's.
    """
    wanted = {command.cl_ord_id: None}
    if isinstance(command, ApplyReport):
        ref = command.report.exec_ref_id
        for event in log:
            if isinstance(event, _NAMING) and event.exec_id == ref:
                wanted[event.cl_ord_id] = None
    found = tuple(name for name in wanted if state.forgot(name))
    for name in wanted:
        if name in state.ended:
            state.end(state.ended.pop(name))  # so that what is recalled does not push it out
    for name in found:
        past = rebuild(event for event in log if event.cl_ord_id == name)
        state.recall(past.ended[name], past.exec_ids.items())
    return found
