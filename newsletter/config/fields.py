"""The types of settings, with their validation."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from newsletter.domain.setting import Rule, parse_line
from newsletter.domain.wording import invalid, say
from newsletter.formats.times import zone_objection
from newsletter.providers.common.options import Duration, refuse_tilde


class Section(BaseModel):
    """A frozen group of settings. Unknown keys are errors, and types are strict."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )


def unique(names: Callable[[Any], Iterable[str]], refusal: str) -> Rule:
    """Return a rule that refuses repeated names. ``refusal`` has ``{names}`` in their place."""

    def read(values: tuple[Any, ...]) -> tuple[Any, ...]:
        counts = Counter(name for value in values for name in names(value))
        repeated = [name for name, count in counts.items() if count > 1]
        if repeated:
            raise invalid(refusal, names=", ".join(repeated))
        return values

    return Rule(read)


def own_name(value: Any) -> tuple[str]:
    return (value.name,)


def _parse_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(zone_objection(text)) from error


def database_url(text: str) -> str:
    """Return a valid database URL. The message of a ValueError does not contain its password."""
    scheme, _, path = text.partition("://")
    if scheme == "postgresql":
        return _require_server_url(parse_line(text))
    if scheme != "sqlite" or not path.startswith("/"):
        raise invalid(
            "is not a database we know; write sqlite:/// and a path, like"
            " sqlite:///var/newsletter.db, or postgresql://user@host/database"
        )
    file = path.removeprefix("/")
    refuse_tilde(Path(file))
    if not file.strip() or "?" in file or file.startswith(":") or file.endswith("/"):
        raise invalid("names no file; write a path after sqlite:///, like var/newsletter.db")
    return parse_line(text)


def _require_server_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise invalid(
            "holds a password; take it out, and write it as database_password: ${NAME} or"
            " database_password_file"
        )
    if not parts.path.strip("/"):
        raise invalid("names no database; write postgresql://user@host/database")
    return text


def duration_rule(span: timedelta, refusal: str, *, is_maximum: bool = False) -> Rule:
    """Return a rule that refuses durations shorter than ``span``, or longer ones."""

    def read(duration: timedelta) -> timedelta:
        if duration > span if is_maximum else duration < span:
            raise invalid("must be {bound}", bound=say(refusal))
        return duration

    return Rule(read)


Zone = Annotated[str, Rule(_parse_zone)]
"""The IANA name of a time zone."""

DatabaseUrl = Annotated[str, Rule(database_url)]
"""``sqlite:///`` and a path, or ``postgresql://`` and a database on a server."""

TimeWindow = Annotated[Duration, duration_rule(timedelta(days=30), "at most 30d", is_maximum=True)]
"""A duration from zero to thirty days."""

PauseDuration = Annotated[TimeWindow, duration_rule(timedelta(seconds=1), "at least 1s")]
"""A duration from one second to thirty days."""


class ByKind:
    """The mark of a value that the class of its ``kind`` validates.

    Only that class is imported and built. pydantic's tagged unions need all classes.
    """

    def __init__(self, choices: Mapping[str, type[BaseModel]]) -> None:
        self.choices = choices

    def __get_pydantic_core_schema__(self, source: Any, _: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema of all kinds, whose classes are all imported."""
        built = {kind: TypeAdapter(model).core_schema for kind, model in self.choices.items()}
        return handler(core_schema.tagged_union_schema(built, "kind"))

    def _read(self, value: Any, info: ValidationInfo) -> BaseModel:
        if isinstance(value, BaseModel):
            return value
        if not isinstance(value, dict):
            raise PydanticKnownError("dict_type")
        details = {"discriminator": "'kind'"}
        if "kind" not in value:
            raise PydanticKnownError("union_tag_not_found", details)
        kind = value["kind"]
        if not isinstance(kind, str) or kind not in self.choices:
            details |= {"tag": str(kind), "expected_tags": ", ".join(self.choices)}
            raise PydanticKnownError("union_tag_invalid", details)
        model = self.choices[kind]
        if info.mode == "json":  # strict validation accepts paths and lists only from JSON
            return model.model_validate_json(json.dumps(value), context=info.context)
        return model.model_validate(value, context=info.context)
