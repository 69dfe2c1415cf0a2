"""What stands around the running text: navigation, whom to ask, and what ends it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.lines import Line, begins_dateline, ends_sentence

_ALWAYS = re.compile(
    r"skip to (?:main )?(?:content|navigation)|scroll to top|back to top|\[?tweet this\]?"
    r"|(?:share|print|e-?mail) (?:this|article)(?: (?:page|article|post|story))?"
    r"|share (?:on|via) \w+|click to (?:share|print|e-?mail).*|\d+ min(?:ute)?s? read"
    r"|(?:this |our )?(?:web)?site uses cookies.*|we use cookies.*|accept (?:all )?cookies"
    r"|(?:©|\(c\)|copyright (?:©|\(c\)|\d{4})).*|all rights reserved\.?"
    r"|link to: .*",
    re.IGNORECASE,
)
_AT_THE_EDGE = re.compile(
    r"home|menu|main menu|search(?: for)?|share|print|e-?mail|tweet|close|subscribe|donate"
    r"|contact us|sign ?up|log ?in|sign in|follow us|you are here:?|rss|whatsapp|about(?: us)?"
    r"|facebook|twitter|x|linkedin|instagram|youtube|feedburner|news|press|press room|newsroom"
    r"|media|stay connected|privacy(?: policy)?|terms(?: of (?:use|service))?|posted in.*"
    r"|cookie (?:policy|settings)|(?:press|news|media) (?:release|statement)"
    r"|presse(?:mitteilung|information|erkl[äa]rung)|medienmitteilung|pressestatement"
    r"|comunicado(?: de (?:prensa|imprensa))?|nota de prensa|comunicato stampa|persbericht"
    r"|communiqu[ée](?: de presse)?|[/|»›>]|author|published|posted by.*"
    r"|(?:next|previous)(?: (?:post|article|page))?|tags?:.*|filed under.*|categories:?.*"
    r"|leave a (?:comment|reply)|comments(?: are closed)?\.?",
    re.IGNORECASE,
)
_RELEASE = re.compile(
    r"(?:for (?:immediate )?(?:press |media )?release|zur sofortigen ver[öo]ffentlichung"
    r"|para (?:su )?(?:difusi[óo]n|publicaci[óo]n|distribuci[óo]n) inmediata"
    r"|pour (?:diffusion|publication) imm[ée]diate|[àa] diffuser imm[ée]diatement"
    r"|per (?:la )?(?:diffusione|pubblicazione) immediata|para divulga[çc][ãa]o imediata"
    r"|voor onmiddellijke publicatie)\b\s*[:.–—-]?\s*",
    re.IGNORECASE,
)
_EDITORS = re.compile(
    r"(?:notes?|background) (?:to|for) (?:the )?(?:news )?editors?\b.*|editors?[’']? notes?\b.*"
    r"|hinweise? (?:an|f[üu]r) (?:die )?(?:redaktion(?:en)?|medien)\b.*"
    r"|notes? (?:aux|pour les) (?:r[ée]dactions?|r[ée]dacteurs|journalistes)\b.*"
    r"|notas? (?:para|a) (?:los |las )?(?:editores|periodistas|redacci[óo]n|redacciones)\b.*",
    re.IGNORECASE,
)
_END_MARK = re.compile(
    r"#(?:\s*#)+|[-–—]\s*30\s*[-–—]|[-–—*]+\s*(?:ENDS?|[Ee]nds?)\s*[-–—*]+|ENDS?\.?"
)
_OTHER_PAGES = re.compile(
    r"(?:latest|recent|related|more|other|further) (?:news|posts?|articles|stories|releases"
    r"|press releases|statements|content)|related|you (?:may|might) also (?:like|be interested in)"
    r"|more from .{2,40}|news ?letter sign-?up|sign up for (?:our|the) newsletter|read more:?",
    re.IGNORECASE,
)
_VENDOR = re.compile(
    r"(?:(?:web)?site |web |page )?(?:powered|designed|design|developed|development|built|made"
    r"|hosted|hosting|created|maintained)(?: (?:and|&) \w+)? (?:by|with) .{2,60}"
    r"|(?:web)?site(?: by|:) .{2,60}",
    re.IGNORECASE,
)
_TRADE = re.compile(
    r"\b(?:solutions?|agency|media|design(?:s|ers)?|studios?|creative|digital|interactive|web"
    r"|websites?|communications|strategies|strategy|consulting|consultants|marketing|hosting"
    r"|technolog(?:y|ies)|software|labs?|systems|webworks|branding|advertising|productions"
    r"|partners|collective|llc|ltd|inc|gmbh)\b",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"https?://\S+\.(?:jpe?g|png|gif|webp|svg|avif)(?:\?\S*)?|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\(?\d{3}\)?[\s./-]+\d{3}[\s.-]\d{4}\b|\+\d[\d\s()./-]{7,}\d")
_LONGEST_FOOT = 160
_MAILBOX = re.compile(r"\S@\S+\.\w")
_FOOT = re.compile(r"[•|·]|\b\d{5}(?:-\d{4})?\b|P\.?O\.? Box", re.IGNORECASE)


def always(text: str) -> str:
    """Why a line is site furniture wherever it stands, or nothing."""
    return "site furniture" if _ALWAYS.fullmatch(text) else ""


def at_the_edge(text: str) -> str:
    """Why a line above or below the running text is site furniture, or nothing."""
    if _ALWAYS.fullmatch(text) or _AT_THE_EDGE.fullmatch(text):
        return "site furniture"
    return "the vendor's line" if _VENDOR.fullmatch(text) else ""


def release_line(text: str) -> str | None:
    """What follows FOR IMMEDIATE RELEASE on its line, often nothing; None if it does not say so."""
    found = _RELEASE.match(text)
    return text[found.end() :] if found else None


def is_for_editors(text: str) -> bool:
    """Whether a line heads what editors are told and readers need not be."""
    return len(text) <= 120 and bool(_EDITORS.fullmatch(text))


def is_end_mark(text: str) -> bool:
    """Whether a line is the mark of the end: ``###``, ``-30-``, ``ENDS``."""
    return bool(_END_MARK.fullmatch(text))


def leads_to_other_pages(text: str) -> bool:
    """Whether a line heads a list of other pages, to which all below it belongs."""
    return bool(_OTHER_PAGES.fullmatch(text))


def is_machine_data(text: str) -> bool:
    """Whether a line is an image's address or a database's time, alone."""
    return bool(_MACHINE.fullmatch(text))


def is_foot_address(text: str) -> bool:
    """Whether a line is the letterhead's foot: an address with a telephone number."""
    if len(text) > _LONGEST_FOOT:
        return False
    reachable = _PHONE.search(text) or _MAILBOX.search(text)
    return bool(_FOOT.search(text)) and bool(reachable)


def is_trade_name(text: str) -> bool:
    """Whether a short line reads like the name of a firm: each longer word with a capital."""
    words = text.split()
    named = all(word[0].isupper() or len(word) <= 3 for word in words)
    bare = not re.search(r"[:;@!?\d]|[^.]\.\s|[a-z]{4}\.$", text)
    return 1 < len(words) <= 6 and named and bare and bool(_TRADE.search(text))


_LABEL = re.compile(
    r"(?:(?:for (?:more|further) information(?: or interviews)?,? )?(?:please )?"
    r"(?:(?:media|press|news|public) )?(?:contacts?|inquiries|enquiries)"
    r"|(?:presse|medien)?kontakt|ansprechpartner(?:in)?|r[üu]ckfragen(?: bitte)? an"
    r"|contactos?(?: (?:de|para la?) prensa)?|contacts?(?: de)? presse|contatti?(?: stampa)?"
    r"|contato(?: de imprensa)?|(?:pers)?contact)"
    r"\s*(?::.*|\s[–—-]\s.*|$)",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\bcontacts?:", re.IGNORECASE)
_LINE = re.compile(
    r"(?:phone|tel(?:e(?:ph|f)one?|[eé]fono)?|t[eé]l(?:[eé]phone)?|office|cell|mobile|fax|mobil|handy"
    r"|m[oó]vil|e-?mail|m|t|e|p)\b\.?\s*:.*|[^\s@]++@\S+\.\w+|(?:media|press) contacts? .*",
    re.IGNORECASE,
)
_TELEPHONE = re.compile(
    r"\(?\d{3}\)?[\s./-]+\d{3}[\s.-]\d{4}\b|\+\d[\d\s()./-]{7,}\d|\b0\d[\d\s]{8,}\d"
)
_LONGEST = 80
_SHORTEST_TEXT = 20
_MOST_BETWEEN = 3
"""Lines with a name, an office, a house, between two that are plainly of a contact."""


def is_contact_label(text: str) -> bool:
    """Whether a short line begins with what heads a contact: ``Media contact: …``."""
    return len(text) <= _LONGEST and bool(_LABEL.fullmatch(text))


def is_contact(text: str) -> bool:
    """Whether a short line says how to reach somebody."""
    if len(text) > _LONGEST:
        return False
    return bool(_LABEL.fullmatch(text) or _LINE.fullmatch(text) or _TELEPHONE.search(text))


def contact_lines(lines: Sequence[Line]) -> frozenset[int]:
    """The indexes of all lines of contacts, names and offices between them too."""
    plain = [
        n
        for n, line in enumerate(lines)
        if is_contact(line.text) or _is_date_and_contact(line.text)
    ]
    found = set(plain)
    for first, last in pairwise(plain):
        between = range(first + 1, last)
        if len(between) <= _MOST_BETWEEN and all(_may_belong(lines, n) for n in [*between, last]):
            found.update(between)
    return frozenset(found)


def _is_date_and_contact(text: str) -> bool:
    return date_line(text) is not None and bool(_BEHIND.search(text))


def _may_belong(lines: Sequence[Line], index: int) -> bool:
    """Whether a line directly below one of a contact may be a name, an office or a house."""
    line = lines[index]
    apart = line.gap and not (is_contact_label(lines[index - 1].text) and not _is_whole(line))
    other = date_line(line.text) or release_line(line.text) is not None or is_embargo(line.text)
    text = begins_dateline(line.text) and len(line.text) > _SHORTEST_TEXT
    return not (apart or other or text or _is_whole(line))


def _is_whole(line: Line) -> bool:
    """Whether a line is too long, or too much of a sentence, for a part of a contact."""
    return len(line.text) > _LONGEST or (ends_sentence(line.text) and len(line.text.split()) > 4)


Reasons = dict[int, str]
"""Index of a line that is left out → why."""

PAGE_NUMBER = "a page number"
RUNNING_HEADER = "a running header"


def below_the_text(lines: Sequence[Line], start: int, masthead: str) -> tuple[Reasons, list[str]]:
    """What to leave out of the lines from ``start`` (the first of the body) on, and notes."""
    reasons: Reasons = {}
    notes: list[str] = []
    end = _cut(lines, start)
    if end < len(lines):
        why = f"below {lines[end].text!r}: other pages"
        reasons.update(dict.fromkeys(range(end, len(lines)), why))
        notes.append(f"All from line {lines[end].number} on was taken for lists of other pages.")
    data = _page_data(lines, start, end)
    reasons.update(dict.fromkeys(range(data, end), "the page's own data"))
    for index, why in _foot(lines, start, data, masthead, notes):
        reasons[index] = why
    return reasons, notes


def page_breaks(lines: Sequence[Line], indexes: Sequence[int], head: Sequence[Line]) -> Reasons:
    """Page numbers, and the running headers that come again below them."""
    numbers = [index for index in indexes if lines[index].text.isdecimal()]
    if [lines[index].text for index in numbers] != [str(n + 1) for n in range(len(numbers))]:
        return {}
    if len(numbers) == 1 and numbers[0] != indexes[-1]:
        return {}
    reasons = dict.fromkeys(numbers, PAGE_NUMBER)
    marks = frozenset(numbers)
    repeated = Counter(lines[index].text for index in indexes)
    above = {line.text for line in head}
    for index in indexes:
        text = lines[index].text
        after_number = index - 1 in marks
        if after_number and (text in above or repeated[text] > 1):
            reasons[index] = RUNNING_HEADER
    return reasons


def _cut(lines: Sequence[Line], start: int) -> int:
    for index in range(start + 1, len(lines)):
        if leads_to_other_pages(lines[index].text):
            return index
    return len(lines)


def _page_data(lines: Sequence[Line], start: int, end: int) -> int:
    """Where the page's own data begins: none of what follows is a sentence."""
    for index in range(start + 1, end):
        if is_machine_data(lines[index].text):
            rest = lines[index:end]
            prose = any(len(line.text) > 60 and ends_sentence(line.text) for line in rest)
            return end if prose else index
    return end


def _foot(
    lines: Sequence[Line], start: int, end: int, masthead: str, notes: list[str]
) -> Iterator[tuple[int, str]]:
    index = end - 1
    while index > start:
        why = _foot_reason(lines, index, masthead)
        if not why:
            break
        yield index, why
        index -= 1
    if index <= start:
        return
    line = lines[index]
    parted = line.gap or not any(other.gap for other in lines)
    alone = parted and ends_sentence(lines[index - 1].text)
    if alone and is_trade_name(line.text):
        yield index, "the vendor's line: a firm's name alone below the last paragraph"
    elif alone and _may_sign(line.text):
        notes.append(
            f"Line {line.number}, {line.text!r}, stands alone at the end and was kept: "
            "take it out if it is not a signature."
        )


def _may_sign(text: str) -> bool:
    wordy = bool(re.search(r"\w", text))
    return wordy and len(text.split()) <= 6 and not ends_sentence(text)


def _foot_reason(lines: Sequence[Line], index: int, masthead: str) -> str:
    text = lines[index].text
    if at_the_edge(text):
        return at_the_edge(text)
    if is_end_mark(text):
        return "the mark of the end"
    if masthead and text == masthead:
        return "the masthead again"
    if is_embargo(text):
        return "the embargo"
    return "the foot of the letterhead" if is_foot_address(text) else ""
