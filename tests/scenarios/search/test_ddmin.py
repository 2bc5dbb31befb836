"""Delta debugging, held against what a slow and obvious search finds."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from squall.scenarios.search.ddmin import ddmin

ITEMS = tuple(range(8))
culprits = st.lists(st.frozensets(st.sampled_from(ITEMS), max_size=3), min_size=1, max_size=3)


def smallest(fails_with: list[frozenset[int]]) -> int:
    """How many items the smallest failing part has: every part is tried."""
    return next(
        size
        for size in range(len(ITEMS) + 1)
        for part in combinations(ITEMS, size)
        if any(needed <= set(part) for needed in fails_with)
    )


@given(culprits)
def test_what_is_left_fails_and_nothing_of_it_can_be_left_out(fails_with: list[frozenset[int]]) -> None:
    def fails(part: tuple[int, ...]) -> bool:
        return any(needed <= set(part) for needed in fails_with)

    left = ddmin(ITEMS, fails)
    assert fails(left)
    assert list(left) == sorted(left)
    assert not any(fails(left[:index] + left[index + 1 :]) for index in range(len(left)))
    assert len(left) >= smallest(fails_with)


@given(st.frozensets(st.sampled_from(ITEMS), max_size=4))
def test_a_single_cause_is_found_whole_and_alone_whatever_its_size(cause: frozenset[int]) -> None:
    assert set(ddmin(ITEMS, lambda part: cause <= set(part))) == cause


def test_it_asks_few_questions_where_one_of_many_is_to_blame() -> None:
    asked: list[tuple[int, ...]] = []

    def fails(part: tuple[int, ...]) -> bool:
        asked.append(part)
        return 41 in part

    assert ddmin(tuple(range(64)), fails) == (41,)
    assert len(asked) <= 20
