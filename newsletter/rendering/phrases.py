"""Words that should not be in what goes out: placeholders, and attachments that mails lack.

Each row of a table is one rule. A rule is worth having only if it is silent about ordinary text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.domain.review import Check

_TO_FILL_IN = (
    "DATE|DAY|TIME|NAME|FIRST NAME|LAST NAME|FULL NAME|TITLE|POSITION|CITY|STATE|PLACE|LOCATION"
    "|VENUE|PHONE|PHONE NUMBER|EMAIL|E-MAIL|ADDRESS|NUMBER|AMOUNT|LINK|URL|QUOTE|COMPANY"
    "|COMPANY NAME|ORGANI[SZ]ATION|SPOKESPERSON|CONTACT|HEADLINE|PHOTO|IMAGE|LOGO"
    "|FECHA|HORA|NOMBRE|APELLIDOS?|CARGO|CIUDAD|LUGAR|ENLACE|CITA|TEL[EÉ]FONO|CORREO"
)
_NUMBERED = ("Bowl", "Article", "Chapter", "Title", "Part", "Book", "Volume", "Section", "Louis")
_NOT_A_NUMERAL = "".join(rf"(?<!\b{word} )" for word in _NUMBERED)
_FILE = (
    r"(?:files?|documents?|pdfs?|letters?|photos?|images?|reports?|spreadsheets?|agendas?|flyers?"
    r"|press release|fact ?sheets?|statements?|cop(?:y|ies)|lists?|maps?)"
)

_PHRASES = (
    # --- to be filled in
    (Check.PLACEHOLDER, r"(?<![-.&\w])(?:TK)+\b(?![-.&]?\w| [A-Z0-9][a-z0-9])"),
    (Check.PLACEHOLDER, rf"{_NOT_A_NUMERAL}(?<![.\w])(?:X{{3,}}|x{{3,}})\b"),
    (Check.PLACEHOLDER, r"(?i:\blorem ipsum\b)"),
    (Check.PLACEHOLDER, rf"\[(?:{_TO_FILL_IN})\]"),
    (Check.PLACEHOLDER, r"(?i:\[(?:tbd|tbc|tba|todo|tk|placeholder|to come|pendiente)\])"),
    (Check.PLACEHOLDER, r"(?i:\[(?:insert|add|fill in|your|insertar|completar)\s[^\[\]]{1,60}\])"),
    (
        Check.PLACEHOLDER,
        r"(?i:\binsert (?:the |a |your )?(?:name|date|time|place|city|quote|link|photo|image|logo"
        r"|text|title|headline|address|number) here\b)",
    ),
    (Check.PLACEHOLDER, r"\bWrite the statement here, in Markdown\b"),
    # --- attached
    (Check.ATTACHMENT, r"(?i:\b(?:see|find|open|view|read) (?:the )?attach(?:ed|ments?)\b)"),
    (Check.ATTACHMENT, rf"(?i:(?<!-)\battached (?:\w+ )?{_FILE}\b)"),
    (Check.ATTACHMENT, r"(?i:^attached (?:is|are|you|please|find)\b)"),
    (Check.ATTACHMENT, rf"(?i:\b{_FILE} (?:is|are) attached\b(?! to\b))"),
    (Check.ATTACHMENT, r"(?i:\b(?:please find|find) (?:enclosed|attached)\b)"),
    (Check.ATTACHMENT, r"(?i:\battach(?:ed|ments?) (?:to|in) this (?:e-?mail|message)\b)"),
    (Check.ATTACHMENT, r"(?i:\b(?:archivos?|documentos?|ficheros?|fotos?|pdf) adjunt[oa]s?\b)"),
    (Check.ATTACHMENT, r"(?i:\b(?:ver|v[eé]ase|vea) (?:el )?adjunto\b|\bse adjuntan?\b)"),
    (Check.ATTACHMENT, r"(?i:\badjuntamos\b|\ben (?:el )?adjunto\b)"),
)
_COMPILED = tuple((check, re.compile(pattern)) for check, pattern in _PHRASES)

_SAYS = {
    Check.PLACEHOLDER: "looks like something still to be filled in: write what it stands for",
    Check.ATTACHMENT: "speaks of an attachment, and mails carry none: link to the file instead",
}


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words that a rule found."""

    check: Check
    offset: int
    """In the text, in characters."""
    message: str


def phrases_in(text: str) -> Iterator[Phrase]:
    """What the rules find in a text of one line; of words that overlap, the first alone."""
    found = [
        (words.start(), words.end(), check)
        for check, pattern in _COMPILED
        for words in pattern.finditer(text)
    ]
    ends: dict[Check, int] = {}
    for start, end, check in sorted(found, key=lambda one: (one[0], -one[1])):
        if start >= ends.get(check, 0):
            ends[check] = end
            message = f"{text[start:end]!r} {_SAYS[check]}"
            yield Phrase(check=check, offset=start, message=message)


_COPYRIGHT = re.compile(
    r"(?i:©|\(c\)|\bcopyright\b) {0,2}(?:© {0,2})?(?:\d{4} {0,2}[-–] {0,2})?(\d{4})\b"
)
_PICTURE = re.compile(r"(?i:photo|picture|image|courtesy|credit|foto|imagen|cr[eé]dito)")
_NEAR = 40
"""Characters."""


def old_copyrights(text: str, year: int) -> Iterator[Phrase]:
    """Years behind a © that are over, but for that of a picture, which stays as it is."""
    for found in _COPYRIGHT.finditer(text):
        before = text[max(0, found.start() - _NEAR) : found.start()]
        if int(found[1]) < year and not _PICTURE.search(before):
            yield Phrase(
                check=Check.COPYRIGHT,
                offset=found.start(),
                message=f"{found.group()!r} names a year that is over: write {year}, or no year",
            )
