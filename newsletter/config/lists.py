"""The settings of sign-up, and rules that pick readers of a list."""

from collections.abc import Iterator, Sequence
from datetime import date
from importlib.resources import files
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema, model_validator

from newsletter.config.fields import Section
from newsletter.domain.setting import Language, Line, Rule, matching, some
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.domain.subscribers.lists import LIST_NAME, TAG_NAME, ListName, PublicList
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.subscribers.signup import CONSENT_GAPS, ROLES, SignUpRules

_THROW_AWAY = "throwaway.txt"
_ROLE = r"[a-z0-9._-]+"


def _words(text: str) -> str:
    rest = text
    for gap in CONSENT_GAPS:
        rest = rest.replace(gap, "")
    if {"{", "}"} & set(rest):
        raise ValueError(f"holds a brace; only {' and '.join(CONSENT_GAPS)} may stand there")
    return text


def _domain(text: str) -> str:
    try:
        return fold(parse_address(f"somebody@{text}")).rpartition("@")[2]
    except ValueError as error:
        raise ValueError(f"{text!r} is no domain; write it like mailinator.com") from error


_Role = Annotated[
    str,
    matching(
        _ROLE,
        "is not the part of an address before the @; write it in small letters, like postmaster",
    ),
]


class SignUp(Section):
    """The sign-up of readers, on our page or by a form on another site."""

    enabled: bool = Field(
        default=True,
        description="Whether there is a sign-up form.",
        examples=[True],
    )
    consent: Annotated[Line, Rule(_words)] | None = Field(
        default=None,
        description="The words of consent, in your words for all languages. `{lists}` "
        "becomes the offered titles, `{organisation}` your name. Without it: "
        "our words in the page's language. newsletter stores the shown words as "
        "proof.",
        examples=['"{organisation} may send me email on: {lists}. I can leave at any time."'],
    )
    refuse_roles: tuple[_Role, ...] = Field(
        default=ROLES,
        description="Names before the @ that cannot subscribe.",
        examples=[["postmaster", "abuse"]],
    )
    refuse_domains: tuple[Annotated[str, Rule(_domain)], ...] = Field(
        default=(),
        description="Domains that cannot subscribe, with their subdomains, in addition to "
        "known throw-away domains.",
        examples=[["mailinator.com"]],
    )
    most_per_hour: int = Field(
        default=600,
        ge=1,
        description="The number of requested emails sent per hour; the others wait. A flood "
        "of sign-ups then cannot harm your domain's reputation.",
        examples=[600],
    )

    def rules(self, offers: tuple[PublicList, ...]) -> SignUpRules:
        """Return the conditions of joining."""
        return SignUpRules(
            offers=offers if self.enabled else (),
            roles=frozenset(self.refuse_roles),
            domains=frozenset([*self.refuse_domains, *_throw_away()]),
        )


def _throw_away() -> Iterator[str]:
    """Yield the domains in the file next to this module, one a line; # begins a comment."""
    text = files("newsletter.config").joinpath(_THROW_AWAY).read_text("utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return (line for line in lines if line)


_CONDITIONS = (
    *("language", "joined_since", "joined_before", "place"),
    *("tags", "any_tag", "without_tags"),
)


def _one_or_several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _in_order(values: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the values, so that the same rule has the same text."""
    return tuple(sorted(set(values)))


def _schema(one: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})


_SOME = some("is an empty list; fill it in, or delete the line")
_Tag = Annotated[
    str,
    matching(
        TAG_NAME,
        "cannot be a tag; write small letters and digits, with - or _ between them, like donor or"
        " board-member",
    ),
    Field(json_schema_extra={"pattern": f"^{TAG_NAME}$"}),
]
_Tags = Annotated[tuple[_Tag, ...], _SOME, Rule(_in_order)]
_Languages = Annotated[
    tuple[Language, ...],
    Rule(_one_or_several, first=True),
    _SOME,
    Rule(_in_order),
    _schema({"type": "string"}),
]
_Places = Annotated[
    tuple[Line, ...],
    Rule(_one_or_several, first=True),
    _SOME,
    Rule(_in_order),
    _schema({"type": "string"}),
]


class SegmentOptions(Section):
    """A rule that picks readers of one list; who is picked meets all that it asks for."""

    name: Annotated[
        str,
        matching(
            LIST_NAME,
            "cannot name a segment; write small letters and digits, with - or _ between them, like"
            " texas or new-donors",
        ),
    ] = Field(
        description="The name that statements and commands use.",
        examples=["texas"],
        json_schema_extra={"pattern": f"^{LIST_NAME}$"},
    )
    list: ListName = Field(description="The list whose subscribers it picks.", examples=["press"])
    language: _Languages = Field(
        default=(),
        description="One code or several: subscribers with any of them. `es` also picks `es-MX`.",
        examples=["es"],
    )
    joined_since: date | None = Field(
        default=None,
        description="Subscribers confirmed on or after this date, in `timezone`. For "
        "imported ones the day of the import counts.",
        examples=["2026-01-01"],
    )
    joined_before: date | None = Field(
        default=None,
        description="Subscribers confirmed before this date.",
        examples=["2026-07-01"],
    )
    place: _Places = Field(
        default=(),
        description="One place or several: subscribers with any of them. Capitals do not matter.",
        examples=["[Austin, Dallas]"],
    )
    tags: _Tags = Field(
        default=(), description="Subscribers with all these tags.", examples=[["donor"]]
    )
    any_tag: _Tags = Field(
        default=(), description="Subscribers with any of these tags.", examples=[["donor"]]
    )
    without_tags: _Tags = Field(
        default=(), description="Subscribers with none of these tags.", examples=[["staff"]]
    )

    @model_validator(mode="after")
    def _picks_somebody(self) -> "SegmentOptions":
        """Refuse a rule that matches everyone, or can never match anyone."""
        since, before = self.joined_since, self.joined_before
        both = sorted({*self.tags, *self.any_tag} & {*self.without_tags})
        if not any(getattr(self, condition) for condition in _CONDITIONS):
            keys = ", ".join(_CONDITIONS)
            raise ValueError(f"picks everybody on {self.list}; write at least one of {keys}")
        if since is not None and before is not None and since >= before:
            raise ValueError(
                f"picks no one: joined_before, {before}, is not after joined_since, {since}"
            )
        if both:
            raise ValueError(
                f"asks for {', '.join(both)} and, in without_tags, for readers without it;"
                " take it out of one of them"
            )
        return self


def configured(options: Sequence[SegmentOptions], *, timezone: str) -> tuple[Segment, ...]:
    """The segments in the words of the domain; their dates begin in this zone."""
    return tuple(
        Segment(
            name=option.name,
            list_name=option.list,
            timezone=timezone,
            languages=option.language,
            joined_since=option.joined_since,
            joined_before=option.joined_before,
            places=option.place,
            tags=option.tags,
            any_tag=option.any_tag,
            without_tags=option.without_tags,
        )
        for option in options
    )
