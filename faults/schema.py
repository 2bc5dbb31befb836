"""The published JSON Schema of a plan file, made from the kinds themselves: their fields, types and docstrings."""

import inspect
from itertools import combinations
from typing import Any, Final

import msgspec

from squall.faults.fault import FaultKind
from squall.faults.kinds import KINDS, tag_of
from squall.faults.plan import SCHEMA, key_of, written_default

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
DURATION: Final = r"^\s*[0-9]{1,20}(\.[0-9]{1,20})?\s*(ns|us|µs|ms|s|min|h)\s*$"
SIGNED_DURATION: Final = DURATION.replace(r"^\s*", r"^-?\s*", 1)
_ANCHORS: Final = ("with", "after", "given")
ENTRY: Final[dict[str, Any]] = {
    "description": "What every entry says, besides its kind and the fields of that kind.",
    "type": "object",
    "properties": {
        "name": {
            "type": "string",
            "pattern": r"\S",
            "description": "What it is called; by what it does, unless given.",
        },
        "start": {"$ref": "#/$defs/duration", "description": "From the run's start, or from where with or after say."},
        "end": {"$ref": "#/$defs/duration", "description": "The window is half-open: by then the fault is gone."},
        "with": {"type": "string", "description": "An earlier fault: the window counts from when it begins."},
        "after": {"type": "string", "description": "An earlier fault: the window counts from when it heals."},
        "given": {"type": "string", "description": "An earlier fault without which this one is not in the plan."},
        "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 1},
        "must_touch": {
            "type": "boolean",
            "default": True,
            "description": "Whether a run in which it touched nothing proves nothing.",
        },
    },
    "required": ["kind", "end"],
    "anyOf": [{"required": ["start"]}, {"required": ["with"]}, {"required": ["after"]}],
    "not": {"anyOf": [{"required": list(two)} for two in combinations(_ANCHORS, 2)]},
}


def plan_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12: every file that it refuses is refused; what hangs on the world it cannot see."""
    _, components = msgspec.json.schema_components(KINDS, ref_template="#/$defs/{name}")
    shapes = {name: shape for name, shape in components.items() if name not in {kind.__name__ for kind in KINDS}}
    return {
        "$schema": DRAFT,
        "title": "A plan of faults for squall",
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "schema": {"const": SCHEMA},
            "faults": {"type": "array", "items": {"oneOf": [{"$ref": f"#/$defs/{tag_of(kind)}"} for kind in KINDS]}},
        },
        "required": ["schema", "faults"],
        "additionalProperties": False,
        "$defs": {
            "duration": {"type": "string", "pattern": DURATION, "examples": ["250ms", "12.5s"]},
            "signed_duration": {"type": "string", "pattern": SIGNED_DURATION},
            "target": {
                "description": "A name, several, a group, or one, all, minority, primary or 30%, alone or of a group.",
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            },
            "entry": ENTRY,
            **shapes,
            **{tag_of(kind): _entry(kind, components[kind.__name__]) for kind in KINDS},
        },
    }


def _entry(kind: type[FaultKind], component: dict[str, Any]) -> dict[str, Any]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    properties: dict[str, Any] = {"kind": {"const": tag_of(kind)}}
    for name, field in fields.items():
        shape = dict(component["properties"][name])
        if name.endswith("_ns"):
            shape = {"$ref": "#/$defs/signed_duration"}
            if not field.required:
                shape["default"] = written_default(field)
        elif name == "target":
            shape = {"$ref": "#/$defs/target", **({} if field.required else {"default": field.default})}
        properties[key_of(name)] = shape
    return {
        "title": tag_of(kind),
        "description": inspect.getdoc(kind),
        "allOf": [{"$ref": "#/$defs/entry"}],
        "properties": properties,
        "required": ["kind", *(key_of(name) for name, field in fields.items() if field.required)],
        "unevaluatedProperties": False,
    }


def schema_text() -> str:
    """The schema as a file holds it: indented, with a newline at its end."""
    encoded = msgspec.json.encode(plan_schema())
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
