"""Mutants of the desk, made mechanically: small edits of its source, in an order that a seed alone decides."""

import ast
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

from msgspec import Struct

from squall.scenarios.power.broken_builds import Bug, Edit

FOLDERS: Final = ("system/domain", "system/services")
FLIPPED: Final = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
OTHER_EXTREME: Final = {"min": "max", "max": "min"}


class Mutant(Struct, frozen=True):
    """One edit: *before* becomes *after*, at one place of one function."""

    file: str
    function: str
    operator: str
    before: str
    after: str
    rank: str
    """Where it stands among all mutants of its seed: a hash of what it is, so that other places do not move it."""
    edit: Edit

    def bug(self) -> Bug:
        """As an entry of the zoo."""
        module = Path(self.file).stem
        return Bug(
            name=f"mutant-{self.rank[:6]}",
            origin=f"mutation: {self.operator}",
            what=f"{module}: {self.function}: `{_short(self.before)}` becomes `{_short(self.after)}`",
            edits=(self.edit,),
        )


def mutants(root: Path, seed: int) -> list[Mutant]:
    """Every mutant of the desk's rules and services below *root*, in the order of this seed."""
    found: list[Mutant] = []
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*.py")):
            found += _of_file(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), seed)
    return sorted(found, key=lambda mutant: mutant.rank)


def _of_file(file: str, source: str, seed: int) -> Iterator[Mutant]:
    text = _Text(source)
    seen: Counter[tuple[str, str, str, str]] = Counter()
    for function, name in _functions(ast.parse(source), ""):
        for operator, node, after in _changes(function, text):
            before = text.of(node)
            what = (name, operator, before, after)
            seen[what] += 1
            key = f"{seed}/{file}/{'/'.join(what)}/{seen[what]}"
            rank = blake2b(key.encode(), digest_size=8).hexdigest()
            edit = text.edit(file, node, after)
            if edit is not None:
                yield Mutant(file, name, operator, before, after, rank, edit)


class _Text:
    """A source, by the places of its nodes (whose columns count bytes)."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        first = self._at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return first, self._at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def of(self, node: ast.AST) -> str:
        first, end = self.span(node)
        return self.source[first:end]

    def edit(self, file: str, node: ast.AST, after: str) -> Edit | None:
        """The fewest whole lines around the node that occur once; None where the result is no Python."""
        first, end = self.span(node)
        changed = self.source[:first] + after + self.source[end:]
        try:
            compile(changed, file, "exec")
        except SyntaxError:
            return None
        top, bottom = node.lineno - 1, node.end_lineno  # type: ignore[attr-defined]
        while self.source.count(old := self.source[self._starts[top] : self._starts[bottom]]) != 1:
            top = max(top - 1, 0)
            bottom = min(bottom + 1, len(self._lines))
        grown = len(changed) - len(self.source)
        return Edit(file, old, changed[self._starts[top] : self._starts[bottom] + grown])


def _functions(tree: ast.AST, above: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    """The functions and methods of a module, with their names; what is nested in one belongs to it."""
    for child in ast.iter_child_nodes(tree):
        match child:
            case ast.FunctionDef():
                yield child, f"{above}{child.name}"
            case ast.ClassDef():
                yield from _functions(child, f"{above}{child.name}.")


def _changes(function: ast.FunctionDef, text: _Text) -> Iterator[tuple[str, ast.AST, str]]:
    """What may be done to a function, as (operator, node, text in its place). Annotations and messages stay."""
    for statement in function.body:
        for node in _code(statement):
            match node:
                case ast.Compare(ops=[op], left=left, comparators=[right]):
                    yield "comparison flipped", node, f"{text.of(left)} {FLIPPED[type(op)]} {text.of(right)}"
                case ast.Constant(value=int(value)) if not isinstance(value, bool):
                    yield "constant off by one", node, str(value + 1)
                case ast.BoolOp(values=values):
                    kept = " and ".join if isinstance(node.op, ast.And) else " or ".join
                    parts = [text.of(each) for each in values]
                    yield "condition dropped", node, f"({kept(parts[:-1])})"
                    yield "condition dropped", node, f"({kept(parts[1:])})"
                case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                    yield "condition negated", test, f"not ({text.of(test)})"
                case ast.Call(func=ast.Name(id=name)) if name in OTHER_EXTREME:
                    yield "other extreme", node.func, OTHER_EXTREME[name]
                case ast.Call(args=[first, second, *_]) if not any(isinstance(each, ast.Starred) for each in node.args):
                    between = text.source[text.span(first)[1] : text.span(second)[0]]
                    both = ast.Tuple(elts=[first, second])
                    ast.copy_location(both, first)
                    both.end_lineno, both.end_col_offset = second.end_lineno, second.end_col_offset
                    yield "arguments swapped", both, f"{text.of(second)}{between}{text.of(first)}"
                case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                    sign = "-" if isinstance(node.op, ast.Add) else "+"
                    yield "sign changed", node, f"{text.of(left)} {sign} {text.of(right)}"
                case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Delete() | ast.Return(value=None):
                    yield "statement dropped", node, "pass"


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """All that runs: no annotations, no docstrings, nothing that only words an error."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ):
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "pattern"):
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST):
                yield from _code(child)


def _short(code: str) -> str:
    words = " ".join(code.split())
    return words if len(words) <= 60 else f"{words[:57]}..."
