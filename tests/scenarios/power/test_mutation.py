"""Mutants: each is one small change that is Python, their order is the seed's, and the kept ones can be made again."""

import ast
from pathlib import Path

import pytest

from squall.scenarios.power.broken_builds import ROOT, check_edits, load_bugs
from squall.scenarios.power.mutation import FOLDERS, Mutant, mutants
from tests.planted_bugs.make_mutations import SEED, WANTED

KEPT = Path(__file__).parents[2] / "planted_bugs" / "mutations.toml"
SOURCE = '''"""A rule."""

def act(orders: int, limit: int = 3) -> int:
    """Do it."""
    if orders > limit and orders != 7:
        note(orders, limit)
        orders += 1
    if orders is None:
        raise ValueError(f"found {orders + 1}, expected {limit < 3}")
    return max(orders, limit) - 1
'''


@pytest.fixture(scope="module")
def all_mutants() -> list[Mutant]:
    return mutants(ROOT, SEED)


def _of(tmp_path: Path, seed: int = 1) -> list[Mutant]:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / FOLDERS[0] / "rule.py").write_text(SOURCE)
    return mutants(tmp_path, seed)


def test_every_operator_makes_what_it_says(tmp_path: Path) -> None:
    made = {(mutant.operator, mutant.before, mutant.after) for mutant in _of(tmp_path)}
    assert made == {
        ("comparison flipped", "orders > limit", "orders >= limit"),
        ("comparison flipped", "orders != 7", "orders == 7"),
        ("comparison flipped", "orders is None", "orders is not None"),
        ("condition dropped", "orders > limit and orders != 7", "(orders > limit)"),
        ("condition dropped", "orders > limit and orders != 7", "(orders != 7)"),
        ("condition negated", "orders > limit and orders != 7", "not (orders > limit and orders != 7)"),
        ("condition negated", "orders is None", "not (orders is None)"),
        ("constant off by one", "7", "8"),
        ("constant off by one", "1", "2"),
        ("arguments swapped", "orders, limit", "limit, orders"),
        ("statement dropped", "note(orders, limit)", "pass"),
        ("statement dropped", "orders += 1", "pass"),
        ("other extreme", "max", "min"),
        ("sign changed", "max(orders, limit) - 1", "max(orders, limit) + 1"),
    }


def test_an_edit_is_found_once_and_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    for mutant in _of(tmp_path):
        edit = mutant.edit
        assert SOURCE.count(edit.old) == 1
        changed = SOURCE.replace(edit.old, edit.new)
        ast.parse(changed)
        assert len(changed) - len(SOURCE) == len(mutant.after) - len(mutant.before)


def test_the_order_is_the_seeds_and_other_places_do_not_move_it(tmp_path: Path) -> None:
    first = [mutant.rank for mutant in _of(tmp_path)]
    assert first == sorted(first)
    assert first == [mutant.rank for mutant in _of(tmp_path)]
    assert first != [mutant.rank for mutant in _of(tmp_path, seed=2)]
    (tmp_path / FOLDERS[1] / "other.py").write_text("def more(a, b):\n    return a < b\n")
    assert set(first) < {mutant.rank for mutant in mutants(tmp_path, 1)}


def test_the_kept_mutants_are_made_again_from_their_seed_in_their_order(all_mutants: list[Mutant]) -> None:
    made = {mutant.bug().name: mutant.bug() for mutant in all_mutants}
    kept = load_bugs(KEPT)
    assert WANTED // 2 < len(kept) <= WANTED  # one whose line is gone is dropped until they are made anew
    for bug in kept[:10]:
        check_edits(bug)
        assert made[bug.name] == bug
    ranks = [list(made).index(bug.name) for bug in kept if bug.name in made]
    assert ranks == sorted(ranks)


def test_every_kept_mutant_can_be_planted() -> None:
    for bug in load_bugs(KEPT):
        check_edits(bug)
        assert bug.origin.startswith("mutation: ")


def test_mutants_are_of_the_desks_rules_and_services_and_of_nothing_else(all_mutants: list[Mutant]) -> None:
    assert len(all_mutants) > 1_000
    assert all(mutant.file.startswith(FOLDERS) for mutant in all_mutants)
    assert len({mutant.rank for mutant in all_mutants}) == len(all_mutants)
