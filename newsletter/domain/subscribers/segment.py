"""A segment: a saved rule that picks subscribers of one list."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated

from newsletter.domain.schedule import instant_of
from newsletter.domain.setting import Language, Line, Rule, not_empty, setting
from newsletter.domain.subscribers.lists import ListName
from newsletter.domain.wording import Sentence, invalid, joined, say


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the values, so that the same rule has the same text."""
    return tuple(sorted(set(values)))


_NOT_EMPTY = not_empty("is an empty list; fill it in, or delete the line")
_STRINGS_SCHEMA = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_ONE_OR_SEVERAL = Rule(
    lambda value: tuple(value) if isinstance(value, list) else (value,),
    first=True,
    schema={"anyOf": [{"type": "string"}, _STRINGS_SCHEMA]},
)
_Languages = Annotated[tuple[Language, ...], _ONE_OR_SEVERAL, _NOT_EMPTY, Rule(_sorted)]
_Words = Annotated[tuple[Line, ...], _ONE_OR_SEVERAL, _NOT_EMPTY, Rule(_sorted)]
_Tags = Annotated[tuple[ListName, ...], _NOT_EMPTY, Rule(_sorted)]


@dataclass(frozen=True, kw_only=True)
class SegmentRule:
    """The rule of a segment: it picks the subscribers of a list who meet all its conditions."""

    name: ListName = setting("The name that statements and commands use.", "texas")
    list: ListName = setting("The list whose subscribers it picks.", "press")
    language: _Languages = setting(
        "One code or several: subscribers with any of them. `es` also picks `es-MX`.",
        "es",
        default=(),
    )
    joined_since: date | None = setting(
        "Subscribers confirmed on or after this date, in `timezone`. For imported ones the day of"
        " the import counts.",
        "2026-01-01",
        default=None,
    )
    joined_before: date | None = setting(
        "Subscribers confirmed before this date.", "2026-07-01", default=None
    )
    place: _Words = setting(
        "One place or several: subscribers with any of them. Capitals do not matter.",
        "[Austin, Dallas]",
        default=(),
    )
    outlet: _Words = setting(
        "One outlet or several: press contacts of any of them.", "Example Herald", default=()
    )
    beat: _Words = setting(
        "One word or several: press contacts whose beat contains any of them.", "water", default=()
    )
    tags: _Tags = setting("Subscribers with all these tags.", ["donor"], default=())
    any_tag: _Tags = setting("Subscribers with any of these tags.", ["donor"], default=())
    without_tags: _Tags = setting("Subscribers with none of these tags.", ["staff"], default=())


def check_segment_rule(rule: SegmentRule) -> SegmentRule:
    """Return the rule. Raises ValueError if it picks everybody, or can never pick anybody."""
    since, before = rule.joined_since, rule.joined_before
    common = sorted({*rule.tags, *rule.any_tag} & {*rule.without_tags})
    fields = vars(rule).items()
    if not any(value for name, value in fields if name not in {"name", "list", "timezone"}):
        raise invalid("picks everybody on {list}; give it at least one condition", list=rule.list)
    if since is not None and before is not None and since >= before:
        refusal = "picks no one: nobody joined since {since} and before {before}"
        raise invalid(refusal, since=since, before=before)
    if common:
        raise invalid(
            "asks for readers with and without {common}; take it out of one of the two",
            common=", ".join(common),
        )
    return rule


@dataclass(frozen=True, kw_only=True)
class Segment(SegmentRule):
    """A segment: a rule, with the zone of its dates."""

    timezone: str
    """IANA name of the zone in which the days of its dates begin."""

    @property
    def since(self) -> datetime | None:
        """Return the first instant of ``joined_since``."""
        return _midnight(self.joined_since, self.timezone)

    @property
    def before(self) -> datetime | None:
        """Return the first instant of ``joined_before``."""
        return _midnight(self.joined_before, self.timezone)

    @property
    def rule(self) -> str:
        """Return the rule in words, different for each rule.

        The content hash covers these words, so a new wording ends all approvals.
        """
        return joined([say("on {list}", list=self.list), *self._conditions()])

    def __str__(self) -> str:
        return say("{name}: {text}", name=self.name, text=self.rule)

    def _conditions(self) -> Iterator[Sentence]:
        both, either, zone = "{first} and {last}", "{first} or {last}", self.timezone
        if self.language:
            yield say("language {values}", values=joined(self.language, either))
        if self.joined_since:
            yield say("joined on or after {day} ({zone})", day=str(self.joined_since), zone=zone)
        if self.joined_before:
            yield say("joined before {day} ({zone})", day=str(self.joined_before), zone=zone)
        for sentence, values, pattern in (
            (say("place {values}"), _quote(self.place), either),
            (say("outlet {values}"), _quote(self.outlet), either),
            (say("beat {values}"), _quote(self.beat), either),
            (say("tagged {values}"), self.tags, both),
            (say("tagged {values}"), self.any_tag, either),
            (say("not tagged {values}"), self.without_tags, either),
        ):
            if values:
                yield say(sentence, values=joined(values, pattern))


def _quote(values: Sequence[str]) -> Sequence[str]:
    """Return the values in quotes, which tell one with "or" in it from two values."""
    return [json.dumps(one, ensure_ascii=False) for one in values]


def _midnight(day: date | None, zone: str) -> datetime | None:
    return None if day is None else instant_of(datetime.combine(day, time()), zone)
