"""Leases on leadership: when a keeper grants an epoch, and how long a majority's word is good for.

Why two leaders never act in one epoch, nor one without the journal of the epoch before:

- A keeper grants each epoch to one candidate only, and none while a lease runs that it has granted.
- A candidate asks for the epoch after the one whose journal it has, and never leaps over another. A majority
  that grants epoch e has never granted a higher one, so nobody led after e - 1: that journal is the latest.
- An epoch that was granted but never led (a candidate that got no majority) may be asked for again, by the
  same candidate only. A leader renews at once, so a keeper knows which epochs were led; a candidate that has
  lost its disk and asks for its own old epoch is refused.
- A leader may give its lease up before it ends: once it has stopped, so that nobody acts in between. The keepers
  then grant the next epoch at once, by all the rules above, and renew the one that was given up no more.
- The candidate counts its lease from when it asked, the keeper from when it granted, and each allows for a
  clock that drifts: the candidate's lease is over before any keeper's.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from squall.system.domain.ids import Epoch

PPM: Final = 1_000_000


class Grant(Struct, frozen=True, gc=False):
    """What a keeper has granted last. *ends_ns* is on the keeper's own monotonic clock."""

    epoch: Epoch
    candidate: str
    ends_ns: int
    led: bool
    """The holder has renewed it, so it won."""
    released: bool = False
    """The holder has given it up, and acts no more."""


NOBODY: Final = Grant(Epoch(0), "", 0, led=True)
"""No lease was ever granted."""


def may_grant(last: Grant, epoch: Epoch, candidate: str, now_ns: int) -> bool:
    """A keeper's rule for a request. *now_ns* is on its own monotonic clock."""
    if epoch > last.epoch:
        return now_ns >= last.ends_ns
    return epoch == last.epoch and candidate == last.candidate and not last.led


def may_renew(last: Grant, epoch: Epoch, candidate: str) -> bool:
    """A keeper's rule for a renewal: the holder of the highest epoch may, even late."""
    return epoch == last.epoch and candidate == last.candidate and not last.released


def release(last: Grant, epoch: Epoch, candidate: str, now_ns: int) -> Grant:
    """What stands after the holder has given its lease up: it has ended. Word of any other lease changes nothing."""
    if epoch != last.epoch or candidate != last.candidate:
        return last
    # Led, whether or not a renewal of it was seen: nobody may ask for this epoch again.
    return Grant(epoch, candidate, min(last.ends_ns, now_ns), led=True, released=True)


def keeper_lease_ns(lease_ns: int, drift_allowance_ppm: int) -> int:
    """How long a keeper holds a lease by its own clock, which may be the faster one."""
    return lease_ns * (PPM + drift_allowance_ppm) // PPM


def holder_lease_ns(lease_ns: int, drift_allowance_ppm: int) -> int:
    """How long a leader leads by its own clock, which may be the slower one."""
    return lease_ns * (PPM - drift_allowance_ppm) // PPM


def majority(keepers: int) -> int:
    """How many of so many keepers make a majority."""
    return keepers // 2 + 1


def lease_end_ns(asked_ns: Mapping[str, int], keepers: int, lease_ns: int, drift_allowance_ppm: int) -> int | None:
    """Until when, on the candidate's monotonic clock, it leads; None without a majority.

    *asked_ns* holds, for each keeper that said yes, when the latest request that it answered was sent. A
    majority has answered requests as late as the majority-th latest of them.
    """
    needed = majority(keepers)
    if len(asked_ns) < needed:
        return None
    return sorted(asked_ns.values(), reverse=True)[needed - 1] + holder_lease_ns(lease_ns, drift_allowance_ppm)
