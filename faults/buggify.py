"""The list of buggify points: named places in desk and world that can take a rare but legal way."""

from collections.abc import Mapping
from typing import Final

POINTS: Final[Mapping[str, str]] = {
    "second best venue": "The router takes the next best venue: its view of the touch is always a little old.",
    "late renewal": "A leader lets a beat pass without asking for its lease to be renewed.",
    "batch of one": "The leader ships its journal one event at a time, so that commits come one by one.",
    "cancel at once": "The strategy cancels a resting order as soon as it was taken: the cancel meets its fills.",
    "slow reconnect": "A gateway waits four times as long before it tries a lost session again.",
    "small pieces": "A venue executes one lot first and the rest after it: two fills where there was one.",
    "late cancel": "A venue takes a cancel or a replace 40 ms later than it could: fills race it.",
    "late status": "A venue takes a status query 80 ms later than it could.",
    "late snapshot": "A venue serves a snapshot after 60 ms, with what the feed has brought meanwhile in it.",
    "slow fsync": "A sync of a disk takes fifty times as long: what waits for it is one larger batch.",
}
"""Each is asked for by its name, where it is, as ``buggify(name, identity)``: forced, it happens to one in four."""
