"""Decode the bytes of a text whose encoding is unknown."""

from newsletter.domain.errors import Fault, InvalidInput

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_HEAD = 1024


def decode(data: bytes, *, file: str = "the text") -> str:
    """Decode bytes and turn all line ends into ``\\n``.

    UTF-8 or UTF-16, with or without a byte order mark, else Windows-1252, which ``encoding_note``
    reports. Raises InvalidInput if none fits.
    """
    try:
        text = data.decode(_encoding_of(data))
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1}, 0x{data[error.start]:02x}"
        message = (
            f"{place}, is neither UTF-8, UTF-16 nor Windows-1252; save it as plain text in UTF-8"
        )
        raise InvalidInput([Fault(file=file, message=message)]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding_of(data: bytes) -> str:
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
    if _encoding_of(data) != "cp1252":
        return ""
    return "It is not UTF-8 and was read as Windows-1252: look at its quotes, dashes and accents."
