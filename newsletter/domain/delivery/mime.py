"""Messages as bytes of RFC 5322, for the outbox and previews.

Content is encoded once. For each recipient only the lines with merge marks are encoded again.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, quote

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import MARK_PREFIX, Content, Recipient
from newsletter.domain.subscribers.address import ascii_host

_LINE_CHARS = 78
"""Characters of a header line: RFC 5322, 2.1.1."""
_ENCODED_WORD_CHARS = 75
"""Characters of an encoded word, with its character set and encoding: RFC 2047, 2."""
_CONTROL_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FIELD_NAME_PATTERN = re.compile(r"[!-9;-~]+")
_PLAIN_PHRASE_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_NAMED_ADDRESS_PATTERN = re.compile(r"(?P<phrase>[^<>]*\S)\s*(?P<angle><[!-~]*>)")
_RESERVED_FIELDS = frozenset(
    {"from", "to", "subject", "date", "reply-to", "mime-version", "content-language"}
    | {"content-type", "content-transfer-encoding"}
)


@dataclass(frozen=True, kw_only=True)
class MimeTemplate:
    """Encoded content with open merge marks."""

    sender: bytes
    headers: tuple[bytes | tuple[str, str], ...]
    """Encoded fields, and (name, value) of each field with a merge mark."""
    body: tuple[bytes | str, ...]
    """Encoded passages, and the text of each line with a merge mark."""
    end: bytes
    """The last line of each message. It occurs nowhere else in the message."""

    def fill(self, recipient: Recipient, at: datetime) -> bytes:
        """Return the message to one recipient. Raises InvalidInput for an invalid header value."""
        parts = [self.sender, _mailbox("To", "", recipient.address)]
        parts.append(f"Date: {format_datetime(at)}\r\n".encode())
        for field in self.headers:
            if isinstance(field, bytes):
                parts.append(field)
            else:
                parts.append(_field(field[0], recipient.merge(field[1])))
        for piece in self.body:
            if isinstance(piece, bytes):
                parts.append(piece)
            else:
                parts.append(_quoted_printable(recipient.merge(piece)))
        return b"".join(parts)


def to_mime(*, content: Content, recipient: Recipient, at: datetime) -> bytes:
    """Return the whole message, with CRLF line ends.

    ``at`` is the value of Date. If the local part of an address is not ASCII, the message follows
    RFC 6532. Raises InvalidInput, which names the header field, for a control character.
    """
    return mime_template(content).fill(recipient, at)


def mime_template(content: Content) -> MimeTemplate:
    """Encode content once for many recipients. Raises InvalidInput."""
    # quoted-printable never yields "=_", so the boundary cannot occur in a part
    boundary = "=_" + content.content_hash()[:32]
    end = f"--{boundary}--\r\n".encode()
    return MimeTemplate(
        sender=_mailbox("From", content.sender.name, content.sender.address),
        headers=(
            *_headers(content),
            b"MIME-Version: 1.0\r\n",
            _field("Content-Language", content.language),
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode(),
        ),
        body=(*_part(boundary, "plain", content.text), *_part(boundary, "html", content.html), end),
        end=end,
    )


def ascii_domain(address: str) -> str:
    """Return the address with its domain in ASCII (IDNA).

    Raises InvalidInput for a domain that IDNA cannot encode.
    """
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{ascii_host(domain)}"
    except ValueError as error:
        raise InvalidInput.at(address, str(error)) from error


def plain_mailbox(name: str, address: str) -> str:
    """Return a name and an address as the value of From, on one line.

    All but the local part is ASCII. Raises InvalidInput for a control character or a domain that
    IDNA cannot encode.
    """
    return _unfold(_mailbox("From", name, address))


def plain_field(name: str, value: str) -> str:
    """Return the value of a header field on one line of ASCII. Raises InvalidInput."""
    return _unfold(_field(name, value))


def _unfold(field: bytes) -> str:
    return field.decode().partition(": ")[2].replace("\r\n", "")


def _headers(content: Content) -> Iterator[bytes | tuple[str, str]]:
    yield from _open_or_encoded("Subject", content.subject)
    if content.sender.reply_to:
        yield _mailbox("Reply-To", "", content.sender.reply_to)
    for name, value in content.headers:
        if not _FIELD_NAME_PATTERN.fullmatch(name):
            raise _refusal(name, "is not a name that a header field can have")
        if name.lower() in _RESERVED_FIELDS:
            raise _refusal(name, "would appear in the message twice; remove it from the headers")
        yield from _open_or_encoded(name, value)


def _open_or_encoded(name: str, value: str) -> Iterator[bytes | tuple[str, str]]:
    encoded = _field(name, value)  # a field with a mark is encoded too, to find its faults now
    yield (name, value) if MARK_PREFIX in value else encoded


def _part(boundary: str, subtype: str, text: str) -> Iterator[bytes | str]:
    yield (
        f"--{boundary}\r\n"
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()
    closed: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n"):
        if MARK_PREFIX not in line:
            closed.append(line)
            continue
        if closed:
            yield _quoted_printable("\n".join(closed))
            closed = []
        yield line
    if closed:
        yield _quoted_printable("\n".join(closed))


def _quoted_printable(lines: str) -> bytes:
    return binascii.b2a_qp(f"{lines}\n".encode()).replace(b"\n", b"\r\n")


def _mailbox(field: str, name: str, address: str) -> bytes:
    _refuse_control(field, name + address)
    address = ascii_domain(address)
    if not name:
        return f"{field}: {address}\r\n".encode()
    # mail programs would decode a name that looks like an encoded word
    if not name.isascii() or "=?" in name:
        phrase = _encoded_words(field, name)
    else:
        phrase = name if _PLAIN_PHRASE_PATTERN.fullmatch(name) else f'"{quote(name)}"'
    return _fold(field, f"{phrase} <{address}>")


def _field(name: str, value: str) -> bytes:
    _refuse_control(name, value)
    if value.isascii() and (name != "Subject" or "=?" not in value):
        return _fold(name, value)
    structured = _NAMED_ADDRESS_PATTERN.fullmatch(value) if name != "Subject" else None
    if structured:  # List-Id: only the words before <…> may be encoded
        phrase = _encoded_words(name, structured["phrase"].strip('"'))
        return _fold(name, f"{phrase} {structured['angle']}")
    return f"{name}: {_encoded_words(name, value)}\r\n".encode()


def _encoded_words(field: str, text: str) -> str:
    header = Header(text, charset="utf-8", header_name=field, maxlinelen=_ENCODED_WORD_CHARS)
    return header.encode(linesep="\r\n")


def _fold(name: str, value: str) -> bytes:
    """Fold a header at blanks, but not after its name: some mail programs lose such a value."""
    lines, line = [], f"{name}:"
    for position, word in enumerate(value.split(" ")):
        if position and word and len(line.rpartition("\n")[2]) + 1 + len(word) > _LINE_CHARS:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line, ""]).encode()


def _refuse_control(name: str, value: str) -> None:
    control = _CONTROL_PATTERN.search(value)
    if control:
        raise _refusal(name, f"holds the control character {control[0]!r}; write it without")


def _refusal(name: str, message: str) -> InvalidInput:
    return InvalidInput.at("message", message, key=name or "a header")
