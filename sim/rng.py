"""Chance: keyed draws that belong to a message, and named streams for what comes from outside."""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from random import Random
from typing import Final

_TWO_20: Final = 1 << 20
_TWO_32: Final = 1 << 32
_TWO_64: Final = float(1 << 64)


class Chance:
    """All randomness of a run, from one seed.

    A keyed draw is a function of the seed and a name, so it does not move when something else happens in between.
    A stream is for exogenous generators only (participants, a fault plan): one name each, drawn in sequence.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        # Hashing from a copy that has already absorbed the seed is cheaper than keying each hash.
        self._base = blake2b(seed.to_bytes(16, "little", signed=True), digest_size=8)

    def draw(self, key: str) -> int:
        """64 uniform bits for this key (keyed BLAKE2b)."""
        hashed = self._base.copy()
        hashed.update(key.encode())
        return int.from_bytes(hashed.digest(), "little")

    def uniform(self, key: str) -> float:
        """A uniform number in [0, 1) for this key."""
        return (self.draw(key) >> 11) * (1.0 / (1 << 53))

    def pair(self, key: str) -> tuple[int, int]:
        """Two independent 32-bit draws for this key, for instance a packet's loss and its jitter."""
        return divmod(self.draw(key), _TWO_32)

    def stream(self, name: str) -> Random:
        """A generator of its own for this name. Use `random()` only: its sequence is stable across versions."""
        digest = blake2b(f"stream/{name}".encode(), digest_size=16, key=self.seed.to_bytes(16, "little", signed=True))
        return Random(int.from_bytes(digest.digest(), "little"))


def shuffled_ties(chance: Chance) -> Iterator[int]:
    """Numbers for the kernel to break ties by, in an order that the seed draws; no two are alike."""
    stream = chance.stream("ties")
    for number in count():
        yield (int(stream.random() * _TWO_20) << 60) | number
