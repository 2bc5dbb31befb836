"""docs/reference.md: what can be set, and the blueprint's numbers, both held against the code."""

import re
from typing import Any

from squall.faults.durations import format_duration
from squall.scenarios.settings import Settings, override
from squall.system.domain.reference import FIELDS
from tests.lint_rules import ROOT

REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def _rows(marker: str) -> list[list[str]]:
    """The cells of the table between ``<!-- marker -->`` and its end."""
    table = REFERENCE.partition(f"<!-- {marker} -->")[2].partition(f"<!-- /{marker} -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _written(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return format_duration(value) if name.endswith("_ns") and value else str(value)


def _defaults(settings: Settings) -> dict[str, str]:
    """Every key of `--set` and its value, as people write it."""
    names = [name for name in settings.desk.__struct_fields__ if name != "reference"]  # which has a table of its own
    desk = {name: getattr(settings.desk, name) for name in names}
    sections = {
        **desk,
        "network": settings.network,
        "venue": settings.venue,
        "site": settings.site,
        "ntp": settings.ntp,
    }
    return {
        f"{section}.{name.removesuffix('_ns')}": _written(name, getattr(values, name))
        for section, values in sections.items()
        for name in values.__struct_fields__
    }


def test_the_reference_lists_every_setting_with_its_default_in_the_order_of_the_code() -> None:
    documented = {row[0].strip("`"): row[1] for row in _rows("settings")}
    assert documented == _defaults(Settings())
    assert list(documented) == list(_defaults(Settings()))


def test_every_setting_has_a_meaning_in_words() -> None:
    assert [row[0] for row in _rows("settings") if len(row[2]) < 10] == []


def test_what_is_a_protection_in_the_code_is_one_in_the_reference() -> None:
    switches = [key for key, value in _defaults(Settings()).items() if value in ("on", "off")]
    assert [row[0].strip("`") for row in _rows("settings") if "**Protection" in row[2]] == switches


def test_every_documented_default_can_be_set() -> None:
    for key, default in _defaults(Settings()).items():
        if default in ("0", "0ns") or default.startswith("-"):
            continue  # zero and below are defaults, and not among what may be chosen
        assert _defaults(override(Settings(), f"{key}={default}"))[key] == default


def test_the_reference_lists_every_field_of_reference_data() -> None:
    table = REFERENCE.partition("### Reference data\n")[2].partition("\n### ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    assert re.findall(r"`([a-z_]+)`", "".join(line.split("|")[1] for line in lines)) == list(FIELDS)


def test_the_blueprints_numbers_are_the_defaults() -> None:
    plain, chapter = _defaults(Settings()), _defaults(override(Settings(), "profile=chapter"))
    checked = 0
    for _, _, here in _rows("numbers"):
        kept = re.fullmatch(r"`([a-z_.]+)` = (\S+)( in profile `chapter`)?", here)
        if kept is not None:
            assert (chapter if kept[3] else plain)[kept[1]] == kept[2]
            checked += 1
    assert checked == 30


def test_the_table_of_numbers_says_the_same_on_both_sides() -> None:
    numbers = {name: (number, here) for name, number, here in _rows("numbers")}
    assert len(numbers) == 36
    assert numbers["order size"] == ("10,000", "`risk.max_order_lots` = 10000")
    assert numbers["position"] == ("50,000", "`risk.max_position_lots` = 50000")
    assert numbers["daily loss"] == ("−10,000", "`risk.max_daily_loss` = 10000")
    assert numbers["breaker, failures"] == ("5", "`breaker.failure_threshold` = 5")
    assert numbers["breaker, window"] == ("60 s", "`breaker.failure_window` = 1min")
    assert numbers["breaker, reset"] == ("300 s", "`breaker.reset_timeout` = 5min")


def test_the_capacity_command_asks_for_the_blueprints_latency_unless_told_otherwise() -> None:
    from squall.commands.capacity import capacity

    defaults = {option.name: option.default for option in capacity.params}
    (here,) = [here for name, _, here in _rows("numbers") if name == "signal to wire"]
    assert here == f"`squall capacity --sla` = {defaults['sla']}"
