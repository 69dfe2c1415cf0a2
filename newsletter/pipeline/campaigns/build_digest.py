"""campaigns → digest: collects sent statements into a new statement that waits for approval.

The database decides whether an issue is due. A second look, a crash between two looks or a clock
that goes back creates no second issue for a local date.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.digest import (
    MAX_STATEMENTS,
    Digest,
    Issue,
    choose_campaigns,
    compose,
    current_campaigns,
    due,
    next_due,
    pick_language,
)
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Statement, writers_of
from newsletter.pipeline.ledger import act_as, approved_content
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:
    from newsletter.rendering.mail.values import Abstracts

DigestPart = tuple[Campaign, Statement]
"""A campaign and its statement as approved."""


def sent_statement(tx: Transaction, campaign: Campaign) -> Statement:
    """Return the statement that a campaign sent; without body if its text has changed since."""
    stored = tx.statements.get(campaign.slug)
    if stored is not None and stored.content_hash == campaign.content_hash:
        return stored.statement
    content = approved_content(tx, campaign)
    return Statement(
        slug=campaign.slug,
        title=content.subject,
        body="",
        lists=content.lists,
        language=content.language,
        writers=content.writers,
    )


def _with_page(tx: Transaction, campaigns: Sequence[Campaign]) -> list[Campaign]:
    """Return the campaigns whose statement has a public page with its text."""
    withdrawn = tx.public_notes.find_withdrawn({campaign.slug for campaign in campaigns})
    return [one for one in campaigns if not (one.unlisted or one.slug in withdrawn)]


_SCHEDULER_NAME = "scheduler"


BuiltDigest = tuple[Issue, str]
"""An issue that was due or changed, and a log sentence about it."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The issue that a digest would get if it were built now."""

    digest: Digest
    coming: datetime
    parts: tuple[Statement, ...]
    made: tuple[Issue, ...]
    """The issues so far, oldest first."""


@dataclass(frozen=True, kw_only=True)
class DigestBuilder:
    """Builds the issues of a workspace's digest emails."""

    store: Store
    digests: Sequence[Digest]
    timezone: str
    abstracts: "Abstracts"

    def build(self) -> tuple[BuiltDigest, ...]:
        """Build the issues that are due. Update issues whose parts were corrected or cancelled."""
        self._note_names()
        with self.store.read() as tx:
            waiting = [configured for configured in self.digests if self._due(tx, configured)]
            changed_issues = self._corrected_issues(tx)
        built = []
        for digest in waiting:
            with self.store.begin() as tx:
                built += self._make_due(tx, digest)
        if changed_issues:
            with self.store.begin() as tx:
                built += [self._replace(tx, issue) for issue in self._corrected_issues(tx)]
        return tuple(built)

    def make(self, name: str, actor: str) -> BuiltDigest:
        """Build today's issue before it is due, for a writer. Raises NotFound or Refused."""
        digest = self.find(name)
        self._note_names()
        now = self.store.clock.now()
        issue = Issue(name=name, day=self._local_day(now), upto=now)
        with act_as(self.store, actor, Role.WRITER, "make a digest email") as (tx, _):
            if any(
                issued.slug == issue.slug and issued.statement
                for issued in tx.digests.list_issues()
            ):
                raise Refused(
                    f"{issue.slug} is made already, and a date has one issue; until it begins to"
                    f" go out, 'newsletter digest drop {issue.slug}' takes it back"
                )
            if not self._parts(tx, digest, now):
                began = tx.digests.configured_since()[name].astimezone(ZoneInfo(self.timezone))
                raise Refused(
                    f"there is nothing to gather: since {began:%Y-%m-%d %H:%M}, when {name} was"
                    f" first seen here, nothing went out{_lists_text(digest)} that is not in one"
                    " of its issues"
                )
            # a person who asks for an issue gets it even with a single statement
            return self._make(tx, replace(digest, least=1), issue, actor)

    def drop(self, slug: str, actor: str) -> Issue:
        """Delete an issue that has not begun to be sent. A later one may have its parts."""
        with act_as(self.store, actor, Role.WRITER, "drop a digest email") as (tx, _):
            found = [
                issue
                for issue in tx.digests.list_issues()
                if issue.slug == slug and issue.statement
            ]
            if not found:
                raise NotFound(
                    f"there is no issue {slug!r} of a digest email; 'newsletter digest show NAME'"
                    " names those that were made"
                )
            if slug not in {
                waiting_issue.slug for waiting_issue in tx.digests.list_waiting_issues()
            }:
                raise Refused(
                    f"{slug} has begun to go out; 'newsletter cancel {slug}' stops the rest"
                )
            dropped = replace(found[0], statement=None, parts=())
            tx.digests.put(dropped, tx.now)
            detail = f"it gathered {', '.join(found[0].parts)}"
            tx.audit.enter(actor, "drop", slug, detail)
            return dropped

    def forecast(self, name: str) -> Forecast:
        """Return the issue that would be built now. Raises NotFound."""
        digest = self.find(name)
        with self.store.read() as tx:
            issues = [issue for issue in tx.digests.list_issues() if issue.name == name]
            zone = self.timezone
            return Forecast(
                digest=digest,
                coming=next_due(digest, zone, last=tx.digests.last_day(name), now=tx.now),
                parts=tuple(one for _, one in self._parts(tx, digest, tx.now)),
                made=tuple(issue for issue in issues if issue.statement),
            )

    def find(self, name: str) -> Digest:
        """Return a configured digest. Raises NotFound."""
        found = self._configured(name)
        if found is None:
            raise NotFound(
                f"no digest email {name!r} is configured; 'newsletter digest list' shows them"
            )
        return found

    def _configured(self, name: str) -> Digest | None:
        return next((digest for digest in self.digests if digest.name == name), None)

    def _parts(self, tx: Transaction, digest: Digest, end: datetime) -> list[DigestPart]:
        """Return the parts of an issue that is built at ``end``, in sending order."""
        issues = tx.digests.list_issues()
        built_issues = [issue for issue in issues if issue.name == digest.name and issue.statement]
        since = tx.digests.configured_since().get(digest.name, end)
        after = max([since, *(issued.upto for issued in built_issues)])
        chosen = choose_campaigns(
            # a correction begins after what it corrects
            _with_page(tx, tx.campaigns.list_begun(after)),
            after=after,
            upto=end,
            gathers=digest.gathers,
            # neither what an issue named before, nor one digest email in another
            listed={slug for issued in built_issues for slug in issued.parts}
            | {issue.slug for issue in issues},
        )
        found = [(campaign, sent_statement(tx, campaign)) for campaign in chosen]
        statements = pick_language([one for _, one in found], digest.language)
        return [(campaign, one) for campaign, one in found if one in statements]

    def _compose_issue(self, digest: Digest, issue: Issue, parts: Sequence[DigestPart]) -> Issue:
        """Return the issue with these parts and the statement composed of them."""
        abstracts = [
            self.abstracts.of(
                one, self._local_day(campaign.started_at or issue.upto), digest.language
            )
            for campaign, one in parts
        ]
        dated = self.abstracts.dated(issue.day, digest.language)
        return replace(
            issue,
            statement=compose(
                digest,
                issue.day,
                abstracts,
                dated=dated,
                writers=writers_of(*(one for _, one in parts)),
            ),
            parts=tuple(one.slug for _, one in parts),
        )

    def _corrected(self, tx: Transaction, issue: Issue) -> Issue:
        """Return the issue with corrections instead of corrected parts, without cancelled ones.

        Return an issue that needs no change as it is.
        """
        digest, campaigns = (
            self._configured(issue.name),
            current_campaigns(issue.parts, _with_page(tx, tx.campaigns.find_related(issue.parts))),
        )
        if tuple(campaign.slug for campaign in campaigns) == issue.parts:
            return issue
        if digest is None or not campaigns:
            return replace(issue, statement=None, parts=())
        return self._compose_issue(
            digest, issue, [(campaign, sent_statement(tx, campaign)) for campaign in campaigns]
        )

    def _local_day(self, instant: datetime) -> date:
        """Return the date at an instant, in the workspace's zone."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def _note_names(self) -> None:
        """Store when each digest was first configured. Its issues contain nothing older."""
        configured = {digest.name for digest in self.digests}
        with self.store.read() as tx:
            known = set(tx.digests.configured_since())
        if configured == known:
            return
        with self.store.begin() as tx:
            for name in sorted(configured - known):
                tx.digests.add(name, tx.now)
            for name in known - configured:
                tx.digests.remove(name)

    def _due(self, tx: Transaction, digest: Digest) -> list[datetime]:
        zone = self.timezone
        since = tx.digests.configured_since().get(digest.name, tx.now)
        return due(digest, zone, since=since, last=tx.digests.last_day(digest.name), now=tx.now)

    def _make_due(self, tx: Transaction, digest: Digest) -> list[BuiltDigest]:
        found = self._due(tx, digest)
        if not found:
            return []
        latest, *missed = found
        issue = Issue(name=digest.name, day=latest.date(), upto=latest.astimezone(UTC))
        issue, summary = self._make(tx, digest, issue, _SCHEDULER_NAME)
        if missed:
            days = ", ".join(at.date().isoformat() for at in reversed(missed))
            summary += f"; passed over: {days}"
        return [(issue, summary)]

    def _make(self, tx: Transaction, digest: Digest, issue: Issue, actor: str) -> BuiltDigest:
        parts = self._parts(tx, digest, issue.upto)
        text = f"{_counted(len(parts))} went out{_lists_text(digest)}"
        summary = f"{text}, and it takes {digest.least}: there is no issue"
        if len(parts) >= digest.least:
            issue = self._compose_issue(digest, issue, parts[-MAX_STATEMENTS:])
            summary = f"{_counted(len(issue.parts))}; it waits for approval"
        if (surplus := len(parts) - MAX_STATEMENTS) > 0:
            summary += f"; the {surplus} oldest are left out, for one mail holds {MAX_STATEMENTS}"
        # also where there was too little to say: the date is seen to, and does not come due again
        tx.digests.put(issue, tx.now)
        # made before with the same parts, and taken away, it would go out by the approvals of then
        tx.approvals.revoke(issue.slug, tx.now, actor=actor, reason="made again")
        detail = ", ".join(issue.parts) or summary
        tx.audit.enter(actor, "gather", issue.slug, detail)
        return issue, summary

    def _corrected_issues(self, tx: Transaction) -> list[Issue]:
        """Return the waiting issues that need a change, already changed."""
        pairs = ((issue, self._corrected(tx, issue)) for issue in tx.digests.list_waiting_issues())
        return [new for issue, new in pairs if new != issue]

    def _replace(self, tx: Transaction, issue: Issue) -> BuiltDigest:
        tx.digests.put(issue, tx.now)
        rest = (
            f"it is made again from {_counted(len(issue.parts))}" if issue.parts else "none is left"
        )
        summary = f"a part was corrected or cancelled since, and {rest}"
        detail = ", ".join(issue.parts) or summary
        tx.audit.enter(_SCHEDULER_NAME, "gather", issue.slug, detail)
        return issue, summary


def _lists_text(digest: Digest) -> str:
    return f" to {', '.join(digest.gathers)}" if digest.gathers else ""


def _counted(number: int) -> str:
    return "1 statement" if number == 1 else f"{number} statements"
