"""The data of one person, table by table: export and erasure."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

from newsletter.domain.delivery.batch import DeliveryState
from newsletter.domain.events import CampaignOutcome, EventKind
from newsletter.domain.subscribers.address import fold, fold_ascii
from newsletter.store.database import Condition, Database, Repository, as_instant
from newsletter.store.file.secure_erase import ERASURES_KEY
from newsletter.store.subscribers.eligibility import contains_any

_SELECT_SUBSCRIBER = """
    SELECT id AS number, address, name, language, timezone, place, outlet, beat,
        phone, notes, added_at, origin, paused_until, consent AS consent_when_imported
    FROM subscriber WHERE id = :id
"""


@cache
def _queries() -> dict[str, str]:
    """Return name of a list in the export → its query."""
    text = files("newsletter.store.subscribers").joinpath("data_export.sql").read_text("utf-8")
    return dict(part.split("\n", 1) for part in text.split("-- # ")[1:])


class DataExports(Repository):
    """Exports of the data about a person from all tables."""

    def collect(self, subscriber_id: int) -> Mapping[str, object]:
        """Return all data about a person except keyed hashes; {} for an unknown id.

        Values are JSON's. Times are in ISO 8601, in UTC.
        """
        subscribers = self._rows(_SELECT_SUBSCRIBER, subscriber_id)
        if not subscribers:
            return {}
        [person] = subscribers
        person["tags"] = self._db.column(
            "SELECT name FROM tag WHERE subscriber_id = :id ORDER BY name", id=subscriber_id
        )
        # a former address is kept until the outcomes of all messages to it are known
        person["addresses_left"] = self._db.column(
            "SELECT address FROM address_history"
            " WHERE subscriber_id = :id AND address IS NOT NULL ORDER BY number",
            id=subscriber_id,
        )
        suppressions = self._rows(
            "SELECT reason, origin, at FROM suppression"
            " WHERE address_hash = (SELECT address_hash FROM subscriber WHERE id = :id)",
            subscriber_id,
        )
        return {
            "subscriber": person,
            "suppression": suppressions[0] if suppressions else None,
            **{name: self._rows(query, subscriber_id) for name, query in _queries().items()},
        }

    def list_outcomes(self, subscriber_id: int, limit: int) -> list[CampaignOutcome]:
        """Return the person's outcomes in the newest ``limit`` campaigns, newest first."""
        first_id = self._db.value(
            "SELECT COALESCE(MIN(id), 0) - 1 FROM"
            " (SELECT id FROM campaign ORDER BY id DESC LIMIT :limit) AS newest",
            limit=limit,
        )
        kinds = defaultdict(list)
        for row in self._rows(_queries()["delivery_statuses"], subscriber_id, first_id):
            kinds[row["slug"]].append(EventKind(row["kind"]))
        return [
            CampaignOutcome(
                campaign=row["campaign"],
                slug=row["statement"],
                state=DeliveryState(row["state"]),
                reason=row["reason"],
                at=datetime.fromisoformat(row["at"]) if row["at"] else None,
                event_kinds=tuple(kinds[row["statement"]]),
            )
            for row in reversed(self._rows(_queries()["deliveries"], subscriber_id, first_id))
        ]

    def _rows(self, query: str, subscriber_id: int, after: int = 0) -> list[dict[str, Any]]:
        """Return the rows about a person, from campaigns with ids above ``after``."""
        return [
            {name: _as_json(name, value) for name, value in row.items()}
            for row in self._db.mappings(query, id=subscriber_id, after=after)
        ]


def _as_json(name: str, value: Any) -> object:
    if name in {"at", "not_before"} or name.endswith(("_at", "_until")):
        return None if value is None else as_instant(value).isoformat()
    if name == "given":
        return bool(value)
    if name in {"lists", "consent_when_imported", "removed_tags"}:
        return json.loads(value)
    if name == "raw":
        try:
            return json.loads(value)
        except ValueError:  # what a provider sent need not be JSON
            return value
    return value


_KEYS_OF_QUOTING_TABLES: Mapping[str, tuple[str, ...]] = {
    "event": ("provider", "id"),
    "batch": ("id",),
    "campaign": ("id",),
    "delivery": ("campaign_id", "subscriber_id"),
    "delivery_status": ("campaign_id", "subscriber_id", "kind"),
    "transactional_email": ("id",),
}
"""Table → its key, for tables in which a provider may have quoted any address."""


def erase(db: Database, subscriber_id: int) -> None:
    for table in ("delivery", "delivery_status"):
        db.change(
            f"UPDATE {table} SET reason = ''"
            # a campaign's id is the first column of the key
            " WHERE campaign_id IN (SELECT id FROM campaign) AND subscriber_id = :id",
            id=subscriber_id,
        )
    for table in ("event", "transactional_email", "consent", "subscription", "tag"):
        db.change(f"DELETE FROM {table} WHERE subscriber_id = :id", id=subscriber_id)
    db.change("DELETE FROM import_change WHERE subscriber_id = :id", id=subscriber_id)
    db.change("DELETE FROM subscriber WHERE id = :id", id=subscriber_id)


class Traces(Repository):
    """Finds and erases addresses that providers quoted in reasons and events.

    The search takes long: use a transaction that reads.
    """

    def find(self, address: str) -> list[tuple[str, tuple[str | int, ...]]]:
        """Return (table, key) of the rows that quote the address, also escaped in JSON or a URL."""
        traces = []
        for table, key in _KEYS_OF_QUOTING_TABLES.items():
            has_address = _quotes_address("raw" if table == "event" else "reason", address)
            rows = self._db.rows(
                f"SELECT {', '.join(key)} FROM {table} WHERE {has_address}", has_address
            )
            traces += [(table, row) for row in rows]
        return traces

    def erasure_due_since(self) -> datetime | None:
        """Return the time of the first erasure since the last ``Store.secure_erase``."""
        due = self._db.value("SELECT value FROM meta WHERE key = :due", due=ERASURES_KEY)
        return None if due is None else as_instant(int(due.split()[0]))

    def erase(self, traces: Sequence[tuple[str, tuple[str | int, ...]]]) -> None:
        """Delete the found events, and empty the found reasons."""
        for table, key in traces:
            row = " AND ".join(f"{column} = :{column}" for column in _KEYS_OF_QUOTING_TABLES[table])
            values = dict(zip(_KEYS_OF_QUOTING_TABLES[table], key, strict=True))
            if table == "event":
                self._db.change(f"DELETE FROM event WHERE {row}", **values)
            else:
                self._db.change(f"UPDATE {table} SET reason = '' WHERE {row}", **values)


def _quotes_address(column: str, address: str) -> Condition:
    """A condition: the text contains the address, folded, escaped in JSON or in a URL."""
    spellings = {fold_ascii(address), fold(address)}
    spellings |= {normalize("NFD", spelling) for spelling in spellings}
    forms = {
        form
        for spelling in spellings
        for form in (
            spelling,
            json.dumps(spelling)[1:-1],
            quote(spelling).lower(),
            quote(spelling, safe="").lower(),
        )
    }
    return contains_any(f"lower({column})", sorted(forms), "form")
