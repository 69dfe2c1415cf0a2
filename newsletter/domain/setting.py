"""Fields of ``newsletter.yaml``: their descriptions, examples and validation rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Annotated, Any
from urllib.parse import urlsplit

from newsletter.domain.wording import invalid, say


def setting(
    description: str,
    *examples: Any,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    **bounds: Any,
) -> Any:
    """Return a dataclass field with a description. ``bounds`` are ``ge`` and ``le``."""
    metadata = {"description": description, **bounds}
    if examples:
        metadata["examples"] = [*examples]
    return field(default=default, default_factory=default_factory, metadata=metadata)


STORED_CONTEXT: Mapping[str, Any] = {}
"""The validation context of stored values. No rule applies to them."""


@dataclass(frozen=True)
class Rule:
    """A validation rule, as an annotation of a field's type.

    ``read`` returns the value, or raises ValueError, which says what to write. With ``first``, it
    gets the value before its type is checked. With ``depends``, it also gets the valid values of
    the keys above. ``schema`` is added to the JSON schema.
    """

    read: Callable[..., Any]
    first: bool = False
    depends: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the rule as a pydantic core schema; the domain does not import pydantic."""

        def read(value: Any, info: Any) -> Any:
            if info.context is STORED_CONTEXT:
                return value
            return self.read(value, info.data) if self.depends else self.read(value)

        return {
            "type": "function-before" if self.first else "function-after",
            "function": {"type": "with-info", "function": read},
            "schema": handler(source),
        }

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> Any:
        if handler.mode == "serialization":
            return handler(core)  # the schema of the value after reading
        return {**({} if self.first and self.schema else handler(core)), **self.schema}


def pattern_rule(pattern: str, refusal: str, editor_pattern: str = "") -> Rule:
    """Return the rule that a text matches a pattern. ``refusal`` follows the text in the error.

    ``editor_pattern`` is the pattern in the JSON schema.
    """

    # pydantic takes a tenth of a second to compile such a pattern
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise invalid("{text!r} {refusal}", text=text, refusal=say(refusal))
        return text

    return Rule(read, schema={"pattern": editor_pattern} if editor_pattern else {})


def not_empty(refusal: str, max_items: int | None = None) -> Rule:
    """Return the rule that a list is not empty, and has at most ``max_items`` items.

    pydantic's ``min_length`` would also refuse a list whose items are all faulty.
    """

    def read(values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values or len(values) > (max_items or len(values)):
            raise invalid(refusal)
        return values

    return Rule(read, schema={"minItems": 1})


_LOOPBACK_HOSTS = {"localhost", "127.0.0.1"}
_CONTROL_PATTERN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
    r"\u202a-\u202e\u2066-\u2069"  # they reverse text, so that it looks like another one
    r"\u200b\u2060\ufeff]"  # without a width; joiners and marks of direction are parts of names
)
_FORBIDDEN_URL_PATTERN = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
_LANGUAGE = (
    r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
)


def control_in_value(value: str) -> str:
    """Return the name of the first control or invisible character of a value, or ""."""
    match = _CONTROL_PATTERN.search(value)
    return name_control(match[0]) if match else ""


def name_control(character: str) -> str:
    if character in "\n\r\u2028\u2029\x85":
        return say("a line break (U+{code})", code=f"{ord(character):04X}")
    return say("the control character U+{code}", code=f"{ord(character):04X}")


def parse_line(text: str) -> str:
    """Return text without surrounding blanks. Raises ValueError for control characters."""
    if control := control_in_value(text):
        raise invalid("holds {control}; write it on one line, as plain text", control=control)
    if not text.strip():
        raise invalid("is blank; write some text")
    return text.strip()


def parse_web_address(text: str) -> str:
    """Return an http or https URL unchanged. Raises ValueError for any other text."""
    found = _FORBIDDEN_URL_PATTERN.search(text)
    if found:
        reason = (
            "holds {found!r}, which no web address may; copy it from the browser's address line"
        )
        raise invalid(reason, found=found.group())
    reason = "{text!r} is not a web address; write it like https://forum.example"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError as error:
        raise invalid(reason, text=text) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise invalid(reason, text=text)
    if parts.username is not None:
        raise invalid("holds a user name; readers see it, so write it without")
    return text


def _parse_picture_url(text: str) -> str:
    parts = urlsplit(parse_web_address(text))
    if parts.scheme != "https":
        reason = "{text!r} is not secure, and mail programs show no such picture; write https://"
        raise invalid(reason, text=text)
    if parts.path.lower().endswith((".svg", ".svgz", ".webp", ".avif")):
        reason = "{text!r} is of a kind that some mail programs do not show; save it as PNG or JPEG"
        raise invalid(reason, text=text)
    return text


def _require_https(address: str) -> str:
    if not address.startswith("https://"):
        raise invalid("{address!r} is not encrypted; write https://", address=address)
    return address


def _parse_public_url(text: str) -> str:
    parts = urlsplit(parse_web_address(text))
    if "?" in text or "#" in text:
        raise invalid("{text!r} has a ? or # part; write only where our pages begin", text=text)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK_HOSTS:
        raise invalid(
            "{text!r} is not secure; write https:// (http:// is for trying things out on"
            " localhost only)",
            text=text,
        )
    return text.rstrip("/")


Line = Annotated[str, Rule(parse_line, schema={"pattern": r"\S"})]
"""Text without line breaks and control characters, safe for a header."""

Website = Annotated[str, Rule(parse_web_address, schema={"pattern": "^https?://"})]
"""An http or https URL."""

SecureUrl = Annotated[Website, Rule(_require_https)]

PublicUrl = Annotated[str, Rule(_parse_public_url, schema={"pattern": "^https?://"})]
"""The https base URL of the public pages, without a slash at the end."""

PictureUrl = Annotated[str, Rule(_parse_picture_url, schema={"pattern": "^https://"})]
"""The https URL of a picture in a format that mail programs show."""

Language = Annotated[
    str,
    pattern_rule(
        _LANGUAGE,
        "is not a language code; write it like en, pt-BR or zh-Hant",
        f"^{_LANGUAGE}$",
    ),
]
"""A BCP 47 code."""
