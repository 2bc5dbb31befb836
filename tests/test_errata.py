"""docs/errata.md: each mistake is there once, and what is called corrected is named by a test."""

import re

from tests.lint_rules import ROOT

STATUSES = ("now", "in part", "later")


def _rows() -> list[list[str]]:
    """(number, mistake, right, status, where) of every row of every table."""
    lines = (ROOT / "docs" / "errata.md").read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)]


def _named_by_tests() -> frozenset[int]:
    """The numbers that tests name, as in "erratum 7" or "errata 14 and 15"."""
    named: list[int] = []
    for path in (ROOT / "tests").rglob("*.py"):
        for mention in re.findall(r"[Ee]rrat(?:um|a)((?:[\s,]|and|to|\d)+)", path.read_text()):
            named += [int(number) for number in re.findall(r"\d+", mention)]
    return frozenset(named)


def test_all_52_are_there_in_order() -> None:
    assert [int(row[0]) for row in _rows()] == list(range(1, 53))


def test_every_row_says_what_is_wrong_what_is_right_and_how_it_stands() -> None:
    for number, mistake, right, status, where in _rows():
        assert len(mistake.split()) > 4, number
        assert len(right.split()) > 3, number
        assert status in STATUSES, number
        assert bool(where) == (status != "later"), number


def test_what_is_corrected_is_where_the_table_says() -> None:
    for number, _, _, _, where in _rows():
        for path in re.findall(r"`([^`]+)`", where):
            assert (ROOT / path).is_file(), f"erratum {number}: no {path}"


def test_what_is_corrected_now_is_named_by_a_test() -> None:
    corrected = {int(row[0]) for row in _rows() if row[3] == "now"}
    assert sorted(corrected - _named_by_tests()) == []
