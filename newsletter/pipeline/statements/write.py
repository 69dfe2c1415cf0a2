"""Texts at the desk: writing, versions, pictures, and submission for review."""

import itertools
import secrets
import string
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.domain.campaigns.campaign import has_begun
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import (
    MAX_TEMPLATES,
    Draft,
    DraftText,
    ImportFindings,
    Picture,
    Version,
    VersionKind,
    writers_of_inserted,
)
from newsletter.domain.statements.statement import (
    MAX_SLUG_CHARS,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.domain.wording import listed, say
from newsletter.pipeline.ledger import act_as, find_draft, find_statement, find_stored, require_role
from newsletter.pipeline.status import draft_refusal, get_status, refuse_if_sent
from newsletter.rendering.lazy import LazyRenderer
from newsletter.sources.desk import draft_text, parse_version
from newsletter.sources.statements import Defaults, slugify
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.audit import TEXT_TAKEN_BACK

if TYPE_CHECKING:
    from newsletter.documents.release.imported import MadePicture

_KEY_ALPHABET = string.ascii_lowercase + string.digits
_KEY_CHARS, _NAME_CHARS = 16, 26
_MAX_PICTURES = 100
_TEMPLATE_MEMORY = timedelta(days=7)
"""The time for which an open page may have a template that was changed or deleted since."""


def _random_name(length: int) -> str:
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(length))


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Two people changed a text at the same time. ``theirs`` is the current text."""

    theirs: Draft
    mine: Version
    """The refused text, stored as a version."""


@dataclass(frozen=True, kw_only=True)
class DraftWriter:
    """The acts of a writer at the desk. Each checks the writer's role."""

    store: Store
    actor: str

    def new(
        self, text: DraftText, *, findings: ImportFindings | None = None, template: bool = False
    ) -> Draft:
        """Create a draft or template with this text. ``findings`` are those of an import."""
        with self._acting("write") as (tx, who):
            pasted = say("a pasted text")
            source = say("from {file}", file=findings.file or pasted) if findings else ""
            source = say("a template") if template else source
            return self._begin(
                tx, who, text, (), findings=findings, source=source, template=template
            )

    def copy(self, slug: str, *, title: str = "", language: str = "") -> Draft:
        """Copy a statement to the desk. The writers of the copy include those of the statement.

        The copy of an unsent statement from a file or feed may replace it. Any other copy becomes a
        new statement without times; with a ``language``, a translation. Raises NotFound or Refused.
        """
        with self._acting("copy a statement") as (tx, who):
            statement = find_stored(tx, slug).statement
            if statement.digest:
                fixed = "{title} is made of what went out; it cannot be edited."
                raise Refused(say(fixed, title=statement.title))
            replaces = not (statement.desk or language or has_begun(tx.campaigns.find_latest(slug)))
            text = draft_text(statement) if replaces else draft_text(statement).as_new(title)
            if language:
                original = statement.translation_of or slug
                text = replace(text, language=language, translation_of=original)
            return self._begin(
                tx,
                who,
                text,
                statement.written_by,
                findings=ImportFindings(notes=statement.notes if replaces else ()),
                copied_of=slug if replaces else "",
                source=say("a copy of {file}", file=statement.origin or slug),
            )

    def copy_draft(
        self, key: str, *, title: str = "", body: str = "", template: bool = False
    ) -> Draft:
        """Create a draft, or a ``template``, with the text of another draft. Raises NotFound.

        ``body`` is a part of that text, if only this part is copied.
        """
        with self._acting("write") as (tx, who):
            other = find_draft(tx, key).version
            text = other.text.as_new(title)
            like = say("like {key}", key=key)
            source = say("a template like {key}", key=key) if template else like
            return self._begin(
                tx,
                who,
                replace(text, summary="", subject="", preview="", body=body) if body else text,
                other.writers,
                findings=ImportFindings(),
                template=template,
                source=source,
            )

    def save(self, key: str, base: int, text: DraftText) -> Draft | Conflict:
        """Save a text that was typed on revision ``base``. An unchanged text is not saved.

        If the draft has changed since, the text is stored as a version and a conflict is returned.
        """
        typed = text.cleaned()
        with self._acting("write") as (tx, who):
            draft = find_draft(tx, key)
            if typed == draft.version.text:
                return draft
            _refuse_too_long(typed, key)
            if base != draft.revision:
                return Conflict(theirs=draft, mine=self._save_beside(tx, who, draft, typed))
            return self._advance(tx, who, draft, typed)

    def append(self, key: str, markdown: str) -> None:
        """Add Markdown at the end of the text, as the last person saved it."""
        with self._acting("write") as (tx, who):
            draft = find_draft(tx, key)
            typed = draft.version.text.with_appended(markdown)
            _refuse_too_long(typed, key)
            self._advance(tx, who, draft, typed)

    def _advance(self, tx: Transaction, who: str, draft: Draft, text: DraftText) -> Draft:
        """Store the next text of a draft, in the current version if that is still open."""
        version = draft.version
        renewed = self._version(tx, who, text, version.text, *version.writers)
        if version.accepts_typing(who, tx.now) and renewed.writers == version.writers:
            tx.drafts.update_open(replace(version, text=text, at=tx.now))
            return tx.drafts.set_head(draft.key, version.number, by=who, at=tx.now)
        head = tx.drafts.add_version(draft.key, renewed)
        self._enter(tx, who, "write", draft, number=tx.drafts.count_versions(draft.key))
        return tx.drafts.set_head(draft.key, head, by=who, at=tx.now)

    def restore(self, key: str, number: int) -> Draft:
        """Add a copy of an earlier version as the newest one. Raises NotFound.

        Its writers are those of both: an open page may save later words again.
        """
        with self._acting("restore a version") as (tx, who):
            draft = find_draft(tx, key)
            earlier = tx.drafts.get_version(key, number)
            if earlier is None:
                raise NotFound(say("There is no such version of this text."))
            writers = (*earlier.writers, *draft.version.writers)
            copy = self._version(tx, who, earlier.text, earlier.text, *writers)
            copy = replace(copy, kind=VersionKind.RESTORED)
            head = tx.drafts.add_version(key, copy)
            count = tx.drafts.count_versions
            self._enter(tx, who, "restore", draft, one=count(key, number), other=count(key))
            return tx.drafts.set_head(key, head, by=who, at=tx.now)

    def hide_notes(self, key: str) -> None:
        """Delete the findings of the import. Raises NotFound."""
        with self._acting("write") as (tx, who):
            draft = find_draft(tx, key)
            tx.drafts.change(key, import_findings=ImportFindings())
            self._enter(tx, who, "look through", draft)

    def delete(self, key: str) -> None:
        """Delete a text, but not its versions. Raises NotFound, and Refused if it is submitted."""
        with self._acting("delete a text") as (tx, who):
            draft = find_draft(tx, key)
            if draft.is_submitted:
                raise Refused(say("It is submitted. Unless it is sent, take it back to delete it."))
            tx.drafts.change(key, deleted_at=tx.now)
            stored = tx.statements.get(draft.slug) if draft.slug else None
            if stored is not None:
                tx.statements.put(replace(stored, present=False), tx.now)
            self._enter(tx, who, "delete", draft)

    def illustrate(self, key: str, made: "MadePicture", *, alt: str, decoration: bool) -> Picture:
        """Store a picture of a draft. Raises NotFound and Refused; InvalidInput without ``alt``."""
        words = " ".join(alt.split())
        if not (words or decoration):
            message = say("Say what the picture shows, or mark it as decoration.")
            raise InvalidInput.at(_subject(key), message, key="alt")
        with self._acting("add a picture") as (tx, who):
            draft = find_draft(tx, key)
            if len(tx.pictures.list_for(key)) >= _MAX_PICTURES:
                full = "This text has {most} pictures; there is no room for more."
                raise Refused(say(full, most=_MAX_PICTURES))
            picture = Picture(
                name=_random_name(_NAME_CHARS),
                draft=key,
                kind=made.kind,
                width=made.width,
                height=made.height,
                alt="" if decoration else words,
                by=who,
                at=tx.now,
            )
            tx.pictures.add(picture, made.data)
            self._enter(tx, who, "add a picture", draft, picture=picture.name)
            return picture

    def _acting(self, action: str) -> AbstractContextManager[tuple[Transaction, str]]:
        return act_as(self.store, self.actor, Role.WRITER, action, in_person=True)

    def _begin(
        self,
        tx: Transaction,
        by: str,
        text: DraftText,
        writers_before: tuple[str, ...],
        *,
        findings: ImportFindings | None,
        source: str,
        copied_of: str = "",
        template: bool = False,
    ) -> Draft:
        if template and len(tx.drafts.list_templates()) >= MAX_TEMPLATES:
            raise Refused(say("There are {most} templates. Delete one first.", most=MAX_TEMPLATES))
        key = _random_name(_KEY_CHARS)
        typed = text.cleaned()
        _refuse_too_long(typed, key)
        kind = VersionKind.TYPED if findings is None else VersionKind.BROUGHT
        before = typed if writers_before else DraftText()
        version = replace(self._version(tx, by, typed, before, *writers_before), kind=kind)
        draft = tx.drafts.add(
            Draft(
                key=key,
                version=version,
                revision=1,
                created_at=tx.now,
                created_by=by,
                changed_at=tx.now,
                changed_by=by,
                copied_of=copied_of,
                template=template,
                import_findings=findings or ImportFindings(),
            )
        )
        self._enter(tx, by, "write", draft, source=source)
        return draft

    def _save_beside(self, tx: Transaction, by: str, draft: Draft, text: DraftText) -> Version:
        """Store a text that was typed on an older revision, and close the current version."""
        tx.drafts.close_version(draft.version.number)
        beside = self._version(tx, by, text, draft.version.text, *draft.version.writers)
        last = tx.drafts.find_conflicting(draft.key, by)
        if (
            last is not None
            # the rule of typed versions decides whether the text belongs to the last such version
            and replace(last, kind=VersionKind.TYPED).accepts_typing(by, tx.now)
            and set(beside.writers) <= set(last.writers)
        ):
            version = replace(last, text=text, at=tx.now)
            tx.drafts.update_open(version)
            return version
        beside = replace(beside, kind=VersionKind.ASIDE)
        number = tx.drafts.add_version(draft.key, beside)
        count = tx.drafts.count_versions(draft.key)
        self._enter(tx, by, "write", draft, number=count, place=say("beside the text"))
        return replace(beside, number=number)

    def _version(
        self, tx: Transaction, by: str, text: DraftText, before: DraftText, *writers: str
    ) -> Version:
        """Return a version typed now. The writers of a template that it inserts are its writers."""
        templates = tx.drafts.list_template_versions(tx.now - _TEMPLATE_MEMORY)
        writers = (*writers, by, *writers_of_inserted(templates, before, text))
        return Version(
            number=0,
            kind=VersionKind.TYPED,
            text=text,
            by=by,
            writers=tuple(dict.fromkeys(writers)),
            began_at=tx.now,
            at=tx.now,
        )

    def _enter(self, tx: Transaction, by: str, action: str, draft: Draft, **values: object) -> None:
        tx.audit.enter(by, action, draft.slug or _subject(draft.key), **values)


def _subject(key: str) -> str:
    return f"desk/drafts/{key}"


def _refuse_too_long(text: DraftText, key: str) -> None:
    long = "is longer than {most:,} characters"
    faults = [
        Fault(file=_subject(key), key=name, message=say(long, most=most))
        for name, most in text.find_overlong_fields().items()
    ]
    if faults:
        raise InvalidInput(faults)


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """The approvals and the start that end if a text changes."""

    approved_by: tuple[str, ...] = ()
    started_by: str = ""

    @property
    def depth(self) -> int:
        """Return 0 if nothing lapses, 1 for approvals, 2 for approvals and a start."""
        return bool(self.approved_by) + bool(self.started_by)

    @property
    def sentence(self) -> str:
        """Name the people whose acts lapse, in a sentence; "" if nothing lapses."""
        approved, started = ", ".join(self.approved_by), self.started_by
        acts = [say("{who} approved it", who=approved)] if approved else []
        return listed([*acts, *([say("{who} started it", who=started)] if started else [])])


def lapse_of(tx: Transaction, draft: Draft, rules: CampaignRules) -> Lapse:
    """Return what lapses if this text is submitted, also of the email that it is, or gets, in."""
    own, original = get_status(tx, draft.slug, rules), draft.version.text.translation_of
    slugs = [own.statement.translation_of if own and own.is_within else draft.slug]
    slugs += [original] if rules.shares_email and original not in slugs else []
    known = filter(None, (get_status(tx, slug, rules) for slug in slugs))
    live = [one for one in known if not (one.has_begun or one.approval.withheld)]
    approvers = dict.fromkeys(each.by for one in live for each in one.approval.valid)
    starts = [one.start.by for one in live if one.start is not None and rules.sender_starts]
    return Lapse(approved_by=tuple(approvers), started_by=", ".join(dict.fromkeys(starts)))


class WouldLapse(Refused):
    """The submission would end more approvals or starts than the page showed."""

    def __init__(self, lapse: Lapse) -> None:
        warning = "{lapse}, which counts no more once you submit a change"
        super().__init__(say(warning, lapse=lapse.sentence))


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Submits drafts and withdraws them."""

    store: Store
    renderer: LazyRenderer
    defaults: Defaults
    rules: CampaignRules

    def submit_draft(self, key: str, base: int, *, by: str, shown_depth: int = 0) -> Draft:
        """Submit a draft in its revision ``base``. Its first submission gives it a slug.

        An unchanged text is submitted again only if it was sent back or cancelled. ``shown_depth``
        is the depth of the Lapse that the page showed. Raises InvalidInput with all faults of the
        text, Refused if it has changed or was sent, WouldLapse if more would lapse than shown.
        """
        with self.store.read() as tx:
            draft = find_draft(tx, key)
        self.renderer.render(self.read(draft))  # raises InvalidInput
        with act_as(self.store, by, Role.WRITER, "submit a text", in_person=True) as (tx, who):
            draft = find_draft(tx, key)
            status = get_status(tx, draft.slug, self.rules)
            refuse_if_sent(status)
            cancelled = status.campaign if status else None
            is_ended = cancelled and cancelled.ended_by and not cancelled.resubmitted
            is_set_aside = is_ended or (status and status.change_request)
            if draft.is_submitted and not (draft.has_unsubmitted_text or is_set_aside):
                return draft
            if self.rules.shares_email:
                refuse_if_sent(get_status(tx, draft.version.text.translation_of, self.rules))
            if draft.revision != base:
                late = (
                    "{person} changed this text after you opened it, so it was not submitted. Look"
                    " at the change first."
                )
                raise Refused(say(late, person=draft.changed_by))
            if draft.template:
                raise Refused(say("It is a template. Begin a statement with it."))
            lapse = lapse_of(tx, draft, self.rules)
            if lapse.depth > shown_depth:
                raise WouldLapse(lapse)
            slug = draft.slug or _slug_for(tx, draft, self.defaults.language)
            number = draft.version.number
            tx.drafts.submit(key, slug, number, by=who, at=tx.now)
            faults = self._put(tx, slug)
            if faults:
                raise InvalidInput(faults)
            statement = find_stored(tx, slug).statement
            email = statement.email_slug(shares_email=self.rules.shares_email)
            tx.change_requests.close(email, tx.now)  # it waits for approval, also unchanged
            nth = tx.drafts.count_versions(key, number)
            tx.audit.enter(who, "submit", slug, number=nth, lapse=lapse.sentence)
            return find_draft(tx, key)

    def withdraw_draft(self, key: str, *, by: str) -> Draft:
        """Withdraw a submitted draft from review. Raises NotFound and Refused."""
        with act_as(self.store, by, Role.WRITER, "take a text back", in_person=True) as (tx, who):
            draft = find_draft(tx, key)
            if not draft.is_submitted:
                raise Refused(say("It is not submitted, so there is nothing to take back."))
            statement = find_stored(tx, draft.slug).statement
            slug = statement.email_slug(shares_email=self.rules.shares_email)
            for one in (statement.slug, slug):
                refuse_if_sent(get_status(tx, one, self.rules))
            tx.drafts.change(key, taken_back=True)
            self._put(tx, draft.slug)
            # else a writer could send it by submitting it again
            tx.approvals.revoke(slug, tx.now, actor=who, reason=TEXT_TAKEN_BACK)
            number = tx.drafts.count_versions(key, draft.submitted_version or 0)
            tx.audit.enter(who, "take back", draft.slug, number=number)
            return find_draft(tx, key)

    def read(self, draft: Draft) -> Statement:
        """Return the statement that a draft would become. Raises InvalidInput."""
        document = parse_version(replace(draft, taken_back=False), self.defaults)
        if document.statement is None:
            raise InvalidInput(document.faults)
        return document.statement

    def _put(self, tx: Transaction, slug: str) -> tuple[Fault, ...]:
        """Store the statement as ``DeskSource`` reads it. Return the faults of its text."""
        [draft] = tx.drafts.list_submitted([slug])
        document = parse_version(draft, self.defaults)
        if document.statement is not None:
            stored = StoredStatement(statement=document.statement, content_hash="", fingerprint="")
            tx.statements.put(stored, tx.now)
        return document.faults


def submit_file(slug: str, *, by: str, release: Callable[[str, int], None], store: Store) -> None:
    """Submit a draft that is a file: its status becomes ``review``.

    ``release`` changes the status in the file at (origin, line). Raises NotFound or Refused, and
    what ``release`` raises.
    """
    with store.read() as tx:
        who = require_role(tx, by, Role.WRITER, "submit")
        statement = find_statement(tx, slug).statement
    if statement.progress is not Progress.DRAFT:
        no = "{slug} is no draft: it says status: {status} already"
        raise Refused(say(no, slug=slug, status=statement.progress.value))
    if statement.desk:
        raise Refused(draft_refusal(statement))
    release(statement.origin, statement.line_of("status"))
    with store.begin() as tx:
        tx.change_requests.close(slug, tx.now)
        tx.audit.enter(who, "submit", slug)


def _slug_for(tx: Transaction, draft: Draft, language: str) -> str:
    """Return the slug of the statement that the draft replaces, else a free one from its title."""
    slug, text = draft.copied_of, draft.version.text
    stored = tx.statements.get(slug) if slug and not tx.drafts.has_slug(slug) else None
    if stored is not None and not stored.present and not has_begun(tx.campaigns.find_latest(slug)):
        return slug
    title = slugify(text.title, text.language or language)
    shorter = title[: MAX_SLUG_CHARS - 6].rstrip("-")
    names = itertools.chain([title], (f"{shorter}-{number}" for number in itertools.count(2)))
    return next(
        name for name in names if not (tx.statements.has_slug(name) or tx.drafts.has_slug(name))
    )
