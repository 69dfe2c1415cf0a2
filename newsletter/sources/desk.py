"""Turns drafts of the desk into statement files, so that one parser validates both.

A draft that is downloaded into a folder gives the same email. Uploaded files become drafts in a
sandbox.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from newsletter.domain.errors import Fault
from newsletter.domain.statements.draft import DamagedDraft, Draft, DraftText
from newsletter.domain.statements.statement import Progress, Statement
from newsletter.domain.typed_time import is_wall_time, parse_typed_time
from newsletter.domain.wording import say
from newsletter.formats.scalars import write_scalar
from newsletter.sources.statements import Defaults, Parsed, parse_statement, slugify, unreadable

if TYPE_CHECKING:
    from newsletter.documents.release.imported import ImportedDocument

_ISO_DATE_PATTERN = re.compile(r"\d{4}-\d\d-\d\d")
_PLAIN_ADDRESS_PATTERN = re.compile(r"[A-Za-z0-9][\w.+-]*@[\w.-]+")
_TIME_FIELDS = ("send_at", "embargo_until")
_NAME_FIELDS = ("translation_of", "corrects", "segment")


def parse_draft(
    text: DraftText,
    *,
    key: str,
    writers: tuple[str, ...],
    defaults: Defaults,
    slug: str = "",
    taken_back: bool = False,
) -> Parsed:
    """Parse the fields of a text. Faults name a field, or a line of the text.

    Before the first submission ``slug`` is "", and the title gives the slug.
    """
    origin = f"desk/drafts/{key}"
    text, unread = read_times(text, zone=defaults.timezone)
    time_faults = (Fault(file=origin, key=key, message=why) for key, why in unread.items())
    missing = (*_missing_fields(text, origin, defaults), *time_faults)
    slug = slug or slugify(text.title, text.language or defaults.language)
    file = draft_as_file(text, slug=slug, progress=Progress.REVIEW)
    lines_above = file.index("\n---\n", 3) + 5
    parsed = parse_statement(file.encode(), file=origin, defaults=defaults)
    if parsed.statement is None:
        lines = file.count("\n", 0, lines_above)
        faults = (_relocate(fault, lines, text.body) for fault in parsed.faults)
        other_faults = (fault for fault in faults if fault.key not in {one.key for one in missing})
        return replace(parsed, faults=(*missing, *other_faults))
    first_line = text.body.count("\n", 0, len(text.body) - len(text.body.lstrip())) + 1
    return Parsed(
        statement=replace(
            parsed.statement,
            author=writers[0],
            writers=writers,
            desk=key,
            origin=origin,
            progress=Progress.DRAFT if taken_back else Progress.REVIEW,
            places=(("body", first_line),),
        ),
        faults=(),
    )


def parse_version(draft: Draft | DamagedDraft, defaults: Defaults) -> Parsed:
    """Parse the current version of a draft into a statement, or its faults."""
    if isinstance(draft, DamagedDraft):
        return unreadable(f"desk/drafts/{draft.key}")
    return parse_draft(
        draft.version.text,
        key=draft.key,
        writers=draft.version.writers,
        defaults=defaults,
        slug=draft.slug,
        taken_back=draft.taken_back,
    )


def draft_as_file(
    text: DraftText,
    *,
    slug: str = "",
    author: str = "",
    progress: Progress = Progress.DRAFT,
    embargo_suggested: str = "",
) -> str:
    """Return a text as a statement file, with the values as they were typed, also faulty ones.

    ``embargo_suggested`` becomes a comment, which a person may uncomment.
    """
    lists = f"[{', '.join(map(write_scalar, text.lists))}]" if text.lists else ""
    values = {
        "title": _yaml_value(text.title),
        "date": text.date if _ISO_DATE_PATTERN.fullmatch(text.date) else _yaml_value(text.date),
        "summary": _yaml_value(text.summary),
        "subject": _yaml_value(text.subject),
        "preview": _yaml_value(text.preview),
        "reply_to": _yaml_value(text.reply_to),
        "slug": _yaml_value(slug),
        # without quotes, as people write it
        "author": author if _PLAIN_ADDRESS_PATTERN.fullmatch(author) else _yaml_value(author),
        "status": progress.value,
        "lists": lists,
        "send_at": _yaml_value(text.send_at),
        "embargo": _yaml_value(text.embargo),
        "embargo_until": _yaml_value(text.embargo_until),
        "# embargo_until": embargo_suggested,
        "language": _yaml_value(text.language),
        **{name: _yaml_value(getattr(text, name)) for name in _NAME_FIELDS},
        "urgent": "true" if text.urgent else "",
        "welcome": "true" if text.welcome else "",
    }
    header = "".join(f"{key}: {value}\n" for key, value in values.items() if value)
    return f"---\n{header}---\n" + text.body.strip("\n") + "\n"


def draft_text(statement: Statement) -> DraftText:
    send_at = statement.local_time or statement.send_at
    return DraftText(
        title=statement.title,
        body=statement.body,
        summary=statement.summary,
        subject=statement.subject,
        preview=statement.preview,
        reply_to=statement.reply_to,
        lists=statement.lists,
        language=statement.language,
        date=statement.date.isoformat() if statement.date else "",
        send_at=_format_wall_time(send_at) if isinstance(send_at, datetime) else str(send_at or ""),
        embargo_until=_format_wall_time(statement.embargo_until) if statement.embargo_until else "",
        embargo=statement.embargo,
        segment=statement.segment.name if statement.segment else "",
        translation_of=statement.translation_of,
        corrects=statement.corrects,
        urgent=statement.urgent,
        welcome=statement.welcome,
    )


def _missing_fields(text: DraftText, origin: str, defaults: Defaults) -> Iterator[Fault]:
    if not text.title.strip():
        yield Fault(file=origin, key="title", message=say("write a title"))
    if not text.body.strip():
        yield Fault(file=origin, key="body", message=say("write the text"))
    if not (text.lists or text.segment.strip() or defaults.lists):
        yield Fault(file=origin, key="lists", message=say("choose at least one list"))


def read_times(
    text: DraftText, *, zone: str, now: datetime | None = None
) -> tuple[DraftText, dict[str, str]]:
    """Return a text with its times as in a file, and field → why its time is invalid.

    Words such as "tomorrow" are only read with ``now``.
    """
    read_values: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for key in _TIME_FIELDS:
        typed_text = getattr(text, key).strip()
        if not typed_text or is_wall_time(typed_text):
            continue  # the parser of files reports its faults
        try:
            time = parse_typed_time(typed_text, zone=zone, now=now)
        except ValueError as error:
            unread[key] = str(error)
        else:
            read_values[key] = _format_wall_time(time) if isinstance(time, datetime) else str(time)
    return replace(text, **read_values), unread


def _yaml_value(value: str) -> str:
    return write_scalar(value) if value.strip() else ""


def _format_wall_time(value: datetime) -> str:
    has_seconds = bool(value.second or value.microsecond)
    return value.isoformat(sep=" ", timespec="auto" if has_seconds else "minutes")


def _relocate(fault: Fault, offset: int, body: str) -> Fault:
    """Return a fault of the file with its position in the form: a field or a line of the text."""
    if fault.key or fault.line <= offset:
        return replace(fault, line=0, key=fault.key or "body")
    return replace(fault, key="body", line=fault.line - offset + len(body) - len(body.lstrip("\n")))


def read_upload(
    data: bytes, *, today: date, file: str, defaults: Defaults
) -> "DraftText | ImportedDocument":
    """Read a file, of the type that the ending of its name says. Raises InvalidInput.

    A statement file gives a draft with all fields.
    """
    from newsletter.documents.isolated import ADVICE  # to list statements takes none of these
    from newsletter.documents.release.imported import ImportedDocument
    from newsletter.documents.sandbox import read_isolated

    reader = "newsletter.sources.desk:read_here"
    arguments = {"data": data, "today": today, "file": file, "defaults": defaults}
    kinds: Any = DraftText | ImportedDocument
    read: DraftText | ImportedDocument
    read = read_isolated(reader, arguments, file=file, answer=kinds, advice=ADVICE)
    return read


def as_draft(document: "ImportedDocument", initial: DraftText) -> DraftText:
    """Return an imported document as a draft, with its other fields from ``initial``."""
    return replace(
        initial,
        title=document.title,
        body=document.body,
        date=document.date.isoformat() if document.date else "",
        summary=document.summary,
        subject=document.subject,
        embargo=document.embargo.words if document.embargo else "",
        language=document.language or initial.language,
    )


def read_here(
    data: bytes, *, today: date, file: str, defaults: Defaults
) -> "DraftText | ImportedDocument":
    """Read a file in this process. Raises InvalidInput."""
    from newsletter.documents.importing import import_file  # it imports all parsers

    if file.lower().endswith((".md", ".markdown")):
        parsed = parse_statement(data, file="own.md", defaults=defaults)
        # a file with faults is imported, and the findings name each omission
        if parsed.statement is not None:
            return draft_text(parsed.statement)
    return import_file(data, today=today, file=file)
