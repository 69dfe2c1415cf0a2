"""The JSON Schema of ``newsletter.yaml``, so that editors complete and check it."""

from collections.abc import Iterator
from typing import Any

from newsletter.config.shape import Shape, plain_schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPED = {"integer", "number", "boolean"}
_ABOUT = {"description", "default", "examples"}
_ABOUT_ALL = "The configuration of a workspace; docs/configuration.md explains it."
_GAP = {"type": "string", "pattern": r"\$\{"}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``newsletter.yaml``, for editors."""
    schema = plain_schema()
    for group in [schema, *schema["$defs"].values()]:
        offer_files(group, Shape(schema=group, definitions=schema["$defs"]))
    for leaf in list(_leaves(schema)):
        _offer_gap(leaf)
    return {"$schema": _DIALECT, **schema, "title": "newsletter.yaml", "description": _ABOUT_ALL}


def offer_files(group: dict[str, Any], shape: Shape) -> None:
    """Beside each secret, offer the key that names a file holding it."""
    for key in [key for key, child in shape.keys.items() if child.secret]:
        twin = f"{key}_file"
        group["properties"][twin] = {
            "type": "string",
            "description": f"A file that holds {key}, relative to the workspace.",
        }
        either: dict[str, Any] = {"not": {"required": [key, twin]}}
        if key in shape.required:
            group["required"].remove(key)
            either = {"oneOf": [{"required": [key]}, {"required": [twin]}]}
        group.setdefault("allOf", []).append(either)


def _leaves(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Find whatever a filled gap might stand for, but could not while it is a gap."""
    if schema.get("type") in _TYPED or "pattern" in schema or "enum" in schema:
        yield schema
    for name in ("properties", "$defs"):
        for inner in schema.get(name, {}).values():
            yield from _leaves(inner)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _leaves(schema[name])
    for inner in schema.get("anyOf", ()):
        yield from _leaves(inner)


def _offer_gap(leaf: dict[str, Any]) -> None:
    """Let ``${NAME}`` stand for a number, a switch or text of a certain form."""
    rule = {key: value for key, value in leaf.items() if key not in _ABOUT}
    for key in rule:
        del leaf[key]
    leaf["anyOf"] = [rule, dict(_GAP)]
