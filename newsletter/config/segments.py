"""The settings of segments: saved rules that pick readers of a list."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from newsletter.config.fields import Language, Line, ListName, Section
from newsletter.domain.subscribers.audience import LIST_NAME, TAG_NAME
from newsletter.domain.subscribers.segment import Segment

_CONDITIONS = (
    *("language", "joined_since", "joined_before", "place"),
    *("tags", "any_tag", "without_tags"),
)


def _name(text: str) -> str:
    if not re.fullmatch(LIST_NAME, text):
        raise ValueError(
            f"{text!r} cannot name a segment; write small letters and digits, "
            "with - or _ between them, like texas or new-donors"
        )
    return text


def _tag(text: str) -> str:
    if not re.fullmatch(TAG_NAME, text):
        raise ValueError(
            f"{text!r} cannot be a tag; write small letters and digits, "
            "with - or _ between them, like donor or board-member"
        )
    return text


def _one_or_several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    """In one order, for the same rule has to read the same."""
    if not values:
        raise ValueError("is an empty list; fill it in, or delete the line")
    return tuple(sorted(set(values)))


def _schema(one: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})


_Tag = Annotated[str, AfterValidator(_tag), Field(json_schema_extra={"pattern": f"^{TAG_NAME}$"})]
_Tags = Annotated[tuple[_Tag, ...], AfterValidator(_some)]
_Languages = Annotated[
    tuple[Language, ...],
    BeforeValidator(_one_or_several),
    AfterValidator(_some),
    _schema({"type": "string"}),
]
_Places = Annotated[
    tuple[Line, ...],
    BeforeValidator(_one_or_several),
    AfterValidator(_some),
    _schema({"type": "string"}),
]


class SegmentOptions(Section):
    """A rule that picks readers of one list; who is picked meets all that it asks for."""

    name: Annotated[str, AfterValidator(_name)] = Field(
        description="What statements and commands call it.",
        examples=["texas"],
        json_schema_extra={"pattern": f"^{LIST_NAME}$"},
    )
    list: ListName = Field(description="The list whose readers it picks.", examples=["press"])
    language: _Languages = Field(
        default=(),
        description="One code or several: readers of any of them. `es` also picks `es-MX`. Whoever"
        " named no language is not picked.",
        examples=["es"],
    )
    joined_since: date | None = Field(
        default=None,
        description="Readers whose subscription was confirmed on this date, in `timezone`, or"
        " later. For those who were imported it is the day of the import.",
        examples=["2026-01-01"],
    )
    joined_before: date | None = Field(
        default=None,
        description="Readers whose subscription was confirmed before this date.",
        examples=["2026-07-01"],
    )
    place: _Places = Field(
        default=(),
        description="One place or several, as they stand with the readers: those of any of them."
        " Capitals do not matter.",
        examples=["[Austin, Dallas]"],
    )
    tags: _Tags = Field(
        default=(), description="Readers who have all these tags.", examples=[["donor"]]
    )
    any_tag: _Tags = Field(
        default=(), description="Readers who have any of these tags.", examples=[["donor"]]
    )
    without_tags: _Tags = Field(
        default=(), description="Readers who have none of these tags.", examples=[["staff"]]
    )

    @model_validator(mode="after")
    def _picks_somebody(self) -> "SegmentOptions":
        """Refuse a rule that picks everybody, or nobody ever."""
        since, before = self.joined_since, self.joined_before
        both = sorted({*self.tags, *self.any_tag} & {*self.without_tags})
        if not any(getattr(self, condition) for condition in _CONDITIONS):
            keys = ", ".join(_CONDITIONS)
            raise ValueError(f"picks everybody on {self.list}; write at least one of {keys}")
        if since is not None and before is not None and since >= before:
            raise ValueError(
                f"picks nobody: joined_before, {before}, is not after joined_since, {since}"
            )
        if both:
            raise ValueError(
                f"asks for {', '.join(both)} and, in without_tags, for readers without it;"
                " take it out of one of them"
            )
        return self


def each_once(options: tuple[SegmentOptions, ...]) -> tuple[SegmentOptions, ...]:
    """Raises ValueError where two have one name."""
    names = [one.name for one in options]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"two are called {', '.join(repeated)}; give each a name of its own")
    return options


def configured(options: Sequence[SegmentOptions], *, timezone: str) -> tuple[Segment, ...]:
    """The segments in the words of the domain; their dates begin in this zone."""
    return tuple(
        Segment(
            name=one.name,
            list_name=one.list,
            timezone=timezone,
            languages=one.language,
            joined_since=one.joined_since,
            joined_before=one.joined_before,
            places=one.place,
            tags=one.tags,
            any_tag=one.any_tag,
            without_tags=one.without_tags,
        )
        for one in options
    )
