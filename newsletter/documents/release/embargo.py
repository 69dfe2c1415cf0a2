"""Find the lines that impose an embargo, in eight languages, and its end."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from newsletter.documents.release.dates import CLOCK, MOMENT, dates_in, end_of
from newsletter.documents.release.lines import Line, shortened

_LONGEST = 240
"""A longer line is about something else too."""
_AT_ONCE = 120
"""A shorter line is about the embargo wherever it names it; a longer one if it begins with it."""
_BEGINNING = 60
_READ = 1_500
"""Characters to read of a paragraph: an embargo is at its beginning."""
_HEAD = 4
"""Paragraphs of running text near the head."""
_FOOT = 6

_UP_TO = r"(?:until|till?|bis|jusqu\w*|hasta|ate|fino|sino|tot)\b"
_UNTIL = rf"(?:{_UP_TO}|(?:before|prior|up to|vor|avant|antes|prima|voor)\b)"
_WORD = r"(?<!sin )(?<!sem )\b(?:presse|medien|pers|news)?(?:embarg|emargo|embrago|embago)\w*"
"""With common misspellings. Spanish *sin embargo* means something else."""
_OURS = (
    r"(?:releases?|reports?|publi\w+|pubbli\w+|statements?|press|presse|prensa|imprensa|stampa"
    r"|pers|media|medien|news|stor(?:y|ies)|copy|information\w*|informaci\w+|informac\w+"
    r"|documents?|texts?|findings|broadcast|study|paper|journalists?|reporters?|redaktion\w*"
    r"|mitteilung|meldung|comuni\w+|diffusion|difusion|difusao|divulg\w+|veroffentlich\w*"
    r"|briefing)"
)
_ARABIC_UNTIL = r"(?:حتى|قبل|لغاية|لحين|الا بعد|الا في)\b"
_ARABIC_NO = r"\b(?:ي?حظر|تحظر|ي?منع|تمنع|لا|عدم|لا يجوز|لا يسمح|تحت حظر|تاجيل)(?: (?:اعادة|ب))?"
_ARABIC_PUBLISH = r"(?:ب?ال|ب|ت|ي)?(?:نشر|بث)\w{0,3}"
"""Arabic without vowels and without the hamza of an alif, as ``_folded`` returns it."""
_EMBARGO = "|".join(
    (
        rf"{_WORD}(?: [\w'’]+){{0,4}}? {_UNTIL}",
        rf"\b{_UP_TO}.{{0,40}} {_WORD}",
        r"\b(?:under|observe|respect|honou?r|break|breaking|note|bajo|sous|sob|sotto|onder|unter"
        r"|respecter|respetar|respeitar|rispettare|beachten)(?: (?:an?|the|this|our|strict\w*|full"
        r"|press|media|news|el|le|o|un|einem|het|l))*[ ']embargo\b",
        rf"{_WORD}(?: (?:for|from|to|strictly|all))? {_OURS}\b",
        rf"\b{_OURS}(?: \w+){{0,3}} (?:embargoed|embargad[oa]s?|embargat[oaie])\b",
        r"\b(?:strict(?:ly)?|press|media|news|full|strikt\w*|streng\w*|estricto) embargo\w*"
        r"(?! (?:on|against|of)\b)",
        rf"{_ARABIC_NO} {_ARABIC_PUBLISH}(?: [\w:،,]+){{0,6}}? {_ARABIC_UNTIL}",
        r"\b(?:محظورة?|ممنوعة?|محجوبة?)(?: من| عن)? (?:ال)?نشر\w{0,3}\b",
        r"\b(?:ليست?|غير (?:مخصصة?|معدة?|قابلة?|صالحة?)) للنشر\b(?! الفوري)",
        r"\b(?:لا|عدم|الرجاء عدم|يرجى عدم) (?:ت|ي|ال)?نشر\w{0,3}\W*$",
        r"\bsperrfrist\w*|\bsperrvermerk\w*|\bgesperrt bis\b|\bbis\b.{0,40} gesperrt\b",
    )
)
_PUBLISH = (
    r"(?:publi\w+|releas\w+|broadcast\w*|distribut\w+|quot\w+|circulat\w+|disseminat\w+|posted"
    r"|print\w*|shared?|reported|for use|transmi\w+|disclos\w+)"
)
_ABROAD = (
    r"(?:publi(?:car\w*|que\w*|cable|cacion|cacao|er|ez|cation)\b|publizier\w*|veroffentlich\w*"
    r"|verwend\w*|verbreit\w*|weitergabe|weitergeben|diffus\w+|diffond\w+|communiqu\w+|utilis\w+"
    r"|utiliz\w+|difund\w+|difus\w+|divulg\w+|emitir|reproduc\w+|veicul\w+|distribu\w+|pubblic\w+"
    r"|publicer\w+|publicatie|verspreid\w*|openbaar\w*|gebruik\w*)"
)
"""The verbs of publishing in the six other languages."""
_NO = (
    r"(?:nicht|ne pas|pas de|interdi\w+|a ne pas|no|prohibid\w+|sin|nao|proibid\w+|sem|non"
    r"|vietat\w+|da non|niet|aucune)"
)
_EARLIER = r"(?:vor|bis|erst|avant|jusqu\w*|antes|hasta|ate|prima|fino|sino|voor|tot|eerder)\b"
_SOME = r"(?: [\w'’/,-]+){0,6}?"
_BEFORE = (
    r"(?:not before|no earlier|not earlier|no sooner|nicht vor|erst ab|erst am|erst nach|pas avant"
    r"|no antes|nao antes|non prima|niet eerder|niet voor)"
)
_KEPT_BACK = "|".join(
    (
        rf"(?:not(?: yet)?(?: for| to)|do not|don't|never){_SOME} {_PUBLISH}{_SOME}"
        r" (?:before|until|till?|prior)\b",
        r"no (?:publication|release|broadcast|use) (?:before|until)\b",
        r"not for (?:immediate )?(?:release|publication|broadcast|distribution|circulation|use)\b"
        r"|nicht zur (?:veroffentlichung|verbreitung|weitergabe|verwendung)",
        r"(?:(?:a )?ne pas (?:diffuser|publier|communiquer)|no (?:publicar|difundir|divulgar)"
        r"|nao (?:publicar|divulgar)|(?:da )?non (?:pubblicare|diffondere|divulgare)"
        r"|nicht veroffentlichen|niet (?:publiceren|verspreiden))"
        rf"(?:\W*$| {_EARLIER})",
        r"hold (?:back |publication |release )?for (?:release|publication)\b",
        r"for release:? (?:up)?on delivery",
    )
)
_KEPT_UNTIL = "|".join(
    (
        rf"{_NO}{_SOME} {_ABROAD}{_SOME} {_EARLIER}",
        rf"{_NO} {_EARLIER}.{{0,50}} {_ABROAD}",
        rf"(?:{_PUBLISH}|{_ABROAD}){_SOME}:? (?:{_BEFORE}|interdite? (?:avant|jusqu)"
        r"|prohibid\w+ (?:antes|hasta)|proibid\w+ (?:antes|ate)|vietat\w+ (?:prima|fino))",
        rf"{_BEFORE} ",
        r"hold (?:back |publication |release )?(?:until|till)\b",
        r"(?:confidential|private|vertraulich|confidentiel|confidencial|riservato|vertrouwelijk"
        rf"|geheim)(?: \w+)?,? {_UP_TO}",
    )
)
"""Only with a day or an hour; else it may be a headline."""
_TIMED = (
    r"(?:(?:for|to be)(?: \w+)? (?:release[d]?|publi\w+|broadcast|use)(?: only)?"
    r" (?:on|at|after|from|as of|not before|any time after)"
    r"|(?:release|publication|publish)(?: only)? (?:after|from|as of)"
    r"|frei(?:gabe|gegeben)?(?: zur \w+)?:? (?:ab|erst|fur)"
    r"|zur veroffentlichung(?: frei)? (?:ab|am)|(?:veroffentlichung|verwendung) (?:ab|erst)"
    r"|(?:a )?(?:diffuser|publier)(?: qu\W?)? (?:a partir|le|apres|des)"
    r"|(?:diffusion|publication)(?: autorisee?)? (?:a partir|apres|des)"
    r"|para (?:publicar|difundir|divulgar|publicacion|difusion|publicacao|divulgacao)"
    r" (?:a partir|despues|el|apos|em|so apos)"
    r"|(?:publicacion|difusion|publicacao|divulgacao|publicar|difundir|divulgar)"
    r" (?:a partir|despues|apos|so apos)"
    r"|da (?:pubblicare|diffondere) (?:a partire|dopo|dal|dalle|il)"
    r"|(?:pubblicazione|diffusione) (?:a partire|dopo|dal|dalle)"
    r"|للنشر(?: فقط)? (?:بعد|ابتداء|اعتبارا|في|يوم|الساعة|من)"
    r"|voor publicatie (?:vanaf|na|op)|(?:vrij|vrijgave|publicatie|publiceren)"
    r"(?: voor publicatie)? (?:vanaf|na|pas))\b"
)
_NEWS = re.compile(_EMBARGO)
_OPENING = r"(?:^|[.:;!(\[–—-] ?|\bplease |\bstrictly |\bstreng |\bbitte |\bda )\W{0,3}"
_KEEPS = re.compile(rf"{_OPENING}(?:{_KEPT_BACK})")
_KEEPS_UNTIL = re.compile(rf"{_OPENING}(?:\w+ )?(?:{_KEPT_UNTIL})")
_MUST = re.compile(
    r"\b(?:may|must|should|shall|can)(?: ?not| only) be (?:[\w,]+ ){0,5}?(?:published|broadcast"
    r"|quoted|reported|shared|posted|distributed|used)(?: [\w,]+){0,8}? "
    rf"(?:{_UNTIL}|(?:after|from)\b)"
    r"|\bdarf(?: \w+){0,4} (?:erst|nicht vor)\b.{0,60} (?:veroffentlicht|verwendet|verbreitet)"
)
_FROM = re.compile(rf"\W*(?:\w+:? ){{0,3}}?{_TIMED}")
_HOURED = re.compile(
    r"\W*(?:\w+: )?(?:for (?:\w+ )?(?:release|publication)|release(?: time| at|:))(?!\w)"
)
_MARKED = re.compile(
    r"[^\w]*(?:(?:strict|strictly|under|media|press|news|full|global|international|confidential"
    r"|urgent|bajo|sous|sob|sotto|onder|unter|streng\w*|strikt\w*|estricto)[ :,-]+)*"
    r"(?:presse|medien|pers|news)?embarg\w*(?:\W*$|[ ]?[\])}:!.;|/*(–—-]| (?=\d))"
)
_CLOSING = re.compile(r"[(\[|:–—-] ?(?:strictly |under )?embarg\w*\W{0,3}$")
_ANY = re.compile(_WORD)
_TRADE = re.compile(
    r"\b(?:arms?|weapons?|oil|trade|gas|grain|food|fuel|steel|military|economic|commercial|import"
    r"|export|maritime|naval|aid|technology|cuba|cuban|un|eu|us|u\.s\.|american|russian|armas|armi"
    r"|comercial|economico|wirtschafts\w*|wapen\w*|olie)[ -]{1,2}embargo\w*"
    r"|\bembargo\w* (?:on|against|of|over|imposed|contra|contre|sur|sobre|gegen|contro|tegen|auf"
    r"|commercial\w*|economique|economico|comercial|petrol\w+|americain\w*|de|d'|des|di|do|da|del"
    r"|preventiv\w+|judicial|hipotecari\w+)\b"
    r"|\w{3}(?<!sse)(?<!ien)(?<!ers)(?<!ews)embargo\w*|\b(?:sanctions|blockade|sanktionen|bloqueo|bloqueio|blocus|sanzioni)\b"
)
_NAMES_US = re.compile(rf"\b{_OURS}\b")
_SECURITIES = re.compile(r"directly or indirectly|in or into|united states|jurisdiction")
_SPACED = re.compile(r"\b(?:[^\W\d_][ .-]){4,20}[^\W\d_]\b")
_MARKS = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | "})
_PARTING = re.compile(r"[\])]\s*+[:–—-]?|:\s|\s[|–—-]{1,2}\s")
_OPENS = re.compile(r"[(\[]|\s[|–—-]{1,2}\s")
_LONG = re.compile(r"[^\W\d_]{3,}")
_TITLE_WORDS = 3
_BARE = 2
_FIRST_WORD = 5
"""Characters before the first word at most."""


@dataclass(frozen=True, kw_only=True)
class Embargo:
    """An embargo that a file imposes on its own text."""

    words: str
    """The words in the file."""
    until: str = ""
    """A suggestion for ``embargo_until``, if the words tell it."""
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=1024)  # each rule of an import asks it of the same lines
def is_embargo(text: str) -> bool:
    """Whether a line imposes an embargo, and so is neither title nor text."""
    if len(text) > _LONGEST:
        return False
    plain = _folded(text)
    at = _place(plain)
    return at is not None and (len(text) <= _AT_ONCE or at < _BEGINNING)


def _place(plain: str) -> int | None:
    """Return where a short text begins to mention its embargo."""
    for pattern in (_NEWS, _KEEPS, _MUST):
        found = pattern.search(plain)
        # offers of shares say it too: not for release in or into the United States
        if found and not _is_trade(plain) and not _SECURITIES.search(plain):
            return found.start()
    found = _KEEPS_UNTIL.search(plain)
    if found and _is_timed(plain) and not _SECURITIES.search(plain):
        return found.start()
    if _MARKED.match(plain) or (_FROM.match(plain) and _is_timed(plain)):
        return 0
    found = _CLOSING.search(plain)
    if found:
        return found.start()
    if _HOURED.match(plain) and CLOCK.search(plain):
        return 0
    found = _ANY.search(plain)
    bare = _is_timed(plain) or len(plain.split()) <= _BARE
    return found.start() if found and bare and not _is_trade(plain) else None


def _is_timed(plain: str) -> bool:
    return bool(CLOCK.search(plain) or MOMENT.search(plain) or dates_in(plain))


def _is_trade(plain: str) -> bool:
    """Whether the text is about an embargo between countries, or a seizure."""
    return bool(_TRADE.search(plain)) and not _NAMES_US.search(plain)


def _folded(text: str) -> str:
    """Return the text in lower case, without accents, marks and letter-spacing."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text[:_READ])
        if not unicodedata.combining(letter)
    )
    close = _SPACED.sub(lambda found: re.sub(r"[ .-]", "", found[0]), bare)
    return " ".join(close.translate(_MARKS).casefold().split())


def headline_beside(text: str) -> str:
    """Return the headline on a line with an embargo, ``EMBARGOED: Title``, or ""."""
    for found in _PARTING.finditer(text[:_LONGEST]):
        before, after = text[: found.start()], text[found.end() :]
        if is_embargo(before) and _is_headline(after):
            return after.strip()
    for found in _OPENS.finditer(text[:_LONGEST]):
        before, after = text[: found.start()], text[found.end() :]
        if is_embargo(after) and _is_headline(before):
            return before.strip()
    return ""


def _is_headline(text: str) -> bool:
    if is_embargo(text):
        return False
    rest = text
    for found in reversed(dates_in(text)):
        rest = rest[: found.start] + rest[found.end :]
    # the day and hour that an embargo names are no headline, however many words they are
    rest = MOMENT.sub(" ", CLOCK.sub(" ", rest))
    return len(_LONG.findall(rest)) >= _TITLE_WORDS


# --- the whole text ----------------------------------------------------------------------------


def find_embargo(
    lines: Sequence[Line],
    prose: int | None,
    *,
    today: date,
    beside: Iterable[tuple[int, str]] = (),
) -> Embargo | None:
    """Find the embargo on a text.

    ``prose`` is the index of the first line of running text. ``beside`` is text outside of the
    lines, with its line or 0: parts left out, the page's title, page heads.
    """
    # a text on an embargo between countries names it often: there only plain orders count
    abroad = any(_TRADE.search(_folded(line.text)) for line in lines)
    found = [(n.opening, n.text, below) for n, below in _hits(lines, prose, today, abroad=abroad)]
    seen = {words for _, words, _ in found}
    for number, text in beside:
        # a lone word may be a tag of the page
        lone = abroad and len(text.split()) == 1
        named = not abroad and len(text) <= _AT_ONCE and _ANY.search(_folded(text))
        if text not in seen and not lone and (is_embargo(text) or named):
            seen.add(text)
            found.append((f"Line {number}" if number else "What stands beside the text", text, ""))
    if not found:
        return None
    ends = [end_of(text, following) for _, text, following in found]
    until = {end for end in ends if end}
    return Embargo(
        words=shortened(found[0][1], _AT_ONCE),
        # of two ends that differ a person chooses
        until=until.pop() if len(until) == 1 else "",
        notes=tuple(_note(hit[0], end) for hit, end in zip(found, ends, strict=True)),
    )


def _hits(
    lines: Sequence[Line], prose: int | None, today: date, *, abroad: bool
) -> Iterator[tuple[Line, str]]:
    """Yield each line that mentions an embargo, and the line below it."""
    above = len(lines) if prose is None else prose
    top = above + _HEAD
    for n, line in enumerate(lines):
        near = n < top or n >= len(lines) - _FOOT
        below = lines[n + 1].text if n + 1 < len(lines) and not lines[n + 1].gap else ""
        speaks = near and (is_embargo(line.text) or _names_embargo(line.text, abroad=abroad))
        if n < above and below and not is_embargo(below):
            # Two lines may speak of it only together: they were one before it was wrapped.
            speaks = speaks or is_embargo(f"{line.text} {below}")
        # Amid the text a line is about its embargo only from the first word on.
        begins = is_embargo(line.text) and (_place(_folded(line.text)) or 0) < _FIRST_WORD
        # FOR RELEASE, and a day that is still to come
        to_come = len(line.text) <= _AT_ONCE and _HOURED.match(_folded(line.text))
        days = dates_in(line.text) if to_come else []
        if speaks or begins or any(day.value and day.value > today for day in days):
            yield line, below


def _names_embargo(text: str, *, abroad: bool) -> bool:
    """Whether a text near the head or foot may mention its own embargo.

    ``abroad`` means that the text is about an embargo between countries.
    """
    plain = _folded(text)
    for sentence in re.split(r"(?<=[.!?]) ", plain):
        strict = _NEWS.search(sentence) or _MUST.search(sentence)
        if strict and not _is_trade(sentence):
            return True
    return not abroad and _ANY.search(plain) is not None


def _note(where: str, end: str) -> str:
    if not end:
        return f"{where} speaks of an embargo: set embargo_until."
    # a day has two hyphens: a third is the sign of an offset
    zone = "." if "+" in end or end.count("-") > 2 else " if that time is in your own zone."
    return f"{where} speaks of an embargo: set embargo_until, as in 'embargo_until: {end}'{zone}"
