"""Renders a request's JSON body from the Jinja2 template in the settings.

Each value is escaped, so that no text of a statement can end a JSON string or act as template.
"""

import json
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

TemplateMessage = Mapping[str, Any]

MESSAGE_FIELDS = (
    *("id", "to", "name", "subject", "html", "text", "headers", "from_name", "from_address"),
    *("reply_to",),
)
"""The fields of a message in a template. ``headers`` is a mapping; the others are text."""

_TEMPLATE_ADVICE = 'write values as {{ message.to | tojson }}, or in quotes: "{{ message.to }}"'
_REMOVED_FILTERS = ("random",)
"""Filters that do not exist, because equal messages must give equal bytes."""
_AWKWARD_TEXT = '"Quoted" \\ back, {braces}, {{ 7 * 7 }} {% raw %} é\n'


class _Json(str):
    """JSON from ``tojson``, which needs no escaping."""

    __slots__ = ()


class BodyTemplate:
    """The Jinja2 template of a request body, parsed and tested once."""

    def __init__(self, source: str, *, several: bool) -> None:
        """Raise ValueError with a fault and its line. With ``several`` it gets ``messages``."""
        self._several = several
        self._template = _parse_template(source)
        for sample in _samples(several=several):
            _require_parts(self.fill(sample), sample)

    def fill(self, messages: Sequence[TemplateMessage]) -> bytes:
        """Return a request body, JSON in UTF-8. Raises ValueError if the result is no JSON."""
        values = {"messages": messages} if self._several else {"message": messages[0]}
        try:
            text = self._template.render(values)
        except UndefinedError as error:
            raise ValueError(_unknown_value_message(error, self._several)) from error
        except Exception as error:  # a template can do anything with values: divide, slice, call
            raise ValueError(f"cannot be filled{_line(error)}: {error}") from error
        _parse_json(text)
        return text.encode()

    def find_missing_parts(self) -> list[str]:
        """Return the fields and headers of a message that the template does not use."""
        message = _sample(1)
        texts = list(_texts(_parse_json(self.fill([message]).decode())))
        fields = {name: message[name] for name in ("subject", "html", "text", "from_address")}
        fields |= message["headers"]
        return [
            name
            for name, value in fields.items()
            if not any(value.strip() in each for each in texts)
        ]


def _parse_template(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # for HTML; this is JSON, and finalize escapes for it
        finalize=_escape,
    )
    environment.globals.clear()  # lipsum is random, and the others are of no use
    for name in _REMOVED_FILTERS:
        del environment.filters[name]
    # Jinja's own is for HTML, and escapes more
    environment.filters["tojson"] = _tojson
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        why = f"is not a template: {error.message} (in its line {error.lineno})"
        raise ValueError(why) from error


def _tojson(value: Any) -> _Json:
    if isinstance(value, Undefined):
        str(value)  # raises UndefinedError
    return _Json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _escape(value: Any) -> str:
    """Escape a template's value for use between quotes."""
    if isinstance(value, _Json):
        return value
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        kind = "a mapping" if isinstance(value, dict) else "a list or another value"
        raise ValueError(f"{kind} is no text; write it with | tojson")
    # without the quotes, which the template has
    return json.dumps(str(value), ensure_ascii=False)[1:-1]


def _unknown_value_message(error: UndefinedError, several: bool) -> str:
    quoted_words = re.findall(r"'([^']+)'", str(error))
    name = quoted_words[-1] if quoted_words else "something"
    namespace = "messages" if several else "message"
    if name in {"message", "messages"}:
        size = "more than 1" if several else "1"
        why = f"uses {name}; where batch_size is {size}, there is {namespace} instead"
        return f"{why}{_line(error)}"
    close = get_close_matches(name, (*MESSAGE_FIELDS, namespace), n=1)
    guess = f"; did you mean {close[0]}?" if close else "."
    help_text = f"A message has: {', '.join(MESSAGE_FIELDS)}"
    return f"uses {name!r}, which is not there{_line(error)}{guess} {help_text}"


def _line(error: Exception) -> str:
    numbers = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == "<template>"
    ]
    return f" (in its line {numbers[-1]})" if numbers else ""


def _parse_json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_unique_object)
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno} of what it gives"
        raise ValueError(f"gives no JSON: {error.msg} at {position}; {_TEMPLATE_ADVICE}") from error
    except RecursionError as error:
        raise ValueError("gives JSON that is nested too deeply") from error
    if not isinstance(value, dict | list):
        raise ValueError(f"gives JSON that is neither an object nor a list; {_TEMPLATE_ADVICE}")
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"gives no JSON: it has no {name}; {_TEMPLATE_ADVICE}")


def _unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object from its pairs. Raises ValueError for a repeated key."""
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"gives JSON in which {twice[0]!r} appears twice in one object; keep one")
    return dict(pairs)


def _samples(*, several: bool) -> Iterator[list[TemplateMessage]]:
    """Return test messages with awkward texts, and with each optional text empty."""
    yield [_sample(1)]
    yield [{**_sample(1), "reply_to": "", "from_name": ""}]
    if several:
        yield [_sample(number) for number in (1, 2, 3)]


def _sample(number: int) -> dict[str, Any]:
    link = f"https://news.forum.example/u/sample{number}"
    return {
        "id": f"sample{number}",
        "to": f"reader{number}@example.org",
        "name": "",
        "subject": f"Subject {number} {_AWKWARD_TEXT.strip()}",
        "html": f"<p>Page {number}</p> {_AWKWARD_TEXT}",
        "text": f"Text {number} {_AWKWARD_TEXT}",
        "headers": {
            "Message-ID": f"<sample{number}@forum.example>",
            "List-Id": '"Forum, \\"The\\"" <press.forum.example>',
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "sample:press:newsletter:0123456789ab",
        },
        "from_name": f'Forum, "The" {number}',
        "from_address": "news@forum.example",
        "reply_to": "press@forum.example",
    }


def _require_parts(body: bytes, messages: Sequence[TemplateMessage]) -> None:
    """Raise ValueError if the body lacks the recipient, the subject or the text of a message."""
    texts = list(_texts(json.loads(body)))
    for message in messages:
        for names in (("to",), ("subject",), ("html", "text")):
            if not any(message[name].strip() in each for name in names for each in texts):
                expected_values = " nor ".join(f"message.{name}" for name in names)
                raise ValueError(f"does not say {expected_values}: each message must have it")


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a JSON value, also keys, which in some APIs are addresses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        if isinstance(value, dict):
            yield from value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
