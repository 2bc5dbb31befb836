"""The command line: the commands, and how each of them ends."""

import sys
from pathlib import Path
from traceback import extract_tb, print_exc
from typing import NoReturn

import click

from squall import __version__
from squall.commands.campaign import campaign
from squall.commands.capacity import capacity
from squall.commands.compare import compare
from squall.commands.exits import INCONCLUSIVE, INTERNAL, NONDETERMINISM, PASS, USAGE, VIOLATED
from squall.commands.inspect import inspect
from squall.commands.power import power
from squall.commands.prove import prove
from squall.commands.replay import replay
from squall.commands.run import run
from squall.commands.scenarios import list_scenarios
from squall.commands.schema import schema
from squall.commands.shrink import shrink
from squall.commands.verify import verify

__all__ = ["INCONCLUSIVE", "INTERNAL", "NONDETERMINISM", "PASS", "USAGE", "VIOLATED", "cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="squall")
def cli() -> None:
    """Break a simulated trading world on purpose, and judge whether the desk survives."""


for command in (
    list_scenarios,
    run,
    campaign,
    verify,
    prove,
    shrink,
    replay,
    compare,
    inspect,
    capacity,
    power,
    schema,
):
    cli.add_command(command)


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
