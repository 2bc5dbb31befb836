"""The scan of a user's modules: what they captured is replaced for a run, or refused with its place; nothing stays."""

import re
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from squall.sim.guard import Guard, Lent, NondeterminismError, lending
from squall.sim.scan import CapturedError, modules_of, replaced


class Folder:
    """Where a test's modules lie, and are imported from."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names: list[str] = []

    def module(self, text: str, name: str = "own") -> ModuleType:
        file = self._path / f"{name}.py"
        file.write_text(text)
        spec = spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = module_from_spec(spec)
        self.names.append(name)
        spec.loader.exec_module(module)
        return module


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    for name in made.names:
        sys.modules.pop(name, None)


CAPTURED = {
    "from time import time": "time.time",
    "from time import monotonic_ns as time": "time.monotonic_ns",
    "from datetime import datetime\ntime = lambda: datetime.now()": "datetime.datetime.now",
    "from datetime import date\ndef time(): return date.today()": "datetime.date.today",
    "from random import random as time": "random.random",
    "from uuid import uuid4 as time": "uuid.uuid4",
    "from os import urandom\ntime = lambda: urandom(4)": "os.urandom",
    "from secrets import token_hex as time": "secrets.token_hex",
}


@pytest.mark.parametrize("text", CAPTURED)
def test_a_captured_name_is_replaced_for_the_run_and_put_back(folder: Folder, text: str) -> None:
    module = folder.module(text + "\n")
    before = dict(vars(module))
    with (
        pytest.raises(NondeterminismError, match=f"called {CAPTURED[text]} during a run"),
        Guard(),
        replaced((module,)),
    ):
        module.time()
    assert vars(module) == before
    module.time()


def test_what_is_replaced_reads_the_clock_that_a_program_is_lent(folder: Folder) -> None:
    module = folder.module("from time import time\n")
    with Guard(), replaced((module,)), lending(Lent({"time.time": lambda: 7.0})):
        assert module.time() == 7.0


def test_runs_within_runs_put_a_name_back_when_the_last_one_is_over(folder: Folder) -> None:
    module = folder.module("from time import time\n")
    with Guard(), replaced((module,)):
        with Guard(), replaced((module,)):
            assert module.time is time.time
        with lending(Lent({"time.time": lambda: 7.0})):
            assert module.time() == 7.0
    assert module.time is time.time
    assert not hasattr(module, "open")


CLOCK = "class Clock:\n    def __init__(self, now):\n        self.now = now\n"

REFUSED = {
    "from time import time\ndef price(now=time):\n    return now()\n": "own.py:2: a default argument of price holds",
    "from time import time\ndef price(*, now=time):\n    return now()\n": "own.py:2: a default argument of price holds",
    "import time\nclass Feed:\n    lines = 2\n    clock = time.time\n": "own.py:4: Feed.clock holds time.time",
    "import time\nclass Feed:\n    clock = staticmethod(time.time)\n": "own.py:3: Feed.clock holds time.time",
    "import time\n\nCLOCKS = {'wall': [time.time]}\n": "own.py:3: CLOCKS holds time.time",
    "import uuid\nfrom functools import partial\nname = partial(str, uuid.uuid4)\n": "own.py:3: name holds uuid.uuid4",
    "import time\ndef make(clock):\n    return lambda: clock()\nnow = make(time.time)\n": (
        "own.py:3: a name that now closes over holds time.time"
    ),
    f"import time\n{CLOCK}clock = Clock(time.time)\n": "own.py:5: clock.now holds time.time",
    "import time\nfrom dataclasses import dataclass, field\n\n@dataclass\nclass Order:\n"
    "    at: float = field(default_factory=time.time)\n": "Order",
    "import datetime\nclass Stamp(datetime.datetime):\n    pass\n": "own.py:2: Stamp holds the class datetime",
    "import random\nDICE = random.Random(7)\n": "own.py:2: DICE holds a generator, random.Random; one that",
    "import itertools\nNEXT = itertools.count(1)\n": "own.py:2: NEXT holds a generator, itertools.count; one that",
    "NUMBERS = (n for n in range(9))\n": "own.py:1: NUMBERS holds a generator, builtins.generator; one that",
    "import numpy as np\nDICE = np.random.default_rng(7)\n": "own.py:2: DICE holds a generator, numpy.random",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_replaced_is_refused_with_its_place(folder: Folder, text: str) -> None:
    module = folder.module(text)
    before = dict(vars(module))
    with pytest.raises(CapturedError) as caught, Guard(), replaced((module,)):
        pass
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert vars(module) == before


def test_what_only_looks_like_it_is_left_alone(folder: Folder) -> None:
    module = folder.module(
        "import time, random, datetime\n"
        "from datetime import datetime as dt, timedelta\n"
        "MIDNIGHT = dt(2026, 1, 1)\n"
        "def stamp(at: dt = MIDNIGHT, dice: random.Random | None = None) -> dt:\n"
        "    return at + timedelta(seconds=time.time())\n"
        "class Plain:\n    at: dt = MIDNIGHT\n    def now(self): return time.time()\n"
    )
    with Guard(), replaced((module,)), lending(Lent({"time.time": lambda: 1.0})):
        assert module.stamp().second == 1
        assert isinstance(module.MIDNIGHT, module.dt)


def test_a_program_reads_files_and_writes_none(folder: Folder, tmp_path: Path) -> None:
    module = folder.module(
        "def read(path):\n    with open(path) as file:\n        return file.read()\n"
        "def write(path): return open(path, mode='w')\n"
        "def put(path): return path.write_text('9')\n"
    )
    (tmp_path / "limits.txt").write_text("9")

    def run(what: Any) -> Any:
        with Guard(), replaced((module,)):
            return what()

    assert run(lambda: module.read(tmp_path / "limits.txt")) == "9"
    for write, line in ((module.write, 4), (module.put, 5)):
        place = re.escape(f"{module.__file__}:{line}: called ")
        with pytest.raises(NondeterminismError, match=f"^{place}.*keeps its files on its host's disk"):
            run(lambda write=write: write(tmp_path / "journal"))
    assert not (tmp_path / "journal").exists()
    module.write(tmp_path / "journal").close()


# --- whose modules these are ---


def test_the_modules_of_a_program_are_its_own_and_those_it_imports_and_no_library(folder: Folder) -> None:
    helper = folder.module("import json, numpy\nfrom time import time\n", "own_helper")
    own = folder.module("import own_helper\nfrom squall.scenarios.desk import Desk\nclass Program: pass\n")
    assert modules_of([own.Program]) == (own, helper)
    assert modules_of([partial(lambda make: make, own.Program)])[-2:] == (own, helper)
    assert modules_of([_wrapped(own.Program)])[-2:] == (own, helper)
    assert modules_of([print, Path, np_array()]) == ()


def _wrapped(maker: Any) -> Any:
    return lambda: maker


def np_array() -> Any:
    import numpy as np

    return np.array
