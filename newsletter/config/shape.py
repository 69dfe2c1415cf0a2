"""What may stand at each place of ``newsletter.yaml``: the settings, seen from the file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from newsletter.config.fields import KINDS
from newsletter.config.settings import Settings
from newsletter.domain.schedule import format_duration


class _Generator(GenerateJsonSchema):
    """Writes defaults the way they are written in the file, and no titles made of class names."""

    def encode_default(self, dft: Any) -> Any:
        """Write a duration like ``5m``, not like ``PT5M``.

        The rest is plain, or a group; pydantic's own way builds a schema for each default.
        """
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return to_jsonable_python(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Not: a key is its own title."""
        return False


def plain_schema() -> dict[str, Any]:
    """The settings as pydantic describes them, with all kinds that there are."""
    whole = _described(Settings)
    definitions = whole["$defs"]
    for group in [whole, *list(definitions.values())]:
        _name_kinds(group, definitions)
    return whole


def _described(model: type[BaseModel]) -> dict[str, Any]:
    """One class and those within it; of what goes by kind, only which kinds there are."""
    schema = model.model_json_schema(schema_generator=_Generator)
    for group in [schema, *schema.setdefault("$defs", {}).values()]:
        group.pop("title", None)
    return schema


def _name_kinds(schema: Any, definitions: dict[str, Any]) -> None:
    """Put the classes of a value's kinds among the definitions, and refer to them."""
    inner = schema.values() if isinstance(schema, dict) else schema
    for one in inner:
        if isinstance(one, dict | list):
            _name_kinds(one, definitions)
    by_kind = schema.pop(KINDS, None) if isinstance(schema, dict) else None
    if by_kind:
        for kind, model in by_kind.choices.items():
            own = _described(model)
            definitions |= own.pop("$defs") | {kind: own}
        mapping = {kind: f"#/$defs/{kind}" for kind in by_kind.choices}
        schema["discriminator"] = {"propertyName": "kind", "mapping": mapping}
        schema["oneOf"] = [{"$ref": reference} for reference in mapping.values()]


class _Kinds(Mapping[str, "Shape"]):
    """The shapes of kinds, each made when it is asked for."""

    def __init__(self, choices: Mapping[str, type[BaseModel]]) -> None:
        self._choices = choices

    def __getitem__(self, kind: str) -> "Shape":
        return Shape.of(self._choices[kind])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._choices))

    def __len__(self) -> int:
        return len(self._choices)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What may stand at one place of the file."""

    schema: Mapping[str, Any]
    definitions: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of_settings(cls) -> "Shape":
        """The shape of the whole file."""
        return cls.of(Settings)

    @classmethod
    @cache
    def of(cls, model: type[BaseModel]) -> "Shape":
        """The shape of a group of keys."""
        schema = _described(model)
        return cls(schema=schema, definitions=schema["$defs"])

    def _at(self, schema: Mapping[str, Any]) -> "Shape":
        """Look through references and through ``or nothing``."""
        found = dict(schema)
        while True:
            others = [one for one in found.get("anyOf", ()) if one.get("type") != "null"]
            if "$ref" in found:
                found = {**self.definitions[found.pop("$ref").rpartition("/")[2]], **found}
            elif len(others) == 1:
                del found["anyOf"]
                found = {**others[0], **found}
            else:
                return Shape(schema=found, definitions=self.definitions)

    @property
    def kinds(self) -> Mapping[str, "Shape"]:
        """Where a ``kind`` decides: what each of them takes."""
        by_kind = self.schema.get(KINDS)
        return _Kinds(by_kind.choices if by_kind else {})

    @property
    def keys(self) -> Mapping[str, "Shape"]:
        """The keys of a group, each with its shape."""
        properties = self.schema.get("properties", {})
        return {key: self._at(schema) for key, schema in properties.items()}

    @property
    def closed(self) -> bool:
        """No other keys may be written."""
        return self.schema.get("additionalProperties") is False

    @property
    def required(self) -> frozenset[str]:
        """The keys that must be written."""
        return frozenset(self.schema.get("required", ()))

    @property
    def items(self) -> "Shape":
        """What the items of a list, or the values of a group with free keys, look like."""
        free = self.schema.get("additionalProperties")
        return self._at(self.schema.get("items") or (free if isinstance(free, dict) else {}))

    @property
    def secret(self) -> bool:
        """Never to be shown."""
        return self.schema.get("format") == "password"

    @property
    def holds_secrets(self) -> bool:
        """It is one, or a group of them: what stands in its place by mistake may be one too."""
        return self.secret or any(child.secret for child in (*self.keys.values(), self.items))

    @property
    def type(self) -> str:
        """JSON's name of the type, or nothing where there are several."""
        return str(self.schema.get("type", ""))

    @property
    def description(self) -> str:
        """What it is, in a sentence."""
        return str(self.schema.get("description", ""))

    @property
    def example(self) -> str:
        """How it may be written, or nothing."""
        examples = self.schema.get("examples") or [""]
        return as_yaml(examples[0])

    def for_value(self, value: Any) -> "Shape":
        """Let the value's ``kind`` decide, where one does."""
        kind = value.get("kind") if isinstance(value, dict) else None
        return self.kinds.get(kind, self) if isinstance(kind, str) else self

    def child(self, part: str | int) -> "Shape":
        """What may stand under this key or index."""
        return self.keys.get(part, self.items) if isinstance(part, str) else self.items

    def at(self, path: Sequence[str | int], value: Any) -> "Shape":
        """What may stand at this path in these values."""
        shape = self.for_value(value)
        for part in path:
            value = _inside(value, part)
            shape = shape.child(part).for_value(value)
        return shape


def _inside(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) else None


def as_yaml(value: Any) -> str:
    """Write a plain default or example as it would stand in the file, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_yaml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {as_yaml(item)}' for key, item in value.items())}}}"
    return str(value)
