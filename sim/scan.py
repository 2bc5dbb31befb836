"""Before a run: what a user's program modules captured of the real machine is replaced for the run, or refused."""

import ast
import builtins
import functools
import itertools
import random
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, GeneratorType, ModuleType
from typing import Any, Final, NamedTuple

from squall.sim.guard import captures, reading_only

DEEPEST: Final = 5
"""How far a value is looked into: a partial in a list in an object is found, an endless chain is not followed."""
OURS: Final = "squall"
ADVICE: Final = "replaced for a run are names of a module, such as `from time import time`: call it where it is needed"
GENERATOR: Final = "one that is made at import goes on where the last run left it: make it where the program starts"
_GOING_ON: Final = (random.Random, itertools.count, itertools.cycle, GeneratorType)
DERIVED: Final = "its clock is the machine's, whatever is patched: hold a datetime instead of being one"


class CapturedError(ValueError):
    """A module of a user's program holds on to the machine where nothing can replace it: one line, with its place."""


class _Held(NamedTuple):
    """Where a value holds what: in words, by the line if a function says it, and what to do."""

    where: str
    what: str
    line: int | None = None
    advice: str = ADVICE


# --- which modules are the user's


def modules_of(makers: Iterable[Any]) -> tuple[ModuleType, ...]:
    """The modules that these programs are made of: theirs, and those they import, as far as a user wrote them."""
    found: dict[str, ModuleType] = {}
    for maker in makers:
        for module in _behind(maker, DEEPEST):
            _gather(module, found)
    return tuple(found.values())


def users_modules() -> tuple[ModuleType, ...]:
    """Every module that is loaded and that a user wrote, by name: more than a run may need, and nothing that it has."""
    modules = sorted(sys.modules.items())
    loaded = [module for name, module in modules if name != "__main__" and isinstance(module, ModuleType)]
    # Asked by vars: a lazy module of some library loads itself when it is asked for anything.
    return tuple(module for module in loaded if isinstance(vars(module).get("__file__"), str) and _is_users(module))


def forget_users_modules() -> None:
    """Whoever imports them next gets them as they were before anything ran. For a process that runs nothing else."""
    theirs = {id(module) for module in users_modules()}
    for name in [name for name, module in sys.modules.items() if id(module) in theirs]:
        del sys.modules[name]


def _behind(thing: Any, depth: int) -> Iterator[ModuleType]:
    """The modules of a callable, and of what it closes over."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    if module is not None and _is_users(module):
        yield module
    if depth:
        for inner in _inside(thing):
            yield from _behind(inner, depth - 1)


def _inside(thing: Any) -> Iterator[Any]:
    match thing:
        case FunctionType():
            for cell in thing.__closure__ or ():
                yield _contents(cell)
        case functools.partial():
            yield from (thing.func, *thing.args, *thing.keywords.values())
        case _ if hasattr(thing, "__func__"):
            yield from (thing.__func__, getattr(thing, "__self__", None))


def _gather(module: ModuleType, found: dict[str, ModuleType]) -> None:
    if module.__name__ in found:
        return
    found[module.__name__] = module
    for value in list(vars(module).values()):
        home = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
        if isinstance(home, ModuleType) and _is_users(home):
            _gather(home, found)


@functools.cache
def _foreign_folders() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple({Path(paths[name]).resolve(): None for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def _is_users(module: ModuleType) -> bool:
    """Neither ours, nor Python's, nor an installed library's."""
    name, file = module.__name__, getattr(module, "__file__", None)
    if file is None or name == OURS or name.startswith(f"{OURS}."):
        return False
    path = Path(file).resolve()
    return not any(path.is_relative_to(folder) for folder in _foreign_folders())


# --- what they hold

_lock: Final = threading.Lock()
_replaced: Final[dict[tuple[str, str], tuple[int, Any]]] = {}
"""(module, name) → how many runs have it replaced just now, and what it was; `_ABSENT` where there was nothing."""
_ABSENT: Final = object()


@contextmanager
def replaced(modules: Iterable[ModuleType]) -> Iterator[None]:
    """Within, and inside of a guard: every captured name of these modules is what the guard has in its place.

    CapturedError, before anything is replaced, where something is held that cannot be.
    """
    modules = tuple(modules)
    originals = captures()
    taken: list[tuple[ModuleType, str, Any]] = []
    for module in modules:
        taken += _names_of(module, originals)
    with _lock:
        for module, name, stand_in in taken:
            _put(module, name, stand_in)
    try:
        yield
    finally:
        with _lock:
            for module, name, _ in taken:
                _put_back(module, name)


def _put(module: ModuleType, name: str, stand_in: Any) -> None:
    key = (module.__name__, name)
    times, before = _replaced.get(key, (0, vars(module).get(name, _ABSENT)))
    _replaced[key] = (times + 1, before)
    setattr(module, name, stand_in)


def _put_back(module: ModuleType, name: str) -> None:
    key = (module.__name__, name)
    times, before = _replaced.pop(key)
    if times > 1:
        _replaced[key] = (times - 1, before)
    elif before is _ABSENT:
        delattr(module, name)
    else:
        setattr(module, name, before)


def _names_of(module: ModuleType, originals: Mapping[int, tuple[str, Any]]) -> list[tuple[ModuleType, str, Any]]:
    taken: list[tuple[ModuleType, str, Any]] = []
    seen: dict[int, Any] = {}
    for name, value in list(vars(module).items()):
        if id(value) in originals:
            taken.append((module, name, originals[id(value)][1]))
        elif (module.__name__, name) in _replaced and name != "open":
            taken.append((module, name, value))  # by a run around this one
        elif not name.startswith("__"):
            held = _held(value, name, originals, seen, DEEPEST)
            if held is not None:
                line = held.line or _line_of(module, held.where)
                file = Path(module.__file__ or module.__name__).name
                raise CapturedError(f"{file}:{line}: {held.where} holds {held.what}; {held.advice}")
    if "open" not in vars(module) or (module.__name__, "open") in _replaced:
        taken.append((module, "open", _reading_only))
    return taken


_reading_only: Final = reading_only("builtins.open", builtins.open, position=1)


def _held(
    value: Any, where: str, originals: Mapping[int, tuple[str, Any]], seen: dict[int, Any], depth: int
) -> _Held | None:
    """The first thing of the machine's that this value holds, if it holds one."""
    if id(value) in originals:
        return _Held(where, originals[id(value)][0])
    if isinstance(value, _GOING_ON) or _is_numpy_generator(value):
        return _Held(where, f"a generator, {type(value).__module__}.{type(value).__qualname__}", advice=GENERATOR)
    if id(value) in seen or not depth or isinstance(value, ModuleType):
        return None
    seen[id(value)] = value
    for inner, place, line in _parts(value, where):
        held = _held(inner, place, originals, seen, depth - 1)
        if held is not None:
            return held if held.line is not None or line is None else held._replace(line=line)
    if isinstance(value, type) and _users_own(value):
        for base in value.__mro__[1:]:
            if id(base) in originals:
                return _Held(where, f"the class {originals[id(base)][0]}, as its base", advice=DERIVED)
    return None


def _is_numpy_generator(value: Any) -> bool:
    return type(value).__module__.startswith("numpy.random") and not isinstance(value, type)


def _users_own(thing: Any) -> bool:
    home = sys.modules.get(getattr(thing, "__module__", None) or "")
    return home is not None and _is_users(home)


def _parts(value: Any, where: str) -> Iterator[tuple[Any, str, int | None]]:
    """What a value is made of: each part, where it is, and the line if a function says it."""
    match value:
        case FunctionType() if _users_own(value):
            yield from _parts_of_function(value, where)
        case staticmethod() | classmethod():
            yield value.__func__, where, None
        case property():
            yield from ((each, where, None) for each in (value.fget, value.fset) if each is not None)
        case functools.partial():
            yield from ((each, where, None) for each in (value.func, *value.args, *value.keywords.values()))
        case dict():
            yield from ((each, where, None) for each in list(value.values()))
        case list() | tuple() | frozenset() | set():
            yield from ((each, where, None) for each in list(value))
        case type() if _users_own(value):
            held = [(name, each) for name, each in vars(value).items() if name != "__annotations__"]
            yield from ((each, f"{where}.{name}", None) for name, each in held)
        case _:
            for name in ("default_factory", "factory"):  # a field of a dataclass, or of a struct
                if hasattr(type(value), name) and not isinstance(value, type):
                    yield getattr(value, name), where, None
            if not isinstance(value, type) and _users_own(type(value)):
                yield from (
                    (each, f"{where}.{name}", None) for name, each in list(getattr(value, "__dict__", {}).items())
                )


def _parts_of_function(function: FunctionType, where: str) -> Iterator[tuple[Any, str, int | None]]:
    line = function.__code__.co_firstlineno
    for each in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield each, f"a default argument of {where}", line
    for cell in function.__closure__ or ():
        yield _contents(cell), f"a name that {where} closes over", line


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _line_of(module: ModuleType, where: str) -> int:
    """The line of ``NAME`` or ``Class.name`` in the module's source; 1 where there is none to read."""
    try:
        tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return 1
    body: list[ast.stmt] = tree.body
    line = 1
    for name in where.split("."):
        statement = next((each for each in body if name in _names_bound(each)), None)
        if statement is None:
            break
        line = statement.lineno
        body = statement.body if isinstance(statement, ast.ClassDef) else []
    return line


def _names_bound(statement: ast.stmt) -> tuple[str, ...]:
    match statement:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return (statement.name,)
        case ast.Assign():
            return tuple(
                each.id for target in statement.targets for each in ast.walk(target) if isinstance(each, ast.Name)
            )
        case ast.AnnAssign(target=ast.Name() as target):
            return (target.id,)
        case _:
            return ()
