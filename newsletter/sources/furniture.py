"""Lines of a page that are not of the statement: navigation, sharing, notices, foot lines."""

import re

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
_EMBARGO = re.compile(
    r"\W*(?:under |bajo |sous )?(?:strict )?(?:embargo(?:ed)?|embargado|sperrfrist)\b.*",
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


def is_embargo(text: str) -> bool:
    """Whether a line says until when the statement is to be kept back."""
    return bool(_EMBARGO.fullmatch(text)) and len(text) <= 120


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
