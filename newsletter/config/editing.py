"""Change single values in the text of ``newsletter.yaml``. Comments, order and style stay."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from newsletter.config.document import KeyPath, build, key_text
from newsletter.config.loading import FILE_NAME
from newsletter.domain.errors import InvalidConfiguration, Refused
from newsletter.domain.wording import say
from newsletter.formats.scalars import write_scalar
from newsletter.formats.yaml_nodes import compose

_KEY_PART_PATTERN = re.compile(r"\w+")
Value = str | int | Mapping[str, Any] | Sequence[Any] | None
"""A value to write; None removes its key."""


def edit(text: str, changes: Mapping[str, Value]) -> str:
    """Return the text with these values, by key paths such as ``lists[0].title``.

    ``${`` in a value is escaped, so that it names no environment variable. Raises Refused if the
    text has a form that cannot be edited, and InvalidConfiguration for a key whose current value
    comes from the environment.
    """
    text = text if text.endswith("\n") else f"{text}\n"
    settings = build(FILE_NAME, _compose(text)).value
    for key, value in changes.items():
        path: KeyPath = tuple(
            int(one) if one.isdecimal() else one for one in _KEY_PART_PATTERN.findall(key)
        )
        literal = _literal(value)
        text = _set(text, path, literal)
        _apply(settings, path, literal)
    if build(FILE_NAME, _compose(text)).value != settings:
        reason = "newsletter.yaml cannot be edited here as it is written; ask your operator."
        raise Refused(say(reason))
    return text


def _literal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return value.replace("${", "$${")
    return [*map(_literal, value)] if isinstance(value, Sequence) else value


def _compose(text: str) -> Any:
    try:
        return compose(text)
    except yaml.YAMLError as error:
        reason = "newsletter.yaml cannot be read; your operator can correct it."
        raise Refused(say(reason)) from error


def _apply(values: Any, path: KeyPath, value: Any) -> None:
    *outer, last = path
    for part in outer:
        if isinstance(part, str) and values.get(part) is None:
            if value is None:
                return
            values[part] = {}
        values = values[part]
    if value is None and isinstance(last, int):
        del values[last]
    elif value is None:
        values.pop(last, None)
    elif last == len(values) and isinstance(last, int):
        values.append(value)
    else:
        values[last] = value


def _set(text: str, path: KeyPath, value: Any) -> str:
    group = _compose(text)
    for depth, part in enumerate(path):
        inner = _child(group, part)
        nested = value
        for key in reversed(path[depth + 1 :]):
            nested = {key: nested}
        if inner is None:
            return text if value is None else _insert(text, group, part, nested)
        if depth + 1 == len(path) or isinstance(inner, yaml.ScalarNode) or not inner.value:
            if "${" in str(inner.value).replace("$${", ""):
                fault = say(
                    "comes from the environment of the service; your operator can change it"
                )
                key = key_text(path)
                raise InvalidConfiguration.at(FILE_NAME, fault, key=key)
            if value is None:
                return _remove(text, group, inner)
            start = inner.start_mark.index
            if not (isinstance(inner, yaml.ScalarNode) or _is_flow(text, inner)):
                start = len(text[:start].rstrip())  # a value on one line follows its key
            before = " " if text[start - 1] == ":" else ""
            return text[:start] + before + _as_yaml(nested) + text[_end(text, inner) :]
        group = inner
    return text


def _child(group: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return group.value[part] if part < len(group.value) else None
    return next((value for key, value in group.value if key.value == part), None)


def _insert(text: str, group: Any, key: str | int, value: Any) -> str:
    """Insert a key or an item at the end of its group."""
    is_item, is_flow = isinstance(key, int), _is_flow(text, group)
    entry = (("" if is_flow else "- ") if is_item else f"{key}: ") + _as_yaml(value)
    last = group.value[-1]
    at = _end(text, last if is_item else last[1])
    if is_flow:
        return f"{text[:at]}, {entry}{text[at:]}"
    at = text.index("\n", at)
    return f"{text[:at]}\n{' ' * group.start_mark.column}{entry}{text[at:]}"


def _remove(text: str, group: Any, value: Any) -> str:
    """Remove a key with its value or an item, and the lines if nothing else is on them."""
    is_flow = _is_flow(text, group)
    entries = []  # (start, end) of each
    for one in group.value:
        first, last = one if isinstance(one, tuple) else (one, one)
        start = first.start_mark.index
        if first is last and not is_flow:
            start = text.rfind("-", 0, start)
        entries.append((start, _end(text, last), last))
    at = next(number for number, entry in enumerate(entries) if entry[2] is value)
    start, end, _ = entries[at]
    line = text.rfind("\n", 0, start) + 1
    if not is_flow and not text[line:start].strip():
        return text[:line] + text[text.index("\n", end) + 1 :]
    if at + 1 < len(entries):
        end = entries[at + 1][0]
    elif at:
        start = entries[at - 1][1]
    return text[:start] + text[end:]


def _is_flow(text: str, group: Any) -> bool:
    return text[group.start_mark.index] in "{["


def _end(text: str, node: Any) -> int:
    """Return the index after the last character of a value. The end mark of a block is later."""
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) or text[start] in "{[":
        return start + len(text[start:end].rstrip("\r\n"))
    last = node.value[-1]
    return _end(text, last[1] if isinstance(last, tuple) else last)


def _as_yaml(value: Any) -> str:
    """Return a value as YAML on one line. JSON is valid YAML."""
    return write_scalar(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
