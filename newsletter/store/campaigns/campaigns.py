"""Campaigns with their numbers of deliveries by state, and digest emails with their issues."""

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.campaigns.digest import Issue
from newsletter.domain.delivery.batch import BatchState
from newsletter.domain.wording import stored_words
from newsletter.store.database import MEMBER, NO_LIMIT, Repository, as_instant, from_row

IS_RESUBMITTED = """
    EXISTS (SELECT 1 FROM draft JOIN version ON version.draft = draft."key" AND draft.slug <> ''
        WHERE draft.slug = campaign.slug AND version.submitted_at > campaign.finished_at)
"""
"""A condition: the text was submitted at the desk after the campaign ended."""
_CAMPAIGN_COLUMNS = f"""
    campaign.id, campaign.slug, campaign.content_hash, campaign.text_hash, campaign.state,
    campaign.release_at, campaign.approved_by, campaign.lists, campaign.provider, campaign.corrects,
    campaign.translates, campaign.corrected_by, campaign.reason, campaign.moves,
    campaign.ended_by, campaign.fallback_provider, campaign.urgent, campaign.welcome,
    campaign.unlisted, campaign.started_at, campaign.finished_at,
    CASE WHEN campaign.ended_by <> '' AND {IS_RESUBMITTED} THEN 1 ELSE 0 END AS resubmitted
"""
_COUNTS = ", ".join(
    f'COALESCE(SUM(batch.{each.name}), 0) AS "counts.{each.name}"' for each in fields(Counts)
)
_SELECT = f"SELECT {_CAMPAIGN_COLUMNS} FROM campaign"
"""Without figures, which cost a sum over all batches of the campaign."""


def _with_counts(ids_query: str) -> str:
    """Return the SQL of campaigns with their figures. ``ids_query`` selects the campaigns' ids."""
    return f"""
        SELECT {_CAMPAIGN_COLUMNS},
            {_COUNTS},
            COUNT(*) FILTER (WHERE batch.state = 'given up') AS given_up
        FROM campaign LEFT JOIN batch ON batch.campaign_id = campaign.id
        WHERE campaign.id IN ({ids_query})
        GROUP BY campaign.id
    """


# The conditions below repeat the words of partial indexes: SQLite uses them for nothing else.
_IS_OPEN = "campaign.state IN ('scheduled', 'sending', 'paused', 'attention')"


class Campaigns(Repository):
    def list_newest(self, limit: int | None, *, before: int | None = None) -> list[Campaign]:
        """Return the newest campaigns with ids below ``before``, with figures, newest first."""
        which = "SELECT id FROM campaign WHERE id < :before ORDER BY id DESC LIMIT :limit"
        return self._db.all(
            Campaign,
            f"{_with_counts(which)} ORDER BY campaign.id DESC",
            before=NO_LIMIT if before is None else before,
            limit=NO_LIMIT if limit is None else limit,
        )

    def count(self) -> int:
        return self._db.number("SELECT COUNT(*) FROM campaign")

    def list_open(self) -> list[Campaign]:
        which = f"SELECT id FROM campaign WHERE {_IS_OPEN}"
        return self._db.all(Campaign, f"{_with_counts(which)} ORDER BY campaign.id")

    def list_begun(self, after: datetime, until: datetime | None = None) -> list[Campaign]:
        """Return the campaigns that began between two instants, oldest first, without figures.

        Both instants are excluded, and so are welcome emails.
        """
        return self._db.all(
            Campaign,
            f"{_SELECT} WHERE started_at IS NOT NULL AND started_at > :after"
            " AND started_at < :until AND welcome = 0 ORDER BY started_at, id",
            after=after,
            until=NO_LIMIT if until is None else until,
        )

    def list_last_begun(self, limit: int) -> list[tuple[int, str, str, frozenset[str]]]:
        """Return (id, slug, content hash, lists) of the campaigns that began last, newest first.

        Corrections and welcome emails, which go to other people, have no lists here.
        """
        rows = self._db.rows(
            "SELECT id, slug, content_hash,"
            " CASE WHEN corrects = '' AND welcome = 0 THEN lists ELSE '[]' END FROM campaign"
            " WHERE started_at IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT :limit",
            limit=limit,
        )
        return [(*others, frozenset(json.loads(lists))) for *others, lists in rows]

    def find_related(self, slugs: Collection[str]) -> list[Campaign]:
        """Return the campaigns of these statements, and of their corrections and originals.

        Chains of corrections are followed to both ends. Oldest first, without figures.
        """
        found: dict[int, Campaign] = {}
        seen: set[str] = set()
        asked = set(slugs)
        while asked:
            seen |= asked
            rows = self._db.all(
                Campaign,
                f"{_SELECT} WHERE slug IN (SELECT value FROM json_each(:slugs))"
                " OR (corrects <> '' AND corrects IN (SELECT value FROM json_each(:slugs)))",
                slugs=sorted(asked),
            )
            found |= {row.id: row for row in rows}
            named = {row.slug for row in rows} | {row.corrects for row in rows}
            asked = named - seen - {""}
        return [found[number] for number in sorted(found)]

    def find_translation_slugs(self, slugs: Collection[str]) -> set[str]:
        return set(
            self._db.column(
                "SELECT DISTINCT slug FROM campaign"
                " WHERE translates <> '' AND translates IN (SELECT value FROM json_each(:slugs))",
                slugs=sorted(slugs),
            )
        )

    def list_translations(self, original: str) -> list[Campaign]:
        """Return the newest campaign, with figures, of each translation of a statement."""
        latest = _with_counts(
            "SELECT MAX(id) FROM campaign WHERE translates <> '' AND translates = :original"
            " GROUP BY slug"
        )
        return self._db.all(Campaign, f"{latest} ORDER BY campaign.slug", original=original)

    def list_published(self, *, skip: int, limit: int) -> list[str]:
        """Return each slug of the archive once, the statement that was sent last first."""
        return self._db.column(
            """
            SELECT slug FROM campaign
            WHERE started_at IS NOT NULL AND unlisted = 0 AND NOT EXISTS (
                SELECT 1 FROM campaign AS earlier
                WHERE earlier.slug = campaign.slug AND earlier.started_at IS NOT NULL
                    AND earlier.id < campaign.id)
            ORDER BY started_at DESC, id DESC LIMIT :limit OFFSET :skip
            """,
            limit=limit,
            skip=skip,
        )

    def count_published(self) -> tuple[int, datetime | None]:
        """Return the number of slugs in the archive, and when the last one was sent, or None."""
        [(count, last)] = self._db.rows(
            "SELECT COUNT(DISTINCT slug), MAX(started_at) FROM campaign"
            " WHERE started_at IS NOT NULL AND unlisted = 0"
        )
        return count, None if last is None else as_instant(last)

    def get(self, campaign_id: int) -> Campaign | None:
        return self._db.first(Campaign, _with_counts("SELECT :id"), id=campaign_id)

    def get_without_counts(self, campaign_id: int) -> Campaign:
        """Return the campaign with this id without figures. It must exist."""
        [campaign] = self._db.all(Campaign, f"{_SELECT} WHERE id = :id", id=campaign_id)
        return campaign

    def find_latest(self, slug: str) -> Campaign | None:
        """Return the newest campaign of a statement, with figures."""
        newest = _with_counts(
            "SELECT MAX(id) FROM campaign WHERE slug IN (SELECT value FROM json_each(:slugs))"
            " GROUP BY slug"
        )
        return next(iter(self._db.of_statement(Campaign, newest, slug)), None)

    def find_begun_correction(self, slug: str) -> Campaign | None:
        """Return the newest campaign that corrects a statement, has begun and is not cancelled."""
        began = self._db.of_statement(
            Campaign,
            f"{_SELECT} WHERE corrects <> '' AND corrects IN (SELECT value FROM json_each(:slugs))"
            " AND started_at IS NOT NULL AND state <> 'cancelled' ORDER BY id",
            slug,
            key="corrects",
        )
        return next(reversed(began), None)

    def list_scheduled(
        self, *, until: datetime | None = None, limit: int = NO_LIMIT
    ) -> list[Campaign]:
        """Return scheduled campaigns, the next first, without figures.

        With ``until``: only those that are released by then.
        """
        return self._db.all(
            Campaign,
            f"{_SELECT} WHERE {_IS_OPEN} AND state = 'scheduled' AND release_at <= :until"
            " ORDER BY release_at, id LIMIT :limit",
            until=until or NO_LIMIT,
            limit=limit,
        )

    def list_last_ended(self, limit: int, *, skip: int = 0) -> list[Campaign]:
        """Return the newest campaigns that are over, with figures. The last begun comes first."""
        newest = _with_counts(
            "SELECT id FROM campaign WHERE started_at IS NOT NULL AND state IN"
            " ('sent', 'attention', 'cancelled') ORDER BY started_at DESC, id DESC"
            " LIMIT :limit OFFSET :skip"
        )
        newest += " ORDER BY campaign.started_at DESC, campaign.id DESC"
        return self._db.all(Campaign, newest, limit=limit, skip=skip)

    def list_undecided(self, limit: int) -> list[Campaign]:
        """Return the cancelled campaigns with unknown deliveries, newest first, without figures."""
        return self._db.all(
            Campaign,
            f"{_SELECT} WHERE state = 'cancelled' AND id IN (SELECT campaign_id FROM batch"
            " WHERE batch.state = 'unknown') ORDER BY id DESC LIMIT :limit",
            limit=limit,
        )

    def find_sending_ids(self) -> list[int]:
        """Return the ids of sending campaigns, except welcome emails without open batches."""
        return self._db.column(
            "SELECT id FROM campaign WHERE campaign.state = 'sending' AND (welcome = 0 OR EXISTS ("
            "SELECT 1 FROM batch WHERE batch.state IN ('queued', 'claimed')"
            " AND campaign_id = campaign.id)) ORDER BY id"
        )

    def list_running_welcomes(self, lists: Collection[str]) -> list[Campaign]:
        """Return the open welcome emails of these lists, newest first, without figures."""
        return self._db.all(
            Campaign,
            f"{_SELECT} WHERE {_IS_OPEN} AND welcome = 1 AND started_at IS NOT NULL AND EXISTS ("
            "SELECT 1 FROM json_each(campaign.lists) AS named"
            " WHERE named.value IN (SELECT value FROM json_each(:lists))) ORDER BY id DESC",
            lists=sorted(lists),
        )

    def add(self, campaign: Campaign, at: datetime) -> int:
        """Insert a campaign (its ``id`` is ignored) and return its id."""
        elsewhere = {"id", "counts", "given_up", "resubmitted"}
        values = {name: each for name, each in vars(campaign).items() if name not in elsewhere}
        return self._db.insert("campaign", returning="id", created_at=at, **values)

    def change_state(
        self,
        campaign_id: int,
        to: CampaignState,
        *,
        expect: Iterable[CampaignState],
        at: datetime,
        reason: str = "",
        ended_by: str = "",
    ) -> bool:
        """Change the state if it is one of ``expect``; return whether it was one of them.

        ``ended_by`` is the person who ends the campaign. The next change of state clears it.
        """
        return self._db.changes(
            """
            UPDATE campaign SET state = :to, moves = moves + 1, reason = :reason,
                ended_by = :ended_by, finished_at = :ended_at,
                started_at = COALESCE(started_at, :began_at)
            WHERE id = :id AND state IN (SELECT value FROM json_each(:expect))
            """,
            id=campaign_id,
            to=to,
            reason=stored_words(reason),
            ended_by=ended_by,
            expect=[state.value for state in expect],
            ended_at=at if to.is_ended else None,
            # a resumed campaign keeps its first start
            began_at=at if to is CampaignState.SENDING else None,
        )

    def change(self, campaign_id: int, **columns: object) -> None:
        """Change fields of a campaign, such as ``release_at`` and ``approved_by``."""
        self._db.update("campaign", {"id": campaign_id}, **columns)

    def assign_provider(self, campaign_id: int, name: str) -> bool:
        """Change the provider of the queued batches; return False if it was this one before.

        "" is the first provider. Batches that wait for another attempt become due; batches that
        wait for a local time still wait.
        """
        changed = self._db.change(
            "UPDATE campaign SET fallback_provider = :name"
            " WHERE id = :id AND fallback_provider <> :name",
            id=campaign_id,
            name=name,
        )
        if changed:
            # a batch without an attempt waits for a local time
            self._db.change(
                "UPDATE batch SET not_before = 0"
                " WHERE campaign_id = :id AND state = 'queued' AND attempts > 0",
                id=campaign_id,
            )
        return bool(changed)

    def find_fallback_providers(self) -> set[str]:
        return set(
            self._db.column(
                "SELECT fallback_provider FROM campaign WHERE campaign.state = 'sending'"
            )
        )

    def find_providers(self, campaign_id: int) -> list[str]:
        """Return the names of the providers to which a campaign's batches were sent."""
        return self._db.column(
            "SELECT DISTINCT provider FROM batch"
            " WHERE campaign_id = :id AND provider <> '' ORDER BY provider",
            id=campaign_id,
        )

    def move_queued(self, campaign_id: int, to: int) -> None:
        """Move the queued batches to another campaign, except readers who are in it already."""
        self._db.change(
            """
            UPDATE batch SET campaign_id = :to, no = no + (
                SELECT COALESCE(MAX(no) + 1, 0) FROM batch WHERE campaign_id = :to)
            WHERE campaign_id = :id AND state = 'queued' AND NOT EXISTS (
                SELECT 1 FROM batch AS theirs
                WHERE theirs.campaign_id = :to AND theirs.first = batch.first)
            """,
            id=campaign_id,
            to=to,
        )

    def cancel_pending(self, campaign_id: int, *, to: BatchState = BatchState.DONE) -> None:
        """Cancel the queued batches. ``to`` is GIVEN_UP if their readers may have the message."""
        self._db.change(
            "UPDATE batch SET state = :to, cancelled = cancelled + pending, pending = 0"
            " WHERE campaign_id = :id AND state = 'queued'",
            id=campaign_id,
            to=to,
        )

    def list_exceptions(self, campaign_id: int) -> list[tuple[str, str, str, str]]:
        """Return (address, state, reason, provider id) of deliveries unlike their batch."""
        return self._db.rows(
            "SELECT COALESCE(subscriber.address, '(erased)'), delivery.state, delivery.reason,"
            " delivery.provider_id FROM delivery"
            " LEFT JOIN subscriber ON subscriber.id = delivery.subscriber_id"
            " WHERE delivery.campaign_id = :id ORDER BY delivery.subscriber_id",
            id=campaign_id,
        )

    def list_unsent(self, campaign_id: int, limit: int = NO_LIMIT) -> list[tuple[str, str]]:
        """Return (address, state) of the pending, cancelled and given-up deliveries.

        Their number is ``pending`` plus ``cancelled``. Only given-up readers may have the message.
        """
        return self._db.rows(
            f"""
            SELECT COALESCE(subscriber.address, '(erased)'), CASE batch.state
                WHEN 'done' THEN 'cancelled' WHEN 'given up' THEN 'given up' ELSE 'pending' END
            FROM batch CROSS JOIN json_each(batch.members) AS member
                LEFT JOIN delivery ON delivery.campaign_id = batch.campaign_id
                    AND delivery.subscriber_id = {MEMBER}
                LEFT JOIN subscriber ON subscriber.id = {MEMBER}
            WHERE batch.campaign_id = :id
                -- first, so that no members of other batches are read
                AND (batch.cancelled > 0 OR batch.state IN ('queued', 'claimed'))
                AND (
                -- in a batch with cancelled deliveries, each other delivery has its own row
                (batch.cancelled > 0 AND COALESCE(delivery.state, 'cancelled') = 'cancelled')
                OR (batch.state IN ('queued', 'claimed') AND delivery.state IS NULL))
            ORDER BY {MEMBER} LIMIT :limit
            """,
            id=campaign_id,
            limit=limit,
        )

    def list_unknown(self, campaign_id: int) -> list[str]:
        """Return the addresses of the readers whose delivery is unknown."""
        return self._db.column(
            f"""
            SELECT COALESCE(subscriber.address, '(erased)')
            FROM batch CROSS JOIN json_each(batch.members) AS member
                LEFT JOIN subscriber ON subscriber.id = {MEMBER}
            WHERE batch.campaign_id = :id AND batch.state = 'unknown' AND NOT EXISTS (
                SELECT 1 FROM delivery
                WHERE delivery.campaign_id = :id AND delivery.subscriber_id = {MEMBER})
            ORDER BY {MEMBER}
            """,
            id=campaign_id,
        )


class CountedLinks(Repository):
    """The links of started emails that count, with their numbers. No row is about a reader."""

    def add(self, key: str, targets: Mapping[int, str]) -> None:
        """Add the links of an email by number, unless they are known; 0 is the picture."""
        rows = ({"key": key, "number": number, "target": to} for number, to in targets.items())
        self._db.insert_all("counted_link", rows, only_new=True)

    def find_target(self, key: str, number: int) -> str | None:
        """Return where a link leads; "" for the picture, None if there is no such link."""
        target: str | None = self._db.value(
            "SELECT target FROM counted_link WHERE key = :key AND number = :number",
            key=key,
            number=number,
        )
        return target

    def increase(self, counts: Mapping[tuple[str, int], int]) -> None:
        """Add to the numbers of links by (key, number). Unknown links are left out."""
        # sorted, so that two machines lock the rows in one order
        rows = ({"key": key, "number": no, "count": counts[key, no]} for key, no in sorted(counts))
        self._db.change_each(
            "UPDATE counted_link SET count = count + :count WHERE key = :key AND number = :number",
            rows,
        )

    def list_for(self, key: str) -> list[tuple[int, str, int]]:
        """Return (number, target, count) of the links of an email, by number."""
        return self._db.rows(
            "SELECT number, target, count FROM counted_link WHERE key = :key ORDER BY number",
            key=key,
        )


_ISSUE = "SELECT name, day, upto, document AS statement, parts FROM issue"
_DASHES_IN_DATE = 3
"""The minimum of dashes in an issue's slug: NAME-YYYY-MM-DD."""


class Digests(Repository):
    def configured_since(self) -> dict[str, datetime]:
        """Return name of a digest email → when it was first configured."""
        rows = self._db.rows("SELECT name, since FROM digest")
        return {name: as_instant(since) for name, since in rows}

    def add(self, name: str, at: datetime) -> None:
        """Add a digest email unless it is known. It lists no statements older than ``at``."""
        self._db.insert_new("digest", name=name, since=at)

    def remove(self, name: str) -> None:
        """Delete a digest email that is not configured any more. Its issues stay."""
        self._db.change("DELETE FROM digest WHERE name = :name", name=name)

    def list_issues(self) -> list[Issue]:
        return [*map(_read_issue, self._db.mappings(f"{_ISSUE} ORDER BY name, day"))]

    def find_issues(self, slugs: Collection[str]) -> list[Issue]:
        """Return the issues with one of these slugs, by name and day."""
        named = [tuple(slug.rsplit("-", 3)) for slug in slugs if slug.count("-") >= _DASHES_IN_DATE]
        query = f"{_ISSUE} WHERE name = :name AND day = :day"
        return [
            _read_issue(row)
            for name, *day in sorted(named)
            for row in self._db.mappings(query, name=name, day="-".join(day))
        ]

    def list_waiting_issues(self) -> list[Issue]:
        """Return the issues with a statement whose sending has not begun, by name and day."""
        query = (
            f"{_ISSUE} WHERE document <> 'null' AND NOT EXISTS ("
            "SELECT 1 FROM campaign WHERE started_at IS NOT NULL AND id = ("
            "SELECT MAX(id) FROM campaign WHERE slug = issue.name || '-' || issue.day))"
            " ORDER BY name, day"
        )
        return [*map(_read_issue, self._db.mappings(query))]

    def last_day(self, name: str, until: date) -> date | None:
        """Return the day of the newest issue of a digest email until then; None without one."""
        query = "SELECT MAX(day) FROM issue WHERE name = :name AND day <= :until"
        day = self._db.value(query, name=name, until=until)
        return None if day is None else date.fromisoformat(day)

    def put(self, issue: Issue, at: datetime) -> None:
        """Insert the issue, or replace the one with its name and day."""
        self._db.put(
            "issue",
            "name, day",
            name=issue.name,
            day=issue.day,
            upto=issue.upto,
            document=issue.statement or "null",
            parts=issue.parts,
            changed_at=at,
        )


def _read_issue(row: Mapping[str, Any]) -> Issue:
    """Return an issue. A damaged text is None, and damaged parts are one without a slug."""
    for sound in (row, {**row, "statement": "null"}):
        with suppress(ValueError):
            return from_row(Issue, sound)
    return from_row(Issue, {**row, "statement": "null", "parts": '[""]'})
