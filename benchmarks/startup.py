"""How long `squall run` takes to its first event, beside importing simpy, NumPy and networkx, in fresh processes."""

import os
import subprocess
import sys
from typing import Final

from benchmarks.yardstick import Timed

IMPORTS: Final = "import simpy, numpy, networkx"
FIRST_EVENT: Final = """
import os, sys
from squall.sim.kernel import Kernel
Kernel.run_until = lambda kernel, until_ns: os._exit(0)
from squall.cli import main
sys.argv = ["squall", "run", "calm"]
main()
"""
"""It ends where the first event would be."""


def _fresh(program: str) -> Timed:
    """One fresh process and the CPU seconds that it took, its bytecode compiled before."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def once() -> tuple[float, int]:
        before = os.times()
        subprocess.run([sys.executable, "-c", program], check=True, env=environment, stdout=subprocess.DEVNULL)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system, 1

    once()
    return once


def imports() -> Timed:
    """Python, and what everybody needs who simulates."""
    return _fresh(IMPORTS)


def first_event() -> Timed:
    """The command line, the scenario, and the world laid out."""
    return _fresh(FIRST_EVENT)
