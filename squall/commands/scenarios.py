"""`squall list`: the scenarios, with what each proves."""

import click
import msgspec


@click.command("list")
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
