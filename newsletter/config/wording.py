"""Messages about validation errors, for a person who edits the file."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from newsletter.config.document import Document, KeyPath
from newsletter.config.shape import Shape, child_value
from newsletter.domain.wording import Sentence, Written, did_you_mean, enclosed, say


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
    """A value that YAML reads, such as ``a date``; "" for text."""

    @property
    def context(self) -> dict[str, Any]:
        """Return the parameters of pydantic's error."""
        return self.error.get("ctx", {})

    @property
    def example(self) -> str:
        """Return ``, like EXAMPLE`` for the end of a sentence, or ""."""
        example = self.shape.example
        return say(", like {example}", example=example) if example else ""

    @property
    def about(self) -> str:
        """Return what the setting is, as the desk's page of all settings says it."""
        return say(self.shape.description.replace("`", ""))


def find(error: ErrorDetails, document: Document, root: Shape, values: Any) -> Finding:
    """Locate a validation error of pydantic in the document."""
    path: KeyPath = ()
    shape, value = root, values
    for part in error["loc"]:
        if not isinstance(value, list if isinstance(part, int) else dict):
            break  # the rest of ``loc`` names a type
        shape, value = shape.for_value(value).child(part), child_value(value, part)
        path = (*path, part)
    if error["type"].startswith("union_tag"):
        path, value = (*path, "kind"), child_value(value, "kind")
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
    kind, context, shape = finding.error["type"], finding.context, finding.shape
    if kind in _SENTENCE_OF_ERROR:
        is_quoted = isinstance(finding.value, str) and finding.value.isdigit()
        keys = shape.keys or dict.fromkeys(["kind"] if shape.kinds else [])
        bound = next(iter(context.values()), "")
        is_integer = isinstance(bound, float) and bound.is_integer()
        message: str = say(
            _SENTENCE_OF_ERROR[kind],
            value=_value_text(finding),
            example=finding.example,
            list=shape.example or "[one, two]",
            kinds=", ".join(shape.kinds),
            keys=f" ({', '.join(keys)})" if keys else "",
            hint=say("; write it without quotes") if is_quoted else "",
            expected=_either(re.findall(r"'([^']*)'", str(context.get("expected", "")))),
            bound=str(int(bound)) if is_integer else str(bound),
        )
    else:
        message = _MESSAGE_BUILDERS.get(kind, _default_message)(finding)
    is_expanded = not finding.reading and finding.text != str(finding.value)
    sentence = "{text} (its value comes from the environment)"
    return enclosed(sentence, text=message) if is_expanded else message


def _missing(finding: Finding) -> str:
    key = str(finding.path[-1])
    if finding.shape.secret:
        either = "is missing; write {key}, or {key}_file with the path of a file that holds it"
        return say(either, key=key)
    if finding.shape.example:
        return say("is missing; write it like {example}", example=f"{key}: {finding.shape.example}")
    if finding.shape.required:
        keys = [key for key in finding.shape.keys if key in finding.shape.required]
        return say("is missing; write it, and under it: {keys}", keys=", ".join(keys))
    return say("is missing; write it. {about}", about=finding.about)


def _not_text(finding: Finding) -> str:
    if finding.value is None:
        empty = "has no value; write one{example}, or delete the line if it may be left out"
        return say(empty, example=finding.example)
    if isinstance(finding.value, dict | list) or not finding.reading:
        other = "must be text{example}, not {value}"
        return say(other, example=finding.example, value=_value_text(finding))
    misread = (
        "must be text, and YAML reads {value} as {reading}; if it is meant so, put it in quotes:"
        ' "{value}"'
    )
    return say(misread, value=finding.text, reading=finding.reading)


def _too_few(finding: Finding) -> str:
    least = finding.context.get("min_length", 1)
    few = "must have at least {least} of them"
    if finding.shape.secret:
        few = "must have at least {least} characters"
    return say(few, least=least)


def _wrong_kind(finding: Finding) -> str:
    kinds = list(finding.shape.kinds)
    hint = did_you_mean(str(finding.value), kinds) or "."
    other = "{value!r} is not a kind we know{hint} The kinds are: {kinds}"
    return say(other, value=finding.text, hint=hint, kinds=", ".join(kinds))


def _wrong_form(finding: Finding) -> str:
    form = "does not have the right form{example}."
    if finding.about:
        form = "does not have the right form{example}. It is: {about}"
    return say(form, example=finding.example, about=finding.about)


def _validator_message(finding: Finding) -> str:
    """Return the message of a rule of newsletter, with the value as written in the file."""
    message = str(finding.context.get("error", finding.error["msg"]))
    if finding.shape.secret:
        return say("is not what this secret looks like; copy it again from the provider's pages")
    value = repr(finding.value)
    text = repr(finding.text) if isinstance(finding.value, str) else finding.text
    if text != value and isinstance(message, Sentence):
        written = finding.text if isinstance(finding.value, str) else Written(finding.text)
        message = message.map(lambda _, one: written if one == finding.value else one)
    elif text != value and message.startswith(f"{value} "):
        message = f"{text}{message[len(value) :]}"
    if finding.text and finding.reading and finding.reading != f"the number {finding.text}":
        read = "{text} (YAML reads {value} as {reading})"
        return enclosed(read, text=message, value=finding.text, reading=finding.reading)
    return message


def _default_message(finding: Finding) -> str:
    message = finding.error["msg"].removeprefix("Input ")
    return f"{message}. It is: {finding.about}" if finding.about else message


def _value_text(finding: Finding) -> str:
    if finding.shape.holds_secrets or isinstance(finding.value, dict | list):
        nouns: dict[type, str] = {dict: say("a group of keys"), list: say("a list")}
        return nouns.get(type(finding.value), say("this"))
    if finding.value is None:
        return say("empty")
    return finding.text if finding.reading else say("{value!r}", value=finding.text)


def _either(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return say("{first} or {last}", first=", ".join(names[:-1]), last=names[-1])


_NOT_DATE = say("must be a date{example}, not {value}")
_NOT_GROUP = say("must be a group of keys with values{keys}, not {value}")
_NOT_WHOLE = say("must be a whole number{example}, not {value}{hint}")
_SENTENCE_OF_ERROR = {
    "bool_type": say("must be true or false, not {value}"),
    "float_type": say("must be a number{example}, not {value}{hint}"),
    "greater_than": say("must be more than {bound}, not {value}"),
    "greater_than_equal": say("must be at least {bound}, not {value}"),
    "less_than": say("must be less than {bound}, not {value}"),
    "less_than_equal": say("must be at most {bound}, not {value}"),
    "union_tag_not_found": say("is missing; write one of: {kinds}"),
    **dict.fromkeys(("date_type", "date_parsing"), _NOT_DATE),
    **{f"date_from_datetime_{kind}": _NOT_DATE for kind in ("parsing", "inexact")},
    **dict.fromkeys(("tuple_type", "list_type"), say("must be a list, like {list}, not {value}")),
    **dict.fromkeys(("model_type", "dataclass_type", "dict_type"), _NOT_GROUP),
    **dict.fromkeys(("int_type", "int_parsing"), _NOT_WHOLE),
    **dict.fromkeys(("literal_error", "enum"), say("must be {expected}, not {value}")),
}
_TYPES_OF_BUILDER: dict[Callable[[Finding], str], tuple[str, ...]] = {
    _missing: ("missing",),
    _not_text: ("string_type", "path_type"),
    _too_few: ("too_short",),
    _wrong_kind: ("union_tag_invalid",),
    _wrong_form: ("string_pattern_mismatch", "string_too_short"),
    _validator_message: ("value_error",),
}
_MESSAGE_BUILDERS = {one: make for make, types in _TYPES_OF_BUILDER.items() for one in types}
