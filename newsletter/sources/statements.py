"""Parses the bytes of a statement file into a statement, or its faults."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.schedule import LocalTime, resolve
from newsletter.domain.statements.statement import (
    MAX_SLUG_CHARS,
    SLUG,
    UNREADABLE,
    Progress,
    Statement,
)
from newsletter.domain.subscribers.lists import LIST_NAME
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import did_you_mean, invalid, say
from newsletter.formats import frontmatter
from newsletter.formats.times import is_local, language_objection, read_date, read_local, read_time

FRONT_MATTER_KEYS = (
    *("title", "date", "summary", "subject", "preview", "reply_to", "slug", "author", "status"),
    *("approved_by", "lists", "send_at", "embargo_until", "embargo", "language", "translation_of"),
    *("corrects", "urgent", "welcome", "despite", "segment"),
)
_LATIN_OF_LETTER = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
)
_GERMAN_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
FALLBACK_SLUG = "statement"
_MAX_TITLE_CHARS = 1_000
"""The characters of a title that count. Decomposing stacked accents takes quadratic time."""
_APOSTROPHE_PATTERN = re.compile(r"(?<=\w)['’](?=\w)")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The settings' values for fields that a statement omits."""

    lists: tuple[str, ...]
    language: str
    timezone: str
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Parsed:
    statement: Statement | None
    faults: tuple[Fault, ...]
    slug_line: int = 0
    """The line of the slug; 0 if the slug is the file's name."""


def unreadable(origin: str) -> Parsed:
    """Return the fault of a text whose stored row is damaged."""
    return Parsed(statement=None, faults=(Fault(file=origin, message=UNREADABLE),))


def parse_statement(data: bytes, *, file: str, defaults: Defaults) -> Parsed:
    """Parse a statement file. ``file`` is its path in messages, and gives the default slug."""
    try:
        front = frontmatter.parse_front_matter(data, file=file)
    except InvalidInput as error:
        return Parsed(statement=None, faults=error.faults)
    reader = frontmatter.Reader(front=front, file=file)
    for field in front.fields.values():
        if field.key not in FRONT_MATTER_KEYS:
            reader.faults.append(frontmatter.unknown_key(field, FRONT_MATTER_KEYS, file))
    statement = _statement(reader, file, defaults)
    if reader.faults:
        faults = sorted(reader.faults, key=lambda fault: fault.line)
        return Parsed(statement=None, faults=tuple(faults))
    slug_entry = front.fields.get("slug")
    return Parsed(statement=statement, faults=(), slug_line=slug_entry.line if slug_entry else 0)


def _statement(reader: frontmatter.Reader, file: str, defaults: Defaults) -> Statement:
    slug = reader.text("slug", _check_slug) or _slug_of_file(reader, file)

    def time(value: str) -> datetime:
        moment = read_time(value)
        resolve(moment, defaults.timezone)
        return moment

    send_at = reader.moment_text("send_at", lambda to: read_local(to) if is_local(to) else time(to))
    segment = _segment(reader, defaults)
    statement = Statement(
        slug=slug,
        title=_title(reader),
        body=_body(reader),
        lists=_lists(reader, defaults, segment),
        language=reader.text("language", _check_language) or defaults.language,
        date=reader.moment_text("date", read_date),
        summary=reader.text("summary", str) or "",
        subject=reader.text("subject", str) or "",
        preview=reader.text("preview", str) or "",
        reply_to=reader.text("reply_to", frontmatter.read_address) or "",
        author=reader.text("author", frontmatter.read_address) or "",
        progress=reader.required("status", _progress) or Progress.REVIEW,
        approved_by=reader.texts("approved_by", frontmatter.read_address, "editor@forum.example"),
        send_at=send_at if isinstance(send_at, datetime) else None,
        local_time=send_at if isinstance(send_at, LocalTime) else None,
        segment=segment,
        embargo_until=reader.moment_text("embargo_until", time),
        embargo=reader.required("embargo", str) or "",
        translation_of=_find_other(reader, "translation_of", slug),
        corrects=_find_other(reader, "corrects", slug),
        urgent=reader.flag("urgent"),
        welcome=reader.flag("welcome"),
        despite=reader.required("despite", str) or "",
        origin=file,
        places=(
            *((field.key, field.line) for field in reader.front.fields.values()),
            ("body", reader.front.body_line),
        ),
    )
    _check_correction(reader, statement)
    # a welcome email goes to each person who joins, so nothing may narrow or divide its readers
    for key in ("corrects", "translation_of", "segment", "local_time"):
        if statement.welcome and getattr(statement, key):
            what = "send_at" if key == "local_time" else key
            reader.refuse(what, "does not go with a welcome email; take one of them out")
    return statement


def _check_correction(reader: frontmatter.Reader, statement: Statement) -> None:
    if statement.corrects and statement.local_time is not None:
        local = (
            "is an hour by each reader's own clock, and a correction goes out at once, so that"
            " nobody is left with what is wrong; take it out, or write one time for all"
        )
        reader.refuse("send_at", local)
    if statement.corrects and statement.segment is not None:
        narrow = "narrows a correction, which goes to exactly those who got {slug}; take it out"
        reader.refuse("segment", narrow, slug=statement.corrects)


def _title(reader: frontmatter.Reader) -> str:
    fault_count = len(reader.faults)
    title = reader.text("title", str)
    if not title and len(reader.faults) == fault_count:
        reader.refuse("title", "is missing; write a line like title: Forum resigns from task force")
    return title or ""


def _body(reader: frontmatter.Reader) -> str:
    body = reader.front.body
    if not body:
        message = say("has no text below the front matter; write the statement there")
        reader.faults.append(Fault(file=reader.file, line=reader.front.body_line, message=message))
    return body


def _lists(
    reader: frontmatter.Reader, defaults: Defaults, segment: Segment | None
) -> tuple[str, ...]:
    if "lists" in reader.front.fields:
        lists = reader.texts("lists", _check_list, "press")
        if segment is not None and lists and segment.list not in lists:
            apart = (
                "{name} picks readers of {list}, which is not among its lists; write lists:"
                " [{list}], or another segment"
            )
            reader.refuse("segment", apart, name=segment.name, list=segment.list)
        return lists
    if segment is not None:
        return (segment.list,)
    if not defaults.lists:
        nobody = "names nobody to write to, and there are no default_lists; write lists: [press]"
        reader.refuse("lists", nobody)
    return defaults.lists


def _segment(reader: frontmatter.Reader, defaults: Defaults) -> Segment | None:
    """Return the named segment. An empty value is a fault, as the email would go to everybody."""
    segments = {segment.name: segment for segment in defaults.segments}

    def find(name: str) -> Segment:
        if name not in segments:
            hint = did_you_mean(name, segments, is_listed=True)
            hint = hint if segments else say("; there are none")
            refusal = "{name!r} is not a segment of newsletter.yaml{hint}"
            raise invalid(refusal, name=name, hint=hint)
        return segments[name]

    return reader.required("segment", find)


def _slug_of_file(reader: frontmatter.Reader, file: str) -> str:
    stem = PurePosixPath(file).stem
    objection = _slug_objection(stem)
    if objection and not any(fault.key == "slug" for fault in reader.faults):
        what = (
            "the file's name, which is the default, {objection}; rename it, or write slug: {slug}"
        )
        reader.refuse("slug", what, objection=objection, slug=slugify(stem))
    return stem


def _check_slug(value: str) -> str:
    objection = _slug_objection(value)
    if objection:
        refusal = "{value!r} {objection}; write {slug}"
        raise invalid(refusal, value=value, objection=objection, slug=slugify(value))
    return value


def _slug_objection(value: str) -> str:
    if not re.fullmatch(SLUG, value):
        return say("is not of small letters a-z and digits joined by single -")
    if len(value) > MAX_SLUG_CHARS:
        return say("is longer than {most:,} characters", most=MAX_SLUG_CHARS)
    return say("is a number, which would name a campaign") if value.isdigit() else ""


def _find_other(reader: frontmatter.Reader, key: str, slug: str) -> str:
    other_slug = reader.required(key, _check_slug) or ""
    if other_slug and other_slug == slug:
        reader.refuse(key, "names the statement itself; write the slug of the other one")
    return other_slug


def _check_list(value: str) -> str:
    if not re.fullmatch(LIST_NAME, value):
        refusal = "{name!r} is not the name of a list; write one like press or press-us"
        raise invalid(refusal, name=value)
    return value


def _check_language(value: str) -> str:
    objection = language_objection(value)
    if objection:
        raise ValueError(objection)
    return value


def _progress(value: str) -> Progress:
    progress_names = [progress.value for progress in Progress]
    if value not in progress_names:
        hint = did_you_mean(value, progress_names, is_listed=True)
        raise invalid("{value!r} is not a status{hint}", value=value, hint=hint)
    return Progress(value)


def slugify(title: str, language: str = "") -> str:
    """Return a slug for a title: ASCII words joined by ``-``, cut between words.

    In German, ``ü`` is ``ue``. A title without a Latin letter gives ``statement``, and its number.
    """
    lower = _APOSTROPHE_PATTERN.sub("", title[:_MAX_TITLE_CHARS].lower())
    if language.partition("-")[0] == "de":
        lower = unicodedata.normalize("NFC", lower).translate(_GERMAN_UMLAUTS)
    plain = unicodedata.normalize("NFKD", lower.translate(_LATIN_OF_LETTER))
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower())
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:MAX_SLUG_CHARS]
        if len(longer) > MAX_SLUG_CHARS:
            break
        slug = longer
    # commands read a number as that of a campaign
    return f"{FALLBACK_SLUG}-{slug}"[:MAX_SLUG_CHARS] if slug.isdigit() else slug or FALLBACK_SLUG
