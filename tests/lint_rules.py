"""The import lint: what our packages may import from each other, and what no run may ask of its machine."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from squall.sim.guard import CHANCE, CLOCK, FORBIDDEN_NAMES, NAME, SOCKET, THREAD, WAIT

ROOT: Final = Path(__file__).resolve().parent.parent
PARTS: Final = ("sim", "system", "faults", "scenarios", "reports")
FOLDERS: Final = (*PARTS, "squall")


class Violation(NamedTuple):
    """One line that breaks one rule."""

    path: str
    line: int
    rule: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.found}"


class Exemption(NamedTuple):
    """A name that a file may use all the same, and why."""

    path: str
    name: str
    reason: str


# --- rules as tables ---------------------------------------------------------------------------------

MAY_IMPORT: Final[dict[str, tuple[str, ...]]] = {
    "sim": ("squall.sim",),
    "system": ("squall.system",),
    "faults": ("squall.faults", "squall.sim"),
    "scenarios": ("squall.scenarios", "squall.faults", "squall.sim", "squall.system"),
    "reports": ("squall.reports", "squall.sim.trace", "squall.scenarios.result"),
    "squall": ("squall",),
}
"""Part of the house → what of ours it may import. One way: squall → reports → scenarios → faults → sim."""

WIRE: Final = "squall.sim.exchange.wire"
"""A venue's published protocol kit; it imports nothing of ours."""

NARROWER: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("sim/exchange/wire/", (WIRE,)),
    ("system/wiring.py", ("squall.system", WIRE)),
    ("system/gateways/", ("squall.system", WIRE)),
    ("system/services/", ("squall.system", WIRE)),
    ("system/domain/", ("squall.system.domain", "squall.system.config", "squall.system.wiring", WIRE)),
)
"""Path prefix → what of ours its files may import instead: the domain is pure, the desk reads the wire."""

ONLY_IN: Final[dict[str, tuple[str, ...]]] = {"simpy": ("sim/",)}
"""Third-party package → the only places that may import it."""

BANNED_MODULES: Final[dict[str, str]] = {
    "time": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "uuid": NAME,
    "threading": THREAD,
    "_thread": THREAD,
    "multiprocessing": THREAD,
    "concurrent": THREAD,
    "asyncio": THREAD,
    "sched": WAIT,
    "signal": WAIT,
    "socket": SOCKET,
    "select": SOCKET,
    "selectors": SOCKET,
}
"""Standard modules that a run has no use for; `datetime` and `os` are judged name by name."""

BANNED_BUILTINS: Final[dict[str, str]] = {
    "hash": "it differs from process to process for strings; use hashlib.blake2b",
    "id": "it is an address in memory; use a name or a number of your own",
}

ORDER_BLIND: Final = frozenset({"sorted", "len", "min", "max", "sum", "any", "all", "set", "frozenset", "bool"})
"""Calls whose answer does not depend on the order in which a set is walked (sums here are of ints)."""

WALKING: Final = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "dict", "deque"})
"""Calls that walk their arguments in order."""

EXEMPTIONS: Final[tuple[Exemption, ...]] = (
    Exemption("sim/rng.py", "random", "the one place where generators are made, each from the run's seed"),
    Exemption("scenarios/run.py", "time", "wall_s says how long this machine took; it is not part of the digest"),
    Exemption("scenarios/run.py", "squall.__version__", "a constant, which a replay must have alike"),
    Exemption("scenarios/search/campaign.py", "time", "wall_s says how long this machine took; no verdict rests on it"),
    Exemption("scenarios/search/campaign_worker.py", "signal", "the watchdog of a seed, outside of its run"),
    Exemption("squall/commands/campaign.py", "signal", "Ctrl-C ends a campaign seed by seed"),
    Exemption("squall/commands/campaign.py", "time", "two signals at once are one; no run sees it"),
    *(
        Exemption("scenarios/search/campaign_pool.py", name, "seeds run in processes of their own, outside of any run")
        for name in ("multiprocessing", "concurrent")
    ),
    *(
        Exemption("scenarios/steps.py", name, "loads are measured in processes of their own, outside of any run")
        for name in ("multiprocessing", "concurrent")
    ),
    Exemption("scenarios/power/child.py", "time", "what finding a bug costs is CPU time; no run sees it"),
    Exemption(
        "scenarios/power/child.py", "signal", "a broken build may run for ever; its process is told when to stop"
    ),
    Exemption(
        "scenarios/power/measurement.py", "concurrent", "each run has a process of its own; threads only wait for them"
    ),
    *(
        Exemption(f"squall/aio/{file}.py", "asyncio", "the library's own words, on a loop that asks no machine")
        for file in ("loop", "connections", "program", "stand_ins")
    ),
    *(
        Exemption("squall/aio/stand_ins.py", name, "it makes what stands in for these, from the run's seed and clocks")
        for name in ("random", "time", "uuid")
    ),
    *(
        Exemption("sim/scan.py", name, "it looks for what holds these, and draws and starts none")
        for name in ("random", "threading")
    ),
    *(
        Exemption(path, "id():", "what a module holds is looked for by its identity; no order rests on it")
        for path in ("sim/guard.py", "sim/scan.py")
    ),
    *(
        Exemption("sim/guard.py", name, "the guard patches it")
        for name in ("time", "random", "secrets", "uuid", "threading", "_thread", "socket")
    ),
)


# --- reading a file ----------------------------------------------------------------------------------


def lint_tree(root: Path = ROOT) -> list[Violation]:
    """Everything that our packages do against the rules, exemptions apart, in order of path and line."""
    found: list[Violation] = []
    for path in sorted(path for folder in FOLDERS for path in _sources(root / folder)):
        found += lint_source(path.relative_to(root).as_posix(), path.read_text())
    for folder in ("tests", "benchmarks", "docs"):
        for path in sorted(_sources(root / folder)):
            relative = path.relative_to(root).as_posix()
            found += [v for v in _import_violations(relative, ast.parse(path.read_text())) if v.rule == BARE]
    exempt = {(exemption.path, exemption.name) for exemption in EXEMPTIONS}
    return [v for v in found if (v.path, v.found.split(" ")[0]) not in exempt]


def lint_source(path: str, source: str) -> list[Violation]:
    """What one file does against the rules; *path* is relative to the root, as in ``sim/world.py``."""
    tree = ast.parse(source, filename=path)
    found = [*_import_violations(path, tree), *_name_violations(path, tree), *_set_violations(path, tree)]
    return sorted(found, key=lambda violation: violation.line)


def _sources(folder: Path) -> Iterator[Path]:
    """Python files below *folder*; links are not followed: what they lead to is linted as itself."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_symlink() or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _sources(path)
        elif path.suffix == ".py":
            yield path


# --- imports -----------------------------------------------------------------------------------------

BARE: Final = "import it as squall.…, or it is imported twice"
DIRECTION: Final = "imports go one way"
FOREIGN: Final = "only sim/ knows simpy"
MACHINE: Final = "no run may ask this of its machine"
BUILTIN: Final = "differs from process to process"
SET_ORDER: Final = "a set has no order to walk in"


def _imported(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, relative imports made absolute."""
    package = ("squall/" if path.split("/")[0] in PARTS else "") + path
    parents = package.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _is_below(name: str, *modules: str) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def _import_violations(path: str, tree: ast.Module) -> Iterator[Violation]:
    part = path.split("/")[0]
    allowed = next((may for prefix, may in NARROWER if path.startswith(prefix)), MAY_IMPORT.get(part, ("squall",)))
    for line, name in _imported(path, tree):
        top = name.split(".")[0]
        if top in PARTS:
            yield Violation(path, line, BARE, f"{name} should be squall.{name}")
        elif top == "squall" and not _is_below(name, *allowed):
            yield Violation(path, line, DIRECTION, f"{name} is not for {part}/, which may import {', '.join(allowed)}")
        elif top in ONLY_IN and not path.startswith(ONLY_IN[top]):
            yield Violation(path, line, FOREIGN, f"{name} is for {', '.join(ONLY_IN[top])} alone")
        elif top in BANNED_MODULES:
            yield Violation(path, line, MACHINE, f"{top} is imported; {BANNED_MODULES[top]}")


# --- names -------------------------------------------------------------------------------------------


def _name_violations(path: str, tree: ast.Module) -> Iterator[Violation]:
    """References to forbidden names, however they were imported, and to `hash` and `id`."""
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = _dotted(node, aliases)
            forbidden = _forbidden(name)
            if forbidden and name.split(".")[0] not in BANNED_MODULES:  # whose import is already reported
                yield Violation(path, node.lineno, MACHINE, f"{name} is used; {FORBIDDEN_NAMES[forbidden]}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_BUILTINS:
            yield Violation(path, node.lineno, BUILTIN, f"{node.func.id}(): {BANNED_BUILTINS[node.func.id]}")


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `from datetime import date as d` makes d → datetime.date."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                aliases[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return aliases


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str:
    """The full name of an attribute chain that starts at an imported name; "" for anything else."""
    match node:
        case ast.Name(id=name):
            return aliases.get(name, "")
        case ast.Attribute(value=value, attr=attribute):
            base = _dotted(value, aliases)
            return f"{base}.{attribute}" if base else ""
        case _:
            return ""


def _forbidden(name: str) -> str | None:
    """The table's entry that *name* is, or (for a whole module such as numpy.random) is one level below."""
    if name in FORBIDDEN_NAMES:
        return name if name != "numpy.random" else None
    return "numpy.random" if name.rpartition(".")[0] == "numpy.random" else None


# --- sets --------------------------------------------------------------------------------------------


def _set_violations(path: str, tree: ast.Module) -> Iterator[Violation]:
    """Places that walk a set whose order could reach behaviour."""
    names = _set_names(tree)
    blind = {
        _place(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ORDER_BLIND
        for argument in call.args
    }

    def walked(node: ast.AST) -> Iterator[ast.expr]:
        match node:
            case ast.For(iter=source):
                yield source
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() if _place(node) not in blind:
                yield from (generator.iter for generator in node.generators)
            case ast.Starred(value=source, ctx=ast.Load()):
                yield source
            case ast.Call(func=ast.Name(id=name), args=args) if name in WALKING and _place(node) not in blind:
                yield from args
            case ast.Call(func=ast.Attribute(attr="join" | "extend" | "fromkeys"), args=args):
                yield from args
            case ast.Call(func=ast.Attribute(attr="pop", value=source), args=[]):
                yield source  # which element a set pops is as random as its order

    for node in ast.walk(tree):
        for source in walked(node):
            if _is_set(source, names):
                yield Violation(
                    path,
                    source.lineno,
                    SET_ORDER,
                    f"{ast.unparse(source)} is walked; sort it, or keep a dict",
                )


def _place(node: ast.AST) -> tuple[int, int, int, int]:
    """Where a node stands, which names it within its file."""
    place = (getattr(node, name, 0) or 0 for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))
    first, second, third, fourth = place
    return (first, second, third, fourth)


def _set_names(tree: ast.Module) -> frozenset[str]:
    """Variables and attributes of the file that are annotated as sets, or assigned from one."""
    sets: list[str] = []
    others: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation):
                (sets if _annotates_set(annotation) else others).append(ast.unparse(target))
            case ast.arg(arg=name, annotation=annotation) if annotation is not None:
                (sets if _annotates_set(annotation) else others).append(name)
            case ast.Assign(targets=[target], value=value):
                (sets if _is_set(value, frozenset()) else others).append(ast.unparse(target))
    # A name that is a set here and something else there is not judged: the file is, by its types.
    return frozenset(name for name in sets if name not in others)


def _annotates_set(annotation: ast.expr) -> bool:
    return bool(ast.unparse(annotation).split("[")[0] in {"set", "frozenset", "AbstractSet", "MutableSet"})


def _is_set(node: ast.expr, names: frozenset[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(attr="union" | "intersection" | "difference" | "symmetric_difference")):
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return _is_set(left, names) or _is_set(right, names)
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in names
        case _:
            return False


# --- the house itself --------------------------------------------------------------------------------


def lint_house(root: Path = ROOT) -> list[str]:
    """What is wrong with the links and the packages that have to stay empty."""
    wrong = []
    for part in PARTS:
        link = root / "squall" / part
        if not link.is_symlink():
            wrong.append(f"squall/{part}: expected a symbolic link to ../{part}, found a folder of its own")
        elif link.readlink().as_posix() != f"../{part}":
            wrong.append(f"squall/{part}: expected a link to ../{part}, found one to {link.readlink()}")
    for empty in ("sim/__init__.py", "sim/exchange/__init__.py"):
        if (root / empty).read_text():
            wrong.append(f"{empty}: has to stay empty, so that importing one part of the world loads no other")
    return wrong
