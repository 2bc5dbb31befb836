"""Plans as data: read from TOML or JSON, and written as plain values that read back to the same plan."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast, get_args

import msgspec

from squall.faults.durations import DurationError, format_duration, parse_duration
from squall.faults.fault import Fault, FaultKind, Plan, Planned, names
from squall.faults.kinds import kind_of, tag_of

SCHEMA: Final = 1
LONGEST_NS: Final = 10**18
"""Of any time in a plan: some thirty years, and well within what a record can hold."""
OF_THE_ENTRY: Final = ("name", "start", "end", "with", "after", "given", "probability", "must_touch")
"""The fields of an entry that are about when and whether; the others are its kind's."""


class PlanFileError(ValueError):
    """Not a plan: one line with the place, what was found there and what was expected."""


def load_plan(path: Path) -> Plan:
    """The plan in a file, TOML or JSON by the end of its name. PlanFileError where it is none."""
    where = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanFileError(f"{where}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise PlanFileError(f"{where}: expected text in UTF-8") from None
    match path.suffix.lower():
        case ".toml":
            try:
                document: Any = tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise PlanFileError(f"{where}: not TOML: {error}") from None
        case ".json":
            try:
                document = msgspec.json.decode(text)
            except msgspec.DecodeError as error:
                raise PlanFileError(f"{where}: not JSON: {error}") from None
        case suffix:
            raise PlanFileError(f"{where}: expected a file that ends in .toml or .json, found {suffix!r}")
    if not isinstance(document, dict):
        raise PlanFileError(f"{where}: expected an object with schema and faults, found {_a(document)}")
    unknown = [key for key in document if key not in ("schema", "faults", "$schema")]
    if unknown:
        raise PlanFileError(f"{where}: {unknown[0]}: no such field; a plan has schema and faults")
    if document.get("schema") != SCHEMA or isinstance(document["schema"], bool):
        raise PlanFileError(f"{where}: schema: expected {SCHEMA}, found {document.get('schema')!r}")
    return plan_of(document.get("faults"), where)


def plan_of(data: object, where: str) -> Plan:
    """The plan that these plain values describe. PlanFileError, which begins with *where*, where they do not."""
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise PlanFileError(f"{where}: faults: expected a list, found {_a(data)}")
    plan: Plan = ()
    for index, entry in enumerate(data):
        plan = (*plan, _planned(entry, f"{where}: faults[{index}]", plan))
    taken: dict[str, int] = {}
    for index, planned in enumerate(plan):
        if planned.name and taken.setdefault(planned.name, index) != index:
            other = taken[planned.name]
            raise PlanFileError(f"{where}: faults[{index}].name: {planned.name!r} is the name of faults[{other}] too")
    return plan


def plan_data(plan: Plan) -> list[dict[str, Any]]:
    """The plan as plain values, which `plan_of` reads back. ValueError for a fault that is not a `FaultKind`."""
    return [_entry(index, planned) for index, planned in enumerate(plan)]


def _entry(index: int, planned: Planned) -> dict[str, Any]:
    fault = planned.fault
    if not isinstance(fault, FaultKind):
        raise ValueError(f"plan[{index}]: {fault.kind} is a fault of your own: a file cannot hold it")
    entry: dict[str, Any] = {"name": planned.name} if planned.name else {}
    entry["kind"] = tag_of(type(fault))
    for field in msgspec.structs.fields(fault):
        value = getattr(fault, field.name)
        if field.required or value != field.default:
            entry[key_of(field.name)] = _written(field.name, value)
    entry["start"] = format_duration(planned.start_ns)
    entry["end"] = format_duration(planned.end_ns)
    if planned.given:
        entry["given"] = planned.given
    if planned.probability != 1.0:
        entry["probability"] = planned.probability
    if not planned.must_touch:
        entry["must_touch"] = False
    return entry


def key_of(field: str) -> str:
    """What a plan file calls a field: durations stand there with a unit in the value, not in the name."""
    return field.removesuffix("_ns")


def written_default(field: msgspec.structs.FieldInfo) -> Any:
    """The default of a field that may be left out, as a plan file would have it."""
    return _written(field.name, field.default)


def _written(field: str, value: Any) -> Any:
    if not field.endswith("_ns") or value is None:
        return msgspec.json.decode(msgspec.json.encode(value))  # a list where there was a tuple
    return f"-{format_duration(-value)}" if value < 0 else format_duration(value)


def _planned(entry: object, where: str, earlier: Plan) -> Planned:
    if not isinstance(entry, Mapping):
        raise PlanFileError(f"{where}: expected a fault, found {_a(entry)}")
    tag = entry.get("kind")
    if not isinstance(tag, str):
        found = f"found {_a(tag)}" if "kind" in entry else "there is none"
        raise PlanFileError(f"{where}.kind: expected the name of a kind of fault, {found}")
    try:
        kind = kind_of(tag)
    except ValueError as error:
        raise PlanFileError(f"{where}.kind: {error}") from None
    fault = _fault(kind, {key: entry[key] for key in entry if key not in (*OF_THE_ENTRY, "kind")}, where)
    name = entry.get("name", "")
    if not isinstance(name, str) or ("name" in entry and not name.strip()):
        raise PlanFileError(f"{where}.name: expected a name, found {name!r}")
    must_touch = entry.get("must_touch", True)
    if not isinstance(must_touch, bool):
        raise PlanFileError(f"{where}.must_touch: expected true or false, found {must_touch!r}")
    probability = entry.get("probability", 1.0)
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0.0 < probability <= 1.0:
        raise PlanFileError(f"{where}.probability: expected a number above 0 and at most 1, found {_a(probability)}")
    anchor_ns, given = _anchor(entry, where, earlier)
    start_ns, end_ns = (anchor_ns + _time(entry, edge, where, given) for edge in ("start", "end"))
    if not start_ns < end_ns:
        raise PlanFileError(
            f"{where}: the window must begin before it ends, found {entry.get('start', '0s')!r} to {entry['end']!r}"
        )
    return Planned(fault, start_ns, end_ns, must_touch, name, float(probability), given)


def _anchor(entry: Mapping[str, Any], where: str, earlier: Plan) -> tuple[int, str]:
    """From when the window counts, and on whom the fault depends."""
    named = [key for key in ("with", "after", "given") if key in entry]
    if not named:
        return 0, ""
    if len(named) > 1:
        raise PlanFileError(f"{where}.{named[1]}: expected one of with, after and given, found {named[0]} too")
    key, name = named[0], entry[named[0]]
    by_name = dict(zip(names(earlier), earlier, strict=True))
    if not isinstance(name, str) or name not in by_name:
        close = difflib.get_close_matches(str(name), by_name, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(by_name) or 'none'}"
        raise PlanFileError(f"{where}.{key}: no earlier fault {name!r}; {hint}")
    match key:
        case "with":
            return by_name[name].start_ns, name
        case "after":
            return by_name[name].end_ns, name
        case _:
            return 0, name


def _time(entry: Mapping[str, Any], key: str, where: str, relative: str) -> int:
    if key not in entry:
        if key == "start" and relative and "given" not in entry:
            return 0
        raise PlanFileError(f"{where}.{key}: expected a time such as 12.5s from the start of the run, there is none")
    return _duration(entry[key], f"{where}.{key}")


def _duration(value: object, where: str, signed: bool = False) -> int:
    if not isinstance(value, str):
        raise PlanFileError(f'{where}: expected a duration such as "250ms", found {_a(value)}')
    negative = signed and value.startswith("-")
    try:
        duration_ns = parse_duration(value[1:] if negative else value)
    except DurationError as error:
        raise PlanFileError(f"{where}: {error}") from None
    if duration_ns > LONGEST_NS:
        raise PlanFileError(f"{where}: expected at most {LONGEST_NS} ns, found {value!r}")
    return -duration_ns if negative else duration_ns


def _fault(kind: type[FaultKind], fields: Mapping[str, Any], where: str) -> Fault:
    known = {key_of(field.name): field for field in msgspec.structs.fields(kind)}
    values = {}
    for key, value in fields.items():
        if key not in known:
            everything = (*known, *OF_THE_ENTRY)
            close = difflib.get_close_matches(str(key), everything, 1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(everything)}"
            raise PlanFileError(f"{where}.{key}: {tag_of(kind)} has no such field; {hint}")
        name = known[key].name
        values[name] = _duration(value, f"{where}.{key}", signed=True) if name.endswith("_ns") else value
    target = values.get("target")
    if isinstance(target, list) and all(isinstance(each, str) for each in target):
        values["target"] = ", ".join(target)
    for key, field in known.items():
        if field.required and field.name not in values:
            raise PlanFileError(f"{where}.{key}: {tag_of(kind)} needs it, and there is none")
    try:
        return cast(Fault, msgspec.convert({"kind": tag_of(kind), **values}, kind))
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        what = what.replace("`", "").replace("Expected", "expected").replace(", got ", ", found ")
        if what.startswith("Invalid enum value"):
            options = get_args(known[place.strip("`.")].type)
            what = f"expected one of {', '.join(options)}, found {values[place.strip('`.')]!r}"
        raise PlanFileError(f"{where}{place.rstrip('`')}: {what}") from None


def _a(value: object) -> str:
    """What it is, to somebody who wrote a file."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float() | str():
            return repr(value)
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
        case _:
            return type(value).__name__
