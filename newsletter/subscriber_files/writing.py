"""From the people that are known to a file of ours that says the same."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from newsletter.domain.subscribers.audience import Subscriber, SuppressedEntry
from newsletter.formats.scalars import scalar
from newsletter.subscriber_files.csv_files import COLUMNS, guarded

People = Iterable[tuple[Subscriber, str]]
"""Subscribers, each with the consent as JSON."""

_PIECE_CHARACTERS = 1 << 16


def as_csv(people: People, strangers: Iterable[SuppressedEntry]) -> Iterator[str]:
    """The text of a CSV, in pieces. ``strangers`` are suppressed and no subscribers."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in _rows(people, strangers):
        table.writerow(map(guarded, row.values()))
        if out.tell() > _PIECE_CHARACTERS:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _rows(people: People, strangers: Iterable[SuppressedEntry]) -> Iterator[Mapping[str, str]]:
    for person, consent in people:
        given = json.loads(consent)
        row = {
            "email": person.address,
            "name": person.name,
            "lists": ";".join(person.lists),
            "language": person.language,
            "timezone": person.timezone,
            "consent_source": given.get("source") or "",
            "consent_at": given.get("at") or "",
            "place": person.place,
            "tags": ";".join(person.tags),
            "paused_until": person.paused_until.isoformat() if person.paused_until else "",
            "left": ";".join(person.left),
            "suppressed": person.suppressed.value if person.suppressed else "",
        }
        if person.suppressed and not any(row[name] for name in COLUMNS[1:-1]):
            # an address with nothing but its reason would be read as a suppression without a
            # subscriber
            yield row | {"suppressed": ""}
        yield row
    for entry in strangers:
        yield dict.fromkeys(COLUMNS, "") | {
            "email": entry.address,
            "suppressed": entry.reason.value,
        }


def as_yaml(people: People, strangers: Iterable[SuppressedEntry]) -> Iterator[str]:
    """Yield the people as YAML, as in subscribers.example.yaml."""
    yield "subscribers:\n"
    for person, consent in people:
        lines = "\n    ".join(_lines(person, json.loads(consent)))
        yield f"  - {lines}\n"
    yield "suppressed:\n"
    for entry in strangers:
        yield f"  - {{email: {scalar(entry.address)}, reason: {entry.reason.value}}}\n"


def _lines(person: Subscriber, consent: Mapping[str, str]) -> Iterator[str]:
    yield f"email: {scalar(person.address)}"
    for key in ("name", "language", "timezone", "place"):
        text = getattr(person, key)
        if text:
            yield f"{key}: {scalar(text)}"
    for key in ("lists", "tags", "left"):
        names = ", ".join(map(scalar, getattr(person, key)))
        if names:
            yield f"{key}: [{names}]"
    if consent.get("source"):
        yield "consent:"
        yield f"  source: {scalar(consent['source'])}"
        if consent.get("at"):
            yield f"  at: {consent['at']}"
    if person.paused_until:
        yield f"paused_until: {person.paused_until.isoformat()}"
    if person.suppressed:
        yield f"suppressed: {person.suppressed.value}"


Writing = Callable[[People, Iterable[SuppressedEntry]], Iterator[str]]

FORMS: Mapping[str, Writing] = {"csv": as_csv, "yaml": as_yaml}
"""The kinds of files that ours come in."""
