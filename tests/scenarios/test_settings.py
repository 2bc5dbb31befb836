"""Every setting can be set, by its dotted key; and what cannot be is refused in one line that names it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squall.faults.durations import format_duration
from squall.scenarios.find import choose
from squall.scenarios.run import run
from squall.scenarios.settings import (
    LARGEST,
    LEAST,
    ORDERED,
    PROFILES,
    SHORTEST,
    SHORTEST_NS,
    SIGNED,
    TAKEN,
    SettingError,
    Settings,
    check_together,
    keys,
    override,
)
from squall.system.config import Entry

KEYS = keys(Settings())


def _is_duration(key: str) -> bool:
    section, field = key.split(".")
    settings = Settings()
    values = getattr(settings.desk, section, None) or getattr(settings, section)
    return not hasattr(values, field)


def _written(key: str, value: Any) -> str:
    """As a person would write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return format_duration(value) if _is_duration(key) else str(value)


def _other(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return {"lean": "tcp"}[value]
    least = SHORTEST.get(key, LEAST.get(key, SHORTEST_NS))
    return not value if isinstance(value, bool) else value + 1 if value else least


def _valued(key: str, number: int) -> Any:
    """A switch or a word by turns, a small number, or a duration that is long enough for all of them."""
    if isinstance(KEYS[key], bool):
        return bool(number % 2)
    if isinstance(KEYS[key], str):
        return ("lean", "tcp")[number % 2]
    return number * SHORTEST.get(key, SHORTEST_NS) if _is_duration(key) else number * LEAST.get(key, 1)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_can_be_set_to_another_value_and_nothing_else_changes(key: str) -> None:
    wanted = _other(key, KEYS[key])
    changed = keys(override(Settings(), f"{key}={_written(key, wanted)}"))
    assert changed == {**KEYS, key: wanted}
    assert type(changed[key]) is type(KEYS[key])


@pytest.mark.parametrize("key", KEYS)
def test_a_key_can_be_set_to_what_it_is(key: str) -> None:
    assert override(Settings(), f"{key}={_written(key, KEYS[key])}") == Settings()


@given(st.lists(st.sampled_from(sorted(KEYS)), max_size=8))
def test_overrides_add_up_and_the_last_one_of_a_key_counts(chosen: list[str]) -> None:
    settings, expected = Settings(), dict(KEYS)
    for number, key in enumerate(chosen, 1):
        value = _valued(key, number)
        settings = override(settings, f"{key}={_written(key, value)}")
        expected[key] = value
    assert keys(settings) == expected


def test_a_key_may_bear_its_unit() -> None:
    assert override(Settings(), "breaker.reset_timeout_ns=5s") == override(Settings(), "breaker.reset_timeout=5s")


@pytest.mark.parametrize("text", ["on", "ON", "true", "True"])
def test_a_switch_is_on_in_several_spellings(text: str) -> None:
    assert override(override(Settings(), "breaker.enabled=off"), f"breaker.enabled={text}") == Settings()


def test_a_jitter_may_be_nothing() -> None:
    assert override(Settings(), "network.venue_jitter=0ms").network.venue_jitter_ns == 0


@pytest.mark.parametrize("name", SIGNED)
def test_money_that_may_be_lost_may_be_below_zero(name: str) -> None:
    (key,) = (each for each in KEYS if each.partition(".")[2] == name)
    assert keys(override(Settings(), f"{key}=-5"))[key] == -5


# --- profiles ---


def test_the_chapters_profile_is_its_heartbeat_and_what_can_be_promised_with_it() -> None:
    settings = override(Settings(), "profile=chapter")
    assert settings.desk.lease.beat_ns == 5_000_000_000
    assert settings.desk.lease.missed_beats == 3
    assert settings.desk.lease.lease_ns == 15_000_000_000
    assert settings.objective.rto_ns == 20_000_000_000


def test_a_profile_and_a_setting_after_it_add_up() -> None:
    settings = override(override(Settings(), "profile=chapter"), "lease.beat=1s")
    assert settings.desk.lease.beat_ns == 1_000_000_000
    assert settings.desk.lease.lease_ns == 15_000_000_000


def test_the_default_profile_changes_nothing() -> None:
    assert override(Settings(), "profile=default") == Settings()


# --- what cannot be ---


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("breaker.enabled", "--set breaker.enabled: expected key=value, found no '='"),
        ("", "--set : expected key=value, found no '='"),
        ("nothing.at_all=1", "--set nothing.at_all: no such key; sections are breaker, execution, risk, feed,"),
        ("breaker=1", "--set breaker: no such key; sections are breaker,"),
        ("breaker.=1", "--set breaker.: no such key; sections are breaker,"),
        ("=1", "--set : no such key; sections are breaker,"),
        ("breaker.speed=1", "--set breaker.speed: no such key; breaker has breaker.enabled, breaker.failure_thres"),
        ("desk.breaker=1", "--set desk.breaker: no such key; sections are breaker,"),
        ("breaker.enabled=maybe", "--set breaker.enabled: expected on or off, found 'maybe'"),
        ("network.streams=udp", "--set network.streams: expected lean or tcp, found 'udp'"),
        ("breaker.enabled=1", "--set breaker.enabled: expected on or off, found '1'"),
        ("breaker.reset_timeout=5", "--set breaker.reset_timeout: expected a duration such as 250ms or 5s, found"),
        ("breaker.reset_timeout=0s", "--set breaker.reset_timeout: expected a duration above zero, found '0s'"),
        ("breaker.reset_timeout=0.1ns", "--set breaker.reset_timeout: expected whole nanoseconds, found '0.1ns'"),
        ("breaker.reset_timeout=9999999h", "--set breaker.reset_timeout: expected a duration of at most"),
        ("breaker.failure_threshold=five", "--set breaker.failure_threshold: expected a whole number, found 'five'"),
        ("breaker.failure_threshold=2.5", "--set breaker.failure_threshold: expected a whole number, found '2.5'"),
        ("breaker.failure_threshold=", "--set breaker.failure_threshold: expected a whole number, found ''"),
        ("breaker.failure_threshold=0", "--set breaker.failure_threshold: expected a number above zero, found '0'"),
        ("breaker.failure_threshold=-1", "--set breaker.failure_threshold: expected a number above zero, found"),
        (f"breaker.failure_threshold={LARGEST + 1}", "--set breaker.failure_threshold: expected a number of at most"),
        (f"monitor.daily_profit_alert=-{LARGEST + 1}", "--set monitor.daily_profit_alert: expected a number of at"),
        (
            "venue.take_per_100_lots=1000000001",
            "--set venue.take_per_100_lots: expected a number of at most 1000000000",
        ),
        ("venue.make_per_100_lots=-1000000001", "--set venue.make_per_100_lots: expected a number of at most 1000000"),
        ("algos.profile_parts=1001", "--set algos.profile_parts: expected a number of at most 1000, found '1001'"),
        ("algos.twap_slices=1001", "--set algos.twap_slices: expected a number of at most 1000, found '1001'"),
        ("algos.shortfall_slices=1001", "--set algos.shortfall_slices: expected a number of at most 1000, found"),
        ("reference.ACME.colour=red", "--set reference.ACME.colour: an instrument has no 'colour'; it has tick,"),
        ("reference.restricted=on", "--set reference.restricted: expected reference.SYMBOL.FIELD=value"),
        ("profile=lightning", "--set profile=lightning: no such profile; profiles are default, chapter"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_the_key(assignment: str, line: str) -> None:
    with pytest.raises(SettingError) as caught:
        override(Settings(), assignment)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_given_nonsense_is_named(key: str) -> None:
    with pytest.raises(SettingError) as caught:
        override(Settings(), f"{key}=nonsense")
    assert str(caught.value).startswith(f"--set {key}: expected ")


def test_every_profile_can_be_chosen() -> None:
    for name in PROFILES:
        assert isinstance(override(Settings(), f"profile={name}"), Settings)


@pytest.mark.parametrize(("large", "small", "may_be_equal"), ORDERED)
def test_settings_that_contradict_each_other_are_refused_in_one_line_that_names_both(
    large: str, small: str, may_be_equal: bool
) -> None:
    equal = override(override(Settings(), f"{large}=1s"), f"{small}=1s")
    if may_be_equal:
        check_together(equal)
        equal = override(equal, f"{small}=2s")
    with pytest.raises(SettingError) as caught:
        check_together(equal)
    assert str(caught.value).startswith(f"{large}: found 1s, expected ")
    assert small in str(caught.value)


@pytest.mark.parametrize("key", [key for key in KEYS if _is_duration(key)])
def test_no_timer_can_be_set_to_ring_more_often_than_each_microsecond(key: str) -> None:
    if f"{key}_ns".endswith(TAKEN):
        assert keys(override(Settings(), f"{key}=1ns"))[key] == 1
        return
    shortest_ns = SHORTEST.get(key, SHORTEST_NS)
    with pytest.raises(SettingError) as caught:
        override(Settings(), f"{key}={shortest_ns - 1}ns")
    expected = f"--set {key}: expected a duration of at least {shortest_ns} ns, found '{shortest_ns - 1}ns'"
    assert str(caught.value) == expected
    assert keys(override(Settings(), f"{key}={shortest_ns}ns"))[key] == shortest_ns


@pytest.mark.parametrize("key", ["algos.pace", "algos.history_interval"])
def test_what_looks_through_a_whole_day_rings_at_most_each_millisecond(key: str) -> None:
    with pytest.raises(SettingError, match="expected a duration of at least 1000000 ns"):
        override(Settings(), f"{key}_ns=1us")


@pytest.mark.parametrize(
    ("assignments", "line"),
    [
        (("var.observations=9",), "var.observations: found 9, expected at least var.observations_min, 10"),
        (("reference.ACME.opens=24:00",), "reference.ACME.opens: found 24h, expected less than its closes, 24h"),
        (
            ("reference.ACME.opens=10:30", "reference.ACME.closes=10:00"),
            "reference.ACME.opens: found 630min, expected less than its closes, 10h",
        ),
    ],
)
def test_what_would_say_nothing_and_trade_never_is_refused_in_one_line(assignments: tuple[str, ...], line: str) -> None:
    settings = Settings()
    for assignment in assignments:
        settings = override(settings, assignment)
    with pytest.raises(SettingError) as caught:
        check_together(settings)
    assert str(caught.value) == line


def test_every_profile_agrees_with_itself() -> None:
    for name in PROFILES:
        check_together(override(Settings(), f"profile={name}"))


def test_reference_data_is_set_by_symbol_and_field_and_listed_where_it_was() -> None:
    settings = override(Settings(), "reference.ACME.restricted=on")
    settings = override(settings, "reference.ACME.restricted=off")
    assert settings.desk.reference.entries == (Entry("ACME", "restricted", "off"),)
    assert [key for key in keys(settings) if key.startswith("reference")] == ["reference.ACME.restricted"]
    assert not any(key.startswith("reference") for key in keys(Settings()))


def test_a_symbol_that_is_not_traded_is_named_where_the_stage_is_built() -> None:
    choice = choose("calm", overrides=("reference.NONE.restricted=on",))
    with pytest.raises(SettingError, match=r"--set reference\.NONE: no such symbol; symbols are ACME, BOLT"):
        run(choice)
