"""The allowed structure of ``newsletter.yaml``, from pydantic's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from functools import cache
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from newsletter.config.fields import ByKind
from newsletter.domain.schedule import format_duration


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The allowed values at one path of the file."""

    type: Any
    """A class, ``tuple[…]``, ``dict[…]`` or the like, without ``| None``."""
    field: FieldInfo | None = None
    """The pydantic field, if the value belongs to a key."""
    by_kind: ByKind | None = None

    @classmethod
    def of(cls, annotation: Any, field: FieldInfo | None = None) -> "Shape":
        """Return the shape of a type annotation, without its metadata and ``| None``."""
        plain_field = FieldInfo.from_annotation(annotation)
        others = [one for one in get_args(plain_field.annotation) if one is not NoneType]
        if get_origin(plain_field.annotation) in {Union, UnionType} and len(others) == 1:
            return cls.of(others[0], field)
        marks = [*(field.metadata if field else ()), *plain_field.metadata]
        by_kind = next((mark for mark in marks if isinstance(mark, ByKind)), None)
        return cls(type=plain_field.annotation, field=field, by_kind=by_kind)

    @property
    def _is_group(self) -> bool:
        return isinstance(self.type, type) and (
            issubclass(self.type, BaseModel) or is_dataclass(self.type)
        )

    @property
    def kinds(self) -> Mapping[str, "Shape"]:
        """Return the shape of each ``kind``; empty without kinds. All of them are imported."""
        choices = self.by_kind.choices if self.by_kind else {}
        return {kind: Shape(type=choices[kind]) for kind in sorted(choices)}

    @property
    def keys(self) -> Mapping[str, "Shape"]:
        """Return the shape of each key; empty if the value is no group."""
        return _keys(self.type) if self._is_group and not self.by_kind else {}

    @property
    def closed(self) -> bool:
        """Return whether other keys are errors."""
        config = getattr(self.type, "model_config", {"extra": "forbid"})
        return bool(self.keys) and config.get("extra") == "forbid"

    @property
    def required(self) -> frozenset[str]:
        return frozenset(
            key for key, child in self.keys.items() if child.field and child.field.is_required()
        )

    @property
    def items(self) -> "Shape":
        """Return the shape of the items of a list, or of the values of a mapping with any keys."""
        inner = [one for one in get_args(self.type) if one is not Ellipsis]
        return Shape.of(inner[-1]) if get_origin(self.type) in {tuple, dict} else Shape(type=Any)

    @property
    def secret(self) -> bool:
        """Return whether the value must never be shown."""
        return self.type in {SecretStr, SecretBytes}

    @property
    def holds_secrets(self) -> bool:
        """Return whether the value is or may contain a secret."""
        return self.secret or any(child.secret for child in (*self.keys.values(), self.items))

    @property
    def description(self) -> str:
        """Return the description of the setting, or of its group; may be empty."""
        own = self.field.description if self.field else None
        return own or (cleandoc(self.type.__doc__ or "") if self._is_group else "")

    @property
    def default(self) -> Any:
        """Return the default as a JSON value, with durations like ``5m``; None if there is none."""
        if self.field is None:
            return None
        extra = self.field.json_schema_extra
        if isinstance(extra, dict) and "default" in extra:  # of a default that a function makes
            return extra["default"]
        default = self.field.default
        if isinstance(default, timedelta):
            return format_duration(default)
        return None if default is PydanticUndefined else to_jsonable_python(default)

    @property
    def example(self) -> str:
        """Return an example of the value in YAML, or "" if there is none."""
        examples = (self.field.examples if self.field else None) or [""]
        return as_yaml(examples[0])

    def for_value(self, value: Any) -> "Shape":
        """Return the shape of the value's ``kind``; this shape if it has no kinds."""
        choices = self.by_kind.choices if self.by_kind and isinstance(value, dict) else {}
        kind = value.get("kind") if choices else None
        return Shape(type=choices[kind]) if isinstance(kind, str) and kind in choices else self

    def child(self, part: str | int) -> "Shape":
        return self.keys.get(part, self.items) if isinstance(part, str) else self.items

    def at(self, path: Sequence[str | int], value: Any) -> "Shape":
        """Return the shape at a path. ``value`` is the value of this shape in the file."""
        shape = self.for_value(value)
        for part in path:
            value = child_value(value, part)
            shape = shape.child(part).for_value(value)
        return shape


@cache
def _keys(group: type[Any]) -> Mapping[str, Shape]:
    if issubclass(group, BaseModel):
        fields_of = group.model_fields
    else:
        types = get_type_hints(group, include_extras=True)
        fields_of = {
            each.name: FieldInfo.from_annotated_attribute(types[each.name], each)
            for each in fields(group)
        }
    return {key: Shape.of(field.annotation, field) for key, field in fields_of.items()}


def child_value(value: Any, part: str | int) -> Any:
    """Return the value under a key or index; None if there is none."""
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def as_yaml(value: Any) -> str:
    """Return a default or example as YAML on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_yaml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {as_yaml(item)}' for key, item in value.items())}}}"
    return str(value)
