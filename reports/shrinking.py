"""What was left of a violation when it had been shrunk, and its story."""

from rich.console import Console

from squall.reports.summary import print_summary
from squall.reports.units import count, duration
from squall.scenarios.result import RunResult, Shrinking, Size, Verdict


def print_shrinking(shrinking: Shrinking, result: RunResult, console: Console) -> None:
    """How far it went first; then the run that is left, as `squall run` shows one."""
    console.print(
        f"Shrunk in {count(shrinking.runs, 'run')}; every step taken still violated: {shrinking.promise}", style="bold"
    )
    console.print(f"  from  {_words(shrinking.before)}")
    console.print(f"  to    {_words(shrinking.after)}")
    if shrinking.spent:
        console.print("  The budget of runs is spent: with --max-runs it may go on.", style="yellow")
    if sum(check.verdict is Verdict.VIOLATED for check in result.checks) > 1:
        console.print("  What else is broken below may be so only because the run ends sooner.", style="dim")
    console.print()
    print_summary(result, console)


def _words(size: Size) -> str:
    return f"{count(size.faults, 'fault')}, {count(size.orders, 'order')}, {duration(size.duration_ns)}"
