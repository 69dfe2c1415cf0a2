"""Drafts at the desk: created, imported, copied, translated, submitted, withdrawn."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count, takewhile, zip_longest
from typing import Any

from starlette.responses import Response

from newsletter.documents.isolated import make_picture_isolated
from newsletter.documents.release import imported
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.schedule import resolve
from newsletter.domain.staff.role import Role
from newsletter.domain.statements import review
from newsletter.domain.statements.draft import Draft, DraftText, ImportFindings, Picture
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import say, without_commands
from newsletter.pipeline.ledger import find_draft, find_stored
from newsletter.pipeline.statements.write import Conflict, DraftWriter, lapse_of
from newsletter.pipeline.status import get_status
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.statements import Statements
from newsletter.sources.desk import as_draft, draft_as_file, draft_text, read_upload
from newsletter.sources.statements import slugify
from newsletter.web.desk.page import NOTE_NAMES
from newsletter.web.desk.request import DeskRequest, download, redirect, route
from newsletter.web.desk.statements import fields
from newsletter.web.desk.statements.editing import show_conflict
from newsletter.web.desk.statements.preview import send_test, test_notice, view_of

_MAX_FILE_BYTES = 20_000_000
MAX_FORM_BYTES = _MAX_FILE_BYTES + (256 << 10)
_MAX_PICTURE_FORM_BYTES = imported.MAX_PICTURE_BYTES + (64 << 10)
_MAX_TEXTS_OFFERED = 10
_LINES = ("title", "subject", "summary")
_ACCEPTED_SUFFIXES = ".docx, .odt, .pdf, .eml, .html, .md, .txt"


class Drafts:
    """The pages that create, import, translate, submit and delete a draft."""

    def __init__(self, statements: Statements, delivery: Delivery) -> None:
        self._statements = statements
        self._delivery = delivery
        self._drafts = fields.DraftReader(statements=statements)

    @route("GET", "/drafts/new", Role.WRITER)
    def _new_page(self, request: DeskRequest) -> Response:
        original, label = self._find_corrected(request), "Correction: "
        title = label + original.title.removeprefix(label) if original else ""
        with self._statements.store.read() as tx:
            templates = tx.drafts.list_templates()
            sent = tx.campaigns.list_last_begun(_MAX_TEXTS_OFFERED)
            statements = tx.statements.find([slug for _, slug, *_ in sent])
        return request.page(
            "draft-new.html.j2",
            title=say("New statement"),
            typed_title=request.field("title") or title,
            corrected=original,
            templates=templates,
            sent_texts=[one.statement for one in statements if not one.statement.digest],
            pasted=request.field("pasted"),
            is_markdown=request.field("markdown") == "yes",
            file_kinds=_ACCEPTED_SUFFIXES,
        )

    def _find_corrected(self, request: DeskRequest) -> Statement | None:
        slug = request.field("corrects") or request.query("corrects")
        with self._statements.store.read() as tx:
            original = tx.statements.get(slug) if slug else None
        return original.statement if original is not None else None

    @route("POST", "/drafts/new", Role.WRITER, takes_files=True, max_bytes=MAX_FORM_BYTES)
    def begin(self, request: DeskRequest) -> Response:
        """Create a draft from a title, a file, pasted text, or another draft; or a template."""
        writing = self._statements.writer(request.who.address)
        source, _, name = request.field("from").partition(":")
        title = request.field("title")
        if source == "statement":
            return self.copy(request, name)
        if source == "new-template":
            label = request.field("name").strip()
            if not label:
                return self._new_page(request.with_faults(("name", say("Enter its name."))))
            draft = writing.new(DraftText(title=label), template=True)
            return redirect(f"/drafts/{draft.key}/edit", done="began")
        if source in {"template", "text"}:
            body = request.field("body")
            draft = writing.copy_draft(name, title=title, body=body, template=source == "text")
            return redirect(f"/drafts/{draft.key}/edit", done="began")
        if "pasted" in request.posted.fields and not (
            request.field("pasted").strip() or request.upload("file")
        ):
            missing = say("Choose a file, or paste the text.")
            return self._new_page(request.with_faults(("file", missing)))
        try:
            text, found, pictures = self._read_source(request)
            draft = writing.new(text, findings=found)
            _keep_pictures(writing, draft.key, pictures)
        except InvalidInput as error:
            return self._new_page(request.with_faults(*fields.file_faults(request, error, "file")))
        return redirect(f"/drafts/{draft.key}/edit", done="began" if found is None else "imported")

    def _read_source(
        self, request: DeskRequest
    ) -> tuple[DraftText, ImportFindings | None, Sequence[imported.ImportedPicture]]:
        settings = self._statements.settings
        today = request.desk.local_now().date()
        initial = DraftText(lists=settings.default_lists, language=settings.language)
        corrected = self._find_corrected(request)
        if corrected is not None:
            initial = replace(
                initial, corrects=corrected.slug, lists=corrected.lists, language=corrected.language
            )
        upload, pasted_text = request.upload("file"), request.field("pasted")
        if upload is not None:
            return self._read_file(upload.data, upload.name or "file", initial)
        if pasted_text.strip():
            name = "pasted.md" if request.field("markdown") == "yes" else "pasted.txt"
            return self._read_file(pasted_text.encode("utf-8", "replace"), name, initial)
        title = request.field("title").strip()
        return replace(initial, title=title, date=today.isoformat()), None, ()

    def _read_file(
        self, data: bytes, name: str, initial: DraftText
    ) -> tuple[DraftText, ImportFindings, Sequence[imported.ImportedPicture]]:
        """Convert a file to the text of a draft. Raises InvalidInput."""
        if len(data) > _MAX_FILE_BYTES:
            large = "is larger than {most} MB; take its pictures out"
            raise imported.unusable(name, large, most=_MAX_FILE_BYTES // 1_000_000)
        today, defaults = self._statements.store.clock.now().date(), self._statements.defaults
        document = read_upload(data, today=today, file=name, defaults=defaults)
        if isinstance(document, DraftText):
            return document, ImportFindings(file=name), ()
        document = imported.with_language(document, initial.language)
        text = as_draft(document, initial)
        left_out = tuple((line.line, line.text, line.reason) for line in document.dropped)
        notes = (*map(without_commands, document.notes), *map(_picture_note, document.pictures))
        return text, ImportFindings(file=name, left_out=left_out, notes=notes), document.pictures

    @route("POST", "/drafts/{key}/import", Role.WRITER, takes_files=True, max_bytes=MAX_FORM_BYTES)
    def import_file(self, request: DeskRequest) -> Response:
        """Return the text of a file as JSON for the editor, and store its pictures."""
        draft, upload = self._drafts.find(request), request.upload("file")
        try:
            if upload is None:
                raise InvalidInput.at(draft.key, say("Choose a file."), key="file")
            initial = replace(draft.version.text, title="", body="")
            text, found, pictures = self._read_file(upload.data, upload.name or "file", initial)
            _keep_pictures(self._statements.writer(request.who.address), draft.key, pictures)
        except InvalidInput as error:
            return fields.file_refusal(request, error, "file")
        noted = partial(request.language().recognize, patterns=NOTE_NAMES)
        left_out = [
            say("“{words}”, {why}", words=words, why=noted(why)) for _, words, why in found.left_out
        ]
        notes = [*map(noted, found.notes)]
        answer = {"title": text.title, "summary": text.summary, "markdown": text.body}
        return request.json_response(answer | {"left_out": left_out, "notes": notes})

    @route("POST", "/statements/{slug}/copy", Role.WRITER)
    def copy(self, request: DeskRequest, slug: str = "") -> Response:
        """Copy a statement to a new draft, or begin its translation if a language is given."""
        title, language = request.field("title"), request.field("language").strip()
        writing, slug = self._statements.writer(request.who.address), slug or request.param("slug")
        draft = writing.copy(slug, title=title, language=language)
        page, notice = "edit", "copied" if draft.copied_of else "began"
        return redirect(f"/drafts/{draft.key}/{'translate' if language else page}", done=notice)

    @route("GET", "/drafts/{key}", Role.VIEWER)
    def show(self, request: DeskRequest) -> Response:
        """Show a draft: its next step, its findings and its email."""
        return self._show(request, self._drafts.find(request))

    @route("POST", "/drafts/{key}/test", Role.WRITER)
    def test(self, request: DeskRequest) -> Response:
        """Send a test email of the last saved version, submitted or not."""
        draft = self._drafts.find(request)
        text = draft.version.text
        result = self._drafts.parse_leniently(text, key=draft.key, slug=draft.slug)
        if result.statement is None:
            faults = fields.fault_sentences(result.faults, text.body)
            return self._show(request.with_faults(*faults), draft)
        send = partial(
            self._delivery.trial_sender().send,
            draft.slug or draft.key,
            by=request.who.address,
            text=result.statement,
            subject=draft.slug or f"desk/drafts/{draft.key}",
        )
        fault = send_test(request, send)
        if fault:
            return self._show(request.with_faults(("to", fault), status=409), draft)
        return redirect(f"/drafts/{draft.key}", done=test_notice(request))

    def _show(self, request: DeskRequest, draft: Draft, *, lapses: bool = False) -> Response:
        text = draft.version.text
        with self._statements.store.read() as tx:
            rules = self._statements.campaigns.rules
            status, lapse = get_status(tx, draft.slug, rules), lapse_of(tx, draft, rules)
        findings = self._findings(request, draft)
        return request.page(
            "draft.html.j2",
            title=text.title.strip() or say("A new text"),
            lapse=lapse,
            refusal=say("Not submitted yet.") if lapses else "",
            draft=draft,
            text=text,
            sender=self._statements.settings.publisher().sender_of(text.lists),
            staff=request.desk.names(),
            groups=self._statements.settings.desk.test_groups,
            typed_to=request.field("to"),
            has_begun=status is not None and status.has_begun,
            findings=findings,
            messages=[finding.message for finding in findings],
            sender_starts=self._statements.campaigns.rules.sender_starts,
            view=view_of(request),
            time_notes=self._drafts.time_notes(text, request.desk),
        )

    def _findings(self, request: DeskRequest, draft: Draft) -> tuple[review.ReviewFinding, ...]:
        """Return the review findings of a draft; a draft that cannot be rendered has some too."""
        parsed = self._drafts.parse(draft.version.text, key=draft.key, slug=draft.slug)
        if parsed.statement is None:
            return review.sort_findings([review.finding_of(fault) for fault in parsed.faults])
        statements = self._statements
        zone, today = request.desk.zone, request.desk.local_now().date()
        with statements.store.read() as tx:
            wanted = Audience(lists=parsed.statement.lists, segment=parsed.statement.segment)
            audience = tx.audiences.count(wanted)
            readers = sum(tx.readers.count_by_list().values())
        sends = parsed.statement.send_at
        context = review.ReviewContext(
            today=today,
            day=resolve(sends, zone.key).astimezone(zone).date() if sends else today,
            readers=readers,
            audience=None if parsed.statement.corrects else audience,
        )
        return statements.review_rules.review(parsed.statement, None, context)

    @route("GET", "/drafts/{key}/download", Role.VIEWER)
    def download(self, request: DeskRequest) -> Response:
        """Return the draft as a statement file, from which a folder source makes the same email."""
        draft = self._drafts.find(request)
        text = draft.version.text
        slug = draft.slug or slugify(text.title, text.language)
        file, name = draft_as_file(text, slug=slug, author=draft.created_by), f"{slug}.md"
        return download(file.encode(), name=name, kind="text/markdown; charset=utf-8")

    @route("POST", "/drafts/{key}/hand-in", Role.WRITER)
    def submit_draft(self, request: DeskRequest) -> Response:
        draft = self._drafts.find(request)
        base = fields.parse_index(request.field("base"))
        return self._drafts.submit_draft(request, draft, base, partial(self._show, draft=draft))

    @route("POST", "/drafts/{key}/take-back", Role.WRITER)
    def withdraw_draft(self, request: DeskRequest) -> Response:
        key = request.param("key")
        self._statements.withdraw_draft(key, by=request.who.address)
        return redirect(f"/drafts/{key}", done="taken-back")

    @route("POST", "/drafts/{key}/looked", Role.WRITER)
    def hide_notes(self, request: DeskRequest) -> Response:
        key = request.param("key")
        self._statements.writer(request.who.address).hide_notes(key)
        return redirect(f"/drafts/{key}/edit")

    @route("POST", "/drafts/{key}/delete", Role.WRITER)
    def delete(self, request: DeskRequest) -> Response:
        self._statements.writer(request.who.address).delete(request.param("key"))
        return redirect("/statements?state=drafts", done="deleted")

    @route("GET", "/drafts/{key}/translate", Role.WRITER)
    def translate(self, request: DeskRequest) -> Response:
        """Show the Markdown blocks of a translation next to those of its original."""
        draft = self._drafts.find(request)
        with self._statements.store.read() as tx:
            original = draft_text(find_stored(tx, draft.version.text.translation_of).statement)
        texts = original, draft.version.text
        rows = [(name, *(str(vars(each)[name]) for each in texts)) for name in _LINES]
        bodies = [re.split(r"\n\s*\n", each.body.strip()) for each in texts]
        blocks = zip_longest(*bodies, fillvalue="")
        rows += [(f"block-{place}", *pair) for place, pair in enumerate(blocks)]
        return request.page(
            "translate.html.j2",
            title=say("Translate: {title}", title=original.title),
            draft=draft,
            original=original,
            rows=[row for row in rows if any(row[1:])],
        )

    @route("POST", "/drafts/{key}/translate", Role.WRITER, max_bytes=MAX_FORM_BYTES)
    def keep_translation(self, request: DeskRequest) -> Response:
        """Save a translation's blocks; empty ones are removed."""
        draft, field_of = self._drafts.find(request), request.posted.fields
        places = takewhile(field_of.__contains__, (f"block-{place}" for place in count()))
        # a block may begin with the indentation of a list item
        blocks = (request.field(place).rstrip().lstrip("\r\n") for place in places)
        lines: dict[str, Any] = {name: request.field(name) for name in _LINES if name in field_of}
        translation = replace(draft.version.text, **lines, body="\n\n".join(filter(None, blocks)))
        writing = self._statements.writer(request.who.address)
        result = writing.save(draft.key, fields.parse_index(request.field("base")), translation)
        if isinstance(result, Conflict):
            return show_conflict(request, result)
        page = "edit" if request.field("act") == "edit" else "translate"
        return redirect(f"/drafts/{draft.key}/{page}", done="saved")

    @route(
        "POST",
        "/drafts/{key}/pictures",
        Role.WRITER,
        takes_files=True,
        max_bytes=_MAX_PICTURE_FORM_BYTES,
    )
    def add_picture(self, request: DeskRequest) -> Response:
        """Store a picture. A script gets its address as JSON, a form a redirect to the page."""
        is_script = "application/json" in request.http.headers.get("accept", "")
        try:
            picture = self._store_picture(request)
        except InvalidInput as error:
            if is_script:
                return fields.file_refusal(request, error, "picture")
            faults = fields.file_faults(request, error, "picture")
            return self._pictures(request.with_faults(*faults))
        except (NotFound, Refused) as error:
            if is_script:
                return request.json_response({"error": str(error)}, status=409)
            raise
        if not is_script:
            return redirect(f"/drafts/{picture.draft}/pictures", done="picture")
        url = self._statements.settings.public_url
        return request.json_response({"address": picture.address(url), "alt": picture.alt})

    @route("POST", "/drafts/{key}/pictures/{name}/place", Role.WRITER)
    def place(self, request: DeskRequest) -> Response:
        """Append a picture to the text."""
        key = request.param("key")
        with self._statements.store.read() as tx:
            pictures = {picture.name: picture for picture in tx.pictures.list_for(key)}
        found = pictures.get(request.param("name"))
        if found is None:
            raise NotFound(say("There is no such picture."))
        line = found.markdown(self._statements.settings.public_url)
        self._statements.writer(request.who.address).append(key, line)
        return redirect(f"/drafts/{key}/edit", done="placed")

    def _store_picture(self, request: DeskRequest) -> Picture:
        key, upload = request.param("key"), request.upload("picture")
        if upload is None or not upload.data:
            raise InvalidInput.at(key, say("Choose a picture."), key="picture")
        picture = make_picture_isolated(upload.data, file=upload.name[:80] or "the picture")
        return self._statements.writer(request.who.address).illustrate(
            key,
            picture,
            alt=request.field("alt")[:500],
            decoration=request.field("decoration") == "yes",
        )

    @route("GET", "/drafts/{key}/pictures", Role.WRITER)
    def _pictures(self, request: DeskRequest) -> Response:
        with self._statements.store.read() as tx:
            draft = find_draft(tx, request.param("key"))
            pictures = tx.pictures.list_for(draft.key)
        url = self._statements.settings.public_url
        return request.page(
            "draft-pictures.html.j2",
            title=say("Pictures"),
            draft=draft,
            pictures=[(picture, picture.markdown(url)) for picture in pictures],
            alt=request.field("alt"),
            is_decoration=request.field("decoration") == "yes",
        )


def _keep_pictures(
    writing: DraftWriter, key: str, pictures: Sequence[imported.ImportedPicture]
) -> None:
    for picture in pictures:
        writing.illustrate(key, picture, alt=picture.alt[:500], decoration=not picture.alt)


def _picture_note(picture: imported.ImportedPicture) -> str:
    """Return an import note that says where a picture of the file is stored."""
    name = f"The picture “{picture.alt}”" if picture.alt else "A picture without a description"
    return f"{name} is kept under Pictures; put it into the text from there. {picture.note}"
