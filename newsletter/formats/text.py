"""Decodes UTF-8, and finds bytes and control characters that belong in no text."""

import re

from newsletter.domain.errors import InvalidInput
from newsletter.domain.setting import name_control
from newsletter.domain.wording import say

MARKED_BYTE_PATTERN = re.compile("[\udc00-\udcff]")
"""A lone surrogate, which marks an invalid byte: no text has one."""
FLAW_PATTERN = re.compile(
    rf"{MARKED_BYTE_PATTERN.pattern}|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]"
)
"""A marked byte, or a control character except tabs and ``\\n``."""


def decode_utf8(data: bytes, *, file: str) -> str:
    """Decode UTF-8, with or without a byte order mark; line ends become ``\\n``.

    Raises InvalidInput with the line and column of the first invalid byte or control character.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput.at(file, say("is UTF-16; save the file as UTF-8"), line=1)
    text = data.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
    flaw = FLAW_PATTERN.search(text)
    if flaw:
        line = text.count("\n", 0, flaw.start()) + 1
        column = flaw.start() - text.rfind("\n", 0, flaw.start())
        raise InvalidInput.at(file, describe_flaw(flaw[0], "UTF-8"), line=line, column=column)
    return text


def describe_flaw(flaw: str, encoding: str) -> str:
    """Return the message for a marked byte, or for a control character."""
    if not MARKED_BYTE_PATTERN.fullmatch(flaw):
        control = name_control(flaw)
        return say("holds {control}, which is invisible; take it out", control=control)
    wrong = "holds 0x{octet} here, which is not {name}; save the file as UTF-8"
    return say(wrong, octet=f"{ord(flaw) - 0xDC00:02x}", name=encoding)
