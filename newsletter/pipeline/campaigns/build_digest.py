"""campaigns → digest: make a statement that lists sent statements and waits for approval.

Each digest has at most one issue for a local date, also after a crash or a clock that went back.
"""

import logging
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
    compose_issue,
    find_due_times,
    find_next_due,
    pick_language,
)
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import (
    Statement,
    StoredStatement,
    texts_of,
    writers_of,
)
from newsletter.domain.wording import say
from newsletter.pipeline.ledger import act_as, find_approved_content
from newsletter.pipeline.status import current_parts, with_page
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:
    from newsletter.rendering.mail.details import Abstracts

DigestPart = tuple[Campaign, Statement]
"""A campaign and its statement as approved."""


def _sent_statement(
    tx: Transaction, campaign: Campaign, stored: StoredStatement | None
) -> Statement | None:
    """Return the statement that a campaign sent. If its text changed since, the body is empty.

    Return None if its stored content was altered: no digest lists it.
    """
    if stored is not None and stored.content_hash == campaign.content_hash:
        return stored.statement
    content = find_approved_content(tx, campaign)
    if content is None:
        _log.error("campaign %d is in no digest: its stored email was altered", campaign.id)
        return None
    sent = Statement(
        slug=campaign.slug,
        title=content.subject,
        body="",
        lists=content.lists,
        language=content.language,
        writers=content.writers,
    )
    # the hash changes with each template or setting of the email too
    if stored is not None and {*texts_of(stored.statement)} <= {*content.texts}:
        same = stored.statement
        return replace(sent, title=same.title, body=same.body, summary=same.summary, date=same.date)
    return sent


def _sent_parts(tx: Transaction, campaigns: Sequence[Campaign]) -> list[DigestPart]:
    known = {one.slug: one for one in tx.statements.find([one.slug for one in campaigns])}
    sent = ((one, _sent_statement(tx, one, known.get(one.slug))) for one in campaigns)
    return [(campaign, statement) for campaign, statement in sent if statement is not None]


_SCHEDULER_NAME = "scheduler"
_log = logging.getLogger("newsletter.run")


BuiltDigest = tuple[Issue, str]
"""An issue that was made or changed, and the log sentence about it."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    digest: Digest
    coming: datetime
    """When the issue is due."""
    parts: tuple[Statement, ...]
    """The statements that the issue would list now."""
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
        """Make the issues that are due. Change issues whose parts were corrected or cancelled."""
        self._note_names()
        with self.store.read() as tx:
            due_digests = [digest for digest in self.digests if self._due_times(tx, digest)]
            changed_issues = self._corrected_issues(tx)
        built = []
        for digest in due_digests:
            with self.store.begin() as tx:
                built += self._make_due(tx, digest)
        if changed_issues:
            with self.store.begin() as tx:
                built += [self._replace(tx, issue) for issue in self._corrected_issues(tx)]
        return tuple(built)

    def make(self, name: str, actor: str) -> BuiltDigest:
        """Make today's issue before it is due, for a writer. Raises NotFound or Refused."""
        digest = self.find(name)
        self._note_names()
        now = self.store.clock.now()
        issue = Issue(name=name, day=self._local_day(now), upto=now)
        with act_as(self.store, actor, Role.WRITER, "make a digest email") as (tx, _):
            if issue.slug in [one.slug for one in tx.digests.list_issues() if one.parts]:
                twice = (
                    "{slug} is made already. Until it is sent, you can drop it; the command is"
                    " 'newsletter digest drop {slug}'"
                )
                raise Refused(say(twice, slug=issue.slug))
            if not self._parts(tx, digest, now):
                began = tx.digests.configured_since()[name].astimezone(ZoneInfo(self.timezone))
                none = (
                    "there is nothing to gather: since {began:%Y-%m-%d %H:%M}, when {name} was"
                    " first seen here, nothing was sent for it that is in no issue"
                )
                raise Refused(say(none, began=began, name=name))
            # an issue that a person asks for may have fewer than the least number of statements
            return self._make(tx, replace(digest, least=1), issue, actor)

    def drop(self, slug: str, actor: str) -> Issue:
        """Delete the text of an issue that has not begun. A later issue may list its parts."""
        with act_as(self.store, actor, Role.WRITER, "drop a digest email") as (tx, _):
            made = (issue for issue in tx.digests.list_issues() if issue.parts)
            issue = next((one for one in made if one.slug == slug), None)
            if issue is None:
                none = "there is no issue {slug!r}; 'newsletter digest show NAME' names those made"
                raise NotFound(say(none, slug=slug))
            if slug not in [waiting.slug for waiting in tx.digests.list_waiting_issues()]:
                late = (
                    "{slug} has begun to be sent. A sender can cancel the rest; the command is"
                    " 'newsletter cancel {slug}'"
                )
                raise Refused(say(late, slug=slug))
            dropped = replace(issue, statement=None, parts=())
            _put(tx, dropped)
            tx.audit.enter(actor, "drop", slug, parts=issue.parts)
            return dropped

    def forecast(self, name: str) -> Forecast:
        """Return the next issue of a digest. Raises NotFound."""
        digest = self.find(name)
        with self.store.read() as tx:
            issues = [issue for issue in tx.digests.list_issues() if issue.name == name]
            last = tx.digests.last_day(name, self._local_day(tx.now))
            return Forecast(
                digest=digest,
                coming=find_next_due(digest, self.timezone, last=last, now=tx.now),
                parts=tuple(one for _, one in self._parts(tx, digest, tx.now)),
                made=tuple(issue for issue in issues if issue.parts),
            )

    def find(self, name: str) -> Digest:
        """Return a configured digest. Raises NotFound."""
        digest = self._digest_of(name)
        if digest is None:
            none = "no digest email {name!r} is configured; 'newsletter digest list' shows them"
            raise NotFound(say(none, name=name))
        return digest

    def _digest_of(self, name: str) -> Digest | None:
        return next((digest for digest in self.digests if digest.name == name), None)

    def _parts(self, tx: Transaction, digest: Digest, end: datetime) -> list[DigestPart]:
        """Return the parts of an issue whose period ends at ``end``, in the order sent."""
        issues = tx.digests.list_issues()
        built_issues = [issue for issue in issues if issue.name == digest.name and issue.parts]
        since = tx.digests.configured_since().get(digest.name, end)
        after = max([since, *(issued.upto for issued in built_issues if issued.upto <= end)])
        chosen = choose_campaigns(
            with_page(tx, tx.campaigns.list_begun(after)),
            after=after,
            upto=end,
            gathers=digest.gathers,
            # no statement twice, and no digest email in another
            listed={slug for issued in built_issues for slug in issued.parts}
            | {issue.slug for issue in issues},
        )
        parts = _sent_parts(tx, chosen)
        statements = pick_language([one for _, one in parts], digest.language)
        return [(campaign, one) for campaign, one in parts if one in statements]

    def _compose_issue(self, digest: Digest, issue: Issue, parts: Sequence[DigestPart]) -> Issue:
        abstracts = [
            self.abstracts.of(
                one, self._local_day(campaign.started_at or issue.upto), digest.language
            )
            for campaign, one in parts
        ]
        dated = self.abstracts.dated(issue.day, digest.language)
        return replace(
            issue,
            statement=compose_issue(
                digest,
                issue.day,
                abstracts,
                dated=dated,
                writers=writers_of(*(one for _, one in parts)),
            ),
            parts=tuple(one.slug for _, one in parts),
        )

    def _correct(self, tx: Transaction, issue: Issue) -> Issue:
        """Return the issue with its current parts."""
        campaigns = current_parts(tx, issue)
        if tuple(campaign.slug for campaign in campaigns) == issue.parts:
            return issue
        digest = self._digest_of(issue.name)
        parts = _sent_parts(tx, campaigns)
        if digest is None or not parts:
            return replace(issue, statement=None, parts=())
        return self._compose_issue(digest, issue, parts)

    def _local_day(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def _note_names(self) -> None:
        """Store when each digest was first configured. No issue lists an older statement."""
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

    def _due_times(self, tx: Transaction, digest: Digest) -> list[datetime]:
        since = tx.digests.configured_since().get(digest.name, tx.now)
        # an issue of a later day was made by a clock that ran ahead
        last = tx.digests.last_day(digest.name, self._local_day(tx.now))
        return find_due_times(digest, self.timezone, since=since, last=last, now=tx.now)

    def _make_due(self, tx: Transaction, digest: Digest) -> list[BuiltDigest]:
        times = self._due_times(tx, digest)
        if not times:
            return []
        latest, *missed = times
        issue = Issue(name=digest.name, day=latest.date(), upto=latest.astimezone(UTC))
        issue, summary = self._make(tx, digest, issue, _SCHEDULER_NAME)
        if missed:
            days = ", ".join(at.date().isoformat() for at in reversed(missed))
            summary += f"; passed over: {days}"
        return [(issue, summary)]

    def _make(self, tx: Transaction, digest: Digest, issue: Issue, actor: str) -> BuiltDigest:
        taken = tx.statements.get(issue.slug)
        if taken is not None and not taken.statement.digest:
            tx.digests.put(issue, tx.now)  # so that its date is not due again
            return issue, f"another statement has the name {issue.slug}: there is no issue"
        parts = self._parts(tx, digest, issue.upto)
        lists = f" to {', '.join(digest.gathers)}" if digest.gathers else ""
        text = f"{_counted(len(parts))} went out{lists}"
        summary = f"{text}, and it takes {digest.least}: there is no issue"
        if len(parts) >= digest.least:
            issue = self._compose_issue(digest, issue, parts[-MAX_STATEMENTS:])
            summary = f"{_counted(len(issue.parts))}; it waits for approval"
        if (surplus := len(parts) - MAX_STATEMENTS) > 0:
            summary += f"; the {surplus} oldest are left out, for one mail holds {MAX_STATEMENTS}"
        # an issue with too few parts is stored too, so that its date is not due again
        _put(tx, issue)
        # approvals of a dropped issue with the same parts must not count
        tx.approvals.revoke(issue.slug, tx.now, actor=actor, reason=say("it was made again"))
        tx.audit.enter(actor, "gather", issue.slug, parts=issue.parts)
        return issue, summary

    def _corrected_issues(self, tx: Transaction) -> list[Issue]:
        """Return the changed issues that have not begun, with their changes."""
        pairs = ((issue, self._correct(tx, issue)) for issue in tx.digests.list_waiting_issues())
        return [new for issue, new in pairs if new != issue]

    def _replace(self, tx: Transaction, issue: Issue) -> BuiltDigest:
        _put(tx, issue)
        result = (
            f"it is made again from {_counted(len(issue.parts))}" if issue.parts else "none is left"
        )
        summary = f"a part was corrected or cancelled since, and {result}"
        tx.audit.enter(_SCHEDULER_NAME, "gather", issue.slug, parts=issue.parts)
        return issue, summary


def _put(tx: Transaction, issue: Issue) -> None:
    """Store an issue, and its statement as ``DigestSource`` reads it."""
    tx.digests.put(issue, tx.now)
    text, stored = issue.statement, tx.statements.get(issue.slug)
    if text is not None:
        stored = StoredStatement(statement=text, content_hash="", fingerprint="")
    if stored is not None:
        tx.statements.put(replace(stored, present=text is not None), tx.now)


def _counted(number: int) -> str:
    return "1 statement" if number == 1 else f"{number} statements"
