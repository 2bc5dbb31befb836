"""A sound desk that notes whether a run came to a planted bug: where it did not, the broken build would run alike.

Runs are deterministic. One in which nothing is felt of the difference between two builds is, record for record, the
same run in both, and need not be made again: what is rare can be measured at the price of what is not.
"""

import ast
import sys
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from squall.scenarios.power.broken_builds import ROOT, Bug
from squall.scenarios.power.difference import Difference, Kind, differences

HITS: Final = "__squall_hits__"
"""What a probed module calls its notes: a byte for each place that is watched."""
PROBED: Final = "system"
"""The folder of squall's in which differences are watched; one anywhere else is felt at once."""

PRELUDE: Final = f"""
{HITS} = bytearray({{count}})
def __squall_note__(number, felt):
    if felt:
        {HITS}[number] = 1
def __squall_value__(number, old, new):
    try:
        other = new()
        alike = old is other or (
            type(old) is type(other) and isinstance(old, (bool, int, float, str, bytes, tuple)) and old == other
        )
    except Exception:
        alike = False
    __squall_note__(number, not alike)
    return old
def __squall_truth__(number, old, new):
    try:
        alike = bool(old) is bool(new())
    except Exception:
        alike = False
    __squall_note__(number, not alike)
    return old
def __squall_items__(number, old, new):
    __squall_note__(number, bool(len(old)))
    return old
"""
_WATCHERS: Final = {Kind.VALUE: "__squall_value__", Kind.TRUTH: "__squall_truth__", Kind.ITEMS: "__squall_items__"}


class Probes:
    """What has to be watched for these bugs, numbered file by file."""

    def __init__(self, root: Path, bugs: Iterable[Bug]) -> None:
        self._root = root
        self._watched: dict[str, dict[Difference, int]] = {}
        """By file, its path in the project: the place of each difference in that file's notes."""
        self._of_bug: dict[str, tuple[tuple[str, Difference], ...] | None] = {}
        for bug in bugs:
            found = _differences(bug, root)
            self._of_bug[bug.name] = found
            for file, difference in found or ():
                notes = self._watched.setdefault(file, {})
                notes.setdefault(difference, len(notes))
        self.offsets: dict[str, int] = {}
        """By file: where its notes begin among all."""
        count = 0
        for file in sorted(self._watched):
            self.offsets[file] = count
            count += len(self._watched[file])

    def felt(self, bug: Bug) -> frozenset[int] | None:
        """The notes of which a run must have one before this bug can change it; None: any run may be changed."""
        found = self._of_bug[bug.name]
        if found is None:
            return None
        return frozenset(self.offsets[file] + self._watched[file][difference] for file, difference in found)

    def digest(self) -> str:
        """Changes with what is watched, and with the order of the notes."""
        said = repr([(file, sorted(map(repr, notes.items()))) for file, notes in sorted(self._watched.items())])
        return blake2b(said.encode(), digest_size=8).hexdigest()

    def lines(self, bug: Bug) -> tuple[str, ...] | None:
        """Where the bug is felt, for people: ``oms.py:157, the other expression has another value``."""
        found = self._of_bug[bug.name]
        if found is None:
            return None
        said = []
        for file, difference in found:
            tree = ast.parse((self._root / file).read_text(encoding="utf-8"))
            node = list(ast.walk(tree))[difference.node]
            said.append(f"{Path(file).name}:{getattr(node, 'lineno', 0)}, {difference.kind.value}")
        return tuple(said)

    def install(self, build: Path) -> None:
        """Rewrite a copy of the sound sources so that it takes its notes."""
        for file, notes in self._watched.items():
            path = build / file
            tree = ast.parse(path.read_text(encoding="utf-8"))
            nodes = list(ast.walk(tree))
            watched = [(nodes[difference.node], number, difference) for difference, number in notes.items()]
            _Watching(watched).visit(tree)
            prelude = ast.parse(PRELUDE.format(count=len(notes))).body
            begins = _after_the_docstring(tree.body)
            tree.body[begins:begins] = prelude
            path.write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n", encoding="utf-8")


_Watched = tuple[ast.AST, int, Difference]
"""A node, and what watches it under which number."""


class _Watching(ast.NodeTransformer):
    """Puts a note before a statement, and a watcher around an expression."""

    def __init__(self, watched: Sequence[_Watched]) -> None:
        self._watched = watched

    def visit(self, node: ast.AST) -> ast.AST | list[ast.AST]:
        """The node, with whatever watches it."""
        mine = [(number, difference) for each, number, difference in self._watched if each is node]
        self.generic_visit(node)
        changed: ast.AST = node
        for number, difference in mine:
            if difference.kind is not Kind.STATEMENT:
                assert isinstance(changed, ast.expr)
                new = ast.parse(difference.new or "None", mode="eval").body
                changed = ast.Call(
                    func=ast.Name(_WATCHERS[difference.kind], ast.Load()),
                    args=[ast.Constant(number), changed, ast.Lambda(args=_NO_ARGUMENTS, body=new)],
                    keywords=[],
                )
        notes = [ast.parse(f"{HITS}[{number}] = 1").body[0] for number, each in mine if each.kind is Kind.STATEMENT]
        return [*notes, changed] if notes else changed


_NO_ARGUMENTS: Final = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])


class Notes:
    """The notes of the probed modules of this process, in the order of the probes."""

    def __init__(self, offsets: Mapping[str, int]) -> None:
        self._notes = [(offset, _module_of(file)) for file, offset in offsets.items()]
        self._of_the_import = self._hits()

    def begin(self) -> None:
        """A new run: forget what the last one felt."""
        for _, module in self._notes:
            hits = _hits_of(module)
            hits[:] = bytes(len(hits))

    def end(self) -> int:
        """All that it felt, one bit a note; what is felt in importing is felt by every run."""
        return self._hits() | self._of_the_import

    def _hits(self) -> int:
        found = 0
        for offset, module in self._notes:
            for number, hit in enumerate(_hits_of(module)):
                if hit:
                    found |= 1 << (offset + number)
        return found


def _module_of(file: str) -> str:
    return "squall." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _hits_of(module: str) -> bytearray:
    found: bytearray = getattr(sys.modules.get(module), HITS, bytearray())
    return found


def _differences(bug: Bug, root: Path) -> tuple[tuple[str, Difference], ...] | None:
    """Of all files of a bug; None where it is felt at once."""
    if bug.settings:
        return None
    found: list[tuple[str, Difference]] = []
    for file in dict.fromkeys(edit.file for edit in bug.edits):
        if root.resolve() != ROOT or not file.startswith(f"{PROBED}/"):
            return None
        old = new = (root / file).read_text(encoding="utf-8")
        for edit in bug.edits:
            if edit.file == file:
                new = new.replace(edit.old, edit.new)
        here = differences(old, new)
        if here is None:
            return None
        found += [(file, each) for each in here]
    return tuple(found)


def _after_the_docstring(body: list[ast.stmt]) -> int:
    """Also after what is imported from the future, which has to come first."""
    for index, statement in enumerate(body):
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not future and not docstring:
            return index
    return len(body)
