"""`squall schema`: what a plan file may hold, for editors and for whoever writes plans by program."""

import click

from squall.commands.outputs import show


@click.command()
def schema() -> None:
    """The JSON Schema of plan files."""
    from squall.faults.schema import schema_text

    show(schema_text().rstrip("\n"))
