"""A segment: a saved rule that picks subscribers of one list."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from newsletter.domain.schedule import instant_of


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A rule as it is configured. It matches the subscribers who meet all its conditions.

    A condition on a language, place or zone does not match a subscriber without one.
    """

    name: str
    list_name: str
    timezone: str
    """IANA name: in this zone its dates begin."""
    languages: tuple[str, ...] = ()
    """One of these. A plain one (``es``) also picks its kinds (``es-MX``)."""
    joined_since: date | None = None
    """The subscription was confirmed on this date or later."""
    joined_before: date | None = None
    places: tuple[str, ...] = ()
    """One of these; whether letters of ASCII are capitals does not matter."""
    tags: tuple[str, ...] = ()
    """The subscriber has all of these tags."""
    any_tag: tuple[str, ...] = ()
    """At least one of these."""
    without_tags: tuple[str, ...] = ()
    """The subscriber has none of these tags."""

    @property
    def since(self) -> datetime | None:
        """The first instant of ``joined_since``."""
        return _midnight(self.joined_since, self.timezone)

    @property
    def before(self) -> datetime | None:
        """The first instant of ``joined_before``."""
        return _midnight(self.joined_before, self.timezone)

    @property
    def rule(self) -> str:
        """The rule in words, different for any two rules that may pick different people.

        An approval is for these words: a new wording needs a new approval.
        """
        return "; ".join([f"on {self.list_name}", *self._conditions()])

    def __str__(self) -> str:
        return f"{self.name}: {self.rule}"

    def _conditions(self) -> Iterator[str]:
        if self.languages:
            yield f"language {' or '.join(self.languages)}"
        if self.joined_since:
            yield f"joined on or after {self.joined_since} ({self.timezone})"
        if self.joined_before:
            yield f"joined before {self.joined_before} ({self.timezone})"
        if self.places:
            # places are free text: without quotes, one that holds "or" would read like two
            quoted = (json.dumps(place, ensure_ascii=False) for place in self.places)
            yield f"place {' or '.join(quoted)}"
        yield from _tagged("tagged", self.tags, "and")
        yield from _tagged("tagged", self.any_tag, "or")
        yield from _tagged("not tagged", self.without_tags, "or")


def _tagged(how: str, tags: Sequence[str], joint: str) -> Iterator[str]:
    if tags:
        yield f"{how} {f' {joint} '.join(tags)}"


def _midnight(day: date | None, zone: str) -> datetime | None:
    return None if day is None else instant_of(datetime.combine(day, time()), zone)
