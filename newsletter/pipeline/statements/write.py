"""Texts at the desk, kept as versions. The pipeline sees only submitted ones.

A submitted text, at the desk or as a file, can be reviewed.
"""

import itertools
import secrets
import string
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from newsletter.documents.release.imported import MadePicture
from newsletter.domain.campaigns.campaign import has_begun
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import (
    Draft,
    DraftText,
    ImportFindings,
    Picture,
    Version,
    VersionKind,
)
from newsletter.domain.statements.statement import (
    MAX_SLUG_CHARS,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.pipeline.ledger import act_as, find_draft, find_statement, find_stored, require_role
from newsletter.pipeline.status import Lapse, draft_refusal, get_status, lapse_of, refuse_if_sent
from newsletter.rendering.lazy import LazyRenderer
from newsletter.sources.desk import draft_text, parse_version
from newsletter.sources.statements import Defaults
from newsletter.sources.writing import slugify
from newsletter.store.sql import Store, Transaction
from newsletter.store.staff.audit import TEXT_TAKEN_BACK

_KEY_ALPHABET = string.ascii_lowercase + string.digits
_KEY_CHARS, _NAME_CHARS = 16, 26
_MAX_PICTURES = 100


def _random_name(length: int) -> str:
    """Return a random name of this many letters and digits."""
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(length))


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Two people changed a text at the same time. Both versions are kept; ``theirs`` is current."""

    theirs: Draft
    mine: Version
    """The refused text, stored as a version."""


@dataclass(frozen=True, kw_only=True)
class DraftWriter:
    """The acts of a writer at the desk. Each checks the actor's role in its transaction."""

    store: Store
    actor: str

    def new(self, text: DraftText, *, findings: ImportFindings | None = None) -> Draft:
        """Create a draft with this text. ``findings`` is what the import of a file reported."""
        with self._acting("write") as (tx, who):
            source = f"from {findings.file or 'a pasted text'}" if findings else ""
            return self._begin(tx, who, text, (), findings=findings, detail=source)

    def copy(self, slug: str, *, title: str = "", language: str = "") -> Draft:
        """Copy a statement to the desk. Its writers stay among the writers of the copy.

        The copy of an unsent file or feed item can replace it. Any other copy is a new statement,
        without times; with a language, a translation. Raises NotFound or Refused.
        """
        with self._acting("copy a statement") as (tx, who):
            statement = find_stored(tx, slug).statement
            if statement.digest:
                raise Refused(f"{statement.title} is made of what went out; it cannot be edited.")
            moves = not (statement.desk or language or has_begun(tx.campaigns.find_latest(slug)))
            text = draft_text(statement) if moves else draft_text(statement).as_new(title)
            if language:
                of = statement.translation_of or slug
                text = replace(text, language=language, translation_of=of)
            return self._begin(
                tx,
                who,
                text,
                statement.written_by,
                findings=ImportFindings(notes=statement.notes if moves else ()),
                copied_of=slug if moves else "",
                detail=f"a copy of {statement.origin or slug}",
            )

    def copy_draft(self, key: str, *, title: str = "", template: bool = False) -> Draft:
        """Create a draft, or a ``template``, with another one's words. Raises NotFound."""
        with self._acting("write") as (tx, who):
            other, detail = find_draft(tx, key).version, f"like {key}{', as a template' * template}"
            return self._begin(
                tx,
                who,
                other.text.as_new(title),
                other.writers,
                findings=ImportFindings(),
                template=template,
                detail=detail,
            )

    def save(self, key: str, base: int, text: DraftText) -> Draft | Conflict:
        """Save a text that was edited on revision ``base``. An unchanged text is not saved.

        If the draft has changed since, store the text as a version and return the conflict.
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

    def append(self, key: str, block: str) -> None:
        """Add a block at the end of the text, as the last person saved it."""
        with self._acting("write") as (tx, who):
            draft = find_draft(tx, key)
            body = f"{draft.version.text.body.rstrip()}\n\n{block}\n".lstrip("\n")
            typed = replace(draft.version.text, body=body)
            _refuse_too_long(typed, key)
            self._advance(tx, who, draft, typed)

    def _advance(self, tx: Transaction, who: str, draft: Draft, text: DraftText) -> Draft:
        """Store the next text of a draft, in the current version if that is still open."""
        version = draft.version
        if version.accepts_typing(who, tx.now):
            tx.drafts.update_open(replace(version, text=text, at=tx.now))
            return tx.drafts.set_head(draft.key, version.number, by=who, at=tx.now)
        head = tx.drafts.add_version(draft.key, self._version(who, text, version.writers))
        self._enter(tx, who, "write", draft, f"version {tx.drafts.count_versions(draft.key)}")
        return tx.drafts.set_head(draft.key, head, by=who, at=tx.now)

    def restore(self, key: str, number: int) -> Draft:
        """Add a copy of an earlier version as the newest one. Raises NotFound.

        Its writers stay those of both: an open page may bring later words back.
        """
        with self._acting("restore a version") as (tx, who):
            draft = find_draft(tx, key)
            earlier = tx.drafts.get_version(key, number)
            if earlier is None:
                raise NotFound("There is no such version of this text.")
            writers = (*earlier.writers, *draft.version.writers)
            back = replace(self._version(who, earlier.text, writers), kind=VersionKind.RESTORED)
            head = tx.drafts.add_version(key, back)
            count = tx.drafts.count_versions
            detail = f"version {count(key, number)} as version {count(key)}"
            self._enter(tx, who, "restore", draft, detail)
            return tx.drafts.set_head(key, head, by=who, at=tx.now)

    def hide_notes(self, key: str) -> None:
        """Hide the notes on what the import left out or guessed. Raises NotFound."""
        with self._acting("write") as (tx, who):
            draft = find_draft(tx, key)
            tx.drafts.dismiss_findings(key)
            self._enter(tx, who, "look through", draft, "what the import left out")

    def delete(self, key: str) -> None:
        """Delete a text. Its versions are kept. Raises Refused if it is submitted."""
        with self._acting("delete a text") as (tx, who):
            draft = find_draft(tx, key)
            if draft.is_submitted:
                raise Refused("It is submitted. Take it back first, then delete it.")
            tx.drafts.delete(key, tx.now)
            stored = tx.statements.get(draft.slug) if draft.slug else None
            if stored is not None:
                tx.statements.put(replace(stored, present=False), tx.now)
            self._enter(tx, who, "delete", draft, "")

    def illustrate(self, key: str, made: MadePicture, *, alt: str, decoration: bool) -> Picture:
        """Store a picture of a draft. Raises InvalidInput without description, and Refused."""
        words = " ".join(alt.split())
        if not (words or decoration):
            message = "Say what the picture shows, or tick that it is decoration."
            raise InvalidInput([Fault(file=_subject(key), key="alt", message=message)])
        with self._acting("add a picture") as (tx, who):
            draft = find_draft(tx, key)
            if len(tx.pictures.of(key)) >= _MAX_PICTURES:
                raise Refused(f"This text has {_MAX_PICTURES} pictures; there is no room for more.")
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
            self._enter(tx, who, "add a picture", draft, picture.name)
            return picture

    def _acting(self, action: str) -> AbstractContextManager[tuple[Transaction, str]]:
        return act_as(self.store, self.actor, Role.WRITER, action, in_person=True)

    # --- one version after the other

    def _begin(
        self,
        tx: Transaction,
        by: str,
        text: DraftText,
        writers_before: tuple[str, ...],
        *,
        findings: ImportFindings | None,
        detail: str,
        copied_of: str = "",
        template: bool = False,
    ) -> Draft:
        key = _random_name(_KEY_CHARS)
        typed = text.cleaned()
        _refuse_too_long(typed, key)
        kind = VersionKind.TYPED if findings is None else VersionKind.BROUGHT
        version = replace(self._version(by, typed, writers_before), kind=kind)
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
        self._enter(tx, by, "write", draft, detail or "a new text")
        return draft

    def _save_beside(self, tx: Transaction, by: str, draft: Draft, text: DraftText) -> Version:
        """Store a text edited on an older revision; close the current version to edits."""
        tx.drafts.close_version(draft.version.number)
        last = tx.drafts.find_conflicting(draft.key, by)
        # the rule for a typed version decides here too whether the text belongs to the last one
        if last is not None and replace(last, kind=VersionKind.TYPED).accepts_typing(by, tx.now):
            grown = replace(last, text=text, at=tx.now)
            tx.drafts.update_open(grown)
            return grown
        beside = replace(self._version(by, text, draft.version.writers), kind=VersionKind.ASIDE)
        number = tx.drafts.add_version(draft.key, beside)
        detail = f"version {tx.drafts.count_versions(draft.key)}, beside the text"
        self._enter(tx, by, "write", draft, detail)
        return replace(beside, number=number)

    def _version(self, by: str, text: DraftText, writers_before: tuple[str, ...]) -> Version:
        now = self.store.clock.now()
        writers = tuple(dict.fromkeys((*writers_before, by)))
        return Version(
            number=0,
            kind=VersionKind.TYPED,
            text=text,
            by=by,
            writers=writers,
            began_at=now,
            at=now,
        )

    def _enter(self, tx: Transaction, by: str, action: str, draft: Draft, detail: str) -> None:
        subject = draft.slug or _subject(draft.key)
        tx.audit.enter(by, action, subject, detail)


def _subject(key: str) -> str:
    return f"desk/drafts/{key}"


def _refuse_too_long(text: DraftText, key: str) -> None:
    faults = [
        Fault(file=_subject(key), key=name, message=f"is longer than {most:,} characters")
        for name, most in text.find_overlong_fields().items()
    ]
    if faults:
        raise InvalidInput(faults)


class WouldLapse(Refused):
    """The submission would revoke more approvals or starts than the page showed."""

    def __init__(self, lapse: Lapse) -> None:
        super().__init__(f"{lapse}, which counts no more once you submit a change")


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Submits drafts and withdraws them. Changes after a submission stay at the desk."""

    store: Store
    renderer: LazyRenderer
    defaults: Defaults
    rules: CampaignRules

    def hand_in(self, key: str, base: int, *, by: str, shown_depth: int = 0) -> Draft:
        """Submit a draft in its revision ``base``.

        The first submission gives it the slug that it keeps. A second submission of the same text
        changes nothing. ``shown_depth`` is the depth of the Lapse that the page showed. Raises
        InvalidInput with all faults of the text, Refused if it has changed or was sent, WouldLapse
        if more would lapse than the page showed.
        """
        with self.store.read() as tx:
            draft = find_draft(tx, key)
        self.renderer.render(self.read(draft))  # what cannot be rendered is handed to nobody
        with act_as(self.store, by, Role.WRITER, "submit a text", in_person=True) as (tx, who):
            draft = find_draft(tx, key)
            # before the revision is compared: a button may be pressed twice
            if draft.is_submitted and not draft.has_unsubmitted_text:
                return draft
            if draft.revision != base:
                raise Refused(
                    f"{draft.changed_by} changed this text after you opened it, so it was not"
                    " submitted. Look at the change first."
                )
            if draft.template:
                raise Refused("It is a template. Begin a statement with it.")
            refuse_if_sent(get_status(tx, draft.slug, self.rules))
            lapse = lapse_of(tx, draft.slug, self.rules)
            if lapse.depth > shown_depth:
                raise WouldLapse(lapse)
            slug = draft.slug or _slug_for(tx, draft)
            number = draft.version.number
            tx.drafts.submit(key, slug, number, by=who, at=tx.now)
            faults = self._put(tx, slug)
            if faults:
                raise InvalidInput(faults)
            tx.change_requests.close(slug, tx.now)  # it waits for approval, also unchanged
            nth = tx.drafts.count_versions(key, number)
            lapsed = f": that {lapse} counts no more" * bool(lapse.depth)
            tx.audit.enter(who, "submit", slug, f"version {nth}{lapsed}")
            return find_draft(tx, key)

    def take_back(self, key: str, *, by: str) -> Draft:
        """Withdraw a submitted draft, which is then neither reviewed nor sent. Raises Refused."""
        with act_as(self.store, by, Role.WRITER, "take a text back", in_person=True) as (tx, who):
            draft = find_draft(tx, key)
            if not draft.is_submitted:
                raise Refused("It is not submitted, so there is nothing to take back.")
            refuse_if_sent(get_status(tx, draft.slug, self.rules))
            tx.drafts.withdraw(key)  # also where the configuration lacks by now what it names
            self._put(tx, draft.slug)
            # else a writer would send a withdrawn text, by submitting it again as it was
            now = find_stored(tx, draft.slug).statement
            of = (self.rules.together and now.translation_of) or now.slug
            tx.approvals.revoke(of, tx.now, actor=who, reason=TEXT_TAKEN_BACK)
            detail = f"version {tx.drafts.count_versions(key, draft.submitted_version or 0)}"
            tx.audit.enter(who, "take back", draft.slug, detail)
            return find_draft(tx, key)

    def read(self, draft: Draft) -> Statement:
        """Return the statement that a draft would become. Raises InvalidInput."""
        document = parse_version(replace(draft, taken_back=False), self.defaults)
        if document.statement is None:
            raise InvalidInput(document.faults)
        return document.statement

    def _put(self, tx: Transaction, slug: str) -> tuple[Fault, ...]:
        """Store the statement as ``DeskSource`` reads it, so that the next run finds no change.

        Return the faults instead, if there are any.
        """
        [handed] = tx.drafts.find_submitted([slug])
        document = parse_version(handed, self.defaults)
        if document.statement is not None:
            stored = StoredStatement(statement=document.statement, content_hash="", fingerprint="")
            tx.statements.put(stored, tx.now)
        return document.faults


def submit_file(slug: str, *, by: str, release: Callable[[str, int], None], store: Store) -> None:
    """Submit a draft that is a file: its status becomes ``review``.

    ``release`` changes the status in the file with this origin, on this line. Raises NotFound or
    Refused, and what ``release`` raises.
    """
    with store.read() as tx:
        who = require_role(tx, by, Role.WRITER, "submit")
        found = find_statement(tx, slug).statement
    if found.progress is not Progress.DRAFT:
        raise Refused(f"{slug} is no draft: it says status: {found.progress.value} already")
    if found.desk:
        raise Refused(draft_refusal(found))
    release(found.origin, found.line_of("status"))
    with store.begin() as tx:
        tx.change_requests.close(slug, tx.now)
        tx.audit.enter(who, "submit", slug)


def _slug_for(tx: Transaction, draft: Draft) -> str:
    """Return the slug of the statement that the draft replaces, else a new one from its title."""
    of = draft.copied_of
    stored = tx.statements.get(of) if of and not tx.drafts.has_slug(of) else None
    if stored is not None and not stored.present and not has_begun(tx.campaigns.find_latest(of)):
        return of
    title = slugify(draft.version.text.title)
    shorter = title[: MAX_SLUG_CHARS - 6].rstrip("-")
    names = itertools.chain([title], (f"{shorter}-{number}" for number in itertools.count(2)))
    return next(
        name for name in names if tx.statements.get(name) is None and not tx.drafts.has_slug(name)
    )
