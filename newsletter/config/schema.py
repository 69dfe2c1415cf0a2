"""The JSON Schema of ``newsletter.yaml``, for completion and validation in editors."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from newsletter.config.settings import Settings
from newsletter.domain.schedule import format_duration

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALAR_TYPES = {"integer", "number", "boolean"}
_ANNOTATION_KEYS = {"description", "default", "examples"}
_DESCRIPTION = "The configuration of a workspace; docs/configuration.md explains it."
_VARIABLE_SCHEMA = {"type": "string", "pattern": r"\$\{"}


class SchemaWriter(GenerateJsonSchema):
    """Writes defaults in the form of the file, and no titles."""

    def encode_default(self, dft: Any) -> Any:
        """Return a default as a JSON value, with durations like ``5m``, not ``PT5M``."""
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return to_jsonable_python(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema() -> dict[str, Any]:
    schema = Settings.model_json_schema(schema_generator=SchemaWriter)
    for group in [schema, *schema["$defs"].values()]:
        del group["title"]
        add_secret_files(group)
    for leaf in list(_leaves(schema)):
        rule = {key: value for key, value in leaf.items() if key not in _ANNOTATION_KEYS}
        for key in rule:
            del leaf[key]
        leaf["anyOf"] = [rule, dict(_VARIABLE_SCHEMA)]  # or ${NAME}
    return {"$schema": _DIALECT, **schema, "title": "newsletter.yaml", "description": _DESCRIPTION}


def add_secret_files(group: dict[str, Any]) -> None:
    """Add to a group the key that names a file for each secret (``api_key_file``)."""
    properties = group.get("properties", {})
    secrets = [
        key
        for key, value in properties.items()
        if any(one.get("format") == "password" for one in (value, *value.get("anyOf", ())))
    ]
    for key in secrets:
        file_key = f"{key}_file"
        properties[file_key] = {
            "type": "string",
            "description": f"A file that holds {key}, relative to the workspace.",
        }
        exclusion: dict[str, Any] = {"not": {"required": [key, file_key]}}
        if key in group.get("required", ()):
            group["required"].remove(key)
            exclusion = {"oneOf": [{"required": [key]}, {"required": [file_key]}]}
        group.setdefault("allOf", []).append(exclusion)


def _leaves(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the subschemas of values that ``${NAME}`` may replace."""
    if schema.get("type") in _SCALAR_TYPES or "pattern" in schema or "enum" in schema:
        yield schema
    for name in ("properties", "$defs"):
        for inner in schema.get(name, {}).values():
            yield from _leaves(inner)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _leaves(schema[name])
    for inner in schema.get("anyOf", ()):
        yield from _leaves(inner)
