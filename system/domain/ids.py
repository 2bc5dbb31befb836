"""Names that the desk gives to things."""

from typing import NewType

ClOrdID = NewType("ClOrdID", str)
"""The desk's name for an order, for all its life: strategy, symbol and number, as in ``pulse-ACME-17``.

A client's parent order has one too (``fund-3``), and its children bear it with a number behind (``fund-3.12``).
"""

ExecID = NewType("ExecID", str)
"""The venue's name for one execution, prefixed with the venue, so that it is unique on the desk."""

Venue = NewType("Venue", str)
Symbol = NewType("Symbol", str)
Epoch = NewType("Epoch", int)
"""Counts leaders. Granted by a majority of the lease keepers; the highest one seen is the law."""
