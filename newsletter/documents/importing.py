"""Import a file of any kind that press offices have; each kind has its reader."""

import email
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from newsletter.documents.encoding import decode
from newsletter.documents.markup.docx import import_docx
from newsletter.documents.markup.odt import import_odt
from newsletter.documents.markup.pages import import_page
from newsletter.documents.markup.pdf import import_pdf
from newsletter.documents.pictures import decode_data_url
from newsletter.documents.plain_text import import_bytes, import_document, import_markdown
from newsletter.documents.release.imported import (
    DroppedLine,
    ImportedDocument,
    detect_language,
    unusable,
)
from newsletter.documents.release.lines import cut_text
from newsletter.documents.release.words import pattern
from newsletter.domain.wording import say

_FORWARDED_MARK_PATTERN = pattern("marks of passing on")
_MAX_PARTS = 1_000
_SIGNATURE_LINE_PATTERN = re.compile(r"\\--[ ]?(?:\\?\n|$)")
"""The Markdown of the line ``-- `` above a signature (RFC 3676, 4.3)."""
_FOOT_PATTERN, _ANSWERED_PATTERN = pattern("below emails"), pattern("answered emails")
"""What mail programs and law departments add below an email; the line above an answered one."""
_CLOSING_PATTERN = pattern("closings")
_SIGNATURE, _ANSWERED = "the signature of the email", "an email that this one answers"
_MAX_SIGNATURE_PARTS, _MAX_SIGNED_LINES = 4, 12
"""Limits of a signature: paragraphs and lines."""
_MAX_COVER_EMAILS, _MAX_COVER_WORDS = 3, 60
"""Limits of forwarding: emails around the forwarded one, and words of each."""
_QUOTED_CHARS = 15
"""Letters of a dropped line that its note quotes."""
_MAX_BLOCK_CHARS = 1_000
"""Characters of a paragraph to search."""


class _LenientPolicy(EmailPolicy):
    """A policy that returns "" for each header field that Python's parser cannot read."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value)
        except (ValueError, LookupError, AttributeError, TypeError):  # what broken ones raise
            return super().header_fetch_parse(name, "")


def import_eml(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find the statement in an email. Attachments become dropped lines.

    If an email only forwards another one, that one is read. If the text shows no title, the subject
    is the title. Raises InvalidInput, naming ``file``.
    """
    # before the parser, which is slow with very many parts
    if data.count(b"Content-Type:") > _MAX_PARTS:
        many = "has more than {most} parts; copy its text into a file"
        raise unusable(file, many, most=_MAX_PARTS)
    message = email.message_from_bytes(data, policy=_LenientPolicy())
    assert isinstance(message, EmailMessage)  # noqa: S101 - what the policy makes
    cover_lines: list[DroppedLine] = []
    while len(cover_lines) < _MAX_COVER_EMAILS and (inner := _forwarded_email(message)) is not None:
        words = cut_text(" ".join(_visible_text(message).split()))
        cover_lines.append(DroppedLine(line=0, text=words, reason="the email that it came with"))
        message = inner
    # Any bytes parse as an email without header fields, whose text they are.
    part = message.get_body(("html", "plain")) if message.keys() else None
    if part is None:
        raise unusable(file, "is no email with a text in it; copy its text into a .txt file")
    document = _drop_signature(_read(message, part, today=today, file=file))
    attachments = (
        DroppedLine(
            line=0,
            text=attachment.get_filename() or attachment.get_content_type(),
            reason="attached to the email",
        )
        for attachment in message.iter_attachments()
    )
    return replace(document, dropped=(*cover_lines, *document.dropped, *attachments))


def _forwarded_email(message: EmailMessage) -> EmailMessage | None:
    """Return the only attached email, or None if the email around it has more than a few words."""
    attachments = [
        attachment
        for attachment in message.iter_attachments()
        if attachment.get_content_type() == "message/rfc822"
    ]
    inner = attachments[0].get_payload() if len(attachments) == 1 else None
    found = inner[0] if isinstance(inner, list) and inner else None
    if (
        not isinstance(found, EmailMessage)
        or len(_visible_text(message).split()) > _MAX_COVER_WORDS
    ):
        return None
    return found


def _visible_text(message: EmailMessage) -> str:
    """Return an email's plain text, or its subject if it has only HTML."""
    part = message.get_body(("plain",))
    return _subject(message) if part is None else _decode(part, "the email")


def _enclosed_pictures(message: EmailMessage) -> Callable[[str], bytes]:
    """Return a function that reads an email's pictures by their ``cid:`` address. It raises
    InvalidInput, naming the address, if there is no such picture."""
    parts = {
        f"cid:{name.strip().strip('<>')}": part
        for part in message.walk()
        if part.get_content_maintype() == "image" and (name := str(part.get("content-id", "")))
    }

    def read(source: str) -> bytes:
        # the name is percent-encoded in a page (RFC 2392), but not in the email
        part = parts.get(unquote(source))
        payload = None if part is None else part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else decode_data_url(source)

    return read


def _read(message: EmailMessage, part: MIMEPart, *, today: date, file: str) -> ImportedDocument:
    text, subject = _decode(part, file), _subject(message)
    if part.get_content_subtype() == "html":
        plain = message.get_body(("plain",))
        return import_page(
            # The mark outweighs the charset that the page itself declares: it is decoded already.
            b"\xef\xbb\xbf" + text.encode(),
            today=today,
            file=file,
            subject=subject,
            plain_text="" if plain is None else _decode(plain, file),
            pictures=_enclosed_pictures(message),
        )
    # the signature is below two hyphens and a blank, which some programs drop (RFC 3676, 4.3)
    lines = text.replace("\r\n", "\n").split("\n")
    marks = [n for n, line in enumerate(lines) if line in {"--", "-- "} and n]
    if not marks or len(lines) - marks[-1] > _MAX_SIGNED_LINES:
        return import_document(text, today=today, file=file, subject=subject)
    above, below = "\n".join(lines[: marks[-1]]), "\n".join(lines[marks[-1] + 1 :])
    document = import_document(above, today=today, file=file, subject=subject)
    return _without_end(document, [document.body, below], 1, _SIGNATURE)


def _decode(part: MIMEPart, file: str) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        return raw.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeError):  # emails often name what they are not
        return decode(raw, file=file)[0]


def _drop_signature(document: ImportedDocument) -> ImportedDocument:
    """Move the sender's signature, and an email below that is answered, to the dropped lines."""
    blocks = document.body.split("\n\n")
    # never the first paragraph: something has to be left
    for n in range(1, len(blocks)):
        text, below = _plain_text(blocks[n]), blocks[n + 1 :]
        is_near_end = len(below) < _MAX_SIGNATURE_PARTS
        all_quoted = all(block.startswith(">") for block in below)
        if _ANSWERED_PATTERN.fullmatch(text) and (is_near_end or all_quoted):
            # who answers signs above it
            lines = (_plain_text(block.partition("\n")[0]) for block in blocks[:n])
            closings = [m for m, line in enumerate(lines) if _CLOSING_PATTERN.fullmatch(line)]
            signed = next((m for m in closings if 0 < m >= n - 2), n)
            document = _without_end(document, blocks, n, _ANSWERED)
            return _without_end(document, blocks[:n], signed, _SIGNATURE)
        is_mark = _SIGNATURE_LINE_PATTERN.match(blocks[n]) or _FOOT_PATTERN.fullmatch(text)
        if is_near_end and is_mark:
            return _without_end(document, blocks, n, _SIGNATURE)
    return document


def _without_end(
    document: ImportedDocument, blocks: Sequence[str], start: int, why: str
) -> ImportedDocument:
    """Return the document without the blocks from ``start`` on, and without notes on them."""
    text = _plain_text("\n".join(blocks[start:]))
    if not text:
        return document
    notes = tuple(note for note in document.notes if text[:_QUOTED_CHARS] not in note)
    dropped = DroppedLine(line=0, text=cut_text(text), reason=why)
    body, dropped_lines = "\n\n".join(blocks[:start]), (*document.dropped, dropped)
    return replace(document, body=body, dropped=dropped_lines, notes=notes)


def _plain_text(block: str) -> str:
    """Return the beginning of a paragraph of Markdown, on one line and without marks."""
    return " ".join(re.sub(r"[\\*]", " ", block[:_MAX_BLOCK_CHARS]).split())


def _subject(message: EmailMessage) -> str:
    found = str(message.get("subject", ""))
    return _FORWARDED_MARK_PATTERN.sub("", " ".join(found.split()), count=1).strip()


MAX_BYTES = 50_000_000
"""Size limit of a file. Pictures make Word files large."""


_MAX_PAGE_BYTES = 10_000_000
_MAX_TEXT_BYTES = 2_000_000
_READERS: dict[str, Callable[..., ImportedDocument]] = {
    ".docx": import_docx,
    ".odt": import_odt,
    ".pdf": import_pdf,
    ".eml": import_eml,
    **dict.fromkeys((".html", ".htm", ".xhtml"), import_page),
    **dict.fromkeys((".md", ".markdown"), import_markdown),
    **dict.fromkeys((".txt", ".text", ""), import_bytes),
}
_AS_DOCX = say("open it in Word or LibreOffice, save it as a Word document (.docx) and import that")
_WEB_ARCHIVE = say("is a web archive; save the page as 'Web page, HTML only' and import that")
_ADVICE_BY_SUFFIX = {
    ".doc": say("is of an old kind of Word file; {advice}", advice=_AS_DOCX),
    ".docm": say("is a Word file with macros; {advice}", advice=_AS_DOCX),
    ".rtf": say("is rich text; {advice}", advice=_AS_DOCX),
    ".pages": say("is a file of Pages; export it as Word (.docx) and import that"),
    **dict.fromkeys((".mht", ".mhtml"), _WEB_ARCHIVE),
}
_SUFFIXES_WITH_PICTURES = {".docx", ".odt", ".pdf", ".eml"}
"""Files of these kinds may be large because of their pictures."""
_OLD_WORD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE_MARK = "EncryptedPackage".encode("utf-16-le")


def import_file(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Read a file by the ending of its name.

    Raises InvalidInput, naming ``file`` and what to do, if the content is of another kind, the kind
    is unknown, the file is too large, or it has no statement.
    """
    kind = PurePath(file).suffix.lower()
    refusal = _ADVICE_BY_SUFFIX.get(kind, "") or _find_refusal(data, kind)
    if refusal:
        raise unusable(file, refusal)
    reader = _READERS.get(kind)
    if reader is None:
        what = "is of a kind that is not read; import .docx, .odt, .pdf, .eml, .html, .md or .txt"
        raise unusable(file, what)
    document = reader(data, today=today, file=file)
    return replace(document, language=detect_language(document.body, document.language))


def _find_refusal(data: bytes, kind: str) -> str:
    if data.startswith(_OLD_WORD_MAGIC):
        # Office puts an encrypted file into the container format of its old files
        if _ENCRYPTED_OFFICE_MARK in data:
            return say(
                "is locked with a password; open it in Word, save it without one, import that"
            )
        old_kind = "is of an old kind of Word file, whatever its name says; {advice}"
        return say(old_kind, advice=_AS_DOCX)
    if kind in _SUFFIXES_WITH_PICTURES:
        limit = MAX_BYTES
    else:
        limit = _MAX_PAGE_BYTES if _READERS.get(kind) is import_page else _MAX_TEXT_BYTES
        if data.startswith(b"PK\x03\x04"):
            return say(
                "is a packed file and no text; give it the ending .docx if it is from Word, .odt if"
                " it is from LibreOffice"
            )
        if data.startswith(b"%PDF-"):
            return say("is a PDF, whatever its name says; give it the ending .pdf")
    if len(data) > limit:
        large = "is larger than {most} MB; copy the statement alone into a new file"
        return say(large, most=limit // 1_000_000)
    return ""
