"""The JSON Schema of ``newsletter.yaml``, so that editors complete and check it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from newsletter.config.settings import Settings
from newsletter.domain.schedule import format_duration

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPED = {"integer", "number", "boolean"}
_ABOUT = {"description", "default", "examples"}
_ABOUT_ALL = "The configuration of a workspace; docs/configuration.md explains it."
_GAP = {"type": "string", "pattern": r"\$\{"}


class SchemaWriter(GenerateJsonSchema):
    """Writes defaults the way they are written in the file, and no titles made of class names."""

    def encode_default(self, dft: Any) -> Any:
        """Write a duration like ``5m``, not like ``PT5M``.

        The rest is plain, or a group; pydantic's own way builds a schema for each default.
        """
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return to_jsonable_python(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False: a key is its own title."""
        return False


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``newsletter.yaml``, for editors."""
    schema = Settings.model_json_schema(schema_generator=SchemaWriter)
    for group in [schema, *schema["$defs"].values()]:
        del group["title"]
        offer_files(group)
    for leaf in list(_leaves(schema)):
        rule = {key: value for key, value in leaf.items() if key not in _ABOUT}
        for key in rule:
            del leaf[key]
        leaf["anyOf"] = [rule, dict(_GAP)]  # ${NAME} in its place
    return {"$schema": _DIALECT, **schema, "title": "newsletter.yaml", "description": _ABOUT_ALL}


def offer_files(group: dict[str, Any]) -> None:
    """Beside each secret, offer the key that names a file holding it."""
    properties = group.get("properties", {})
    secrets = [
        key
        for key, value in properties.items()
        if any(one.get("format") == "password" for one in (value, *value.get("anyOf", ())))
    ]
    for key in secrets:
        twin = f"{key}_file"
        properties[twin] = {
            "type": "string",
            "description": f"A file that holds {key}, relative to the workspace.",
        }
        either: dict[str, Any] = {"not": {"required": [key, twin]}}
        if key in group.get("required", ()):
            group["required"].remove(key)
            either = {"oneOf": [{"required": [key]}, {"required": [twin]}]}
        group.setdefault("allOf", []).append(either)


def _leaves(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of the schema that ``${NAME}`` may replace."""
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
