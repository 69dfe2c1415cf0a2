"""Drafts, which a token writes and submits, statements with their status, and campaigns in figures.

No answer about a campaign names a person.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.sentences import describe_state
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import NotFound, Outdated
from newsletter.domain.events import StoredEvent
from newsletter.domain.setting import setting
from newsletter.domain.staff.token import Scope
from newsletter.domain.statements.draft import Draft, DraftText
from newsletter.domain.wording import Sentence
from newsletter.pipeline.campaigns.board import load_for_page
from newsletter.pipeline.campaigns.report import load_summary
from newsletter.pipeline.ledger import find_draft
from newsletter.pipeline.statements.write import Conflict
from newsletter.pipeline.status import load_statuses
from newsletter.runtime.services import Services
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.api.operation import Call, Page, Paging, operation

_DRAFT = "/drafts/{key}"
_CHANGED_MESSAGE = "this text has changed since you read it; read it again, then send your change"


@dataclass(frozen=True, kw_only=True)
class DraftRecord:
    """A text at the desk."""

    key: str
    version: str
    """Changes with each change of the text: the ETag."""
    text: DraftText
    slug: str
    """The slug of its statement; empty before the first submission."""
    submitted: bool
    """Someone else is to approve it, or has."""
    ahead: bool
    """The text is newer than the submitted one."""
    changed_by: str


@dataclass(frozen=True, kw_only=True)
class StatementRecord:
    """A statement and its status."""

    slug: str
    title: str
    language: str
    lists: tuple[str, ...]
    translation_of: str
    corrects: str
    state: str
    """One word, such as `review`, `approved`, `scheduled`, `sending` or `sent`."""
    where: str
    """The state in a sentence."""
    approved: bool
    content_digest: str
    """The hash of all that readers get; an approval is for one hash."""
    embargo_until: datetime | None
    release_at: datetime | None
    """When the first reader gets it; null without a start and a set time."""
    campaign: int | None
    """The number of its newest campaign."""


@dataclass(frozen=True, kw_only=True)
class StatementQuery:
    """The page of statements to return, by slug."""

    after: str = setting("The `next` of the page before.", default="")
    limit: int = setting("The most items of a page.", default=100, ge=1, le=500)


class StatementOperations:
    def __init__(self, services: Services) -> None:
        self._statements = services.statements
        self._rules = services.campaigns.rules

    @operation("GET", "/statements", Scope.STATEMENTS_READ)
    def all(self, call: Call, query: StatementQuery) -> Page[StatementRecord]:
        """List the statements by slug, with their status.

        Drafts that were never submitted are not statements yet.
        """
        with call.store.read() as tx:
            found = tx.statements.list_after(query.after, query.limit + 1)
            statuses = load_statuses(tx, found, self._rules, self._statements.fault)
            return Page.of(
                [_statement_record(one) for one in statuses], query.limit, lambda one: one.slug
            )

    @operation("GET", "/statements/{slug}", Scope.STATEMENTS_READ)
    def one(self, call: Call, slug: str) -> StatementRecord:
        """Show a statement and its status."""
        with call.store.read() as tx:
            return _statement_record(load_for_page(tx, slug, self._rules, self._statements.fault))

    @operation("POST", "/drafts", Scope.STATEMENTS_WRITE, status=201, show_path=_DRAFT)
    def create(self, call: Call, body: DraftText) -> DraftRecord:
        """Begin a draft.

        Its writer is the admin who made the token, so that this admin cannot approve it.
        """
        return _draft_record(self._through(call).writer(call.token.by).new(body))

    @operation("GET", _DRAFT, Scope.STATEMENTS_READ)
    def draft(self, call: Call, key: str) -> DraftRecord:
        """Show a draft."""
        with call.store.read() as tx:
            return _draft_record(find_draft(tx, key))

    @operation("PUT", _DRAFT, Scope.STATEMENTS_WRITE, requires_version=True)
    def update(self, call: Call, key: str, body: DraftText) -> DraftRecord:
        """Replace the text of a draft. A submitted draft stays submitted as it was."""
        writing = self._through(call).writer(call.token.by)
        result = writing.save(key, self._base(call, key), body)
        if isinstance(result, Conflict):
            raise Outdated(f"{_CHANGED_MESSAGE}; yours is kept as version {result.mine.number}")
        return _draft_record(result)

    @operation(
        "POST", f"{_DRAFT}/submit", Scope.STATEMENTS_WRITE, requires_version=True, show_path=_DRAFT
    )
    def submit(self, call: Call, key: str) -> DraftRecord:
        """Submit a draft for approval, which people give at the desk.

        A change that would revoke an approval is refused: a person submits it at the desk.
        """
        return _draft_record(
            self._through(call).submit_draft(key, self._base(call, key), by=call.token.by)
        )

    def _through(self, call: Call) -> Statements:
        return replace(self._statements, store=call.store)

    def _base(self, call: Call, key: str) -> int:
        """Return the revision that the caller saw. Raises Outdated if there is another one."""
        with call.store.read() as tx:
            draft = find_draft(tx, key)
        if call.if_match != str(draft.revision):
            raise Outdated(_CHANGED_MESSAGE)
        return draft.revision


def _draft_record(draft: Draft) -> DraftRecord:
    return DraftRecord(
        key=draft.key,
        version=str(draft.revision),
        text=draft.version.text,
        slug=draft.slug,
        submitted=draft.is_submitted,
        ahead=draft.has_unsubmitted_text,
        changed_by=draft.changed_by,
    )


def _statement_record(status: StatementStatus) -> StatementRecord:
    names = ("slug", "title", "language", "lists", "translation_of", "corrects")
    return StatementRecord(
        **{name: getattr(status.statement, name) for name in names},
        state=status.state.name.lower(),
        where=describe_state(status),
        approved=status.approval.approved,
        content_digest=status.email_hash,
        embargo_until=status.embargo_until,
        release_at=status.planned_at,
        campaign=status.campaign.id if status.campaign else None,
    )


@dataclass(frozen=True, kw_only=True)
class CampaignRecord:
    """A campaign. `audience` is the sum of the six numbers after it."""

    campaign: int
    statement: str
    state: str
    """`scheduled`, `sending`, `paused`, `sent`, `cancelled`, or `attention`."""
    estimated: bool
    """The audience is not fixed yet: the numbers are as of now."""
    audience: int
    pending: int
    accepted: int
    rejected: int
    suppressed: int
    cancelled: int
    unknown: int
    delivered: int
    bounced: int
    complained: int
    unsubscribed: int
    events_received: bool
    """Without it, delivered, bounced and complained mean nothing."""
    release_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    reason: str


class CampaignOperations:
    @operation("GET", "/campaigns", Scope.CAMPAIGNS_READ)
    def all(self, call: Call, query: Paging) -> Page[CampaignRecord]:
        """List campaigns with their figures, the newest first."""
        with call.store.read() as tx:
            found = tx.campaigns.list_newest(query.limit + 1, before=query.after or None)
            page = Page.of(found, query.limit, lambda one: one.id)
            return Page(items=tuple(_record(tx, one) for one in page.items), next=page.next)

    @operation("GET", "/campaigns/{id}", Scope.CAMPAIGNS_READ)
    def one(self, call: Call, id: int) -> CampaignRecord:
        """Show a campaign with its figures."""
        with call.store.read() as tx:
            campaign = tx.campaigns.get(id)
            if campaign is None:
                raise NotFound("There is no such campaign.")
            return _record(tx, campaign)

    @operation("GET", "/events", Scope.EVENTS_READ)
    def events(self, call: Call, query: Paging) -> Page[StoredEvent]:
        """List bounces, complaints and unsubscribes that providers reported, the oldest first.

        The last page has a `next` too: ask with it later for the events that came since.
        """
        with call.store.read() as tx:
            found = tx.events.list_after(query.after, query.limit)
        return Page(items=tuple(found), next=str(found[-1].number if found else query.after))


def _record(tx: Transaction, campaign: Campaign) -> CampaignRecord:
    values: dict[str, Any] = load_summary(tx, campaign)
    values |= {name: value for name, value in vars(campaign).items() if name.endswith("_at")}
    if isinstance(campaign.reason, Sentence):
        people = {"who": "a member of staff"}
        values["reason"] = campaign.reason.map(lambda name, one: people.get(name, one))
    return CampaignRecord(**{each.name: values[each.name] for each in fields(CampaignRecord)})
