"""`squall prove`: every protection on and off."""

import sys

import click

from squall.commands.exits import PASS, VIOLATED, bad_input
from squall.commands.options import JSON, SEED
from squall.commands.outputs import outputs, progress_bar, show, show_drawn, write


@click.command()
@click.argument("protections", nargs=-1, metavar="[PROTECTION]...")
@SEED
@JSON
@click.option("--docs", "docs_file", metavar="FILE", help="Write the table as Markdown.")
def prove(protections: tuple[str, ...], seed: int, json_file: str | None, docs_file: str | None) -> None:
    """Every protection on and off: it holds with it, and is violated without it."""
    from squall.reports.machine import encode, prove_json
    from squall.reports.summary import prove_table
    from squall.scenarios.protections import protections_page
    from squall.scenarios.prove import prove as prove_rows

    target, docs = outputs(json=json_file, docs=docs_file)
    with bad_input(), progress_bar("prove") as progress:
        rows = prove_rows(protections, seed, progress)
    if json_file == "-":
        show(encode(prove_json(rows)).decode())
    else:
        show_drawn(lambda console: prove_table(rows, console))
    if target is not None:
        write(target, encode(prove_json(rows)).decode() + "\n")
    if docs is not None:
        write(docs, protections_page())
    sys.exit(PASS if all(row.ok for row in rows) else VIOLATED)
