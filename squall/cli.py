"""The command line: what a person types, what they get, and the exit code that a CI job reads."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout, suppress
from pathlib import Path
from traceback import extract_tb, print_exc
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec
from rich.console import Console

from squall import __version__

if TYPE_CHECKING:
    from squall.scenarios.trace_file import TraceFile

PASS, VIOLATED, USAGE, INCONCLUSIVE, NONDETERMINISM, INTERNAL = range(6)
"""Exit codes."""


class _BadInput(click.ClickException):
    """What people got wrong: exit code 2."""

    exit_code = USAGE


@contextmanager
def _bad_input() -> Iterator[None]:
    """What people got wrong is a ValueError with one line; it ends here, without a traceback."""
    try:
        yield
    except ValueError as error:
        raise _BadInput(str(error)) from None


def _output(path: str | None, option: str) -> Path | None:
    """Refuse what cannot be written before anything runs, so that nothing is run in vain or half written."""
    if path is None or (path == "-" and option == "--json"):
        return None
    if path == "-":
        raise _BadInput(f"{option} -: expected a file; only --json can go to standard output")
    from squall.scenarios.trace_file import NotAFileError, real_file

    try:
        target = real_file(Path(path))
        if not target.parent.is_dir():
            raise _BadInput(f"{option} {path}: no such folder: {target.parent}")
        probe = target.with_name(f".{target.name}.part")
        probe.touch()
        probe.unlink()
    except NotAFileError as error:
        raise _BadInput(f"{option} {path}: {error.strerror}") from None
    except OSError as error:
        raise _BadInput(f"{option} {path}: cannot be written: {error.strerror}") from None
    return target


def _outputs(**options: str | None) -> list[Path | None]:
    """The files that these options name, in their order: each one a file of its own."""
    taken: dict[Path, str] = {}
    targets = []
    for name, path in options.items():
        option = f"--{name}"
        target = _output(path, option)
        if target is not None and taken.setdefault(target, option) != option:
            raise _BadInput(f"{option} {path}: expected a file of its own, found that of {taken[target]}")
        targets.append(target)
    return targets


@contextmanager
def _tracing(target: Path | None, scenario: str, seed: int) -> Iterator["TraceFile | None"]:
    """A sink for the run; its file is in place when all went well, and not there at all when it did not."""
    from squall.scenarios.trace_file import TraceFile

    if target is None:
        yield None
        return
    try:
        sink = TraceFile(target, scenario, seed)
    except OSError as error:
        raise _BadInput(f"--trace {target}: cannot be written: {error.strerror}") from None
    try:
        yield sink
    except BaseException:
        sink.discard()
        raise
    try:
        sink.keep()
    except OSError as error:
        raise _BadInput(f"--trace {target}: cannot be written: {error.strerror}") from None


def _quiet(json_file: str | None) -> AbstractContextManager[Any]:
    """With ``--json -``, what a user's own code prints goes to standard error: one object, nothing else."""
    return redirect_stdout(sys.stderr) if json_file == "-" else nullcontext()


def _write(target: Path, text: str) -> None:
    """Whole or not at all: written beside, then renamed."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise _BadInput(f"{target}: cannot be written: {error.strerror}") from None


def _show(text: str) -> None:
    """Print; whoever has stopped reading (``| head``) changes neither the verdict nor the files."""
    try:
        click.echo(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Or the interpreter would complain when it closes what is left of standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_drawn(draw: Callable[[Console], None]) -> None:
    """Print what *draw* puts on a console: in colour on a terminal, plain and 100 columns wide elsewhere."""
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=100, highlight=False)
    with console.capture() as drawn:
        draw(console)
    _show(drawn.get().rstrip("\n"))


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="squall")
def cli() -> None:
    """Break a simulated trading world on purpose, and judge whether the desk survives."""


@cli.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def list_scenarios(as_json: bool) -> None:
    """Scenarios, with what each proves."""
    from squall.scenarios.find import library_scenarios

    found = {name: maker.proves for name, maker in library_scenarios().items()}  # type: ignore[attr-defined]
    if as_json:
        rows = [{"name": name, "proves": proves} for name, proves in found.items()]
        click.echo(msgspec.json.encode({"schema": 1, "scenarios": rows}).decode())
        return
    width = max(map(len, found))
    for name, proves in found.items():
        click.echo(f"{name:<{width}}  {proves}")


SCENARIO = click.argument("scenario", metavar="SCENARIO")
SEED = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    metavar="N",
    default=1,
    show_default=True,
    help="Decides everything.",
)
SET = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting; may be repeated.")
NO_FAULTS = click.option("--no-faults", is_flag=True, help="The same scenario without its plan.")
MARKET = click.option("--market", metavar="binance:FILE", help="Replay a recording as exchange-a.")
JSON = click.option("--json", "json_file", metavar="FILE", help="Write the result as JSON; - for standard output.")


@cli.command()
@SCENARIO
@SEED
@NO_FAULTS
@SET
@MARKET
@JSON
@click.option("--html", "html_file", metavar="FILE", help="Write the report, one self-contained page.")
@click.option("--trace", "trace_file", metavar="FILE", help="Write every record, as JSON Lines.")
def run(
    scenario: str,
    seed: int,
    no_faults: bool,
    overrides: tuple[str, ...],
    market: str | None,
    json_file: str | None,
    html_file: str | None,
    trace_file: str | None,
) -> None:
    """Run a scenario once and judge it."""
    from squall.reports.html import render_html
    from squall.reports.machine import encode, run_json
    from squall.reports.summary import print_summary
    from squall.scenarios.result import Verdict
    from squall.scenarios.run import run as run_scenario

    with _bad_input(), _quiet(json_file):
        choice = _choose(scenario, seed, not no_faults, overrides, market)
    targets = _outputs(json=json_file, html=html_file, trace=trace_file)
    label = f"{choice.name}, seed {seed}"
    with (
        _tracing(targets[2], choice.name, seed) as sink,
        _bad_input(),
        _progress(label) as progress,
        _quiet(json_file),
    ):
        result = run_scenario(choice, sink, progress)
    if targets[0] is not None:
        _write(targets[0], encode(run_json(result)).decode() + "\n")
    if targets[1] is not None:
        _write(targets[1], render_html(result))
    if json_file == "-":
        _show(encode(run_json(result)).decode())
    else:
        _show_drawn(lambda console: print_summary(result, console))
        if targets[1] is not None:
            _show(f"report: {html_file}")
    sys.exit({Verdict.PASS: PASS, Verdict.VIOLATED: VIOLATED, Verdict.INCONCLUSIVE: INCONCLUSIVE}[result.verdict])


def _choose(name: str, seed: int, with_faults: bool, overrides: tuple[str, ...], market: str | None) -> Any:
    """The choice, settled once so that a wrong setting is refused before anything starts."""
    from squall.scenarios.find import choose
    from squall.scenarios.market import parse_market

    recording = parse_market(market) if market is not None else None
    choice = choose(name, seed=seed, with_faults=with_faults, overrides=overrides, market=recording)
    choice.settled()
    return choice


@contextmanager
def _progress(label: str) -> Iterator[Callable[[float], None] | None]:
    """A bar on a terminal, for what takes more than a moment; nothing otherwise, and never on standard output."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
    )
    with bar:
        task = bar.add_task(label, total=1.0)
        yield lambda done: bar.update(task, completed=done)


@cli.command()
@SCENARIO
@SEED
@SET
@MARKET
@click.option("--runs", type=click.IntRange(2), default=3, show_default=True, help="How many fresh processes.")
def verify(scenario: str, seed: int, overrides: tuple[str, ...], market: str | None, runs: int) -> None:
    """The same digest in fresh processes, under different hash seeds."""
    from squall.scenarios.verify import verify as verify_scenario

    with _bad_input():
        choice = _choose(scenario, seed, True, overrides, market)
        with _progress(f"verify {choice.name}") as progress:
            outcome = verify_scenario(choice, runs, progress)
    for line in outcome.lines:
        click.echo(line)
    sys.exit(PASS if outcome.same else NONDETERMINISM)


@cli.command()
@click.argument("protections", nargs=-1, metavar="[PROTECTION]...")
@SEED
@JSON
@click.option("--docs", "docs_file", metavar="FILE", help="Write the table as Markdown.")
def prove(protections: tuple[str, ...], seed: int, json_file: str | None, docs_file: str | None) -> None:
    """Every protection on and off: it holds with it, and is violated without it."""
    from squall.reports.machine import encode, prove_json
    from squall.reports.summary import prove_table
    from squall.scenarios.prove import protections_page
    from squall.scenarios.prove import prove as prove_rows

    target, docs = _outputs(json=json_file, docs=docs_file)
    with _bad_input(), _progress("prove") as progress:
        rows = prove_rows(protections, seed, progress)
    if json_file == "-":
        _show(encode(prove_json(rows)).decode())
    else:
        _show_drawn(lambda console: prove_table(rows, console))
    if target is not None:
        _write(target, encode(prove_json(rows)).decode() + "\n")
    if docs is not None:
        _write(docs, protections_page())
    sys.exit(PASS if all(row.ok for row in rows) else VIOLATED)


@cli.command()
@click.option(
    "--rates",
    default="100:500:100",
    show_default=True,
    help="Orders a second: A:B:STEP, both ends included, or a list A,B,C.",
)
@click.option("--sla", default="p99<100us", show_default=True, help="What signal_to_wire is to keep.")
@click.option("--orders", type=click.IntRange(10), default=2_000, show_default=True, help="Orders at each rate.")
@SEED
@SET
@JSON
@click.option("--require", is_flag=True, help="Exit 1 unless the SLA and every promise are kept at every rate.")
def capacity(
    rates: str,
    sla: str,
    orders: int,
    seed: int,
    overrides: tuple[str, ...],
    json_file: str | None,
    require: bool,
) -> None:
    """Latency against throughput: signal to wire under Poisson load, the journal on its path."""
    from squall.reports.machine import capacity_json, encode
    from squall.reports.summary import capacity_table
    from squall.scenarios.capacity import measure_capacity, parse_rates, parse_sla

    target = _output(json_file, "--json")
    with _bad_input():
        wanted, limit = parse_rates(rates), parse_sla(sla)
        with _progress("capacity") as progress:
            measured = measure_capacity(wanted, limit, orders, seed, overrides, progress)
    if target is not None:
        _write(target, encode(capacity_json(measured.curves)).decode() + "\n")
    if json_file == "-":
        _show(encode(capacity_json(measured.curves)).decode())
    else:
        _show_drawn(lambda console: capacity_table(measured.curves, console))
    for flaw in measured.flaws:
        click.echo(f"squall: {flaw}", err=True)
    sys.exit(VIOLATED if require and not measured.kept else PASS)


def main() -> NoReturn:
    """The console script."""
    from squall.sim.guard import NondeterminismError
    from squall.sim.kernel import LivelockError

    try:
        cli(prog_name="squall", standalone_mode=False)
    except click.Abort:
        _end("interrupted", INTERNAL)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "squall"
        _end(f"{error.format_message()} (see {command} --help)", USAGE)
    except click.ClickException as error:
        _end(error.format_message(), error.exit_code)
    except NondeterminismError as error:
        _end(f"nondeterminism: {error}", NONDETERMINISM)
    except LivelockError as error:
        _end(f"livelock: {error}", INTERNAL)
    except Exception as error:  # whatever it is, a CI job gets its exit code and a person one line
        if sys.flags.dev_mode:
            print_exc()
        frame = extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        said = f"{type(error).__name__}: {error}"
        _end(f"internal error at {place}: {said} (PYTHONDEVMODE=1 shows more)", INTERNAL)
    sys.exit(PASS)


def _end(message: str, exit_code: int) -> NoReturn:
    """One line on standard error, whatever the message looks like."""
    click.echo(f"squall: {' '.join(message.split())}", err=True)
    sys.exit(exit_code)
