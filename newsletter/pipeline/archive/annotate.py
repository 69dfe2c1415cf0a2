"""Staff's notes on the public page of a sent statement. A note may withdraw its text."""

from newsletter.domain.archive import NoteKind, PublicNote
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.ledger import act_as
from newsletter.pipeline.outgoing import pause_text
from newsletter.store.sql import Store

MAX_NOTE_CHARS = 1_000
_ACTION_OF_KIND = {
    NoteKind.NOTE: "annotate",
    NoteKind.WITHDRAWN: "take off the web",
    NoteKind.RESTORED: "put back on the web",
}


def annotate(slug: str, kind: NoteKind, words: str, *, by: str, store: Store) -> None:
    """Add a dated note to a statement's page, withdraw its text from the web, or restore it.

    Raises NotFound or Refused; InvalidInput if the note is missing or too long.
    """
    text = " ".join(words.split())
    is_missing = not text and kind is not NoteKind.RESTORED
    if is_missing or len(text) > MAX_NOTE_CHARS or not text.isprintable():
        message = say("Write between 1 and {most:,} visible characters", most=MAX_NOTE_CHARS)
        raise InvalidInput.at(slug, message, key=kind.value)
    with act_as(store, by, Role.SENDER, _ACTION_OF_KIND[kind]) as (tx, person):
        own = [each for each in tx.campaigns.find_related([slug]) if each.slug == slug]
        if not any(each.started_at and not each.unlisted for each in own):
            raise NotFound(say("{slug} has no page on the web.", slug=slug))
        is_withdrawn = bool(tx.public_notes.find_withdrawn([slug]))
        if (NoteKind.WITHDRAWN if is_withdrawn else NoteKind.RESTORED) is kind:
            on, off = "The text is on the web already.", "The text is off the web already."
            raise Refused(say(off) if is_withdrawn else say(on))
        last = tx.public_notes.list_for([slug])[-1:]
        if kind is NoteKind.NOTE and [(one.kind, one.words) for one in last] == [(kind, text)]:
            return  # a second press, and a note cannot be removed
        tx.public_notes.add(PublicNote(slug=slug, at=tx.now, by=person, kind=kind, words=text))
        tx.audit.enter(person, _ACTION_OF_KIND[kind], slug, text=text)
        why = say("{who} took the text of {slug} off the web", who=person, slug=slug)
        if kind is NoteKind.WITHDRAWN:
            pause_text(tx, slug, why, by=person)
