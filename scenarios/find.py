"""Finds scenarios: the library's by name, a user's own as ``path/to/file.py:name`` or ``module:name``."""

import difflib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any

from squall.scenarios import library
from squall.scenarios.run import Choice
from squall.scenarios.scenario import Scenario


class UnknownScenarioError(ValueError):
    """No such scenario, or none that can be made: one line with what was found and what was expected."""


def library_scenarios() -> dict[str, Callable[[], Scenario]]:
    """Every scenario of the library by its name, sorted."""
    found: dict[str, Callable[[], Scenario]] = {}
    for info in pkgutil.iter_modules(library.__path__):
        module = import_module(f"{library.__name__}.{info.name}")
        for maker in vars(module).values():
            if getattr(maker, "proves", None) and getattr(maker, "__module__", "") == module.__name__:
                found[maker.__name__.replace("_", "-")] = maker
    return dict(sorted(found.items()))


def choose(name: str, **chosen: Any) -> Choice:
    """The scenario of this name, run as *chosen* (see `Choice`). UnknownScenarioError where it is none."""
    maker = _own(name) if ":" in name else _of_library(name)
    with _theirs(name, "the function failed"):
        made = maker()
    if not isinstance(made, Scenario):
        raise UnknownScenarioError(f"{name}: expected a function that returns a Scenario, found {type(made).__name__}")
    proves, canary = getattr(maker, "proves", ""), getattr(maker, "canary", False)
    return Choice(name=name, scenario=made, proves=proves, canary=canary, **chosen)


def campaign_scenarios() -> tuple[str, ...]:
    """The library's scenarios that are small enough for thousands of seeds, the canary among them."""
    return tuple(name for name, maker in library_scenarios().items() if getattr(maker, "campaign", False))


def sound_scenarios() -> tuple[str, ...]:
    """The library's scenarios that a sound desk passes: all but the canaries, which have to be violated."""
    return tuple(name for name, maker in library_scenarios().items() if not getattr(maker, "canary", False))


def _of_library(name: str) -> Callable[[], Scenario]:
    known = library_scenarios()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"scenarios are {', '.join(known)}"
    raise UnknownScenarioError(f"no scenario {name!r}; {hint}")


def _own(name: str) -> Callable[[], Any]:
    place, _, attribute = name.rpartition(":")
    if not place or not attribute:
        raise UnknownScenarioError(f"{name}: expected path/to/file.py:name or module:name")
    module = _load(place, name)
    maker = getattr(module, attribute, None)
    if not callable(maker):
        raise UnknownScenarioError(f"{name}: {place} has no function {attribute!r}")
    return maker  # type: ignore[no-any-return]  # whatever a user wrote; `choose` looks at what it returns


def _load(place: str, name: str) -> ModuleType:
    if not place.endswith(".py"):
        with _theirs(name, f"cannot import {place}"):
            return import_module(place)
    path = Path(place)
    # A name of its own: a user's time.py must not stand in for the real one.
    spec = spec_from_file_location(f"squall_scenarios_of_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UnknownScenarioError(f"{name}: no such file: {place}")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    with _theirs(name, f"cannot load {place}"):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _theirs(name: str, what: str) -> Iterator[None]:
    """Whatever a user's own code throws, exiting included, is told in one line, with its place."""
    try:
        yield
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        frame = extract_tb(error.__traceback__)[-1]
        # Nobody would look into the import machinery; and a SyntaxError tells its place itself.
        where = "" if frame.filename.startswith("<") else f" ({Path(frame.filename).name}:{frame.lineno})"
        raise UnknownScenarioError(f"{name}: {what}: {said}{where}") from error
