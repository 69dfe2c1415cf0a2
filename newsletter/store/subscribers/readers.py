"""Subscribers, their subscriptions, and suppressions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from newsletter.domain.subscribers.audience import (
    NOTED_FIELDS,
    Entry,
    Subscriber,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.search import Origin, SubscriberSearch
from newsletter.store.database import NO_LIMIT, AddressRepository, as_stored, from_row, one_of
from newsletter.store.file.secure_erase import ERASURES_KEY
from newsletter.store.subscribers import importing
from newsletter.store.subscribers.choices import consent_json
from newsletter.store.subscribers.data_export import erase
from newsletter.store.subscribers.eligibility import (
    IS_SUPPRESSED,
    count_confirmed,
    count_left_out,
    find_people,
    on_lists,
)

_CHUNK_ROWS = 5_000
_SELECT = f"""
    SELECT id, address, name, language, timezone, {", ".join(NOTED_FIELDS)},
        paused_until, consent, (SELECT reason FROM suppression
        WHERE suppression.address_hash = subscriber.address_hash) AS suppressed
    FROM subscriber
"""
_KINDS = {"lists": "confirmed", "requested": "requested", "left": "ended", "tags": "tag"}.items()
"""Field of a subscriber → state of a subscription, or "tag"."""
_COUNT_SUPPRESSED = count_left_out(
    "list_id = list.id", f"SELECT id FROM subscriber WHERE {IS_SUPPRESSED}"
)


class Readers(AddressRepository):
    """Subscribers, their subscriptions, and suppressions, which outrank everything."""

    def upsert(self, entries: Iterable[Entry], at: datetime, origin: Origin = Origin.STAFF) -> None:
        """Add or update subscribers.

        Ended subscriptions stay ended, and those in ``left`` end. Empty fields change nothing, tags
        are only added, and the longer pause and the first consent stay.
        """
        coming = iter(entries)
        while chunk := [
            importing.pack(self._hash, "", entry) for entry in islice(coming, _CHUNK_ROWS)
        ]:
            with importing.staged_people(self._db, chunk):
                importing.import_people(self._db, at, origin)

    def join(self, entry: Entry, at: datetime) -> int:
        """Add or update a subscriber who confirmed these lists; return the subscriber's id.

        Because the person decided, ended subscriptions begin again and a pause ends. Empty fields
        change nothing; the consent replaces an older one.
        """
        self.upsert([entry], at, Origin.SIGN_UP)
        number: int = self._db.value(
            "UPDATE subscriber SET consent = :consent, paused_until = NULL"
            " WHERE address_hash = :hash RETURNING id",
            consent=consent_json(entry.consent),
            hash=self._hash(entry.address),
        )
        on = on_lists(entry.lists)
        self._db.change(
            "UPDATE subscription SET state = 'confirmed', changed_at = :at"
            f" WHERE subscriber_id = :id AND state <> 'confirmed' AND {on}",
            on,
            id=number,
            at=at,
        )
        return number

    def lift(self, address: str, *, by_staff: bool = False) -> SuppressionReason | None:
        """End a suppression at the person's request, or by staff; return its reason.

        Return None if there is none, or if staff entered it, which only staff can end.
        """
        reason = self._db.value(
            "DELETE FROM suppression WHERE address_hash = :hash"
            " AND (reason <> 'manual' OR :by_staff = 1) RETURNING reason",
            hash=self._hash(address),
            by_staff=by_staff,
        )
        return None if reason is None else SuppressionReason(reason)

    def change_address(self, subscriber_id: int, address: str) -> bool:
        """Change a subscriber's address; return False for a taken address or an unknown id."""
        new_hash = self._hash(address)
        old = self._db.value("SELECT address_hash FROM subscriber WHERE id = :id", id=subscriber_id)
        is_moved = self._db.change(
            "UPDATE subscriber SET address = :address, address_hash = :hash"
            " WHERE id = :id AND NOT EXISTS ("
            "SELECT 1 FROM subscriber AS other"
            " WHERE other.address_hash = :hash AND other.id <> :id)",
            id=subscriber_id,
            address=address,
            hash=new_hash,
        )
        if not is_moved:
            return False
        if old != new_hash:
            # so that emails to the old address are erased with the person
            self._db.change(
                "UPDATE transactional_email SET subscriber_id = :id"
                " WHERE address_hash = :old AND subscriber_id IS NULL",
                id=subscriber_id,
                old=old,
            )
        return True

    def find_former_owner(self, address: str) -> Subscriber | None:
        """Return the last subscriber who had this address, if none has it now."""
        number = self._db.value(
            "SELECT subscriber_id FROM address_history WHERE address_hash = :hash AND NOT EXISTS ("
            "SELECT 1 FROM subscriber WHERE address_hash = :hash) ORDER BY number DESC LIMIT 1",
            hash=self._hash(address),
        )
        return self.get(number) if number else None

    def edit(self, subscriber_id: int, entry: Entry) -> None:
        """Set the name, language, time zone, notes and tags of a subscriber."""
        self._db.update(
            "subscriber",
            {"id": subscriber_id},
            name=entry.name,
            language=entry.language,
            timezone=entry.timezone,
            **entry.noted,
        )
        self._db.change("DELETE FROM tag WHERE subscriber_id = :id", id=subscriber_id)
        tags = ({"name": tag, "subscriber_id": subscriber_id} for tag in entry.tags)
        self._db.insert_all("tag", tags)

    def clear_left_addresses(self) -> int:
        """Clear former addresses except their hashes; return the number of cleared ones.

        An address stays while an attempt that used it has an unknown outcome.
        """
        return self._db.change(
            """
            UPDATE address_history SET address = NULL WHERE address IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM batch WHERE state IN ('claimed', 'unknown')
                    AND batch.last_change < address_history.number)
            """
        )

    def suppress(
        self,
        entries: Iterable[SuppressedEntry],
        at: datetime,
        origin: str,
        import_id: int | None = None,
    ) -> int:
        """Suppress addresses; return how many were not suppressed before.

        A known suppression keeps its reason, unless the new reason replaces it.
        """
        rows = [
            {
                "address_hash": self._hash(entry.address),
                "address": entry.address,
                "reason": entry.reason,
                "origin": origin,
                "at": at,
                "import_id": import_id,
                "lighter": [reason.value for reason in entry.reason.replaces],
            }
            for entry in entries
        ]
        added_count = self._db.change_each(
            "INSERT INTO suppression (address_hash, address, reason, origin, at, import_id)"
            " VALUES (:address_hash, :address, :reason, :origin, :at, :import_id)"
            " ON CONFLICT DO NOTHING",
            rows,
        )
        self._db.change_each(
            "UPDATE suppression SET reason = :reason, origin = :origin, import_id = :import_id"
            " WHERE address_hash = :address_hash"
            " AND reason IN (SELECT value FROM json_each(:lighter))",
            (row for row in rows if row["lighter"]),
        )
        return added_count

    def count_unsuppressed(self, entries: Iterable[SuppressedEntry]) -> int:
        hashes = {self._hash(entry.address) for entry in entries}
        which = one_of("address_hash", sorted(hashes), "hash")
        suppressed_count = self._db.number(f"SELECT COUNT(*) FROM suppression WHERE {which}", which)
        return len(hashes) - suppressed_count

    def get(self, subscriber_id: int) -> Subscriber | None:
        return self._first(self._db.mappings(f"{_SELECT} WHERE id = :id", id=subscriber_id))

    def find(self, address: str) -> Subscriber | None:
        digest = self._hash(address)
        return self._first(self._db.mappings(f"{_SELECT} WHERE address_hash = :hash", hash=digest))

    def _first(self, rows: Sequence[dict[str, Any]]) -> Subscriber | None:
        return next((person for person, _ in self._read_people(rows)), None)

    def find_names(self, subscriber_ids: Sequence[int]) -> dict[int, str]:
        """Return id → name, of subscribers with a name. Damaged bytes become U+FFFD."""
        rows = self._db.rows(
            # in hexadecimal digits, because a damaged name may be no valid text
            "SELECT id, hex(name) FROM subscriber"
            " WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids)) AND name <> ''",
            ids=list(subscriber_ids),
        )
        return {number: bytes.fromhex(name).decode(errors="replace") for number, name in rows}

    def stream(
        self,
        search: SubscriberSearch = SubscriberSearch(),  # noqa: B008 - it is frozen
    ) -> Iterator[tuple[Subscriber, str]]:
        """Yield (subscriber, consent as JSON) of all whom a search finds, by id."""
        last = 0
        while found := self._find(search, _CHUNK_ROWS, f"> {last}", "ASC"):
            last = found[-1][0].id
            yield from found

    def search(
        self, search: SubscriberSearch, *, limit: int, before: int | None = None
    ) -> list[Subscriber]:
        """Return the newest subscribers whom a search finds; with ``before``, with smaller ids."""
        end = NO_LIMIT if before is None else before
        if search.until:  # the walk through the ids begins there
            last = "SELECT MAX(+id) FROM subscriber WHERE added_at < :until"
            end = min(end, self._db.number(last, until=search.until) + 1)
        return [person for person, _ in self._find(search, limit, f"< {end}", "DESC")]

    def _find(
        self, search: SubscriberSearch, limit: int, bound: str, order: str
    ) -> list[tuple[Subscriber, str]]:
        people = find_people(self._db, search)
        ids = self._db.column(
            f"SELECT {people.id} FROM {people.tables} WHERE {people.id} {bound} AND {people.who}"
            f" ORDER BY {people.id} {order} LIMIT :limit",
            people.who,
            limit=limit,
        )
        rows = self._db.mappings(
            f"{_SELECT} WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))"
            f" ORDER BY id {order}",
            ids=ids,
        )
        return list(self._read_people(rows))

    def list_requesting(self, limit: int) -> list[Subscriber]:
        """Return the people whose requests to join a list have waited longest."""
        rows = self._db.mappings(
            # no join, which SQLite may begin with all subscribers
            f"{_SELECT} WHERE id IN (SELECT subscriber_id FROM subscription WHERE"
            " state = 'requested') ORDER BY (SELECT MIN(changed_at) FROM subscription"
            " WHERE state = 'requested' AND subscriber_id = subscriber.id), id LIMIT :limit",
            limit=limit,
        )
        return [person for person, _ in self._read_people(rows)]

    def count(self, search: SubscriberSearch, most: int = NO_LIMIT) -> int:
        """Return the number of subscribers whom a search finds, or ``most`` if it is greater."""
        people = find_people(self._db, search)
        return self._db.number(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {people.tables} WHERE {people.who}"
            " LIMIT :most) AS found",
            people.who,
            most=most,
        )

    def _read_people(self, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[Subscriber, str]]:
        """Yield (subscriber, consent as JSON) for each row of ``_SELECT``."""
        names: dict[tuple[int, str], list[str]] = defaultdict(list)
        for number, kind, name in self._db.rows(
            """
            SELECT subscriber_id, state, list.name
            FROM subscription JOIN list ON list.id = subscription.list_id
            WHERE subscriber_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))
            UNION ALL SELECT subscriber_id, 'tag', name FROM tag
            WHERE subscriber_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))
            """,
            ids=[row["id"] for row in rows],
        ):
            names[number, kind].append(name)
        for row in rows:
            listed = {field: tuple(sorted(names[row["id"], kind])) for field, kind in _KINDS}
            consent = row.pop("consent")
            yield from_row(Subscriber, row, **listed), consent

    def stream_suppressions(self) -> Iterator[SuppressedEntry]:
        """Yield the suppressed addresses that belong to no subscriber, except erased ones."""
        return self._db.stream(
            SuppressedEntry,
            """
            SELECT address, reason FROM suppression WHERE address IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM subscriber WHERE subscriber.address_hash = suppression.address_hash)
            ORDER BY at, address
            """,
        )

    def count_erased(self) -> int:
        return self._db.number("SELECT COUNT(*) FROM suppression WHERE address IS NULL")

    def erase(self, address: str, at: datetime) -> bool:
        """Erase a person except the hash that blocks the address; return False if unknown.

        Rows about other people in which a provider quoted the address are left to ``Traces``.
        """
        found, digest = self.find(address), self._hash(address)
        self._db.put(
            "suppression",
            "address_hash",
            address_hash=digest,
            address=None,
            reason=SuppressionReason.ERASED,
            origin="forget",
            at=at,
            import_id=None,
        )
        self._db.change("DELETE FROM transactional_email WHERE address_hash = :hash", hash=digest)
        # the database file is rewritten later
        due = self._db.value("SELECT value FROM meta WHERE key = :due", due=ERASURES_KEY)
        since, count = (due or f"{as_stored(at)} 0").split()
        self._db.put("meta", "key", key=ERASURES_KEY, value=f"{since} {int(count) + 1}")
        if found is not None:
            erase(self._db, found.id)
        return found is not None

    def has_data_of(self, address: str) -> bool:
        """Return whether a subscriber, a suppression or an email has this address."""
        return self._db.has_row(
            "SELECT 1 FROM subscriber WHERE address_hash = :hash"
            " UNION ALL SELECT 1 FROM suppression WHERE address_hash = :hash"
            " UNION ALL SELECT 1 FROM transactional_email WHERE address_hash = :hash",
            hash=self._hash(address),
        )

    def added_at(self, subscriber_id: int) -> datetime | None:
        return self._db.moment("SELECT added_at FROM subscriber WHERE id = :id", id=subscriber_id)

    def suppression_reason(self, address: str) -> SuppressionReason | None:
        reason = self._db.value(
            "SELECT reason FROM suppression WHERE address_hash = :hash", hash=self._hash(address)
        )
        return None if reason is None else SuppressionReason(reason)

    def suppression_origin(self, address: str) -> str:
        """Return the person or source that suppressed an address; "" if it is not suppressed."""
        origin = self._db.value(
            "SELECT origin FROM suppression WHERE address_hash = :hash", hash=self._hash(address)
        )
        return str(origin or "")

    def count_by_list(self) -> dict[str, int]:
        """Return list → number of confirmed subscribers who are not suppressed."""
        on_list = count_confirmed("list_id = list.id")
        return dict(
            self._db.rows(f"SELECT name, {on_list} - {_COUNT_SUPPRESSED} FROM list ORDER BY name")
        )

    def growth(self, since: datetime) -> dict[str, tuple[int, int, int]]:
        """Return list → (readers, joined since then, left since then).

        Readers are counted as in ``count_by_list``. Subtracting the few suppressed ones is ten
        times as fast as a check of each of a million.
        """
        rows = self._db.rows(
            f"""
            WITH confirmed AS (
                SELECT list_id, COUNT(*) AS readers,
                    COUNT(*) FILTER (WHERE changed_at >= :since) AS joined
                FROM subscription WHERE state = 'confirmed' GROUP BY list_id)
            SELECT name, COALESCE(readers, 0) - {_COUNT_SUPPRESSED}, COALESCE(joined, 0), (
                SELECT COUNT(*) FROM subscription
                WHERE list_id = list.id AND changed_at >= :since AND state = 'ended'
            ) FROM list LEFT JOIN confirmed ON confirmed.list_id = list.id ORDER BY name
            """,
            since=since,
        )
        return {name: (readers, joined, left) for name, readers, joined, left in rows}

    def count_growth(self, since: datetime) -> tuple[int, int, int]:
        """Return the subscriptions to all lists, and those that began and ended since then.

        To count a whole table and subtract the few is ten times as fast as to look at each row.
        """
        count = "(SELECT COUNT(*) FROM subscription WHERE changed_at"
        # by list, so that the indexes of ended and of requested subscriptions are used
        few = "list_id IN (SELECT id FROM list) AND state"
        suppressed = f"(SELECT COALESCE(SUM({_COUNT_SUPPRESSED}), 0) FROM list)"
        [found] = self._db.rows(
            f"""
            SELECT (SELECT COUNT(*) FROM subscription) - {count} > 0 AND {few} = 'ended')
                - {count} > 0 AND {few} = 'requested') - {suppressed},
            {count} >= :since) - {count} >= :since AND {few} = 'ended')
                - {count} >= :since AND {few} = 'requested'),
            {count} >= :since AND {few} = 'ended')
            """,
            since=since,
        )
        return found

    def growth_between(self, times: Sequence[datetime]) -> list[tuple[int, int, int]]:
        """Return (joined, left, bounced) for each span between two of these ascending times.

        Imported bounces are left out.
        """
        is_within = "changed_at >= since AND changed_at < until"
        rows = self._db.rows(
            f"""
            WITH span AS (SELECT CAST(value AS BIGINT) AS since, LEAD(CAST(value AS BIGINT))
                OVER (ORDER BY CAST(value AS BIGINT)) AS until FROM json_each(:times))
            SELECT (SELECT COUNT(*) FROM subscription WHERE {is_within} AND state = 'confirmed'), (
                -- by list, so that the index of ended subscriptions is used
                SELECT COUNT(*) FROM subscription
                WHERE list_id IN (SELECT id FROM list) AND {is_within} AND state = 'ended'), (
                SELECT COUNT(*) FROM suppression WHERE at >= since AND at < until
                    AND reason = 'bounced' AND import_id IS NULL)
            FROM span WHERE until IS NOT NULL ORDER BY since
            """,
            times=[as_stored(at) for at in times],
        )
        return [(joined, left, bounced) for joined, left, bounced in rows]

    def count_suppressions(self) -> dict[SuppressionReason, int]:
        """Return reason → number of suppressed addresses, the most frequent first."""
        rows = self._db.rows(
            "SELECT reason, COUNT(*) FROM suppression GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return {SuppressionReason(reason): count for reason, count in rows}

    def has_list_history(self, name: str) -> bool:
        """Return whether a reader was ever on a list, or a text, email or waiting file names it."""
        return self._db.has_row(
            """
            SELECT 1 FROM subscription WHERE list_id = (SELECT id FROM list WHERE name = :name)
            UNION ALL SELECT 1 FROM consent WHERE list = :name
            UNION ALL SELECT 1 FROM campaign WHERE instr(lists, :quoted) > 0
            UNION ALL SELECT 1 FROM transactional_email WHERE instr(lists, :quoted) > 0
            UNION ALL SELECT 1 FROM upload WHERE instr(lists, :quoted) > 0
            UNION ALL SELECT 1 FROM statement WHERE instr(document, :quoted) > 0
            UNION ALL SELECT 1 FROM draft JOIN version ON version.number = draft.head
                WHERE draft.deleted_at IS NULL AND instr(version.document, :quoted) > 0
            """,
            name=name,
            quoted=f'"{name}"',  # in JSON, a quote within a text has a backslash before it
        )

    def delete_list(self, name: str) -> None:
        self._db.change("DELETE FROM list WHERE name = :name", name=name)

    def list_names(self) -> list[str]:
        return self._db.column("SELECT name FROM list ORDER BY name")
