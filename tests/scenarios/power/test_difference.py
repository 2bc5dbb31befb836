"""Where two sources differ for whoever runs them: as late as can be proved, and never too late."""

import ast
from textwrap import dedent

import pytest

from squall.scenarios.power.difference import Kind, differences

OLD = '''
"""A module."""
from squall.system.domain.oms import allows
LIMIT = 3

class Desk:
    size: int = 1

    def act(self, order, orders):
        """Do it."""
        first = order.lots
        if order.open and first > LIMIT:
            self.send(order)
            return first
        for each in orders:
            self.note(each)
        if order.late:
            self.warn(order)
        match order.kind:
            case "new" if not order.known:
                self.place(order, allows(order))
            case "old":
                self.drop(order)
        return first + 1
'''


def _felt(old: str, new: str) -> list[tuple[str, Kind, str]] | None:
    assert OLD.count(old) == 1
    found = differences(OLD, OLD.replace(old, new))
    if found is None:
        return None
    nodes = list(ast.walk(ast.parse(OLD)))
    return [(ast.unparse(nodes[each.node]).splitlines()[0], each.kind, each.new) for each in found]


STATEMENT, VALUE, TRUTH, ITEMS = Kind.STATEMENT, Kind.VALUE, Kind.TRUTH, Kind.ITEMS


@pytest.mark.parametrize(
    ("old", "new", "felt"),
    [
        ("first > LIMIT", "first >= LIMIT", ("order.open and first > LIMIT", TRUTH, "order.open and first >= LIMIT")),
        ("return first + 1", "return first - 1", ("first + 1", VALUE, "first - 1")),
        ("            self.send(order)\n", "", ("self.send(order)", STATEMENT, "")),
        ("self.send(order)", "self.send(first)", ("order", VALUE, "first")),
        ("        for each in orders:\n            self.note(each)\n", "", ("orders", ITEMS, "")),
        ("        if order.late:\n            self.warn(order)\n", "", ("order.late", TRUTH, "False")),
        ("if not order.known", "if order.known", ("not order.known", TRUTH, "order.known")),
        (" if not order.known", "", ("not order.known", TRUTH, "True")),
        ("allows(order)", "not allows(order)", ("allows(order)", VALUE, "not allows(order)")),
        ("self.drop(order)", "self.stop(order)", ("self.drop", VALUE, "self.stop")),
        ("            self.drop(order)\n", "            pass\n", ("self.drop(order)", STATEMENT, "")),
        ('case "old"', 'case "odd"', ("match order.kind:", STATEMENT, "")),
        ("return first\n", "return first\n        self.late()\n", ("for each in orders:", STATEMENT, "")),
        ("first = order.lots", "first = self.size = order.lots", ("first = order.lots", STATEMENT, "")),
        ("self.note(each)", "first = each", ("self.note(each)", STATEMENT, "")),
        ("self.note(each)", "LIMIT = each", ("first = order.lots", STATEMENT, "")),
        ("return first + 1", "return (yield)", ("first = order.lots", STATEMENT, "")),
    ],
)
def test_a_difference_is_felt_where_it_first_can_be(old: str, new: str, felt: tuple[str, Kind, str]) -> None:
    assert _felt(old, new) == [felt]


def test_a_difference_outside_of_functions_is_felt_at_once() -> None:
    assert _felt("LIMIT = 3", "LIMIT = 4") is None
    assert _felt("size: int = 1", "size: int = 2") is None
    assert _felt("def act(self, order, orders)", "def act(self, order, orders=())") is None


def test_what_does_something_is_not_evaluated_for_a_comparison() -> None:
    old = dedent("""
        def act(queue):
            if queue.pop() > 1:
                return queue.pop()
    """)
    (test,) = differences(old, old.replace("> 1", "> 2")) or ()
    (value,) = differences(old, old.replace("return queue.pop()", "return len(queue)")) or ()
    assert test.kind is VALUE, "the number, which is pure, and not the whole of the test"
    assert value.kind is STATEMENT


def test_two_places_are_both_watched_and_an_addition_at_the_end_is_felt_at_the_beginning() -> None:
    twice = OLD.replace("self.send(order)", "self.send(first)").replace("self.drop(order)", "self.drop(first)")
    found = differences(OLD, twice)
    assert found is not None
    assert [each.kind for each in found] == [VALUE, VALUE]
    longer = differences("def act(a):\n    b = a\n", "def act(a):\n    b = a\n    a.end()\n")
    assert longer is not None
    assert [each.kind for each in longer] == [STATEMENT]
