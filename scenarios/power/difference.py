"""Where two versions of a source first differ for whoever runs them: at a statement, or at an expression's value."""

import ast
import builtins
from collections.abc import Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

Function = ast.FunctionDef | ast.AsyncFunctionDef

PURE_METHODS: Final = ("get", "values", "items", "keys")
PURE_BUILTINS: Final = ("abs", "all", "any", "bool", "int", "isinstance", "len", "max", "min", "range", "sorted", "str")
RULES: Final = "squall.system.domain"
"""Functions imported from here are rules: they take values and return values, and do nothing else, …"""
NOT_SO_PURE: Final = ("evolve",)
"""… but for these, which change what they are given."""


class Kind(Enum):
    """How a difference is felt."""

    STATEMENT = "control comes to it"
    VALUE = "the other expression has another value"
    TRUTH = "the other expression is true where this one is false, or the reverse"
    ITEMS = "there is something to go through"


class Difference(Struct, frozen=True):
    """Where to look in the old source, and, for an expression, what the new one has in its place."""

    node: int
    """The place of the node in a walk of the old source's tree."""
    kind: Kind
    new: str = ""


class _Here(Struct):
    """A node of the old source, before it is told by its place."""

    node: ast.AST
    kind: Kind = Kind.STATEMENT
    new: str = ""


def differences(old: str, new: str) -> tuple[Difference, ...] | None:
    """All places at one of which a run of the old source has to feel a difference before the new one can run otherwise.

    None where any run may: something differs outside of functions.
    """
    before, after = ast.parse(old), ast.parse(new)
    here = _Comparison(_rules_in(before)).module(before.body, after.body)
    if here is None:
        return None
    nodes = list(ast.walk(before))
    return tuple(Difference(_place(nodes, each.node), each.kind, each.new) for each in here)


def _place(nodes: Sequence[ast.AST], wanted: ast.AST) -> int:
    return next(place for place, node in enumerate(nodes) if node is wanted)


def _rules_in(tree: ast.Module) -> frozenset[str]:
    """The names that a module imports from the desk's rules."""
    return frozenset(
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(RULES)
        for alias in node.names
    )


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, ast.AST) and isinstance(other, ast.AST):
        return ast.dump(one) == ast.dump(other)
    return one == other


def _same_but(one: ast.AST, other: ast.AST, *apart: str) -> bool:
    """Whether two nodes are alike, these fields apart."""
    fields = [field for field in one._fields if field not in apart]
    return type(one) is type(other) and all(_same(getattr(one, each), getattr(other, each)) for each in fields)


class _Comparison:
    """Goes down two trees side by side, for as long as they differ in one thing only."""

    def __init__(self, rules: frozenset[str]) -> None:
        self._rules = rules

    def module(self, before: Sequence[ast.stmt], after: Sequence[ast.stmt]) -> list[_Here] | None:
        """The differences within the functions of a module, or of a class; None where anything else differs."""
        if len(before) != len(after):
            return None
        felt: list[_Here] = []
        for old, new in zip(before, after, strict=True):
            if _same(old, new):
                continue
            match old, new:
                case ast.ClassDef(), ast.ClassDef() if _same_but(old, new, "body"):
                    within = self.module(old.body, new.body)
                case (ast.FunctionDef(), ast.FunctionDef()) if _same_but(old, new, "body"):
                    within = self._function(old, new)
                case _:
                    within = None
            if within is None:
                return None
            felt += within
        return felt

    def _function(self, old: ast.FunctionDef, new: ast.FunctionDef) -> list[_Here] | None:
        first = next((each for each in old.body if not is_docstring(each)), None)
        if first is None:
            return None
        # A name that becomes the function's own is felt wherever it is used; so is beginning to yield.
        gained, lost = _binds(new) - _binds(old), _binds(old) - _binds(new)
        if "yield" in gained | lost or gained & _uses(old) or lost & _uses(new):
            return [_Here(first)]
        return self._suite(old.body, new.body, first)

    def _suite(self, before: Sequence[ast.stmt], after: Sequence[ast.stmt], owner: ast.stmt) -> list[_Here]:
        """From where on *after* goes another way. Control comes to *owner* before it comes to either."""
        index = 0
        while index < min(len(before), len(after)) and _same(before[index], after[index]):
            index += 1
        if index == len(before):
            # Something follows where nothing did: whoever comes to the end of the suite has come to its beginning.
            return [_Here(next((each for each in before if not is_docstring(each)), owner))]
        old = before[index]
        if is_docstring(old):
            return [_Here(owner)]
        if len(before) == len(after):
            # Where nothing is felt at one, both come to the next one alike.
            pairs = [(one, other) for one, other in zip(before, after, strict=True) if not _same(one, other)]
            return [each for one, other in pairs for each in self._statement(one, other)]
        if _alike(before[index + 1 :], after[index:]):
            return self._dropped(old)
        return [_Here(old)]

    def _dropped(self, old: ast.stmt) -> list[_Here]:
        """A statement that is gone is missed where it would have done anything."""
        match old:
            case ast.If(orelse=[], test=test) if self._pure(test):
                return [_Here(test, Kind.TRUTH, "False")]
            case ast.For(orelse=[], iter=through) if self._pure(through):
                return [_Here(through, Kind.ITEMS)]
            case _:
                return [_Here(old)]

    def _statement(self, old: ast.stmt, new: ast.stmt) -> list[_Here]:
        """Deeper, where all but one thing is alike."""
        match old, new:
            case ast.Match(), ast.Match():
                return self._match(old, new)
            case (ast.If(), ast.If()) | (ast.While(), ast.While()):
                assert isinstance(old, ast.If | ast.While)
                assert isinstance(new, ast.If | ast.While)
                if _same(old.test, new.test):
                    return self._suites(old, new)
                if not _same_but(old, new, "test"):
                    return [_Here(old)]
                if self._pure(old.test) and self._pure(new.test):
                    return [_Here(old.test, Kind.TRUTH, ast.unparse(new.test))]
                return self._expression(old.test, new.test, old)
            case (ast.For(), ast.For()) | (ast.With(), ast.With()) if _same_but(old, new, "body", "orelse"):
                return self._suites(old, new)
            case _:
                return self._expression(old, new, old)

    def _suites(self, old: ast.stmt, new: ast.stmt) -> list[_Here]:
        felt = []
        for field in ("body", "orelse"):
            before, after = getattr(old, field, []), getattr(new, field, [])
            if not _same(before, after):
                felt += self._suite(before, after, old)
        return felt

    def _match(self, old: ast.Match, new: ast.Match) -> list[_Here]:
        if not _same(old.subject, new.subject) or len(old.cases) != len(new.cases):
            return [_Here(old)]
        felt = []
        for one, other in zip(old.cases, new.cases, strict=True):
            if _same(one, other):
                continue
            if _same_but(one, other, "body"):
                felt += self._suite(one.body, other.body, old)
            elif _same_but(one, other, "guard") and one.guard is not None and self._pure(one.guard):
                text = "True" if other.guard is None else ast.unparse(other.guard)
                felt.append(
                    _Here(one.guard, Kind.TRUTH, text) if other.guard is None or self._pure(other.guard) else _Here(old)
                )
            else:
                return [_Here(old)]
        return felt

    def _expression(self, old: ast.AST, new: ast.AST, statement: ast.stmt) -> list[_Here]:
        """The smallest expression in which two statements differ, if to evaluate it does nothing else."""
        if isinstance(old, ast.expr) and isinstance(new, ast.expr) and self._pure(old) and self._pure(new):
            if isinstance(getattr(old, "ctx", ast.Load()), ast.Load):
                return [_Here(old, Kind.VALUE, ast.unparse(new))]
            return [_Here(statement)]
        if type(old) is not type(new) or isinstance(old, ast.Lambda):
            return [_Here(statement)]
        unlike = [field for field in old._fields if not _same(getattr(old, field), getattr(new, field))]
        if len(unlike) != 1:
            return [_Here(statement)]
        one, other = getattr(old, unlike[0]), getattr(new, unlike[0])
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs = [(a, b) for a, b in zip(one, other, strict=True) if not _same(a, b)]
            if len(pairs) == 1 and isinstance(pairs[0][0], ast.AST):
                return self._expression(*pairs[0], statement)
        elif isinstance(one, ast.AST) and isinstance(other, ast.AST):
            return self._expression(one, other, statement)
        return [_Here(statement)]

    def _pure(self, node: ast.AST) -> bool:
        """Whether to evaluate it changes nothing, by what it is made of. Properties only look, in this house."""
        match node:
            case ast.Call(func=ast.Name(id=name)):
                own = name in self._rules and name[:1].islower() and name not in NOT_SO_PURE
                allowed = own or (name in PURE_BUILTINS and hasattr(builtins, name))
            case ast.Call(func=ast.Attribute(attr=name)):
                allowed = name in PURE_METHODS
            case ast.expr():
                allowed = isinstance(node, _PLAIN)
            case _:
                allowed = isinstance(
                    node, ast.boolop | ast.operator | ast.unaryop | ast.cmpop | ast.expr_context | ast.keyword
                )
        return allowed and all(self._pure(child) for child in ast.iter_child_nodes(node))


_PLAIN: Final = (
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.Compare,
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.Tuple,
)


def _alike(one: Sequence[ast.stmt], other: Sequence[ast.stmt]) -> bool:
    return len(one) == len(other) and all(map(_same, one, other))


def _binds(function: ast.FunctionDef) -> set[str]:
    """The names that a function binds, its arguments among them, and whether it yields."""
    found = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.Yield() | ast.YieldFrom() | ast.Await():
                found.add("yield")
    return found


def _uses(function: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
