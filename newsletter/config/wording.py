"""Messages about validation errors, for a person who edits the file."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from newsletter.config.document import Document, KeyPath
from newsletter.config.shape import Shape, inside
from newsletter.domain.wording import Sentence, enclosed, say


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A validation error, with the value and the shape at its path."""

    path: KeyPath
    error: ErrorDetails
    shape: Shape
    value: Any
    text: str
    """The value as written in the file."""
    reading: str
    """What YAML reads, such as ``a date``; "" for text."""

    @property
    def context(self) -> dict[str, Any]:
        """Return the parameters of pydantic's error."""
        return self.error.get("ctx", {})

    @property
    def example(self) -> str:
        """Return ``, like EXAMPLE`` for the end of a sentence, or ""."""
        return f", like {self.shape.example}" if self.shape.example else ""


def find(error: ErrorDetails, document: Document, root: Shape, values: Any) -> Finding:
    """Locate a validation error of pydantic in the document."""
    path: KeyPath = ()
    shape, value = root, values
    for part in error["loc"]:
        if not isinstance(value, list if isinstance(part, int) else dict):
            break  # the rest of ``loc`` names a type
        shape, value = shape.for_value(value).child(part), inside(value, part)
        path = (*path, part)
    if error["type"].startswith("union_tag"):
        path, value = (*path, "kind"), inside(value, "kind")
    written = document.written.get(path)
    return Finding(
        path=path,
        error=error,
        shape=shape,
        value=value,
        text=written.text if written else str(value),
        reading=written.reading if written else "",
    )


def explain(finding: Finding) -> str:
    """Return the fault and the remedy, without secrets."""
    kind = finding.error["type"]
    if kind in _SENTENCE_OF_ERROR:
        message = _SENTENCE_OF_ERROR[kind].format(
            shown=_value_text(finding),
            example=finding.example,
            list=finding.shape.example or "[one, two]",
            kinds=", ".join(finding.shape.kinds),
        )
    else:
        message = _MESSAGE_BUILDERS.get(kind, _default_message)(finding)
    is_expanded = not finding.reading and finding.text != str(finding.value)
    told = "{text} (its value comes from the environment)"
    return enclosed(told, text=message) if is_expanded else message


def _missing(finding: Finding) -> str:
    key = str(finding.path[-1])
    if finding.shape.secret:
        return f"is missing; write {key}, or {key}_file with the path of a file that holds it"
    if finding.shape.example:
        return say("is missing; write it like {example}", example=f"{key}: {finding.shape.example}")
    if finding.shape.required:
        keys = [key for key in finding.shape.keys if key in finding.shape.required]
        return f"is missing; write it, and under it: {', '.join(keys)}"
    return f"is missing; write it. {finding.shape.description}".strip()


def _not_text(finding: Finding) -> str:
    if finding.value is None:
        return f"has no value; write one{finding.example}, or delete the line if it may be left out"
    if isinstance(finding.value, dict | list) or not finding.reading:
        return f"must be text{finding.example}, not {_value_text(finding)}"
    return (
        f"must be text, and YAML reads {finding.text} as {finding.reading}; "
        f'if it is meant so, put it in quotes: "{finding.text}"'
    )


def _not_number(finding: Finding) -> str:
    noun = "whole number" if finding.error["type"].startswith("int") else "number"
    hint = ""
    if isinstance(finding.value, str) and finding.value.isdigit():
        hint = "; write it without quotes"
    return f"must be a {noun}{finding.example}, not {_value_text(finding)}{hint}"


def _not_group(finding: Finding) -> str:
    keys = finding.shape.keys or dict.fromkeys(["kind"] if finding.shape.kinds else [])
    inner = f" ({', '.join(keys)})" if keys else ""
    return f"must be a group of keys with values{inner}, not {_value_text(finding)}"


def _too_few(finding: Finding) -> str:
    of_what = "characters" if finding.shape.secret else "of them"
    return f"must have at least {finding.context.get('min_length', 1)} {of_what}"


def _out_of_range(finding: Finding) -> str:
    words = {
        "ge": say("must be at least {bound}, not {value}"),
        "gt": say("must be more than {bound}, not {value}"),
        "le": say("must be at most {bound}, not {value}"),
        "lt": say("must be less than {bound}, not {value}"),
    }
    [(key, bound)] = finding.context.items()
    return say(words[key], bound=_bound_text(bound), value=_value_text(finding))


def _wrong_choice(finding: Finding) -> str:
    expected = str(finding.context.get("expected", "")).replace("'", "")
    return say("must be {expected}, not {value}", expected=expected, value=_value_text(finding))


def _wrong_kind(finding: Finding) -> str:
    kinds = list(finding.shape.kinds)
    close = get_close_matches(str(finding.value).casefold(), kinds, n=1)
    guess = f"; did you mean {close[0]}?" if close else "."
    return f"{finding.text!r} is not a kind we know{guess} The kinds are: {', '.join(kinds)}"


def _wrong_form(finding: Finding) -> str:
    about = f" It is: {finding.shape.description}" if finding.shape.description else ""
    return f"does not have the right form{finding.example}.{about}"


def _validator_message(finding: Finding) -> str:
    """Return the message of a rule of newsletter, with the value as written in the file."""
    message = str(finding.context.get("error", finding.error["msg"]))
    if finding.shape.secret:
        return "is not what this secret looks like; copy it again from the provider's pages"
    value = repr(finding.value)
    text = repr(finding.text) if isinstance(finding.value, str) else finding.text
    if text != value and isinstance(message, Sentence):
        message = message.map(lambda _, one: finding.text if one == finding.value else one)
    elif text != value and message.startswith(f"{value} "):
        message = f"{text}{message[len(value) :]}"
    if finding.text and finding.reading and finding.reading != f"the number {finding.text}":
        read = "{text} (YAML reads {value} as {reading})"
        return enclosed(read, text=message, value=finding.text, reading=finding.reading)
    return message


def _default_message(finding: Finding) -> str:
    message = finding.error["msg"].removeprefix("Input ")
    about = finding.shape.description
    return f"{message}. It is: {about}" if about else message


def _value_text(finding: Finding) -> str:
    if finding.shape.holds_secrets or isinstance(finding.value, dict | list):
        nouns: dict[type, str] = {dict: "a group of keys", list: "a list"}
        return nouns.get(type(finding.value), "this")
    if finding.value is None:
        return "empty"
    return finding.text if finding.reading else repr(finding.text)


def _bound_text(bound: Any) -> str:
    is_integer = isinstance(bound, float) and bound.is_integer()
    return str(int(bound)) if is_integer else str(bound)


_NOT_DATE = "must be a date{example}, not {shown}"
_NOT_LIST = "must be a list, like {list}, not {shown}"
_SENTENCE_OF_ERROR = {
    "bool_type": "must be true or false, not {shown}",
    **dict.fromkeys(("date_type", "date_parsing"), _NOT_DATE),
    **{f"date_from_datetime_{kind}": _NOT_DATE for kind in ("parsing", "inexact")},
    **dict.fromkeys(("tuple_type", "list_type"), _NOT_LIST),
    "union_tag_not_found": "is missing; write one of: {kinds}",
}
_TYPES_OF_BUILDER: dict[Callable[[Finding], str], tuple[str, ...]] = {
    _missing: ("missing",),
    _not_text: ("string_type", "path_type"),
    _not_number: ("int_type", "int_parsing", "float_type"),
    _not_group: ("model_type", "dataclass_type", "dict_type"),
    _too_few: ("too_short",),
    _out_of_range: ("greater_than", "greater_than_equal", "less_than", "less_than_equal"),
    _wrong_choice: ("literal_error", "enum"),
    _wrong_kind: ("union_tag_invalid",),
    _wrong_form: ("string_pattern_mismatch", "string_too_short"),
    _validator_message: ("value_error",),
}
_MESSAGE_BUILDERS = {one: make for make, types in _TYPES_OF_BUILDER.items() for one in types}
