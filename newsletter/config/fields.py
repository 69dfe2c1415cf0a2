"""The kinds of value that a setting can have, each refusing what it cannot be."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from newsletter.domain.statements import brand
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.lists import LIST_NAME
from newsletter.formats.text import control_in_value
from newsletter.formats.times import zone_objection
from newsletter.providers.common.options import Duration

T = TypeVar("T")


class Section(BaseModel):
    """A group of settings: nothing unknown, nothing guessed, nothing changed later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )

    def to(self, kind: type[T], **others: object) -> T:
        """Return the domain's value with the settings of the same names, and others.

        A setting that is not given leaves the value's own default.
        """
        names = {each.name for each in fields(cast("Any", kind))}
        given = {name: value for name, value in self if name in names and value is not None}
        return kind(**given | others)


def matching(pattern: str, refusal: str) -> AfterValidator:
    """Text of one form alone; the refusal goes on after the text.

    By re, when there is text to read: to build pydantic's own pattern, with all letters that there
    are, took a tenth of a second.
    """

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{text!r} {refusal}")
        return text

    return AfterValidator(read)


def some(refusal: str) -> AfterValidator:
    """At least one: not by ``min_length``, which takes a list of faulty items for an empty one."""

    def read(values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values:
            raise ValueError(refusal)
        return values

    return AfterValidator(read)


def once(names: Callable[[Any], Iterable[str]], refusal: str) -> AfterValidator:
    """No two values with one name; ``{names}`` of the refusal are those that stand twice."""

    def read(values: tuple[Any, ...]) -> tuple[Any, ...]:
        counts = Counter(name for value in values for name in names(value))
        repeated = [name for name, count in counts.items() if count > 1]
        if repeated:
            raise ValueError(refusal.format(names=", ".join(repeated)))
        return values

    return AfterValidator(read)


def name_of(value: Any) -> tuple[str]:
    """Return the name that distinguishes it from others of its kind."""
    return (value.name,)


_LANGUAGE = (
    r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
)
_NOT_IN_URL = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
_LOOPBACK = {"localhost", "127.0.0.1"}
_HEX = Field(json_schema_extra={"pattern": "^#[0-9a-fA-F]{6}$"})


def _line(text: str) -> str:
    if control := control_in_value(text):
        raise ValueError(f"holds {control}; write it on one line, as plain text")
    if not text.strip():
        raise ValueError("is blank; write some text")
    return text.strip()


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        if " like " in str(error):
            raise
        raise ValueError(f"{error}; write only the address, like news@forum.example") from error


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(zone_objection(text)) from error


def _web_address(text: str) -> str:
    found = _NOT_IN_URL.search(text)
    if found:
        raise ValueError(
            f"holds {found.group()!r}, which no web address may; "
            "copy it from the browser's address line"
        )
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that is none
    except ValueError as error:
        raise ValueError(f"{text!r} is not a web address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is not a web address; write it like https://forum.example")
    if parts.username is not None:
        raise ValueError("holds a user name; readers see it, so write it without")
    return text


def _picture(text: str) -> str:
    parts = urlsplit(_web_address(text))
    if parts.scheme != "https":
        raise ValueError(
            f"{text!r} is not secure, and mail programs show no such picture; write https://"
        )
    if parts.path.lower().endswith((".svg", ".svgz", ".webp", ".avif")):
        raise ValueError(
            f"{text!r} is of a kind that some mail programs do not show; save it as PNG or JPEG"
        )
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(_web_address(text))
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r} has a ? or # part; write only where our pages begin")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError(
            f"{text!r} is not secure; write https:// "
            "(http:// is for trying things out on localhost only)"
        )
    return text.rstrip("/")


def _not_a_comment(value: Any) -> Any:
    """Without quotes, YAML takes a colour for a comment, and the key has no value."""
    if value is None:
        raise ValueError(
            'has no value: YAML takes # for a comment; put the colour in quotes, like "#17505c"'
        )
    return value


def database_url(text: str) -> str:
    """Check the address of a database. It may hold a password, so no message repeats it."""
    scheme, _, path = text.partition("://")
    if scheme == "postgresql":
        return _on_server(_line(text))
    if scheme != "sqlite" or not path.startswith("/"):
        raise ValueError(
            "is not a database we know; write sqlite:/// and a path, like"
            " sqlite:///var/newsletter.db, or postgresql://user@host/database"
        )
    file = path.removeprefix("/")
    if not file.strip() or "?" in file or file.startswith(":") or file.endswith("/"):
        raise ValueError("names no file; write a path after sqlite:///, like var/newsletter.db")
    return _line(text)


def _on_server(text: str) -> str:
    parts = urlsplit(text)
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise ValueError(
            "holds a password; take it out, and write it as database_password: ${NAME} or"
            " database_password_file"
        )
    if not parts.path.strip("/"):
        raise ValueError("names no database; write postgresql://user@host/database")
    return text


def _at_least_a_second(duration: timedelta) -> timedelta:
    if duration < timedelta(seconds=1):
        raise ValueError("must be at least 1s")
    return duration


def _at_most_thirty_days(duration: timedelta) -> timedelta:
    if duration > timedelta(days=30):
        raise ValueError("must be at most 30d")
    return duration


Line = Annotated[str, AfterValidator(_line)]
"""Text without line breaks and control characters, safe for a header."""

Address = Annotated[str, AfterValidator(_address)]
"""An e-mail address."""

Zone = Annotated[str, AfterValidator(_zone)]
"""The IANA name of a time zone."""

Language = Annotated[
    str,
    matching(_LANGUAGE, "is not a language code; write it like en, pt-BR or zh-Hant"),
    Field(json_schema_extra={"pattern": f"^{_LANGUAGE}$"}),
]
"""A BCP 47 code."""

ListName = Annotated[
    str,
    matching(
        LIST_NAME,
        "cannot name a list; write small letters and digits, with - or _ between them, like press"
        " or new-york",
    ),
    Field(json_schema_extra={"pattern": f"^{LIST_NAME}$"}),
]
"""The name of a mailing list."""

Website = Annotated[
    str, AfterValidator(_web_address), Field(json_schema_extra={"pattern": "^https?://"})
]
"""An http or https address."""

PictureUrl = Annotated[
    str, AfterValidator(_picture), Field(json_schema_extra={"pattern": "^https://"})
]
"""An https address."""

Colour = Annotated[str, BeforeValidator(_not_a_comment), AfterValidator(brand.colour), _HEX]
"""A colour, as ``#`` and six digits in base sixteen."""

Accent = Annotated[str, BeforeValidator(_not_a_comment), AfterValidator(brand.accent), _HEX]
"""A colour that can be read on white."""

Ground = Annotated[str, BeforeValidator(_not_a_comment), AfterValidator(brand.ground), _HEX]
"""A colour on which grey words can be read."""

PublicUrl = Annotated[
    str, AfterValidator(_public_url), Field(json_schema_extra={"pattern": "^https?://"})
]
"""The https base of our own pages, without a slash at the end."""

DatabaseUrl = Annotated[str, AfterValidator(database_url)]
"""``sqlite:///`` and a path, or ``postgresql://`` and a database on a server."""

Pause = Annotated[
    Duration, AfterValidator(_at_least_a_second), AfterValidator(_at_most_thirty_days)
]
"""One second to thirty days."""

Window = Annotated[Duration, AfterValidator(_at_most_thirty_days)]
"""Nothing to thirty days."""


class ByKind:
    """Marks a value that is validated by the class its ``kind`` names.

    Only that class is imported and built. pydantic's own tagged unions need all of them.
    """

    def __init__(self, choices: Mapping[str, type[BaseModel]]) -> None:
        self.choices = choices

    def __get_pydantic_core_schema__(self, source: Any, _: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe all kinds, as pydantic's tagged unions do. Imports all of their classes."""
        built = {kind: TypeAdapter(model).core_schema for kind, model in self.choices.items()}
        return handler(core_schema.tagged_union_schema(built, "kind"))

    def _read(self, value: Any, info: ValidationInfo) -> BaseModel:
        if isinstance(value, BaseModel):
            return value
        if not isinstance(value, dict):
            raise PydanticKnownError("dict_type")
        about = {"discriminator": "'kind'"}
        if "kind" not in value:
            raise PydanticKnownError("union_tag_not_found", about)
        kind = value["kind"]
        if not isinstance(kind, str) or kind not in self.choices:
            about |= {"tag": str(kind), "expected_tags": ", ".join(self.choices)}
            raise PydanticKnownError("union_tag_invalid", about)
        model = self.choices[kind]
        if info.mode == "json":  # which strict validation reads paths and lists from
            return model.model_validate_json(json.dumps(value), context=info.context)
        return model.model_validate(value, context=info.context)
