"""Emails saved as files (.eml): the statement in one, by the part that was meant to be read."""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email import policy
from email.message import EmailMessage, MIMEPart

from newsletter.documents.markup.pages import import_page
from newsletter.documents.plain_text import import_document
from newsletter.documents.release.imported import Dropped, ImportedDocument, unusable
from newsletter.formats.text import decode

_PASSED_ON = re.compile(r"(?:(?:re|fwd?|aw|wg|rv|tr)\s{0,3}:\s{0,3}){1,9}", re.IGNORECASE)
_MOST_PARTS = 1_000


def import_eml(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find the statement in an email. What is attached to it is told of.

    Its subject is the title where the text shows none. Raises InvalidInput, naming ``file``.
    """
    if data.count(b"Content-Type:") > _MOST_PARTS:
        raise unusable(file, f"has more than {_MOST_PARTS} parts; copy its text into a file")
    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what the policy makes
    part = message.get_body(("html", "plain")) if message.keys() else None
    if part is None:
        raise unusable(file, "is no email with a text in it; copy its text into a .txt file")
    subject = _header(message, "subject")
    document = _read(part, subject, today=today, file=file)
    document = replace(document, dropped=(*document.dropped, *_attached(message)))
    if document.guessed and subject:
        note = "The title is the email's subject; look whether it is the statement's."
        return replace(document, title=subject, notes=(*document.notes, note))
    return document


def _read(part: MIMEPart, subject: str, *, today: date, file: str) -> ImportedDocument:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeError):  # emails often name what they are not
        text = decode(raw, file=file)
    if part.get_content_subtype() == "html":
        return import_page(b"\xef\xbb\xbf" + text.encode(), today=today, file=file, said=[subject])
    return import_document(text, today=today, file=file, said=[subject])


def _header(message: EmailMessage, name: str) -> str:
    try:
        found = str(message.get(name, ""))
    except (ValueError, LookupError, IndexError, AttributeError):  # what broken ones raise
        return ""
    return _PASSED_ON.sub("", " ".join(found.split()), count=1).strip()


def _attached(message: EmailMessage) -> Iterator[Dropped]:
    for part in message.iter_attachments():
        name = part.get_filename() or part.get_content_type()
        yield Dropped(line=0, text=name, why="attached to the email")
