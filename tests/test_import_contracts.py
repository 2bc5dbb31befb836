"""The lint holds over our own packages, and every one of its rules fires on a planted snippet."""

import os
from pathlib import Path

import pytest

from tests.lint_rules import (
    BANNED_BUILTINS,
    BANNED_MODULES,
    BARE,
    BUILTIN,
    DIRECTION,
    EXEMPTIONS,
    FOREIGN,
    MACHINE,
    PARTS,
    ROOT,
    SET_ORDER,
    lint_house,
    lint_source,
    lint_tree,
)


def _rules(path: str, source: str) -> list[str]:
    return [violation.rule for violation in lint_source(path, source)]


def test_our_own_packages_keep_every_rule() -> None:
    assert [str(violation) for violation in lint_tree()] == []


def test_the_links_lead_out_of_squall_and_the_packages_that_must_be_empty_are() -> None:
    assert lint_house() == []


def test_every_exemption_is_still_needed_and_says_why() -> None:
    for exemption in EXEMPTIONS:
        source = (ROOT / exemption.path).read_text()
        named = [v.found.split(" ")[0] for v in lint_source(exemption.path, source)]
        assert exemption.name in named, f"{exemption.path} no longer needs {exemption.name}: drop the exemption"
        assert len(exemption.reason.split()) > 2


# --- each rule fires ---------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BANNED_MODULES)
def test_importing_what_a_run_has_no_use_for_is_found_in_every_form(module: str) -> None:
    for source in (
        f"import {module}\n",
        f"import {module} as harmless\n",
        f"from {module} import anything\n",
        f"def later():\n    import {module}\n",
    ):
        assert MACHINE in _rules("system/services/oms.py", source), source


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\nstamp = datetime.datetime.now()\n",
        "from datetime import datetime\nstamp = datetime.now()\n",
        "from datetime import datetime as dt\nstamp = dt.utcnow\n",
        "from datetime import date\nstamp = date.today()\n",
        "import os\nkey = os.urandom(8)\n",
        "from os import urandom\nkey = urandom(8)\n",
        "import numpy as np\ndraw = np.random.rand()\n",
        "import numpy\ndraw = numpy.random.default_rng()\n",
        "from numpy.random import default_rng\ndraw = default_rng()\n",
    ],
)
def test_a_forbidden_name_is_found_however_it_was_imported(source: str) -> None:
    assert _rules("faults/network.py", source) == [MACHINE], source


def test_the_line_is_named() -> None:
    source = "from datetime import datetime\n\n\ndef stamp() -> str:\n    return str(datetime.now())\n"
    (violation,) = lint_source("reports/html.py", source)
    assert str(violation).startswith(f"reports/html.py:5: {MACHINE}: datetime.datetime.now is used; ")


@pytest.mark.parametrize("name", BANNED_BUILTINS)
def test_builtins_that_differ_from_process_to_process_are_found(name: str) -> None:
    assert _rules("sim/host.py", f"key = {name}('oms1')\n") == [BUILTIN]
    assert _rules("sim/host.py", f"key = message.{name}\n") == []


@pytest.mark.parametrize(
    "source",
    [
        "for venue in {'a', 'b'}: ...\n",
        "for venue in set(venues): ...\n",
        "for venue in frozenset(venues) - down: ...\n",
        "rows = [venue for venue in set(venues)]\n",
        "rows = {venue: 0 for venue in set(venues)}\n",
        "rows = list(set(venues))\n",
        "rows = [*set(venues)]\n",
        "rows = dict.fromkeys(set(venues))\n",
        "text = ', '.join({'a', 'b'})\n",
        "first = next(iter(set(venues)))\n",
        "for number, venue in enumerate(set(venues)): ...\n",
        "down: set[str] = load()\nfor venue in down: ...\n",
        "down = set()\nrows = tuple(down)\n",
        "class S:\n    def __init__(self) -> None:\n        self.down: set[str] = set()\n"
        "    def f(self) -> None:\n        for venue in self.down: ...\n",
        "def f(down: frozenset[str]) -> None:\n    for venue in down: ...\n",
        "down = set()\nfirst = down.pop()\n",
        "for venue in known.union(other): ...\n",
    ],
)
def test_walking_a_set_is_found(source: str) -> None:
    assert _rules("system/services/router.py", source) == [SET_ORDER], source


@pytest.mark.parametrize(
    "source",
    [
        "for venue in sorted(set(venues)): ...\n",
        "worst = max(late(venue) for venue in set(venues))\n",
        "known = {venue for venue in set(venues)}\n",
        "many = len(set(venues))\n",
        "ok = venue in {'a', 'b'}\n",
        "for venue in {'a': 1, 'b': 2}: ...\n",
        "rows = [venue for venue in venues if venue in set(down)]\n",
        "timers = {}\nfirst = timers.pop(key)\n",
    ],
)
def test_what_does_not_depend_on_the_order_of_a_set_is_left_alone(source: str) -> None:
    assert _rules("system/services/router.py", source) == [], source


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("sim/world.py", "from squall.system.config import DeskConfig\n"),
        ("sim/world.py", "from squall.faults import network\n"),
        ("sim/exchange/wire/messages.py", "from squall.sim.trace import Event\n"),
        ("system/services/oms.py", "from squall.sim.trace import Event\n"),
        ("system/services/oms.py", "import squall.scenarios.run\n"),
        ("system/gateways/session.py", "from squall.sim.exchange import book\n"),
        ("system/domain/orders.py", "from squall.system.runtime import Runtime\n"),
        ("system/domain/orders.py", "from ..services import oms\n"),
        ("system/assemble.py", "from squall.sim.world import World\n"),
        ("faults/network.py", "from squall.system.config import DeskConfig\n"),
        ("faults/network.py", "from squall.scenarios import scenario\n"),
        ("scenarios/run.py", "from squall.reports.html import page\n"),
        ("reports/html.py", "from squall.scenarios.run import run\n"),
        ("reports/html.py", "from squall.sim.world import World\n"),
        (
            "reports/html.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import squall.system.config\n",
        ),
        ("reports/html.py", "def late():\n    from squall import cli\n"),
    ],
)
def test_an_import_against_the_direction_is_found(path: str, source: str) -> None:
    assert _rules(path, source) == [DIRECTION]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("sim/world.py", "from squall.sim.kernel import Kernel\n"),
        ("system/gateways/session.py", "from squall.sim.exchange.wire.messages import Logon\n"),
        ("system/domain/messages/orders.py", "from squall.sim.exchange.wire.messages import Side\n"),
        ("system/services/oms.py", "from squall.system.domain.orders import decide\n"),
        ("system/domain/orders.py", "from .messages import SubmitOrder\n"),
        ("faults/network.py", "from squall.sim.world import World\n"),
        (
            "scenarios/run.py",
            "from squall.faults.network import PacketLoss\nfrom squall.system.config import DeskConfig\n",
        ),
        (
            "reports/html.py",
            "from squall.scenarios.result import RunResult\nfrom squall.sim.trace import Record\n",
        ),
        ("squall/cli.py", "from squall.reports.html import page\nfrom squall.scenarios.run import run\n"),
    ],
)
def test_an_import_along_the_direction_passes(path: str, source: str) -> None:
    assert _rules(path, source) == []


def test_simpy_is_for_the_world_alone() -> None:
    assert _rules("sim/kernel.py", "from simpy import Environment\n") == []
    for part in (
        "system/services/oms.py",
        "faults/host.py",
        "scenarios/run.py",
        "reports/html.py",
        "squall/cli.py",
    ):
        assert _rules(part, "from simpy import Environment\n") == [FOREIGN]


@pytest.mark.parametrize("part", PARTS)
def test_a_bare_import_is_found_wherever_it_stands(part: str) -> None:
    for path in ("squall/cli.py", "scenarios/run.py", "tests/test_anything.py", "benchmarks/kernel.py"):
        assert BARE in _rules(path, f"import {part}\n")
        assert BARE in _rules(path, f"from {part}.anything import name\n")
    assert _rules("tests/test_anything.py", f"import {part}ulator\n") == []


def test_a_bare_import_in_the_tests_of_a_tree_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text("import time\nfrom sim.kernel import Kernel\n")
    assert [(v.line, v.rule) for v in lint_tree(tmp_path)] == [(2, BARE)]


def test_a_link_is_not_followed_twice(tmp_path: Path) -> None:
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "world.py").write_text("import time\n")
    (tmp_path / "squall").mkdir()
    (tmp_path / "squall" / "sim").symlink_to("../sim")
    assert [v.path for v in lint_tree(tmp_path)] == ["sim/world.py"]


def test_a_flattened_link_an_absolute_one_and_a_package_that_is_not_empty_are_found(tmp_path: Path) -> None:
    for part in PARTS:
        (tmp_path / part).mkdir()
    (tmp_path / "sim" / "exchange").mkdir()
    (tmp_path / "sim" / "__init__.py").write_text("")
    (tmp_path / "sim" / "exchange" / "__init__.py").write_text("import squall.sim.exchange.book\n")
    (tmp_path / "squall").mkdir()
    for part in PARTS[2:]:
        (tmp_path / "squall" / part).symlink_to(f"../{part}")
    (tmp_path / "squall" / "sim").mkdir()
    os.symlink(tmp_path / "system", tmp_path / "squall" / "system")
    assert [line.split(":")[0] for line in lint_house(tmp_path)] == [
        "squall/sim",
        "squall/system",
        "sim/exchange/__init__.py",
    ]
