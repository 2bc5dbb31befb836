"""Tells the story of a violation: what led to the record that shows it; where something never came, what followed."""

from typing import Final

from squall.scenarios.result import CausalStep
from squall.scenarios.words import in_words, is_plumbing
from squall.sim.trace import Handled, Record, Sent
from squall.system.domain.messages import JournalCopied

STORY_STEPS: Final = 12
"""How many links of a causal chain are told, the last ones before the violation; replication and disks apart."""
SHORTEST: Final = 3
"""A chain with fewer links explains nothing where something is missing: then what followed is told too."""


class Story:
    """A sink for the second run of a violation. *missing*: the record shows what something never came of."""

    def __init__(self, seq: int, missing: bool) -> None:
        self._seq = seq
        self._missing = missing
        self._before: list[Record] = []
        self._because = {seq}
        """The record, and everything that it caused."""
        self._after: list[Record] = []

    def write(self, record: Record) -> None:
        if record.seq <= self._seq:
            self._before.append(record)
        elif self._missing and record.cause in self._because:
            self._because.add(record.seq)
            if len(self._after) < STORY_STEPS and _is_news(record):
                self._after.append(record)

    def steps(self) -> tuple[CausalStep, ...]:
        """The story, first things first."""
        chain: list[Record] = []
        seq = self._seq
        while seq and len(chain) < STORY_STEPS:
            record = self._before[seq - 1]
            if not chain or not is_plumbing(record):
                chain.append(record)
            seq = record.cause
        told = chain[::-1]
        if len(told) < SHORTEST:
            told += self._after[: STORY_STEPS - len(told)]
        return tuple(CausalStep(r.seq, r.at_ns, r.host, in_words(r)) for r in told)


def _is_news(record: Record) -> bool:
    """That a message came is no news to whoever has read that it was sent; nor are copies for the record."""
    event = record.event
    copy = type(event) is Sent and type(event.message) is JournalCopied
    return type(event) is not Handled and not copy and not is_plumbing(record)
