"""Decode bytes, and find control characters."""

import re

from newsletter.domain.errors import Fault, InvalidInput

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_HEAD = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def decode(data: bytes, *, file: str = "the text") -> str:
    """Decode bytes and turn all line ends into ``\\n``.

    UTF-8 or UTF-16, with or without a byte order mark, else Windows-1252, which ``encoding_note``
    reports. Raises InvalidInput if none fits.
    """
    try:
        text = data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1}, 0x{data[error.start]:02x}"
        message = (
            f"{place}, is neither UTF-8, UTF-16 nor Windows-1252; save it as plain text in UTF-8"
        )
        raise InvalidInput([Fault(file=file, message=message)]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encoding_of(data: bytes) -> str:
    """Return the encoding for ``decode``."""
    by_head = encoding_by_head(data)
    if by_head:
        return by_head
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def encoding_by_head(data: bytes) -> str:
    """Return the encoding by its byte order mark or the zero bytes of UTF-16, else "".

    In UTF-16, every second byte of Latin letters, blanks and line ends is zero.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    head = data[:_HEAD]
    first, second = head[0::2].count(0), head[1::2].count(0)
    if 8 * max(first, second) < len(head) or max(first, second) <= 8 * min(first, second):
        return ""
    return "utf-16-le" if second > first else "utf-16-be"


def encoding_note(data: bytes) -> str:
    """Return a note for the person if the encoding is a guess, else ""."""
    if encoding_of(data) != "cp1252":
        return ""
    return "It is not UTF-8 and was read as Windows-1252: look at its quotes, dashes and accents."


def decode_utf8(data: bytes, *, file: str) -> str:
    """Read UTF-8 with or without a byte order mark, all line ends as ``\\n``.

    Raises InvalidInput naming the line and the byte.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "is UTF-16; save the file as UTF-8"
        raise InvalidInput([Fault(file=file, line=1, message=message)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = max(data.rfind(b"\n", 0, error.start), data.rfind(b"\r", 0, error.start)) + 1
        before = data[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        place = f"byte {error.start - line_start + 1} of this line, 0x{data[error.start]:02x}"
        message = f"{place}, is not UTF-8; save the file as UTF-8"
        fault = Fault(file=file, line=before.count(b"\n") + 1, message=message)
        raise InvalidInput([fault]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def control_in_value(value: str) -> str:
    """Name the first control character or line break of a value, or return ""."""
    found = _CONTROL.search(value)
    return _name(found.group()) if found else ""


def control_in_lines(text: str) -> tuple[int, str] | None:
    """Return line and name of a text's first control character. Tabs and ``\\n`` do not count."""
    found = first_control(text)
    return (text.count("\n", 0, found[0]) + 1, found[1]) if found else None


def first_control(text: str) -> tuple[int, str] | None:
    """Return place and name of a text's first control character. Tabs and ``\\n`` do not count."""
    found = _CONTROL_IN_LINES.search(text)
    return (found.start(), _name(found.group())) if found else None


def _name(character: str) -> str:
    if character in "\n\r\u2028\u2029\x85":
        return f"a line break (U+{ord(character):04X})"
    return f"the control character U+{ord(character):04X}"
