"""Delta debugging: the part of a list that still shows a failure, and of which nothing can be left out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def ddmin(items: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """A 1-minimal part of *items*, in their order, that fails: leaving out any one of it, it does not.

    After Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (IEEE TSE 28, 2002), trying
    nothing at all first. *items* as a whole is taken to fail. At most n² + 3n tests; the same part again costs one.
    """
    left = tuple(items)
    if fails(()):
        return ()
    pieces = 2
    while len(left) > 1:
        size = -(-len(left) // pieces)
        chunks = [left[start : start + size] for start in range(0, len(left), size)]
        rests = [left[: index * size] + left[(index + 1) * size :] for index in range(len(chunks))]
        alone = next((chunk for chunk in chunks if fails(chunk)), None)
        if alone is not None:
            left, pieces = alone, 2
            continue
        without = next((rest for rest in rests if fails(rest)), None)
        if without is not None:
            left, pieces = without, max(pieces - 1, 2)
        elif size > 1:
            pieces = min(2 * pieces, len(left))
        else:
            break
    return left
