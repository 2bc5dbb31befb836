"""Reference data: what an entry says, what is set anew, and what is no entry."""

from decimal import Decimal

import pytest

from squall.system.config import Entry
from squall.system.domain.ids import Symbol
from squall.system.domain.reference import corrected, settled
from squall.system.wiring import Instrument

ACME, BOLT = Instrument(Symbol("ACME")), Instrument(Symbol("BOLT"))
MINUTE_NS = 60_000_000_000


def test_an_entry_changes_one_field_of_one_symbol() -> None:
    (acme, bolt) = corrected((ACME, BOLT), (Entry("BOLT", "sector", "steel"), Entry("BOLT", "restricted", "on")))
    assert acme == ACME
    assert (bolt.sector, bolt.restricted, bolt.locate_lots) == ("steel", True, None)


def test_every_field_is_read_as_it_is_written() -> None:
    entries = (
        Entry("ACME", "tick", "20"),
        Entry("ACME", "unit_money", "0.05"),
        Entry("ACME", "round_lots", "100"),
        Entry("ACME", "currency", "EUR"),
        Entry("ACME", "locate", "500"),
        Entry("ACME", "opens", "09:30"),
        Entry("ACME", "closes", "16:00"),
    )
    (acme,) = corrected((ACME,), entries)
    expected = Instrument(
        Symbol("ACME"),
        tick_half_ticks=20,
        unit_money=Decimal("0.05"),
        round_lots=100,
        currency="EUR",
        locate_lots=500,
        opens_ns=570 * MINUTE_NS,
        closes_ns=960 * MINUTE_NS,
    )
    assert acme == expected


def test_the_last_word_on_a_field_counts() -> None:
    entries: tuple[Entry, ...] = ()
    for value in ("0", "700", "easy"):
        entries = settled(entries, Entry("ACME", "locate", value))
    assert entries == (Entry("ACME", "locate", "easy"),)
    assert corrected((ACME,), entries) == (ACME,)


def test_a_session_is_half_open_and_comes_again_every_day() -> None:
    (acme,) = corrected((ACME,), (Entry("ACME", "opens", "09:30"), Entry("ACME", "closes", "16:00")))
    day = 1_440 * MINUTE_NS
    assert not acme.in_session(570 * MINUTE_NS - 1)
    assert acme.in_session(570 * MINUTE_NS)
    assert acme.in_session(3 * day + 960 * MINUTE_NS - 1)
    assert not acme.in_session(3 * day + 960 * MINUTE_NS)
    assert ACME.in_session(0)
    assert ACME.in_session(-1)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (Entry("ACME", "colour", "red"), "an instrument has no 'colour'; it has tick, unit_money,"),
        (Entry("", "sector", "steel"), "expected reference.SYMBOL.FIELD=value"),
        (Entry("ACME", "tick", "0"), "expected a whole number from 1 to 1000000000000, found '0'"),
        (Entry("ACME", "locate", "-1"), "expected a whole number from 0 to 1000000000000, found '-1'"),
        (Entry("ACME", "restricted", "yes"), "expected on or off, found 'yes'"),
        (Entry("ACME", "unit_money", "NaN"), "expected an amount above zero, found 'NaN'"),
        (Entry("ACME", "unit_money", "cheap"), "expected an amount above zero, found 'cheap'"),
        (Entry("ACME", "opens", "9.30"), "expected a time of day like 09:30, found '9.30'"),
        (Entry("ACME", "closes", "24:01"), "expected a time of day up to 24:00, found '24:01'"),
    ],
)
def test_what_is_no_entry_is_refused_with_what_was_expected(entry: Entry, line: str) -> None:
    with pytest.raises(ValueError, match=r"expected|has no") as caught:
        settled((), entry)
    assert str(caught.value).startswith(line)
