"""The fields of a draft at the desk: read from forms, and described in words."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from textwrap import shorten
from typing import Any

from starlette.responses import Response

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.schedule import resolve
from newsletter.domain.statements.draft import Draft, DraftText
from newsletter.domain.wording import Sentence, enclosed, joined, say
from newsletter.pipeline.ledger import find_draft
from newsletter.pipeline.statements.write import WouldLapse
from newsletter.runtime.statements import Statements
from newsletter.sources.desk import parse_draft, read_times
from newsletter.sources.statements import Parsed
from newsletter.web.desk.deciding import sentence
from newsletter.web.desk.page import LABELS, Desk
from newsletter.web.desk.request import DeskRequest, Faults, redirect
from newsletter.web.http.forms import parse_number

_LIST_FIELDS, _CHECKBOX_FIELDS = {"lists"}, {"urgent", "welcome"}
_MARKUP_PATTERN = re.compile(r"[*`#>|]|\b_|_\b|(?<=\])\([^)]*\)|[\[\]]")
_OPTIONAL_FIELDS = set(LABELS) - {"title", "body", "urgent"}


def parse_text(form: Mapping[str, Sequence[str]], previous: DraftText) -> DraftText:
    """Return the draft in a form. A missing field keeps its value; a missing checkbox is off."""
    found: dict[str, Any] = {}
    is_complete = "title" in form and "body" in form
    for each in fields(DraftText):
        unset = () if is_complete and each.name in _LIST_FIELDS | _CHECKBOX_FIELDS else None
        values = form.get(each.name, unset)
        if values is None:
            continue
        if each.name in _LIST_FIELDS:
            found[each.name] = tuple(value for value in values if value)
        elif each.name in _CHECKBOX_FIELDS:
            found[each.name] = "yes" in values
        else:
            typed = next(iter(values), "")
            found[each.name] = typed if each.name == "body" else " ".join(typed.splitlines())
    return replace(previous, **found).cleaned()


def parse_index(value: object) -> int:
    """Parse a number of a path, a form or JSON; 0 for anything else."""
    return parse_number(str(value)) or 0


def form_values(text: DraftText) -> dict[str, list[str]]:
    """Return field → its values, as a form sends them."""
    found = {name: [value] for name, value in vars(text).items() if isinstance(value, str)}
    ticks = {name: ["yes"] if getattr(text, name) else [] for name in _CHECKBOX_FIELDS}
    return found | ticks | {"lists": list(text.lists)}


def json_fields(payload: object) -> dict[str, list[str]]:
    """Return field → its values in JSON; drop all but strings and lists of strings."""
    if not isinstance(payload, dict):
        return {}
    found = {}
    for name, value in payload.items():
        values = value if isinstance(value, list) else [value]
        if all(isinstance(one, str) for one in values):
            found[str(name)] = values
    return found


def fault_sentences(faults: Iterable[Fault], body: str = "") -> Faults:
    """Return (field, sentence) of each fault, as the form shows them.

    A fault in ``body`` quotes its line without Markdown: the visual editor has no line numbers.
    """
    found: list[tuple[str, str]] = []
    lines = body.split("\n")
    for fault in faults:
        key = fault.key if fault.key in LABELS else "body"
        line = lines[fault.line - 1] if 0 < fault.line <= len(lines) else ""
        words = "".join(filter(str.isprintable, _MARKUP_PATTERN.sub("", line)))
        where = f", “{shorten(words, 50, placeholder='…')}”" if words.strip() else ""
        said = "{label}{where}: {text}."
        found.append((key, enclosed(said, label=LABELS[key], where=where, text=fault.message)))
    return found


def file_faults(request: DeskRequest, error: InvalidInput, key: str) -> Faults:
    """Return (field, sentence) of the faults of an uploaded file; ``key`` is the file's field."""
    found = []
    for fault in error.faults:
        message = request.language().recognize(fault.message)
        text = message if isinstance(message, Sentence) else message.rstrip(".")
        if message[:1].islower() and fault.key in LABELS:  # about a field, such as "is too long"
            message = enclosed("{label}: {text}.", label=LABELS[fault.key], text=text)
        elif message[:1].islower() and not fault.key:  # about the file, such as "is empty"
            message = enclosed("{file} {text}.", file=fault.file, text=text)
        elif not isinstance(message, Sentence):
            message = sentence(message)
        found.append((fault.key or key, message))
    return found


def file_refusal(request: DeskRequest, error: InvalidInput, key: str) -> Response:
    """Return the faults of an uploaded or pasted file as JSON for our script."""
    messages = [message for _, message in file_faults(request, error, key)]
    return request.json_response({"error": joined(messages, "{first} {last}")}, status=422)


@dataclass(frozen=True, kw_only=True)
class DraftReader:
    """Finds and parses drafts by the settings of one workspace."""

    statements: Statements

    def find(self, request: DeskRequest) -> Draft:
        """Return the draft with the key in the path. Raises NotFound."""
        with self.statements.store.read() as tx:
            return find_draft(tx, request.param("key"))

    def parse(self, text: DraftText, *, key: str, slug: str) -> Parsed:
        """Parse a draft into a statement, or return all of its faults."""
        defaults = self.statements.defaults
        return parse_draft(text, key=key, writers=("writer@desk",), defaults=defaults, slug=slug)

    def parse_leniently(self, text: DraftText, *, key: str, slug: str) -> Parsed:
        """Parse a draft for a preview: fill in missing fields, and empty faulty ones."""
        lists = text.lists or self.statements.settings.default_lists or ("list",)
        completed = replace(
            text,
            title=text.title if text.title.strip() else "No title yet",
            body=text.body if text.body.strip() else "There is no text yet.",
            lists=lists,
        )
        result = self.parse(completed, key=key, slug=slug)
        wrong = {fault.key for fault in result.faults} & _OPTIONAL_FIELDS
        if result.statement is None and wrong:
            empty_fields: dict[str, Any] = dict.fromkeys(wrong - {"lists"}, "")
            if "lists" in wrong:
                empty_fields["lists"] = self.statements.settings.default_lists or ("list",)
            result = self.parse(replace(completed, **empty_fields), key=key, slug=slug)
        return result

    def parse_form(
        self, form: Mapping[str, Sequence[str]], previous: DraftText, now: datetime
    ) -> DraftText:
        """Return the draft in a form, with times such as "tomorrow at 9" resolved at ``now``."""
        zone = self.statements.settings.timezone
        return read_times(parse_text(form, previous), zone=zone, now=now)[0]

    def submit_draft(
        self, request: DeskRequest, draft: Draft, base: int, page: Callable[..., Response]
    ) -> Response:
        """Submit a draft. On faults, or if approvals would lapse, return the answer of ``page``."""
        shown = parse_index(request.field("lapses"))
        by = request.who.address
        try:
            submitted = self.statements.submit_draft(draft.key, base, by=by, shown_depth=shown)
        except InvalidInput as error:
            faults = fault_sentences(error.faults, draft.version.text.body)
            return page(request.with_faults(*faults))
        except WouldLapse:
            return page(request.with_faults(status=409), lapses=True)
        return redirect(f"/statements/{submitted.slug}", done="handed-in")

    def time_notes(self, text: DraftText, desk: Desk) -> dict[str, dict[str, object]]:
        """Return time field → the note below it: the time in words, or why it is invalid."""
        times_only = DraftText(send_at=text.send_at, embargo_until=text.embargo_until)
        unread = read_times(times_only, zone=self.statements.settings.timezone, now=desk.now())[1]
        faults = self.parse(times_only, key="alone", slug="").faults
        notes = {fault.key: sentence(unread.get(fault.key, fault.message)) for fault in faults}
        wrong = set(notes)
        statement = self.parse_leniently(times_only, key="alone", slug="").statement
        if statement is not None:
            sends, hour = self._time_in_words(statement.send_at, desk), statement.local_time
            if hour is not None:
                at, day = f"{hour.at:%H:%M}", hour.day
                sends = say("At {at} by each reader's own clock", at=at)
                if day:
                    local_note = "At {at} by each reader's own clock on {day.day} {day:%b %Y}"
                    sends = say(local_note, at=at, day=day)
            until = self._time_in_words(statement.embargo_until, desk)
            notes = {"send_at": sends, "embargo_until": until} | notes
        return {
            field: {"words": notes.get(field, ""), "wrong": field in wrong}
            for field in ("send_at", "embargo_until")
        }

    def _time_in_words(self, wall_time: datetime | None, desk: Desk) -> str:
        if wall_time is None:
            return ""
        instant = resolve(wall_time, self.statements.settings.timezone)
        at = desk.moment(instant)
        return say("{at} – this has passed", at=at) if instant <= desk.now() else at
