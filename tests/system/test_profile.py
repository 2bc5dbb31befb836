"""Which volume a VWAP follows: recorded where there is enough of it, and else what is usual, and it says why."""

from hypothesis import given
from hypothesis import strategies as st

from squall.system.domain.profile import SCALE, USUAL_PROFILE, Basis, profile_of


def test_without_an_answer_it_is_the_usual_one() -> None:
    assert profile_of(None, 3) == (USUAL_PROFILE, Basis.UNANSWERED)


def test_of_too_few_bars_or_no_volume_it_is_the_usual_one() -> None:
    assert profile_of((10, 3, 20, 2), 3) == (USUAL_PROFILE, Basis.THIN)
    assert profile_of((0, 9, 0, 9), 3) == (USUAL_PROFILE, Basis.THIN)
    assert profile_of((), 3) == (USUAL_PROFILE, Basis.THIN), "a question that made no sense"


def test_a_part_of_which_bars_are_missing_is_not_a_quieter_one() -> None:
    whole, torn = (100, 10, 300, 10), (50, 5, 300, 10)
    assert profile_of(torn, 3) == profile_of(whole, 3) == ((10 * SCALE, 30 * SCALE), Basis.RECORDED)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**4)), min_size=1, max_size=30))
def test_weights_are_lots_a_bar_never_below_0_and_in_their_order(parts: list[tuple[int, int]]) -> None:
    weights, basis = profile_of([number for part in parts for number in part], 1)
    if basis is Basis.THIN:
        assert not any(lots for lots, _ in parts)
        return
    assert len(weights) == len(parts)
    for weight, (lots, bars) in zip(weights, parts, strict=True):
        assert 0 <= lots * SCALE - weight * bars < bars
