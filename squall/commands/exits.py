"""What a command comes to: the exit codes that a CI job reads, and bad input as one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

PASS, VIOLATED, USAGE, INCONCLUSIVE, NONDETERMINISM, INTERNAL = range(6)
"""Exit codes."""


class BadInput(click.ClickException):
    """What people got wrong: exit code 2."""

    exit_code = USAGE


@contextmanager
def bad_input() -> Iterator[None]:
    """What people got wrong is a ValueError with one line; it ends here, without a traceback."""
    try:
        yield
    except ValueError as error:
        raise BadInput(str(error)) from None
