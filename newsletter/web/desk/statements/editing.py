"""The page on which a text is written, and what its scripts ask for."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from starlette.responses import Response

from newsletter.domain.errors import Fault, InvalidInput, NewsletterError, NotFound, Refused
from newsletter.domain.staff.account import name_of
from newsletter.domain.statements.comment import Returned
from newsletter.domain.statements.draft import Draft, DraftText, both, differences
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.campaigns.trial import filled, made_up
from newsletter.pipeline.ledger import find_draft, return_of
from newsletter.pipeline.statements.translations import translations_of
from newsletter.pipeline.statements.write import Conflict
from newsletter.rendering import preview as views
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.statements.fields import (
    Words,
    by_field,
    listed,
    named,
    number_of,
    posted_json,
    sentences,
    text_of,
)
from newsletter.web.desk.visit import Visit

_MOST = 2 << 20
"""Bytes of a form with a text in it."""


class Editing:
    """Write, see the email, save, hand in."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements
        self._words = Words(statements=statements)
        self._present = Present()

    def routes(self) -> list[Route]:
        """Path and method → page."""
        at = "/drafts/{key}"
        writer = Role.WRITER
        return [
            Route(method="GET", path=f"{at}/edit", role=writer, answer=self.edit),
            Route(method="POST", path=f"{at}/edit", role=writer, answer=self.keep, most=_MOST),
            Route(method="POST", path=f"{at}/save", role=writer, answer=self.save, most=_MOST),
            Route(method="GET", path=f"{at}/preview", role=Role.VIEWER, answer=self.seen),
            Route(
                method="POST", path=f"{at}/preview", role=writer, answer=self.preview, most=_MOST
            ),
            Route(
                method="POST", path=f"{at}/paste", role=writer, answer=self.paste, most=2 * _MOST
            ),
        ]

    # --- the form

    def edit(self, visit: Visit) -> Response:
        """The form, with what stands in the text now."""
        draft = self._find(visit)
        return self._form(visit, draft, draft.version.text)

    def keep(self, visit: Visit) -> Response:
        """Keep what a form holds, and go on as its button says."""
        draft = self._find(visit)
        text = text_of(visit.posted.fields, draft.version.text)
        base = number_of(visit.field("base"))
        try:
            saved = self._statements.writing(visit.who.address).save(draft.key, base, text)
        except InvalidInput as error:
            return self._form(visit, draft, text, faults=error.faults, base=base)
        if isinstance(saved, Conflict):
            return self._conflict(visit, saved)
        act = visit.field("act")
        if act == "hand-in":
            return self._hand_in(visit, saved)
        if act == "preview":
            return self._desk.go(visit, f"/drafts/{draft.key}")
        return self._desk.go(visit, f"/drafts/{draft.key}/edit", done="saved")

    def _hand_in(self, visit: Visit, draft: Draft) -> Response:
        try:
            done = self._statements.hand_in(draft.key, draft.revision, by=visit.who.address)
        except InvalidInput as error:
            return self._form(visit, draft, draft.version.text, faults=error.faults)
        return self._desk.go(visit, f"/statements/{done.slug}", done="handed-in")

    def _form(
        self,
        visit: Visit,
        draft: Draft,
        text: DraftText,
        *,
        faults: Sequence[Fault] = (),
        base: int | None = None,
    ) -> Response:
        told = sentences(faults)
        meant = self._words.meant(text, self._desk.moment, key=draft.key, slug=draft.slug)
        return self._desk.page(
            visit,
            "draft-edit.html.j2",
            title=text.title.strip() or "A new text",
            status=422 if told else 200,
            nav="statements",
            editor=True,
            wide=True,
            draft=draft,
            text=text,
            base=draft.revision if base is None else base,
            faults=told,
            fault_of=by_field(told),
            lists=self._lists(visit, text),
            default_lists=self._statements.settings.default_lists,
            meant=meant,
            language=self._statements.settings.language,
            segments=[one.name for one in self._statements.defaults.segments],
            gone=self._gone(visit, draft),
            returned=self._returned(draft),
            others=self._present.note(draft.key, visit.who.name, self._desk.now()),
        )

    def _gone(self, visit: Visit, draft: Draft) -> bool:
        with self._statements.store.read() as tx:
            campaign = tx.campaigns.latest(draft.slug) if draft.slug else None
        return campaign is not None and campaign.started_at is not None

    def _returned(self, draft: Draft) -> Returned | None:
        """Who sent it back, and why, until it is handed in again."""
        with self._statements.store.read() as tx:
            stored = tx.statements.get(draft.slug) if draft.slug else None
            return return_of(tx, stored) if stored else None

    def _lists(self, visit: Visit, text: DraftText) -> list[tuple[str, str]]:
        """(name, title) of each list that a text may go to."""
        settings = self._statements.settings
        titles = {one.name: one.title for one in settings.offers()}
        with self._statements.store.read() as tx:
            known = [*titles, *settings.default_lists, *tx.readers.list_names(), *text.lists]
        return [(name, titles.get(name, name)) for name in dict.fromkeys(known)]

    # --- two writers

    def _conflict(self, visit: Visit, conflict: Conflict) -> Response:
        theirs, mine = conflict.theirs, conflict.mine.text
        return self._desk.page(
            visit,
            "draft-conflict.html.j2",
            title="Somebody changed this text while you wrote",
            status=409,
            nav="statements",
            draft=theirs,
            differences=named(differences(theirs.version.text, mine)),
            who=self._name(theirs.changed_by),
            ways=[
                ("Keep mine", "primary", listed(mine)),
                (f"Take {self._name(theirs.changed_by)}'s", "second", listed(theirs.version.text)),
                (
                    "Keep both, one below the other",
                    "second",
                    listed(both(theirs.version.text, mine)),
                ),
            ],
        )

    # --- what scripts ask for

    def save(self, visit: Visit) -> Response:
        """Keep what was typed so far: 200 with its number, or 409 with what another typed."""
        try:
            said = visit.json()
            draft = self._find(visit)
            text = text_of(posted_json(said.get("fields")), draft.version.text)
            base = number_of(said.get("base"))
            saved = self._statements.writing(visit.who.address).save(draft.key, base, text)
        except (InvalidInput, NotFound, Refused) as error:
            return self._said(error)
        if isinstance(saved, Conflict):
            return self._desk.data(self._theirs(saved), status=409)
        others = self._present.note(draft.key, visit.who.name, self._desk.now())
        at = saved.changed_at.isoformat()
        return self._desk.data({"version": saved.revision, "saved_at": at, "others": others})

    def _theirs(self, conflict: Conflict) -> dict[str, Any]:
        theirs, mine = conflict.theirs, conflict.mine.text
        return {
            "version": theirs.revision,
            "saved_at": theirs.changed_at.isoformat(),
            "by": self._name(theirs.changed_by),
            "fields": listed(theirs.version.text),
            "both": listed(both(theirs.version.text, mine)),
        }

    def paste(self, visit: Visit) -> Response:
        """The Markdown of what was pasted, and what was left out."""
        from newsletter.documents.isolated import pasted

        try:
            html = visit.json().get("html")
            read = pasted(html if isinstance(html, str) else "")
        except InvalidInput as error:
            return self._said(error)
        return self._desk.data({"markdown": read.markdown, "left_out": list(read.left_out)})

    def _said(self, error: NewsletterError) -> Response:
        status = {NotFound: 404, Refused: 403}.get(type(error), 422)
        if isinstance(error, InvalidInput):
            said = " ".join(sentence for _, sentence in sentences(error.faults))
        else:
            said = str(error)
        return self._desk.data({"error": said}, status=status)

    # --- the email

    def seen(self, visit: Visit) -> Response:
        """The email of a text as it stands, or of one of its versions."""
        draft = self._find(visit)
        text = draft.version.text
        if visit.query("version"):
            with self._statements.store.read() as tx:
                version = tx.drafts.version(draft.key, number_of(visit.query("version")))
            if version is None:
                raise NotFound("There is no such version of this text.")
            text = version.text
        return self._mail(visit, draft, text)

    def preview(self, visit: Visit) -> Response:
        """The email of what a form holds, which is kept nowhere."""
        draft = self._find(visit)
        return self._mail(visit, draft, text_of(visit.posted.fields, draft.version.text))

    def _mail(self, visit: Visit, draft: Draft, text: DraftText) -> Response:
        statements = self._statements
        parsed = self._words.as_far_as_possible(text, key=draft.key, slug=draft.slug)
        if parsed.statement is None:
            return self._unshown(parsed.faults)
        with statements.store.read() as tx:
            together = statements.settings.together and bool(draft.slug)
            within = translations_of(tx, draft.slug) if together else ()
        try:
            content = statements.renderer.render(parsed.statement, within)
        except InvalidInput as error:
            return self._unshown(error.faults)
        html = filled(content, made_up(content, statements.links)).html
        # from where the page is, so that it is seen before anybody is at the public address
        html = html.replace(f"{statements.settings.public_url}/media/", "/media/")
        return self._desk.mail(views.light(html, fetch=True))

    def _unshown(self, faults: Sequence[Fault]) -> Response:
        lines = [sentence for _, sentence in sentences(faults)]
        return self._desk.mail(self._desk.part("draft-unshown.html.j2", lines=lines))

    # --- whose, and who

    def _find(self, visit: Visit) -> Draft:
        with self._statements.store.read() as tx:
            return find_draft(tx, visit.param("key"))

    def _name(self, address: str) -> str:
        with self._statements.store.read() as tx:
            given = tx.staff.names().get(address, "")
        return given or name_of(address)


class Present:
    """Who is in which text, as far as this process knows, for as long as it takes to say so."""

    _AFTER = timedelta(minutes=2)
    _MOST = 500

    def __init__(self) -> None:
        self._seen: OrderedDict[str, dict[str, datetime]] = OrderedDict()
        self._turn = Lock()

    def note(self, key: str, name: str, now: datetime) -> list[str]:
        """Somebody is in a text; returns who else is."""
        with self._turn:
            here: Mapping[str, datetime] = self._seen.pop(key, {})
            there = {one: at for one, at in here.items() if now - at < self._AFTER}
            self._seen[key] = there | {name: now}
            if len(self._seen) > self._MOST:
                self._seen.popitem(last=False)
            return sorted(one for one in there if one != name)
