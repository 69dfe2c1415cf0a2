"""The review of statements: their texts are checked together with other campaigns and the lists.

If translations are in the email of their original, the original is reviewed with them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, has_gone_out
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.review import (
    Check,
    ReviewContext,
    ReviewFinding,
    Severity,
    check_names,
    sort_findings,
)
from newsletter.domain.statements.statement import (
    Approval,
    Progress,
    Statement,
    StoredStatement,
    share_readers,
    texts_of,
)
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import say
from newsletter.pipeline.statements.translations import translations_of
from newsletter.pipeline.status import load_status
from newsletter.pipeline.subscribers.membership import known_lists, unknown_lists
from newsletter.store.sql import Transaction

_NEARBY_TIME = timedelta(hours=1)
_ACTIVE = {CampaignState.SCHEDULED, CampaignState.SENDING}
_MAX_CAMPAIGNS_COMPARED = 200
"""The last campaign to the same lists is searched among this many."""


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """The rules for reviewing and approving a text."""

    review: Callable[[Statement, Content | None, ReviewContext], tuple[ReviewFinding, ...]]
    """Return the findings about a text; the content is None if it cannot be rendered."""
    campaigns: CampaignRules
    declared_lists: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ReviewResult:
    """The content hash of a statement, and the findings about that content."""

    slug: str
    content_hash: str
    findings: tuple[ReviewFinding, ...]

    @property
    def blocking(self) -> tuple[str, ...]:
        """Return the short names of the checks that block an approval."""
        return check_names(self.findings, Severity.BLOCKING)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the short names of the checks that warn."""
        return check_names(self.findings, Severity.WARNING)


def review(
    tx: Transaction, statements: Iterable[StoredStatement], rules: ReviewRules
) -> list[ReviewResult]:
    others = _OtherStatements(tx, rules)
    return [_review(tx, stored, others, rules) for stored in statements]


class _OtherStatements:
    """Other campaigns and the lists. Each is loaded once, if a check needs it."""

    def __init__(self, tx: Transaction, rules: ReviewRules) -> None:
        self._tx = tx
        self._rules = rules

    @cached_property
    def readers(self) -> int:
        return sum(self._tx.readers.count_by_list().values())

    @cached_property
    def lists(self) -> list[str]:
        return known_lists(self._tx, self._rules.declared_lists)

    @cached_property
    def active(self) -> list[Campaign]:
        return [
            head
            for head in self._tx.campaigns.list_open()
            if head.state in _ACTIVE and not head.welcome
        ]

    @cached_property
    def last_begun(self) -> list[tuple[int, str, str, frozenset[str]]]:
        return self._tx.campaigns.list_last_begun(_MAX_CAMPAIGNS_COMPARED)

    def find_last(self, statement: Statement) -> Campaign | None:
        """Return the last campaign to exactly the same lists without a segment, with its counts."""
        for campaign_id, slug, content_hash, lists in self.last_begun:
            if slug != statement.slug and lists == set(statement.lists):
                content = self._tx.statements.get_content(content_hash)
                if content is None or content.segment is None:
                    return self._tx.campaigns.get(campaign_id)
        return None

    def find_repeated(self, statement: Statement) -> Iterator[str]:
        """Yield the slugs of approved or sent statements that bring its readers the same words."""
        for other in self._tx.statements.find_same_text(statement):
            status, theirs = load_status(self._tx, other, self._rules.campaigns), other.statement
            goes = other.present and status.approval.approved
            if has_gone_out(status.campaign):  # what was sent counts, and to whom
                content = self._tx.statements.get_content(status.campaign.content_hash)
                goes = (statement.slug, status.campaign.text_hash) in texts_of(statement)
                segment, lists = content.segment if content else None, status.campaign.lists
                theirs = replace(theirs, segment=segment, lists=lists)
            if goes and share_readers(statement, theirs):
                yield other.slug
        yield from self._find_sent_languages(statement)

    def _find_sent_languages(self, statement: Statement) -> Iterator[str]:
        """Yield what went out in other languages before the original got another name."""
        stored = self._tx.statements.get(statement.translation_of)
        original = stored.statement if stored else statement
        same = self._tx.statements.find_same_text(original)
        relatives = [*self._tx.statements.find_translations(original.slug)]
        relatives += same if statement is not original else []
        sent = [self._tx.campaigns.find_latest(one.slug) for one in relatives]
        sent += [each for one in same for each in self._tx.campaigns.list_translations(one.slug)]
        for campaign in filter(has_gone_out, sent):
            theirs = replace(statement, slug=campaign.slug, translation_of="", lists=campaign.lists)
            if campaign.translates != original.slug and share_readers(statement, theirs):
                yield campaign.slug

    def find_nearby(self, statement: Statement, at: datetime) -> Iterator[str]:
        """Yield the titles of other campaigns to one of its lists that start close to ``at``."""
        for campaign in self.active:
            is_near = abs((campaign.started_at or campaign.release_at) - at) < _NEARBY_TIME
            shares_list = not set(campaign.lists).isdisjoint(statement.lists)
            if is_near and shares_list and campaign.slug != statement.slug:
                stored = self._tx.statements.get(campaign.slug)
                yield f"“{stored.statement.title}”" if stored else campaign.slug


def is_settled(tx: Transaction, stored: StoredStatement, rules: ReviewRules) -> bool:
    """Return whether warnings need no decision: the content is approved, or sending has begun.

    If translations are in the email of their original, the original decides.
    """
    if rules.campaigns.shares_email and stored.statement.translation_of:
        stored = tx.statements.get(stored.statement.translation_of) or stored
    status = load_status(tx, stored, rules.campaigns)
    return status.has_begun or status.approval.approved


def describe_overrides(approvals: Iterable[Approval]) -> list[dict[str, Any]]:
    """Return the approvals that override warnings, as JSON values."""
    return [
        {"by": approval.by, "why": approval.despite, "warnings": list(approval.warnings)}
        for approval in approvals
        if approval.warnings
    ]


def _review(
    tx: Transaction, stored: StoredStatement, others: _OtherStatements, rules: ReviewRules
) -> ReviewResult:
    statement, status = stored.statement, load_status(tx, stored, rules.campaigns)
    zone = ZoneInfo(rules.campaigns.timezone)
    # a local time counts as a time in the configured zone
    send_at = status.hour.instant(zone.key, earliest=tx.now) if status.hour else status.set_for
    release_at = max(time for time in (tx.now, send_at, status.embargo_until) if time)
    last = None if statement.corrects or statement.segment else others.find_last(statement)
    readers = Audience(lists=statement.lists, segment=statement.segment)
    audience = None if statement.corrects else tx.audiences.count(readers)
    context = ReviewContext(
        today=tx.now.astimezone(zone).date(),
        day=release_at.astimezone(zone).date(),
        send_at=send_at,
        embargo_until=status.embargo_until,
        readers=others.readers if audience == 0 else audience or 0,  # only then is it needed
        audience=audience,
        last_audience=last.counts.audience if last else None,
        unknown_lists=unknown_lists(statement.lists, others.lists),
        nearby=tuple(dict.fromkeys(others.find_nearby(statement, release_at))),
        repeated=tuple(dict.fromkeys(others.find_repeated(statement))),
    )
    findings = rules.review(statement, tx.statements.get_content(stored.content_hash), context)
    if rules.campaigns.shares_email:
        findings = sort_findings([*findings, *_translation_findings(tx, statement, rules, context)])
    return ReviewResult(slug=statement.slug, content_hash=stored.content_hash, findings=findings)


def _translation_findings(
    tx: Transaction, original: Statement, rules: ReviewRules, context: ReviewContext
) -> Iterator[ReviewFinding]:
    """Yield the findings about translations in the same email, except advice."""
    own_context = ReviewContext(today=context.today, day=context.day)
    for translation in translations_of(tx, original.slug):
        if translation.progress is Progress.DRAFT:
            part = (
                "“{title}” ({language}) goes out in its email, and is a draft: submit it again, or"
                " delete it"
            )
            message = say(part, title=translation.title, language=translation.language)
            yield ReviewFinding(check=Check.DRAFT_PART, message=message, file=translation.origin)
        findings = rules.review(translation, None, own_context)
        yield from (finding for finding in findings if finding.severity is not Severity.ADVICE)
