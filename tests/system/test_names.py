"""The set of names that does not grow with their number."""

from hypothesis import given
from hypothesis import strategies as st

from squall.system.domain.names import Names

numbers = st.integers(0, 30).map(str) | st.sampled_from(("007", "", "٣"))
names = st.builds(lambda stem, number: stem + number, st.sampled_from(("a-", "b-", "a-b", "")), numbers)


@given(st.lists(names))
def test_it_holds_what_a_set_holds_in_whatever_order_it_came(given_names: list[str]) -> None:
    kept, reference = Names(), set()
    for name in given_names:
        kept.add(name)
        reference.add(name)
    assert len(kept) == len(reference)
    again = Names(kept.runs(), kept.odd())
    for stem in ("a-", "b-", "a-b", ""):
        for number in ("", "007", "٣", *map(str, range(32))):
            name = stem + number
            assert (name in kept) == (name in again) == (name in reference)


def test_a_day_of_orders_is_a_run_or_two() -> None:
    kept = Names()
    for number in range(10_000):
        kept.add(f"pulse-ACME-{number}")
        kept.add(f"pulse-BOLT-{number}")
    assert len(kept) == 20_000
    assert sum(kept.pieces()) == 2
