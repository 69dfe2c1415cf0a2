"""Digest emails and their issues, of which there is at most one a local date."""

from collections.abc import Collection
from datetime import date, datetime

from newsletter.domain.campaigns.digest import Issue
from newsletter.store.database import Repository, as_instant

_ISSUE = "SELECT name, day, upto, document AS statement, parts FROM issue"
_DASHES_IN_DATE = 3
"""The minimum of dashes in an issue's slug: NAME-YYYY-MM-DD."""


class Digests(Repository):
    """The digest emails and their issues."""

    def configured_since(self) -> dict[str, datetime]:
        """Return name of a digest email → when it was first configured."""
        return {
            name: as_instant(since)
            for name, since in self._db.rows("SELECT name, since FROM digest")
        }

    def add(self, name: str, at: datetime) -> None:
        """Add a digest email unless it is known. It lists no statements older than ``at``."""
        self._db.insert_new("digest", name=name, since=at)

    def remove(self, name: str) -> None:
        """Delete a digest email that is not configured any more. Its issues stay."""
        self._db.change("DELETE FROM digest WHERE name = :name", name=name)

    def list_issues(self) -> list[Issue]:
        return self._db.all(Issue, f"{_ISSUE} ORDER BY name, day")

    def find_issues(self, slugs: Collection[str]) -> list[Issue]:
        """Return the issues with one of these slugs, by name and day."""
        named = [tuple(slug.rsplit("-", 3)) for slug in slugs if slug.count("-") >= _DASHES_IN_DATE]
        found = [
            self._db.first(
                Issue, f"{_ISSUE} WHERE name = :name AND day = :day", name=name, day="-".join(day)
            )
            for name, *day in sorted(named)
        ]
        return [issue for issue in found if issue is not None]

    def list_waiting_issues(self) -> list[Issue]:
        """Return the issues with a statement whose sending has not begun, by name and day."""
        return self._db.all(
            Issue,
            f"{_ISSUE} WHERE document <> 'null' AND NOT EXISTS ("
            "SELECT 1 FROM campaign WHERE started_at IS NOT NULL AND id = ("
            "SELECT MAX(id) FROM campaign WHERE slug = issue.name || '-' || issue.day))"
            " ORDER BY name, day",
        )

    def last_day(self, name: str) -> date | None:
        """Return the day of the newest issue of a digest email; None if there is none."""
        day = self._db.value("SELECT MAX(day) FROM issue WHERE name = :name", name=name)
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
