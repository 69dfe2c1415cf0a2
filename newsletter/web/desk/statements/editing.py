"""The editor: its form, the requests of its scripts, and former versions."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from starlette.responses import Response

from newsletter.domain.errors import Fault, InvalidInput, NewsletterError, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comparison import both, differences
from newsletter.domain.statements.draft import Draft, DraftText, Version
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import people, place_of, say
from newsletter.pipeline.campaigns.trial import filled, made_up
from newsletter.pipeline.ledger import find_draft
from newsletter.pipeline.statements.translations import translations_of
from newsletter.pipeline.statements.write import Conflict, WouldLapse
from newsletter.pipeline.status import get_status, lapse_of
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk.deciding import colleagues
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import DeskRequest, route
from newsletter.web.desk.statements import fields
from newsletter.web.desk.statements.preview import seen, view_of

_MOST = 2 << 20
"""Bytes of a form with a text in it."""
_A_PAGE = 50
"""Versions."""
_OFFERED = 50
"""Statements that a text may correct or translate, the newest."""


class Editing:
    """Write, see the email, save, hand in."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements
        self._words = fields.Words(statements=statements)
        self._present = Present()

    # --- the form

    @route("GET", "/drafts/{key}/edit", Role.WRITER)
    def edit(self, request: DeskRequest) -> Response:
        """Show the form with the current text."""
        draft = self._words.find(request)
        return self._form(request, draft, draft.version.text)

    @route("POST", "/drafts/{key}/edit", Role.WRITER, most=_MOST)
    def keep(self, request: DeskRequest) -> Response:
        """Save what a form contains, and continue as its button says."""
        draft = self._words.find(request)
        text = self._words.typed(request.posted.fields, draft.version.text, self._desk.now())
        base = fields.number_of(request.field("base"))
        try:
            saved = self._statements.writing(request.who.address).save(draft.key, base, text)
        except InvalidInput as error:
            return self._form(request, draft, text, faults=error.faults, base=base)
        if isinstance(saved, Conflict):
            return self._conflict(request, saved)
        if request.field("act") == "hand-in":
            return self._hand_in(request, saved)
        return self._desk.go(request, f"/drafts/{draft.key}/edit", done="saved")

    def _hand_in(self, request: DeskRequest, draft: Draft) -> Response:
        try:
            done = self._statements.hand_in(
                draft.key,
                draft.revision,
                by=request.who.address,
                told=fields.number_of(request.field("lapses")),
            )
        except InvalidInput as error:
            return self._form(request, draft, draft.version.text, faults=error.faults)
        except WouldLapse:
            return self._form(request, draft, draft.version.text, lapses=True)
        return self._desk.go(request, f"/statements/{done.slug}", done="handed-in")

    def _form(
        self,
        request: DeskRequest,
        draft: Draft,
        text: DraftText,
        *,
        faults: Sequence[Fault] = (),
        base: int | None = None,
        lapses: bool = False,
    ) -> Response:
        with self._statements.store.read() as tx:
            lapse = lapse_of(tx, draft.slug, self._statements.campaigns.rules)
            names = colleagues(tx)
            status = get_status(tx, draft.slug, self._statements.campaigns.rules)
            lists, counts = self._lists(tx, text), tx.readers.lists()
            recipients = self._recipients(tx, text)
            named = tx.statements.some(
                [slug for slug in (text.corrects, text.translation_of) if slug]
            )
            offered = (*tx.statements.newest(_OFFERED), *named)
            others = {stored.statement.slug: stored.statement for stored in offered}.values()
        settings, view = self._statements.settings, view_of(request)
        told = self._words.told(text, self._desk)
        return self._desk.page(
            request,
            "draft-edit.html.j2",
            title=text.title.strip() or say("A new text"),
            editor=True,
            draft=draft,
            text=text,
            base=draft.revision if base is None else base,
            unsaved=base is not None,
            lapse=lapse,
            names=names,
            lapses=lapses,
            status=409 if lapses else None,
            faults=fields.sentences(faults, text.body),
            lists=lists,
            counts=counts,
            recipients=recipients,
            sender=settings.house().sender_of(text.lists),
            place=place_of(settings.timezone),
            view=view,
            default_lists=settings.default_lists,
            told=told,
            house_language=settings.language,
            by_sender=self._statements.campaigns.rules.by_sender,
            segments=[segment.name for segment in self._statements.defaults.segments],
            gone=status is not None and status.begun,
            returned=status.returned if status is not None else None,
            statements=[statement for statement in others if statement.slug != draft.slug],
            others=self._present.note(draft.key, request.who.name, self._desk.now()),
        )

    def _lists(self, tx: Transaction, text: DraftText) -> list[str]:
        """Return the lists that a text may go to."""
        settings = self._statements.settings
        offered = [offer.name for offer in settings.titled_lists()]
        known = [*offered, *settings.default_lists, *tx.readers.list_names(), *text.lists]
        return list(dict.fromkeys(known))

    def _recipients(self, tx: Transaction, text: DraftText) -> str:
        """Return how many people would get a text now, or "" if its fields leave that open."""
        lists = text.lists or self._statements.settings.default_lists
        if text.corrects or text.segment:
            return ""
        return people(tx.audiences.count(Audience(lists=tuple(lists))))

    # --- two writers

    def _conflict(self, request: DeskRequest, conflict: Conflict) -> Response:
        theirs, mine = conflict.theirs, conflict.mine.text
        who = self._desk.person(theirs.changed_by)
        own = theirs.changed_by == request.who.address
        return self._desk.page(
            request,
            "draft-conflict.html.j2",
            title=say("This text was changed while you wrote"),
            status=409,
            draft=theirs,
            differences=fields.named(differences(theirs.version.text, mine)),
            who=who,
            own=own,
            ways=[
                (say("Keep mine"), "primary", fields.listed(mine)),
                (
                    say("Take the other") if own else say("Take {who}'s", who=who),
                    "second",
                    fields.listed(theirs.version.text),
                ),
                (
                    say("Keep both, one below the other"),
                    "second",
                    fields.listed(both(theirs.version.text, mine)),
                ),
            ],
        )

    # --- what scripts ask for

    @route("POST", "/drafts/{key}/save", Role.WRITER, most=_MOST)
    def save(self, request: DeskRequest) -> Response:
        """Save the text: 200 with its number, or 409 with the text of another person."""
        try:
            posted = request.json()
            draft = self._words.find(request)
            written = fields.posted_json(posted.get("fields"))
            text = self._words.typed(written, draft.version.text, self._desk.now())
            base = fields.number_of(posted.get("base"))
            saved = self._statements.writing(request.who.address).save(draft.key, base, text)
        except (InvalidInput, NotFound, Refused) as error:
            return self._failed(request, error)
        if isinstance(saved, Conflict):
            return self._desk.data(request, self._theirs(request, saved), status=409)
        others = self._present.note(draft.key, request.who.name, self._desk.now())
        at = saved.changed_at.isoformat()
        told = self._words.told(text, self._desk)
        answer = {"version": saved.revision, "saved_at": at, "others": others, "told": told}
        # what the words for a time meant when they were typed, for the fields
        answer["settled"] = {name: getattr(text, name) for name in told}
        if text.lists != draft.version.text.lists:  # to count people takes longer than to save
            with self._statements.store.read() as tx:
                answer["recipients"] = self._recipients(tx, text)
        return self._desk.data(request, answer)

    def _theirs(self, request: DeskRequest, conflict: Conflict) -> dict[str, Any]:
        theirs = conflict.theirs
        return {
            "version": theirs.revision,
            "saved_at": theirs.changed_at.isoformat(),
            "by": self._desk.person(theirs.changed_by),
            "own": theirs.changed_by == request.who.address,
            "fields": fields.listed(theirs.version.text),
        }

    @route("POST", "/drafts/{key}/paste", Role.WRITER, most=2 * _MOST, is_read=True)
    def paste(self, request: DeskRequest) -> Response:
        """Return the Markdown of pasted text, and the parts left out."""
        from newsletter.documents.isolated import pasted

        try:
            html = request.json().get("html")
            read = pasted(html if isinstance(html, str) else "")
        except InvalidInput as error:
            return self._failed(request, error)
        return self._desk.data(
            request, {"markdown": read.markdown, "left_out": list(read.left_out)}
        )

    def _failed(self, request: DeskRequest, error: NewsletterError) -> Response:
        status = {NotFound: 404, Refused: 403}.get(type(error), 422)
        if isinstance(error, InvalidInput):
            message = " ".join(sentence for _, sentence in fields.sentences(error.faults))
        else:
            message = str(error)
        return self._desk.data(request, {"error": message}, status=status)

    # --- the email

    @route("GET", "/drafts/{key}/preview", Role.VIEWER)
    def seen(self, request: DeskRequest) -> Response:
        """Show the email of a text as it is now, or of one of its versions."""
        draft = self._words.find(request)
        text = draft.version.text
        if request.query("version"):
            with self._statements.store.read() as tx:
                text = _version_of(tx, draft, request.query("version")).text
        return self._mail(request, draft, text)

    @route("POST", "/drafts/{key}/preview", Role.WRITER, most=_MOST)
    def preview(self, request: DeskRequest) -> Response:
        """Show the email of what a form contains, without storing it."""
        draft = self._words.find(request)
        text = self._words.typed(request.posted.fields, draft.version.text, self._desk.now())
        return self._mail(request, draft, text)

    def _mail(self, request: DeskRequest, draft: Draft, text: DraftText) -> Response:
        statements = self._statements
        parsed = self._words.as_far_as_possible(text, key=draft.key, slug=draft.slug)
        if parsed.statement is None:
            return self._unshown(request, parsed.faults, text.body)
        with statements.store.read() as tx:
            together = statements.settings.together and bool(draft.slug)
            within = translations_of(tx, draft.slug) if together else ()
        try:
            content = statements.renderer.render(parsed.statement, within)
        except InvalidInput as error:
            return self._unshown(request, error.faults, text.body)
        # a made-up reader: its links do nothing
        shown = filled(content, made_up(content, statements.links))
        # from where the page is, so that it is seen before anybody is at the public address
        html = shown.html.replace(f"{statements.settings.public_url}/media/", "/media/")
        return self._desk.mail(seen(replace(shown, html=html), view_of(request)))

    def _unshown(self, request: DeskRequest, faults: Sequence[Fault], body: str) -> Response:
        lines = [sentence for _, sentence in fields.sentences(faults, body)]
        return self._desk.mail(self._desk.part(request, "draft-unshown.html.j2", lines))

    # --- the versions

    @route("GET", "/drafts/{key}/versions", Role.VIEWER)
    def versions(self, request: DeskRequest) -> Response:
        """Show the versions, the newest first."""
        skip = fields.number_of(request.query("page")) * _A_PAGE
        with self._statements.store.read() as tx:
            draft = find_draft(tx, request.param("key"))
            found = tx.drafts.versions(draft.key, _A_PAGE, skip=skip)
            count = tx.drafts.count(draft.key)
        page = skip // _A_PAGE
        here = f"/desk/drafts/{draft.key}/versions"
        return self._desk.page(
            request,
            "draft-versions.html.j2",
            title=say("Versions"),
            draft=draft,
            versions=found,
            count=count,
            first=count - skip,
            newer=f"{here}?page={page - 1}" if page else "",
            older=f"{here}?page={page + 1}" if skip + _A_PAGE < count else "",
        )

    @route("GET", "/drafts/{key}/versions/{number}", Role.VIEWER)
    def version(self, request: DeskRequest) -> Response:
        """Show one version: its email, and how the current text differs."""
        with self._statements.store.read() as tx:
            draft = find_draft(tx, request.param("key"))
            version = _version_of(tx, draft, request.param("number"))
            nth = tx.drafts.count(draft.key, version.number)
        return self._desk.page(
            request,
            "draft-version.html.j2",
            title=say("Version {number}, {at}", number=nth, at=self._desk.moment(version.at)),
            draft=draft,
            version=version,
            now=draft.version.number == version.number,
            differences=fields.named(differences(version.text, draft.version.text)),
        )

    @route("POST", "/drafts/{key}/versions/{number}/restore", Role.WRITER)
    def restore(self, request: DeskRequest) -> Response:
        """Restore a version, as a new one."""
        key, number = request.param("key"), fields.number_of(request.param("number"))
        self._statements.writing(request.who.address).restore(key, number)
        return self._desk.go(request, f"/drafts/{key}/edit", done="restored")


class Present:
    """The people in each text, as far as this process knows, for the time of one notice."""

    _AFTER = timedelta(minutes=2)
    _MOST = 500

    def __init__(self) -> None:
        self._seen: OrderedDict[str, dict[str, datetime]] = OrderedDict()
        self._turn = Lock()

    def note(self, key: str, name: str, now: datetime) -> list[str]:
        """Note that a person edits a text. Return the others who do."""
        with self._turn:
            here: Mapping[str, datetime] = self._seen.pop(key, {})
            there = {name: at for name, at in here.items() if now - at < self._AFTER}
            self._seen[key] = there | {name: now}
            # popped and put in again above, so that the first is the oldest
            if len(self._seen) > self._MOST:
                self._seen.popitem(last=False)
            return sorted(other for other in there if other != name)


def _version_of(tx: Transaction, draft: Draft, number: str) -> Version:
    version = tx.drafts.version(draft.key, fields.number_of(number))
    if version is None:
        raise NotFound(say("There is no such version of this text."))
    return version
