"""`squall list`: the scenarios, with what each proves."""

import click

from squall.commands.outputs import outputs, write


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--docs", "docs_file", metavar="FILE", help="Write the index as Markdown.")
def list_scenarios(as_json: bool, docs_file: str | None) -> None:
    """Scenarios, with what each proves."""
    from squall.reports.machine import SCHEMA, encode
    from squall.scenarios.find import described, index_page

    (docs,) = outputs(docs=docs_file)
    found = described()
    if docs is not None:
        write(docs, index_page())
    if as_json:
        rows = [{"name": each.name, "proves": each.proves, "stands_for": each.stands_for} for each in found]
        click.echo(encode({"schema": SCHEMA, "scenarios": rows}).decode())
        return
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{each.name:<{width}}  {each.proves}")
