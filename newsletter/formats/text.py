"""Decodes UTF-8, and finds control characters."""

import re

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.setting import name_control
from newsletter.domain.wording import say

CONTROL_IN_LINES = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]"
"""A pattern of control characters except tabs and ``\\n``."""


def decode_utf8(data: bytes, *, file: str) -> str:
    """Decode UTF-8, with or without a byte order mark; line ends become ``\\n``.

    Raises InvalidInput with the line and the byte.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = say("is UTF-16; save the file as UTF-8")
        raise InvalidInput([Fault(file=file, line=1, message=message)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = max(data.rfind(b"\n", 0, error.start), data.rfind(b"\r", 0, error.start)) + 1
        before = data[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        other = "byte {number} of this line, 0x{byte}, is not UTF-8; save the file as UTF-8"
        message = say(other, number=error.start - line_start + 1, byte=f"{data[error.start]:02x}")
        fault = Fault(file=file, line=before.count(b"\n") + 1, message=message)
        raise InvalidInput([fault]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def control_in_lines(text: str) -> tuple[int, str] | None:
    """Return (line, name) of the first control character, or None."""
    found = re.search(CONTROL_IN_LINES, text)
    return (text.count("\n", 0, found.start()) + 1, name_control(found[0])) if found else None
