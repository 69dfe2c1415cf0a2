"""From the people that are known to a table of ours that says the same."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping

from newsletter.domain.subscribers.audience import Subscriber, SuppressedEntry
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
            **person.noted,
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
