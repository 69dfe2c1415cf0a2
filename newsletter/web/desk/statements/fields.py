"""The fields of a text at the desk: out of a form, and what they mean in words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from textwrap import shorten
from typing import Any

from newsletter.domain.errors import Fault
from newsletter.domain.schedule import resolve
from newsletter.domain.statements.comparison import Difference
from newsletter.domain.statements.draft import Draft, DraftText
from newsletter.domain.wording import Sentence, say
from newsletter.pipeline.ledger import find_draft
from newsletter.runtime.statements import Statements
from newsletter.sources.desk import parse_draft, settle
from newsletter.sources.statements import Parsed
from newsletter.web.desk.deciding import sentence
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest
from newsletter.web.http.forms import whole

LABELS: Mapping[str, str] = {
    "title": say("Title"),
    "body": say("Text"),
    "summary": say("Summary"),
    "subject": say("Subject"),
    "lists": say("Lists"),
    "language": say("Language"),
    "date": say("Date"),
    "send_at": say("Send time"),
    "embargo_until": say("Embargo until"),
    "embargo": say("Embargo in the text"),
    "segment": say("Segment"),
    "translation_of": say("Translation of"),
    "corrects": say("Corrects"),
    "urgent": say("Ahead of other emails"),
    "welcome": say("Welcome email"),
}
"""Field → its name on the pages."""
_MANY, _TICKS = {"lists"}, {"urgent", "welcome"}
_MARKS = re.compile(r"[*`#>|]|\b_|_\b|(?<=\])\([^)]*\)|[\[\]]")
_MAY_BE_WRONG = set(LABELS) - {"title", "body", "urgent"}


def text_of(posted: Mapping[str, Sequence[str]], before: DraftText) -> DraftText:
    """Return the text in a form. A missing field stays as it is; a missing tick is not set."""
    found: dict[str, Any] = {}
    whole = "title" in posted and "body" in posted
    for each in fields(DraftText):
        unset = () if whole and each.name in _MANY | _TICKS else None
        values = posted.get(each.name, unset)
        if values is None:
            continue
        if each.name in _MANY:
            found[each.name] = tuple(value for value in values if value)
        elif each.name in _TICKS:
            found[each.name] = "yes" in values
        else:
            typed = next(iter(values), "")
            found[each.name] = typed if each.name == "body" else " ".join(typed.splitlines())
    return replace(before, **found).cleaned()


def number_of(named: object) -> int:
    """Return a number of an address, a form or a script; 0 for anything else."""
    return whole(str(named)) or 0


def listed(text: DraftText) -> dict[str, list[str]]:
    """Return field → its values, as a form would send them."""
    found = {name: [value] for name, value in vars(text).items() if isinstance(value, str)}
    ticks = {name: ["yes"] if getattr(text, name) else [] for name in _TICKS}
    return found | ticks | {"lists": list(text.lists)}


def posted_json(posted: object) -> dict[str, list[str]]:
    """The fields in a script's own words: a text or a list of texts each; all else is nothing."""
    if not isinstance(posted, dict):
        return {}
    found = {}
    for name, value in posted.items():
        values = value if isinstance(value, list) else [value]
        if all(isinstance(one, str) for one in values):
            found[str(name)] = values
    return found


def sentences(faults: Iterable[Fault], body: str = "") -> Faults:
    """(field, sentence) of each thing that is wrong, as the form shows them.

    A line of ``body`` is quoted without its marks, since the visual editor has no lines.
    """
    found: list[tuple[str, str]] = []
    lines = body.split("\n")
    for fault in faults:
        key = fault.key if fault.key in LABELS else "body"
        line = lines[fault.line - 1] if 0 < fault.line <= len(lines) else ""
        words = "".join(filter(str.isprintable, _MARKS.sub("", line)))
        where = f", “{shorten(words, 50, placeholder='…')}”" if words.strip() else ""
        message = fault.message
        if isinstance(message, Sentence):
            said: str = say("{label}{where}: {text}.", label=LABELS[key], where=where, text=message)
        else:
            said = f"{LABELS[key]}{where}: {message[:1].lower()}{message[1:].rstrip('.')}."
        found.append((key, said))
    return found


def of_file(faults: Iterable[Fault], key: str) -> Faults:
    """Return the faults of a form with a file in ``key``; those in the file begin with its name."""
    found = []
    for fault in faults:
        message = fault.message
        if not isinstance(message, Sentence):
            message = f"{message if fault.key else f'{fault.file} {message}'}".rstrip(".") + "."
        found.append((fault.key or key, message))
    return found


def named(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return the differences by the fields' names on the pages, each as (removed, added) lines."""
    return [
        {
            "what": LABELS.get(difference.what, difference.what),
            "lines": [
                (kind, text)
                for kind, text in (("out", difference.before), ("in", difference.after))
                if text
            ],
        }
        for difference in differences
    ]


@dataclass(frozen=True, kw_only=True)
class Words:
    """Reads a text as far as it can be read, in one workspace."""

    statements: Statements

    def find(self, request: DeskRequest) -> Draft:
        """Return the text that an address names. Raises NotFound."""
        with self.statements.store.read() as tx:
            return find_draft(tx, request.param("key"))

    def parse(self, text: DraftText, *, key: str, slug: str) -> Parsed:
        """Return the statement that a text would be, or all of its faults."""
        defaults = self.statements.defaults
        return parse_draft(text, key=key, writers=("writer@desk",), defaults=defaults, slug=slug)

    def as_far_as_possible(self, text: DraftText, *, key: str, slug: str) -> Parsed:
        """Parse a text for a preview: fill in missing parts and leave out faulty ones."""
        lists = text.lists or self.statements.settings.default_lists or ("list",)
        filled = replace(
            text,
            title=text.title if text.title.strip() else "No title yet",
            body=text.body if text.body.strip() else "There is no text yet.",
            lists=lists,
        )
        parsed = self.parse(filled, key=key, slug=slug)
        wrong = {fault.key for fault in parsed.faults} & _MAY_BE_WRONG
        if parsed.statement is None and wrong:
            emptied: dict[str, Any] = dict.fromkeys(wrong - {"lists"}, "")
            if "lists" in wrong:
                emptied["lists"] = self.statements.settings.default_lists or ("list",)
            parsed = self.parse(replace(filled, **emptied), key=key, slug=slug)
        return parsed

    def typed(
        self, posted: Mapping[str, Sequence[str]], before: DraftText, now: datetime
    ) -> DraftText:
        """Return the text in a form, its times as they are meant now."""
        zone = self.statements.settings.timezone
        return settle(text_of(posted, before), zone=zone, now=now)[0]

    def told(self, text: DraftText, desk: Desk) -> dict[str, dict[str, object]]:
        """Return the note below each field for a time: the time, or why it cannot be read."""
        alone = DraftText(send_at=text.send_at, embargo_until=text.embargo_until)
        unread = settle(alone, zone=self.statements.settings.timezone, now=desk.now())[1]
        faults = self.parse(alone, key="alone", slug="").faults
        told = {fault.key: sentence(unread.get(fault.key, fault.message)) for fault in faults}
        wrong = set(told)
        statement = self.as_far_as_possible(alone, key="alone", slug="").statement
        if statement is not None:
            sends, hour = self._until(statement.send_at, desk), statement.local_time
            if hour is not None:
                at, day = f"{hour.at:%H:%M}", hour.day
                sends = say("At {at} by each reader's own clock", at=at)
                if day:
                    on = "At {at} by each reader's own clock on {day.day} {day:%b %Y}"
                    sends = say(on, at=at, day=day)
            until = self._until(statement.embargo_until, desk)
            told = {"send_at": sends, "embargo_until": until} | told
        return {
            field: {"words": told.get(field, ""), "wrong": field in wrong}
            for field in ("send_at", "embargo_until")
        }

    def _until(self, wall: datetime | None, desk: Desk) -> str:
        if wall is None:
            return ""
        instant = resolve(wall, self.statements.settings.timezone)
        at = desk.moment(instant)
        return say("{at} – this has passed", at=at) if instant <= desk.now() else at
