"""Decode the bytes of a text whose encoding is unknown."""

import codecs
from collections.abc import Iterable

from newsletter.documents.release.imported import unusable

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SNIFFED_BYTES = 1024
_WESTERN_ENCODINGS = {"iso8859-1", "ascii", "iso8859-15"}
_ASCII_PREFIXES = ("iso-2022", "iso2022", "hz")
"""Beginnings of the names of encodings whose bytes are all ASCII."""


_GUESSED = "It is not UTF-8 and was read as Windows-1252: look at its quotes, dashes and accents."


def decode(data: bytes, *, file: str = "the text", declared: Iterable[str] = ()) -> tuple[str, str]:
    """Decode bytes and turn all line ends into ``\\n``. Return the text, and a note for the person
    if the encoding was guessed, else "".

    UTF-8 or UTF-16, with or without a byte order mark, else a declared encoding, else a guess:
    Windows-1252. Raises InvalidInput if none fits.
    """
    note = ""
    try:
        text = decode_as_declared(data, declared)
        if text is None:
            text, note = data.decode("cp1252"), _GUESSED
    except UnicodeDecodeError as error:
        what = (
            "is neither UTF-8, UTF-16 nor Windows-1252: byte {number} is 0x{code:02x}; save it as"
            " plain text in UTF-8"
        )
        raise unusable(file, what, number=error.start + 1, code=data[error.start]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def decode_as_declared(data: bytes, declared: Iterable[str] = ()) -> str | None:
    """Decode bytes by their beginning, as UTF-8, or in the first declared encoding that fits.

    A declaration may be wrong. Raises UnicodeDecodeError if the bytes contradict their byte order
    mark.
    """
    by_head = encoding_by_head(data)
    if by_head:
        return data.decode(by_head)
    # encodings of ASCII bytes first: their bytes are valid UTF-8 too
    for name in sorted(
        ["utf-8", *declared], key=lambda name: not name.lower().startswith(_ASCII_PREFIXES)
    ):
        try:
            codec_name = codecs.lookup(name).name
            # most texts that are declared as Latin-1 are Windows-1252; browsers decode them so
            text = data.decode("cp1252" if codec_name in _WESTERN_ENCODINGS else codec_name)
        except (LookupError, UnicodeError):
            continue
        # UTF-16 of Latin letters was found by its beginning
        if not codec_name.startswith("utf-16"):
            return text
    return None


def encoding_by_head(data: bytes) -> str:
    """Return the encoding by its byte order mark or the zero bytes of UTF-16, else "".

    In UTF-16, every second byte of Latin letters, blanks and line ends is zero.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    head = data[:_SNIFFED_BYTES]
    first, second = head[0::2].count(0), head[1::2].count(0)
    if 8 * max(first, second) < len(head) or max(first, second) <= 8 * min(first, second):
        return ""
    return "utf-16-le" if second > first else "utf-16-be"
