"""The editor: its form, the requests of its scripts, and former versions."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

from starlette.responses import Response

from newsletter.documents.isolated import read_pasted_isolated
from newsletter.domain.errors import InvalidInput, NewsletterError, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comparison import compare_drafts, merge_texts
from newsletter.domain.statements.draft import MAX_BLOCK_CHARS, Draft, DraftText, Version
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import joined, people, place_of, say
from newsletter.pipeline.campaigns.trial import fill, sample_recipient
from newsletter.pipeline.ledger import find_draft
from newsletter.pipeline.statements.translations import translations_of
from newsletter.pipeline.statements.write import Conflict, lapse_of
from newsletter.pipeline.status import get_status
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk.page import NOTE_NAMES
from newsletter.web.desk.request import DeskRequest, framed_email, redirect, route
from newsletter.web.desk.statements import fields
from newsletter.web.desk.statements.preview import preview_html, view_of

_MAX_FORM_BYTES = 2 << 20
"""Bytes of a form that contains a draft."""
_VERSIONS_PER_PAGE = 50
_MAX_STATEMENTS_OFFERED = 50
"""The newest statements, from which a draft's original can be chosen."""


class EditPages:
    """The pages on which a draft is written, previewed, saved and submitted."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._drafts = fields.DraftReader(statements=statements)
        self._editors = ActiveEditors()

    @route("GET", "/drafts/{key}/edit", Role.WRITER)
    def edit(self, request: DeskRequest) -> Response:
        draft = self._drafts.find(request)
        return self._form(request, draft, draft.version.text)

    @route("POST", "/drafts/{key}/edit", Role.WRITER, max_bytes=_MAX_FORM_BYTES)
    def save_form(self, request: DeskRequest) -> Response:
        """Save the form, and submit the draft if that button was pressed."""
        draft, text = self._read_form(request, request.posted.fields)
        base = fields.parse_index(request.field("base"))
        if request.field("act") == "insert":
            with self._statements.store.read() as tx:
                inserted = [one for one in _blocks(tx) if one.key == request.field("block")]
            if not inserted:
                gone = say("Nothing was inserted: this template was deleted, or is too long now.")
                return self._form(request.with_faults(("body", gone)), draft, text, base=base)
            text = text.with_appended(inserted[0].version.text.body)
        try:
            result = self._statements.writer(request.who.address).save(draft.key, base, text)
        except InvalidInput as error:
            faults = fields.fault_sentences(error.faults, text.body)
            return self._form(request.with_faults(*faults), draft, text, base=base)
        if isinstance(result, Conflict):
            return show_conflict(request, result)
        if request.field("act") == "hand-in":
            page = partial(self._form, draft=result, text=result.version.text)
            return self._drafts.submit_draft(request, result, result.revision, page)
        return redirect(f"/drafts/{draft.key}/edit", done="saved")

    def _read_form(
        self, request: DeskRequest, typed: Mapping[str, Sequence[str]]
    ) -> tuple[Draft, DraftText]:
        draft = self._drafts.find(request)
        return draft, self._drafts.parse_form(typed, draft.version.text, request.desk.now())

    def _form(
        self,
        request: DeskRequest,
        draft: Draft,
        text: DraftText,
        *,
        base: int | None = None,
        lapses: bool = False,
    ) -> Response:
        settings, view = self._statements.settings, view_of(request)
        with self._statements.store.read() as tx:
            lapse = lapse_of(tx, draft, self._statements.campaigns.rules)
            status = get_status(tx, draft.slug, self._statements.campaigns.rules)
            lists = [*(offer.name for offer in settings.titled_lists()), *settings.default_lists]
            lists += [*tx.readers.list_names(), *text.lists]
            readers_of = tx.readers.count_by_list()
            recipients = self._recipients(tx, text)
            named_statements = tx.statements.find(
                [slug for slug in (text.corrects, text.translation_of) if slug]
            )
            choices = (*tx.statements.list_newest(_MAX_STATEMENTS_OFFERED), *named_statements)
            others = {stored.statement.slug: stored.statement for stored in choices}.values()
            blocks = _blocks(tx)
        return request.page(
            "draft-edit.html.j2",
            title=text.title.strip() or say("A new text"),
            editor=True,
            draft=draft,
            text=text,
            blocks=[one for one in blocks if one.key != draft.key],
            base=draft.revision if base is None else base,
            is_unsaved=base is not None,
            lapse=lapse,
            lapses=lapses,
            lists=list(dict.fromkeys(lists)),
            list_counts=readers_of,
            recipients=recipients,
            sender=settings.publisher().sender_of(text.lists),
            place=place_of(settings.timezone),
            view=view,
            default_lists=settings.default_lists,
            time_notes=self._drafts.time_notes(text, request.desk),
            default_language=settings.language,
            rules=self._statements.campaigns.rules,
            segments=[segment.name for segment in self._statements.defaults.segments],
            has_begun=status is not None and status.has_begun,
            change_request=status.change_request if status is not None else None,
            statements=[statement for statement in others if statement.slug != draft.slug],
            other_editors=self._editors.record(draft.key, request.who.name, request.desk.now()),
        )

    def _recipients(self, tx: Transaction, text: DraftText) -> str:
        """Return the number of recipients in words; "" for a correction or an unknown segment."""
        lists = tuple(text.lists or self._statements.settings.default_lists)
        segments = {one.name: one for one in self._statements.defaults.segments}
        if text.corrects or (text.segment and text.segment not in segments):
            return ""
        found = Audience(lists=lists, segment=segments.get(text.segment))
        return people(tx.audiences.count(found))

    @route("POST", "/drafts/{key}/save", Role.WRITER, max_bytes=_MAX_FORM_BYTES)
    def save(self, request: DeskRequest) -> Response:
        """Save the draft. Return 200 with its revision, or 409 with the conflicting text."""
        try:
            document = request.json()
            draft, text = self._read_form(request, fields.json_fields(document.get("fields")))
            base = fields.parse_index(document.get("base"))
            result = self._statements.writer(request.who.address).save(draft.key, base, text)
        except (InvalidInput, NotFound, Refused) as error:
            return self._failure_page(request, error)
        if isinstance(result, Conflict):
            other_version = result.theirs
            answer: dict[str, Any] = {
                "version": other_version.revision,
                "saved_at": other_version.changed_at.isoformat(),
                "by": request.desk.person(other_version.changed_by),
                "own": other_version.changed_by == request.who.address,
                "fields": fields.form_values(other_version.version.text),
            }
            return request.json_response(answer, status=409)
        others = self._editors.record(draft.key, request.who.name, request.desk.now())
        at = result.changed_at.isoformat()
        time_notes = self._drafts.time_notes(text, request.desk)
        answer = {"version": result.revision, "saved_at": at, "others": others, "told": time_notes}
        # what the words for a time meant when they were typed, for the fields
        answer["settled"] = {name: getattr(text, name) for name in time_notes}
        parsed = self._drafts.parse(text, key=draft.key, slug=draft.slug)
        answer["wrong"] = [fault.key for fault in parsed.faults]
        before = draft.version.text  # to count people takes longer than to save
        if (text.lists, text.segment) != (before.lists, before.segment):
            with self._statements.store.read() as tx:
                answer["recipients"] = self._recipients(tx, text)
        return request.json_response(answer)

    @route(
        "POST", "/drafts/{key}/paste", Role.WRITER, max_bytes=2 * _MAX_FORM_BYTES, is_parsed=True
    )
    def paste(self, request: DeskRequest) -> Response:
        """Convert pasted HTML. Return its Markdown, and the parts that were dropped, as JSON."""
        try:
            html = request.json().get("html")
            document = read_pasted_isolated(html if isinstance(html, str) else "")
        except InvalidInput as error:
            return fields.file_refusal(request, error, "html")
        noted = partial(request.language().recognize, patterns=NOTE_NAMES)
        left_out = [*map(noted, document.left_out)]
        return request.json_response({"markdown": document.markdown, "left_out": left_out})

    def _failure_page(self, request: DeskRequest, error: NewsletterError) -> Response:
        status = {NotFound: 404, Refused: 403}.get(type(error), 422)
        if isinstance(error, InvalidInput):
            faults = [sentence for _, sentence in fields.fault_sentences(error.faults)]
            message = joined(faults, "{first} {last}")
        else:
            message = str(error)
        return request.json_response({"error": message}, status=status)

    @route("GET", "/drafts/{key}/preview", Role.VIEWER)
    def preview_version(self, request: DeskRequest) -> Response:
        """Return the email of a draft's current or a former version, for an iframe."""
        draft = self._drafts.find(request)
        text = draft.version.text
        if request.query("version"):
            with self._statements.store.read() as tx:
                text = _version_of(tx, draft, request.query("version")).text
        return self._email_response(request, draft, text)

    @route("POST", "/drafts/{key}/preview", Role.WRITER, max_bytes=_MAX_FORM_BYTES)
    def preview(self, request: DeskRequest) -> Response:
        """Return the email of an unsaved form, for an iframe."""
        draft, text = self._read_form(request, request.posted.fields)
        return self._email_response(request, draft, text)

    def _email_response(self, request: DeskRequest, draft: Draft, text: DraftText) -> Response:
        statements = self._statements
        parsed = self._drafts.parse_leniently(text, key=draft.key, slug=draft.slug)
        if parsed.statement is None:
            faults = fields.fault_sentences(parsed.faults, text.body)
            return request.unshown_email(fault for _, fault in faults)
        with statements.store.read() as tx:
            shares_email = statements.settings.shares_email and bool(draft.slug)
            translations = translations_of(tx, draft.slug) if shares_email else ()
        try:
            content = statements.renderer.render(parsed.statement, translations)
        except InvalidInput as error:
            faults = fields.fault_sentences(error.faults, text.body)
            return request.unshown_email(fault for _, fault in faults)
        # a made-up reader: its links do nothing
        preview = fill(content, sample_recipient(content, statements.links))
        # from where the page is, so that it is seen before anybody is at the public address
        html = preview.html.replace(f"{statements.settings.public_url}/media/", "/media/")
        return framed_email(preview_html(replace(preview, html=html), view_of(request)))

    @route("GET", "/drafts/{key}/versions", Role.VIEWER)
    def versions(self, request: DeskRequest) -> Response:
        skip = (request.page_number - 1) * _VERSIONS_PER_PAGE
        with self._statements.store.read() as tx:
            draft = find_draft(tx, request.param("key"))
            found = tx.drafts.list_versions(draft.key, _VERSIONS_PER_PAGE, skip=skip)
            count = tx.drafts.count_versions(draft.key)
        return request.page(
            "draft-versions.html.j2",
            title=say("Versions"),
            draft=draft,
            versions=found,
            count=count,
            first_number=count - skip,
            has_more=skip + _VERSIONS_PER_PAGE < count,
        )

    @route("GET", "/drafts/{key}/versions/{number}", Role.VIEWER)
    def version(self, request: DeskRequest) -> Response:
        """Show a version: its email, and its differences from the current one."""
        with self._statements.store.read() as tx:
            draft = find_draft(tx, request.param("key"))
            version = _version_of(tx, draft, request.param("number"))
            nth = tx.drafts.count_versions(draft.key, version.number)
        return request.page(
            "draft-version.html.j2",
            title=say("Version {number}, {at}", number=nth, at=request.desk.moment(version.at)),
            draft=draft,
            version=version,
            is_current=draft.version.number == version.number,
            differences=compare_drafts(version.text, draft.version.text),
        )

    @route("POST", "/drafts/{key}/versions/{number}/restore", Role.WRITER)
    def restore(self, request: DeskRequest) -> Response:
        """Save a former version as the newest one."""
        key, number = request.param("key"), fields.parse_index(request.param("number"))
        self._statements.writer(request.who.address).restore(key, number)
        return redirect(f"/drafts/{key}/edit", done="restored")


def show_conflict(request: DeskRequest, conflict: Conflict) -> Response:
    """Show both texts, and the ways to go on with them."""
    theirs, mine = conflict.theirs.version.text, conflict.mine.text
    return request.page(
        "draft-conflict.html.j2",
        title=say("This text was changed while you wrote"),
        status=409,
        draft=conflict.theirs,
        differences=compare_drafts(theirs, mine),
        who=request.desk.person(conflict.theirs.changed_by),
        is_own=conflict.theirs.changed_by == request.who.address,
        texts=[fields.form_values(one) for one in (mine, theirs, merge_texts(theirs, mine))],
    )


class ActiveEditors:
    """The names of the people who edited each draft in the last two minutes, in this process."""

    _TIMEOUT = timedelta(minutes=2)
    _MAX_DRAFTS = 500

    def __init__(self) -> None:
        self._seen: OrderedDict[str, dict[str, datetime]] = OrderedDict()
        self._lock = Lock()

    def record(self, key: str, name: str, now: datetime) -> list[str]:
        """Record that a person edits a draft. Return the names of its other editors, sorted."""
        with self._lock:
            seen_at: Mapping[str, datetime] = self._seen.pop(key, {})
            recent = {name: at for name, at in seen_at.items() if now - at < self._TIMEOUT}
            self._seen[key] = recent | {name: now}
            # popped and put in again above, so that the first is the oldest
            if len(self._seen) > self._MAX_DRAFTS:
                self._seen.popitem(last=False)
            return sorted(other for other in recent if other != name)


def _blocks(tx: Transaction) -> list[Draft]:
    """Return the templates that the editor inserts."""
    templates = tx.drafts.list_templates()
    return [one for one in templates if len(one.version.text.body) <= MAX_BLOCK_CHARS]


def _version_of(tx: Transaction, draft: Draft, number: str) -> Version:
    version = tx.drafts.get_version(draft.key, fields.parse_index(number))
    if version is None:
        raise NotFound(say("There is no such version of this text."))
    return version
