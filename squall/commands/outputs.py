"""Where a command's results go: files written whole or not at all, standard output, a bar on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from squall.commands.exits import BadInput

if TYPE_CHECKING:
    from squall.scenarios.trace_file import TraceFile


def output(path: str | None, option: str) -> Path | None:
    """Refuse what cannot be written before anything runs, so that nothing is run in vain or half written."""
    if path is None or (path == "-" and option == "--json"):
        return None
    if path == "-":
        raise BadInput(f"{option} -: expected a file; only --json can go to standard output")
    from squall.scenarios.trace_file import NotAFileError, real_file

    try:
        target = real_file(Path(path))
        if not target.parent.is_dir():
            raise BadInput(f"{option} {path}: no such folder: {target.parent}")
        probe = target.with_name(f".{target.name}.part")
        probe.touch()
        probe.unlink()
    except NotAFileError as error:
        raise BadInput(f"{option} {path}: {error.strerror}") from None
    except OSError as error:
        raise BadInput(f"{option} {path}: cannot be written: {error.strerror}") from None
    return target


def outputs(**options: str | None) -> list[Path | None]:
    """The files that these options name, in their order: each one a file of its own."""
    taken: dict[Path, str] = {}
    targets = []
    for name, path in options.items():
        option = f"--{name}"
        target = output(path, option)
        if target is not None and taken.setdefault(target, option) != option:
            raise BadInput(f"{option} {path}: expected a file of its own, found that of {taken[target]}")
        targets.append(target)
    return targets


@contextmanager
def tracing(target: Path | None, scenario: str, seed: int) -> Iterator["TraceFile | None"]:
    """A sink for the run; its file is in place when all went well, and not there at all when it did not."""
    from squall.scenarios.trace_file import TraceFile

    if target is None:
        yield None
        return
    try:
        sink = TraceFile(target, scenario, seed)
    except OSError as error:
        raise BadInput(f"--trace {target}: cannot be written: {error.strerror}") from None
    try:
        yield sink
    except BaseException:
        sink.discard()
        raise
    try:
        sink.keep()
    except OSError as error:
        raise BadInput(f"--trace {target}: cannot be written: {error.strerror}") from None


def quiet(json_file: str | None) -> AbstractContextManager[Any]:
    """With ``--json -``, what a user's own code prints goes to standard error: one object, nothing else."""
    return redirect_stdout(sys.stderr) if json_file == "-" else nullcontext()


def write(target: Path, text: str) -> None:
    """Whole or not at all: written beside, then renamed."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise BadInput(f"{target}: cannot be written: {error.strerror}") from None


def write_each(*reports: tuple[Path | None, Callable[[], str]]) -> None:
    """The reports that somebody asked for, each drawn only then."""
    for target, drawn in reports:
        if target is not None:
            write(target, drawn())


def show(text: str) -> None:
    """Print; whoever has stopped reading (``| head``) changes neither the verdict nor the files."""
    try:
        click.echo(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Or the interpreter would complain when it closes what is left of standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_drawn(draw: Callable[[Console], None]) -> None:
    """Print what *draw* puts on a console: in colour on a terminal, plain and 100 columns wide elsewhere."""
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=100, highlight=False)
    with console.capture() as drawn:
        draw(console)
    show(drawn.get().rstrip("\n"))


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float], None] | None]:
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
