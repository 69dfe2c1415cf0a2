"""Recognise furniture, which is all that surrounds a text: navigation, contacts, end marks."""

import re
from collections.abc import Sequence
from itertools import pairwise

from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.lines import Line, begins_dateline, ends_sentence
from newsletter.documents.release.words import alternatives, pattern, words

_ALWAYS = pattern("site furniture")
_KINDS = pattern("kinds of text", r"(?:{})(?:\W{1,3}(?:n[\w.º°]{0,3} ?|رقم )?[\d/-]+|\W{1,2})?")
_KIND = rf"(?:(?:{alternatives('kinds of text')})\W{{1,3}})?"
_RELEASE_LINE = pattern("release lines", rf"{_KIND}(?:{{}})\b\s*[:.–—-]?\s*")
_EDITORS, _END_MARK = pattern("notes to editors"), pattern("end marks", flags=0)
_END_ROW = re.compile(r"#|(?:[*~_=•·] ?){3,}|[-–—](?: ?[-–—])+")
_OTHER_PAGES, _VENDOR = pattern("other pages"), pattern("vendors")
_TRADE_NAME, _MACHINE_DATA = pattern("trades", r"\b(?:{})\b"), pattern("machine data")
_PHONE = re.compile(r"\(?\d{3}\)?[\s./-]+\d{3}[\s.-]\d{4}\b|\+\d[\d\s()./-]{7,}\d")
_MAX_CONTACT_CHARS = 160
_MAX_ENTRY_CHARS = 40
_MAILBOX = re.compile(r"\S@\S+\.\w")
_STREET, _POSTCODE = pattern("streets"), pattern("postcodes", flags=0)
_FOOT = re.compile(r"[•|·]|\b\d{5}(?:-\d{4})?\b|P\.?O\.? Box", re.IGNORECASE)


def furniture_reason(text: str) -> str:
    """Return why a line is site furniture anywhere in the text, or ""."""
    return "site furniture" if _ALWAYS.fullmatch(text) else ""


_OPT_OUT = pattern("ways out", r"\[(?:{})(?: here)?\W{0,3}\]\(")
_MAX_OPT_OUT_CHARS = 1_000


def offers_to_leave(markdown: str) -> bool:
    """Return whether a paragraph links to an unsubscribe page of an earlier mailing."""
    return len(markdown) <= _MAX_OPT_OUT_CHARS and bool(_OPT_OUT.search(markdown))


def edge_reason(text: str) -> str:
    """Return why a line above or below the text is furniture, or ""."""
    plain = _without_signs(text[: _MAX_ASIDE_CHARS + 1])
    for_sharing = len(text) <= _MAX_ASIDE_CHARS and (
        plain in _BESIDE_ENTRIES or _ASIDE_LINE.fullmatch(plain)
    )
    if for_sharing or _ALWAYS.fullmatch(text) or is_menu_entry(text) or is_label(text):
        return "site furniture"
    return "the vendor's line" if _VENDOR.fullmatch(text) else ""


def is_label(text: str) -> bool:
    """Return whether a line only names the kind of text, like Press release."""
    return len(text) <= _MAX_ASIDE_CHARS and bool(_KINDS.fullmatch(text.partition(" | ")[0]))


def release_line(text: str) -> str | None:
    """Return the text behind FOR IMMEDIATE RELEASE, or None if the line does not begin with it."""
    found = _RELEASE_LINE.match(text)
    rest = text[found.end() :] if found else None
    return "" if rest and is_contact(rest) else rest


def is_for_editors(text: str) -> bool:
    return len(text) <= 120 and bool(_EDITORS.fullmatch(text))


def is_end_mark(text: str) -> bool:
    """Return whether a line marks the end of a text: ``###``, ``-30-``, ``ENDS``."""
    return bool(_END_MARK.fullmatch(text))


def ends_at_foot(text: str) -> bool:
    """Return whether a line is a row of signs, which ends a text."""
    return bool(_END_ROW.fullmatch(text))


def is_address(text: str) -> bool:
    """Return whether a short line is part of a postal address, or a telephone number."""
    return len(text) <= _MAX_ENTRY_CHARS * 2 and bool(
        _STREET.search(text) or _POSTCODE.search(text) or _PHONE.fullmatch(text)
    )


def leads_to_other_pages(text: str) -> bool:
    return bool(_OTHER_PAGES.fullmatch(text))


def is_machine_data(text: str) -> bool:
    """Return whether a line is only the address of an image or a timestamp."""
    return bool(_MACHINE_DATA.fullmatch(text))


def is_foot_address(text: str) -> bool:
    reachable = len(text) <= _MAX_CONTACT_CHARS and (_PHONE.search(text) or _MAILBOX.search(text))
    return bool(reachable and _FOOT.search(text))


def is_trade_name(text: str) -> bool:
    """Return whether a short line reads like a firm's name: capitalised words."""
    words = text.split()
    named = all(word[0].isupper() or len(word) <= 3 for word in words)
    bare = not re.search(r"[:;@!?\d]|[^.]\.\s|[a-z]{4}\.$", text)
    return 1 < len(words) <= 6 and named and bare and bool(_TRADE_NAME.search(text))


_CONTACT_LABEL = pattern("contacts", r"(?:{})\s*(?::.*|\s[–—-]\s.*|$)")
_CONTACT_BEHIND = re.compile(r"\bcontacts?:", re.IGNORECASE)
_CONTACT_LINE = pattern("lines of a contact")
_TELEPHONE = re.compile(rf"{_PHONE.pattern}|\b0\d[\d\s]{{8,}}\d")
_MAX_CONTACT_LINE_CHARS = 80
_MIN_TEXT_CHARS = 20
_MAX_BETWEEN = 3
"""Maximum lines with a name or an office between two lines of a contact."""


def is_contact_label(text: str) -> bool:
    """Return whether a short line begins a contact: ``Media contact: …``."""
    return len(text) <= _MAX_CONTACT_LINE_CHARS and bool(_CONTACT_LABEL.fullmatch(text))


def is_contact(text: str) -> bool:
    return len(text) <= _MAX_CONTACT_LINE_CHARS and bool(
        _CONTACT_LABEL.fullmatch(text) or _CONTACT_LINE.fullmatch(text) or _TELEPHONE.search(text)
    )


def find_contact_lines(lines: Sequence[Line]) -> frozenset[int]:
    """Return the indexes of all lines of contacts, with names and offices between them."""
    plain = [
        n
        for n, line in enumerate(lines)
        if is_contact(line.text) or (date_line(line.text) and _CONTACT_BEHIND.search(line.text))
    ]
    found = set(plain)
    for first, last in pairwise(plain):
        between = range(first + 1, last)
        if len(between) <= _MAX_BETWEEN and all(_may_belong(lines, n) for n in [*between, last]):
            found.update(between)
    return frozenset(found)


def _may_belong(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line below a contact may be a name, an office or a building in it."""
    line = lines[index]
    apart = line.gap_above and not (is_contact_label(lines[index - 1].text) and not _is_whole(line))
    other = date_line(line.text) or release_line(line.text) is not None or is_embargo(line.text)
    text = begins_dateline(line.text) and len(line.text) > _MIN_TEXT_CHARS
    return not (apart or other or text or _is_whole(line))


def _is_whole(line: Line) -> bool:
    """Return whether a line is too long, or too much of a sentence, for part of a contact."""
    return len(line.text) > _MAX_CONTACT_LINE_CHARS or (
        ends_sentence(line.text) and len(line.text.split()) > 4
    )


_MAIL_HEADS = {name: row[0] for row in map(str.split, words("mail heads")) for name in row[1:]}
"""Name of a header field of an email or memo, in any language → its kind."""
_MAIL_HEAD = re.compile(r"(?P<name>[^\W\d_]{1,10}) ?: ?(?P<value>.*)")
_MAX_HEADER_LINE = 10
"""Lines in which a header may begin. A later header belongs to an email that the text answers."""


def find_forwarded_start(texts: Sequence[str]) -> tuple[int, str]:
    """Return the index of the first text below the header of an email or memo, and the subject."""
    for first in range(min(len(texts), _MAX_HEADER_LINE)):
        values: dict[str, str] = {}
        end = first
        while end < len(texts) and (found := _MAIL_HEAD.match(texts[end])):
            kind = _MAIL_HEADS.get(found["name"].casefold())
            if kind is None:
                break
            values.setdefault(kind, found["value"])
            end += 1
        # a statement may begin with From: or Date:, but hardly with three of them
        if len(values) > 2 and "subject" in values and end < len(texts):
            return end, values["subject"]
    return 0, ""


_OPEN_ENTRY = pattern("open menu entries", flags=0)
_ASIDE_LINE = pattern("beside articles", flags=0)
_MAX_ASIDE_CHARS = 200


_MENU_ENTRIES, _BESIDE_ENTRIES = frozenset(words("menus")), frozenset(words("beside texts"))


def is_menu_entry(text: str) -> bool:
    plain = _without_signs(text[: _MAX_ENTRY_CHARS + 1])
    return len(text) <= _MAX_ENTRY_CHARS and bool(
        plain in _MENU_ENTRIES or _OPEN_ENTRY.fullmatch(plain)
    )


def _without_signs(text: str) -> str:
    return text.casefold().strip(" .:…")
