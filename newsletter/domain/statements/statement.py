"""A statement, its approvals, and the decision whether they are enough."""

import datetime as calendar
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from hashlib import sha256

from newsletter.domain.errors import Fault
from newsletter.domain.schedule import LocalTime
from newsletter.domain.setting import setting
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import mailbox, same_person
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import say

SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
MAX_SLUG_CHARS = 80
_TEXT_DIGITS = 16
UNREADABLE = say("its stored text cannot be read; ask your operator to restore it from a backup")
OVERRIDE_COUNT = 2
"""The number of admin overrides that replace a missing approval."""


class Progress(Enum):
    """The status in the statement's source."""

    DRAFT = "draft"
    """Being written."""
    REVIEW = "review"
    """Ready for approval."""
    APPROVED = "approved"
    """Approved by ``approved_by`` in the source, for example in a reviewed pull request."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement as read from its source.

    ``send_at`` and ``embargo_until`` without an offset are wall times in the configured zone. If
    ``local_time`` is set, ``send_at`` is not. Without lists of its own it has the default list.
    """

    slug: str
    title: str
    body: str
    """Markdown."""
    lists: tuple[str, ...]
    language: str
    date: calendar.date | None = None
    summary: str = ""
    subject: str = ""
    """The subject; empty for the title."""
    preview: str = ""
    """The preview text in inboxes; empty for the summary."""
    reply_to: str = ""
    """The reply address; empty for the configured one."""
    author: str = ""
    progress: Progress = Progress.REVIEW
    approved_by: tuple[str, ...] = ()
    send_at: datetime | None = None
    embargo_until: datetime | None = None
    embargo: str = ""
    """The words about an embargo in an imported text. They need an end or a person's waiver."""
    translation_of: str = ""
    corrects: str = ""
    urgent: bool = False
    """The statement is sent before other campaigns. The content hash does not cover this."""
    welcome: bool = False
    """A welcome email: sent once to each person who joins one of its lists."""
    digest: str = ""
    """The name of the digest email, if it is an issue of one."""
    despite: str = ""
    """The reason for which ``approved_by`` override warnings."""
    feed: str = ""
    """The name of the feed that it came from; empty for other sources."""
    desk: str = ""
    """The key of the text at the desk; empty for other sources."""
    writers: tuple[str, ...] = ()
    """The folded addresses of the staff who wrote the text at the desk."""
    notes: tuple[str, ...] = ()
    """Sentences for approvers on what the source left out or guessed."""
    origin: str = ""
    """The source, for people: a path relative to the workspace, a URL, or words."""
    local_time: LocalTime | None = None
    """The local time at which each reader gets the email."""
    segment: Segment | None = None
    """The segment, with the rule that was configured when the statement was read."""
    places: tuple[tuple[str, int], ...] = ()
    """Key of the front matter → line in the file, from 1; ``body`` is where the text begins."""

    @property
    def written_by(self) -> tuple[str, ...]:
        """Return the author and the writers, each once."""
        return tuple(dict.fromkeys(filter(None, (self.author, *self.writers))))

    def email_slug(self, *, shares_email: bool) -> str:
        """Return the slug of the statement whose email contains this text."""
        return (shares_email and self.translation_of) or self.slug

    def line_of(self, key: str) -> int:
        """Return the line of a key of the front matter, or of ``body``; 0 if unknown."""
        return dict(self.places).get(key, 0)


def writers_of(*statements: Statement) -> tuple[str, ...]:
    """Return the authors and writers of all these statements, each once."""
    return tuple(dict.fromkeys(writer for one in statements for writer in one.written_by))


def texts_of(*statements: Statement) -> tuple[tuple[str, str], ...]:
    """Return the slug of each statement, and a hash of its text without spaces at line ends."""
    pairs = []
    for one in statements:
        parts = (one.title, one.subject, one.preview, one.summary, one.body.strip())
        lines = "\n".join(line.rstrip() for part in parts for line in (*part.splitlines(), "\0"))
        pairs.append((one.slug, sha256(lines.encode()).hexdigest()[:_TEXT_DIGITS]))
    return tuple(pairs)


def share_readers(one: Statement, other: Statement) -> bool:
    """Return whether a reader may get both statements: not two languages, nor two segments."""
    is_apart = (one.translation_of or one.slug) == (other.translation_of or other.slug)
    is_apart |= one.welcome or other.welcome
    # a correction goes to the readers of its original
    is_apart |= bool(one.corrects or other.corrects) and one.corrects != other.slug
    is_apart |= bool(one.segment and other.segment and one.segment != other.segment)
    return not is_apart and not set(one.lists).isdisjoint(other.lists)


class Channel(Enum):
    """The way in which an approval was given."""

    COMMAND = "command"
    """By a command."""
    DESK = "desk"
    """On a page of the desk that showed the text."""
    FRONT_MATTER = "front matter"
    """By the statement's file, which names the approver, if the settings trust such files."""
    OVERRIDE = "override"
    """By an admin, with a reason. Two admins together replace a missing approval."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A named person's approval of one content hash of a statement."""

    slug: str
    content_hash: str
    by: str
    """The folded address of the approver."""
    at: datetime
    channel: Channel
    not_before: datetime | None = None
    """The send time that the approver was shown; None for "at once"."""
    despite: str = ""
    """The reason for overriding ``warnings``. Only FRONT_MATTER may lack it."""
    warnings: tuple[str, ...] = ()
    """The short names of the checks that warned."""
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """The approval policy: when a statement counts as approved."""

    required: int = setting("The number of approvals that a statement needs.", 1, default=1, ge=1)
    author_may_approve: bool = setting(
        "Whether writers of a text may approve it.", False, default=False
    )
    trust_front_matter: bool = setting(
        "Whether `status: approved` with `approved_by` in a statement's file counts. Use it only"
        " if reviewers alone can change these files.",
        False,
        default=False,
    )


@dataclass(frozen=True, kw_only=True)
class ApprovalStatus:
    """The approvals and overrides of a statement, and the result of counting them."""

    approved: bool
    counted: tuple[Approval, ...] = ()
    """The approvals of the current version, oldest first."""
    overrides: tuple[Approval, ...] = ()
    """The overrides of the current version by admins, oldest first."""
    outdated: tuple[Approval, ...] = ()
    """The approvals of other versions."""
    reasons: tuple[str, ...] = ()
    """Why the statement is not approved; empty if it is."""
    complete_at: datetime | None = None
    """The time of the last required approval."""
    withheld: str = ""
    """Why no approval counts: the statement, or a part of its email, is a draft."""
    lost: str = ""
    """The changes since the last approval, in words; empty if the approval still counts."""

    @property
    def given(self) -> tuple[Approval, ...]:
        """Return the approvals of this version, and the overrides if there are enough."""
        overrides = self.overrides if len(self.overrides) >= OVERRIDE_COUNT else ()
        return self.counted + overrides

    @property
    def valid(self) -> tuple[Approval, ...]:
        return self.counted + self.overrides

    @property
    def not_before(self) -> datetime | None:
        """Return the latest send time that its approvers were shown, or None."""
        return max((one.not_before for one in self.given if one.not_before), default=None)

    @property
    def changed(self) -> bool:
        """Return whether an earlier version was approved, and this one is not."""
        return not self.approved and bool(self.outdated)


def judge_approvals(
    *,
    content_hash: str,
    writers: Collection[str],
    approvals: Iterable[Approval],
    policy: Approvals,
    roles: Mapping[str, Role],
    withdrawn: Iterable[Approval] = (),
    changed: Callable[[str], str] = lambda _: say("its text"),
) -> ApprovalStatus:
    """Decide whether the content with this hash has the approvals that the policy requires.

    ``writers`` are folded addresses. ``roles`` has all staff by folded address: only their
    approvals count. Two spellings of one mailbox are one person. ``withdrawn`` approvals ended with
    their text, and never count. ``changed`` returns in words how the content differs from that with
    another hash.
    """
    authors = set(map(mailbox, writers))
    counted: dict[str, Approval] = {}
    overrides: dict[str, Approval] = {}
    reasons: list[str] = []
    live = sorted(
        (approval for approval in approvals if approval.revoked_at is None),
        key=lambda approval: approval.at,
    )
    outdated = [each for each in (*withdrawn, *live) if each.content_hash != content_hash]
    for approval in live:
        if approval.content_hash != content_hash:
            continue
        reason = _reason_not_counted(approval, authors=authors, policy=policy, roles=roles)
        if reason:
            reasons.append(reason)
        else:
            kind = overrides if approval.channel is Channel.OVERRIDE else counted
            first = kind.setdefault(mailbox(approval.by), approval)
            # if a person approves twice, the later of the two times applies
            times = filter(None, (first.not_before, approval.not_before))
            kind[mailbox(approval.by)] = replace(first, not_before=max(times, default=None))
    ways = ((tuple(counted.values()), policy.required), (tuple(overrides.values()), OVERRIDE_COUNT))
    enough = [given[least - 1].at for given, least in ways if len(given) >= least]
    complete_at = min(enough, default=None)
    lost = changed(outdated[-1].content_hash) if outdated and not counted else ""
    have = "it has {number} of {required} approvals"
    shortfall = say(have, number=len(counted), required=policy.required)
    if lost:
        approvers = ", ".join(sorted({approval.by for approval in outdated}))
        anew = "{lost} changed after {who} approved it; it waits for a new approval"
        shortfall = say(anew, lost=lost, who=approvers)
    second = say("{who} replaces what is missing; a second admin is needed")
    gaps = (shortfall, *(say(second, who=override.by) for override in overrides.values()))
    return ApprovalStatus(
        approved=complete_at is not None,
        counted=tuple(counted.values()),
        overrides=tuple(overrides.values()),
        outdated=tuple(outdated),
        reasons=() if complete_at else (*gaps, *reasons),
        complete_at=complete_at,
        lost=lost,
    )


def _reason_not_counted(
    approval: Approval, *, authors: Collection[str], policy: Approvals, roles: Mapping[str, Role]
) -> str:
    who, role = approval.by, roles.get(approval.by)
    if mailbox(who) in authors and not policy.author_may_approve:
        return say("{who} wrote it, and approvals.author_may_approve is false", who=who)
    if role is not None and not role.includes(Role.APPROVER):
        return say("{who} is a {role}, who may not approve", who=who, role=say(role.value))
    if approval.channel is Channel.OVERRIDE and role is not Role.ADMIN:
        rule = "{who} is no admin, and only admins can replace a missing approval"
        return say(rule, who=who)
    if approval.channel is Channel.FRONT_MATTER and not policy.trust_front_matter:
        return say("approvals.trust_front_matter is false")
    return "" if role is not None else say("{who} is not among the staff", who=who)


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """The statements that one run of a stage stored, and the faults that it found."""

    slugs: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, kw_only=True)
class StoredStatement:
    """A statement as last read, with the hash of its rendered content."""

    statement: Statement
    content_hash: str
    """The content hash; empty while the statement cannot be rendered."""
    fingerprint: str
    """The fingerprint of the renderer that made the content."""
    present: bool = True
    """The source has the statement, without a fault."""
    writers: tuple[str, ...] = ()
    """The writers of all texts in the content; empty while it cannot be rendered."""

    @property
    def slug(self) -> str:
        return self.statement.slug

    def is_writer(self, address: str) -> bool:
        """Return whether this address is a writer's, in any spelling."""
        return any(same_person(address, writer) for writer in self.writers)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The statements of a source, and the faults in other texts of it."""

    statements: tuple[Statement, ...]
    faults: tuple[Fault, ...] = ()
    complete: bool = True
    """False if the source could not be read. Then no statement counts as missing."""
