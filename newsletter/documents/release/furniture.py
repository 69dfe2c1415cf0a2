"""Recognise the furniture around the text: navigation, contacts, marks of the end."""

import re
from collections.abc import Sequence
from itertools import pairwise

from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.lines import Line, begins_dateline, ends_sentence

_ALWAYS = re.compile(
    r"(?:skip|jump) to (?:main |the )?(?:content|navigation|menu|search)|\[?tweet this\]?"
    r"|(?:scroll|back) to top|top of page|bottom of page|you are here"
    r"|(?:share|print|e-?mail|save) (?:this|article)(?: (?:page|article|post|story|release))?"
    r"|(?:share|post|teilen|partager|compartir)(?: this)? (?:on|via|auf|sur|en) \w+"
    r"|copy (?:link|url)|click to (?:share|print|e-?mail).*|\d+ min(?:ute)?s? read"
    r"|(?:this |our )?(?:web)?site uses cookies.*|we use cookies.*"
    r"|(?:accept|reject|manage)(?: all)? cookies|loading(?:…|\.\.\.)"
    r"|(?:please |you need to )?enable javascript.*|[-–—(\[ ]{1,4}more[-–—)\] ]{1,4}"
    r"|\W{0,3}(?:caution|warning|attention|external|achtung|vorsicht|prudence)\b.{0,40}"
    r"\b(?:e-?mail|mail|message|sender|nachricht|courriel)\b.{0,60}"
    r"\b(?:outside|external|extern(?:e[rn]?)?|unknown sender|ext[ée]rieur)\b.*"
    r"|(?:to )?(?:unsubscribe|opt[ -]out)\b.{0,60}\bhttps?://\S+"
    r"|(?:©|\(c\)|copyright (?:©|\(c\)|\d{4})).*|(?:.{1,60} )?all rights reserved\.?|link to: .*",
    re.IGNORECASE,
)
_LABELS = re.compile(
    r"(?:(?:official|joint) )?(?:press|news|media) (?:release|statement|advisory|alert|bulletin)s?"
    r"|(?:public|media|press) (?:notice|note)|press information"
    r"|presse(?:mitteilung|information|erkl[äa]rung|meldung|aussendung)(?: nr?\.? ?[\d/]+)?"
    r"|medienmitteilung|pressestatement|comunicado(?: (?:de (?:prensa|imprensa)|oficial))?"
    r"|nota (?:de prensa|informativa|[àa] imprensa)|comunicato(?: stampa)?"
    r"|(?:بيان|خبر|بلاغ|تصريح)(?: (?:صحفي|صحافي|إعلامي|رسمي))?|نشرة صحفية"
    r"|пресс?-?релиз|прес-реліз|informacja prasowa|komunikat prasowy|tiskov[áa] zpr[áa]va"
    r"|tla[čc]ov[áa] spr[áa]va|δελτ[ίι]ο τ[ύυ]που|bas[ıi]n (?:b[üu]lteni|a[çc][ıi]klamas[ıi])"
    r"|pressmeddelande|pressemeddelelse|pressemelding|lehdist[öo]tiedote|comunicat de pres[ăa]"
    r"|sajt[óo]k[öo]zlem[ée]ny"
    r"|הודעה לעיתונות|प्रेस विज्ञप्ति|新[闻聞]稿|プレスリリース|報道発表|보도\s?자료"
    r"|pers(?:bericht|mededeling)|communiqu[ée](?: de presse)?|dossier de presse",
    re.IGNORECASE,
)
_RELEASE = re.compile(
    r"(?:for release\s?:?\s{0,3}(?:up)?on receipt"
    r"|for (?:immediate |general )?(?:press |media )?(?:release|publication|distribution|use)"
    r"(?: immediately)?|(?:for )?immediate (?:press |media )?release|release immediately"
    r"|zur sofortigen (?:ver[öo]ffentlichung|freigabe)"
    r"|para (?:su )?(?:difusi[óo]n|publicaci[óo]n|distribuci[óo]n) inmediata"
    r"|pour (?:diffusion|publication) imm[ée]diate|[àa] diffuser imm[ée]diatement"
    r"|per (?:la )?(?:diffusione|pubblicazione) immediata|para divulga[çc][ãa]o imediata"
    r"|للنشر الفوري|للنشر فور[اًا]{1,2}|voor onmiddellijke publicatie"
    r"|立即[发發][布佈]|即[时時][发發][布佈])\b\s*[:.–—-]?\s*",
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
    r"#(?:\s*#)+|[-–—*~\[(<]+\s*(?:30|[Ee][Nn][Dd][Ss]?|[Ee][Nn][Dd][Ee]|[Ff][Ii][Nn][Ee]?)"
    r"\s*[-–—*~\])>]+|ENDS?\.?|Ends\.?|ENDE|Ende|FINE?|Fine?"
)
_END_AT_FOOT = re.compile(r"#|(?:[*~_=•·] ?){3,}|[-–—](?: ?[-–—])+")
_OTHER_PAGES = re.compile(
    r"(?:in )?(?:latest|recent|related|more|other|further|similar|top|upcoming|previous|trending)"
    r" (?:news(?: releases)?|posts?|articles?|stories|headlines|(?:press )?releases|statements"
    r"|content|updates|reading|events|coverage|pages|links)|related|also in the news"
    r"|(?:you (?:may|might) )?also (?:like|be interested in)|read (?:next|also|more:?)"
    r"|keep reading|don[’']t miss|up next|you (?:may|might) (?:also )?(?:like|enjoy)"
    r"|more from .{2,40}|news ?letter sign-?up|sign up for (?:our|the) newsletter"
    r"|weitere (?:meldungen|nachrichten|artikel|pressemitteilungen)|lesen sie auch.{0,30}"
    r"|(?:m[áa]s|otras|[úu]ltimas) noticias|noticias relacionadas|[àa] lire aussi"
    r"|(?:autres|derni[èe]res) actualit[ée]s",
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
_LONGEST_ENTRY = 40
_MAILBOX = re.compile(r"\S@\S+\.\w")
_STREET = re.compile(
    r"^\d{1,5} (?:\w+\.? ){1,4}(?:street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|way"
    r"|plaza|square|court|place)\b|\b\w{1,40}(?:stra(?:ß|ss)e|str\.|weg|platz|allee) \d"
    r"|^(?:calle|avenida|plaza|rue|avenue|via|piazza) \w|P\.?O\.? Box",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"\b[A-Z]{2} \d{5}(?:-\d{4})?$|^\d{5} [^\W\d_]|\b[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}$"
)
_FOOT = re.compile(r"[•|·]|\b\d{5}(?:-\d{4})?\b|P\.?O\.? Box", re.IGNORECASE)


def always(text: str) -> str:
    """Return why a line is site furniture wherever it is, or ""."""
    return "site furniture" if _ALWAYS.fullmatch(text) else ""


_OPT_OUT = re.compile(
    r"\[(?:click (?:here )?to )?(?:unsubscribe|opt[ -]out|(?:manage|update) (?:your )?"
    r"(?:e-?mail )?preferences|view (?:this (?:e-?mail|message) )?(?:in|on) (?:your |the |a )?"
    r"(?:web ?)?browser|(?:(?:vom )?newsletter )?(?:abmelden|abbestellen)"
    r"|im browser (?:ansehen|[öo]ffnen|anzeigen)|(?:se )?d[ée]s(?:abonner|inscrire)"
    r"|voir dans le navigateur|darse de baja|cancelar (?:la |a )?"
    r"(?:suscripci[óo]n|inscri[çc][ãa]o|subscri[çc][ãa]o)|ver en (?:el |su )?navegador"
    r"|disiscriviti|annulla iscrizione|afmelden|uitschrijven|إلغاء الاشتراك)"
    r"(?: here)?\W{0,3}\]\(",
    re.IGNORECASE,
)
_LONGEST_OPT_OUT = 1_000


def offers_to_leave(markdown: str) -> bool:
    """Whether a paragraph links to an unsubscribe page of an earlier mailing."""
    return len(markdown) <= _LONGEST_OPT_OUT and bool(_OPT_OUT.search(markdown))


def at_the_edge(text: str) -> str:
    """Return why a line above or below the text is site furniture, or ""."""
    plain = _plain(text[: _LONGEST_AROUND + 1])
    for_sharing = len(text) <= _LONGEST_AROUND and (
        plain in _BESIDE_ENTRIES or _AROUND.fullmatch(plain)
    )
    if for_sharing or _ALWAYS.fullmatch(text) or is_menu_entry(text) or is_label(text):
        return "site furniture"
    return "the vendor's line" if _VENDOR.fullmatch(text) else ""


def is_label(text: str) -> bool:
    """Whether a line only names the kind of text: a press release."""
    return len(text) <= _LONGEST_ENTRY and bool(_LABELS.fullmatch(text))


def release_line(text: str) -> str | None:
    """Return the text after FOR IMMEDIATE RELEASE, or None if the line does not say so."""
    found = _RELEASE.match(text)
    rest = text[found.end() :] if found else None
    return "" if rest and is_contact(rest) else rest


def is_for_editors(text: str) -> bool:
    """Whether a line is the heading of notes to editors."""
    return len(text) <= 120 and bool(_EDITORS.fullmatch(text))


def is_end_mark(text: str) -> bool:
    """Whether a line is a mark of the end: ``###``, ``-30-``, ``ENDS``."""
    return bool(_END_MARK.fullmatch(text))


def ends_at_foot(text: str) -> bool:
    """Whether a line is a row of marks, which ends a text."""
    return bool(_END_AT_FOOT.fullmatch(text))


def is_address(text: str) -> bool:
    """Whether a short line is part of a postal address, or a telephone number."""
    return len(text) <= _LONGEST_ENTRY * 2 and bool(
        _STREET.search(text) or _POSTCODE.search(text) or _PHONE.fullmatch(text)
    )


def leads_to_other_pages(text: str) -> bool:
    """Whether a line is the heading of a list of other pages."""
    return bool(_OTHER_PAGES.fullmatch(text))


def is_machine_data(text: str) -> bool:
    """Whether a line is only an image's address or a database's time."""
    return bool(_MACHINE.fullmatch(text))


def is_foot_address(text: str) -> bool:
    """Whether a line is a letterhead's foot: an address with a telephone number."""
    reachable = len(text) <= _LONGEST_FOOT and (_PHONE.search(text) or _MAILBOX.search(text))
    return bool(reachable and _FOOT.search(text))


def is_trade_name(text: str) -> bool:
    """Whether a short line reads like a firm's name: capitalised words."""
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
_TELEPHONE = re.compile(rf"{_PHONE.pattern}|\b0\d[\d\s]{{8,}}\d")
_LONGEST = 80
_SHORTEST_TEXT = 20
_MOST_BETWEEN = 3
"""Lines with a name, an office or a house between two lines of a contact."""


def is_contact_label(text: str) -> bool:
    """Whether a short line begins a contact: ``Media contact: …``."""
    return len(text) <= _LONGEST and bool(_LABEL.fullmatch(text))


def is_contact(text: str) -> bool:
    """Whether a short line tells how to reach a person."""
    if len(text) > _LONGEST:
        return False
    return bool(_LABEL.fullmatch(text) or _LINE.fullmatch(text) or _TELEPHONE.search(text))


def contact_lines(lines: Sequence[Line]) -> frozenset[int]:
    """Return the indexes of all lines of contacts, with names and offices between them."""
    plain = [
        n
        for n, line in enumerate(lines)
        if is_contact(line.text) or (date_line(line.text) and _BEHIND.search(line.text))
    ]
    found = set(plain)
    for first, last in pairwise(plain):
        between = range(first + 1, last)
        if len(between) <= _MOST_BETWEEN and all(_may_belong(lines, n) for n in [*between, last]):
            found.update(between)
    return frozenset(found)


def _may_belong(lines: Sequence[Line], index: int) -> bool:
    """Whether a line below one of a contact may be a name, an office or a house."""
    line = lines[index]
    apart = line.gap and not (is_contact_label(lines[index - 1].text) and not _is_whole(line))
    other = date_line(line.text) or release_line(line.text) is not None or is_embargo(line.text)
    text = begins_dateline(line.text) and len(line.text) > _SHORTEST_TEXT
    return not (apart or other or text or _is_whole(line))


def _is_whole(line: Line) -> bool:
    """Whether a line is too long, or too much of a sentence, for part of a contact."""
    return len(line.text) > _LONGEST or (ends_sentence(line.text) and len(line.text.split()) > 4)


_MAIL_HEADS = {
    name: kind
    for kind, names in {
        "from": "from von de da van",
        "day": "date sent gesendet datum envoyé enviado inviato verzonden fecha data",
        "to": "to an à a para aan",
        "cc": "cc kopie",
        "subject": "subject betreff objet asunto oggetto assunto onderwerp",
    }.items()
    for name in names.split()
}
"""Header fields of forwarded emails and memos."""
_MAIL_HEAD = re.compile(r"(?P<name>[^\W\d_]{1,10}) ?: ?(?P<value>.*)")
_LATEST_HEAD = 10
"""A header further down belongs to an email that the text answers."""


def below_forwarding(texts: Sequence[str]) -> tuple[int, str]:
    """Return where a text begins below the header of an email or a memo, and its subject."""
    for first in range(min(len(texts), _LATEST_HEAD)):
        values: dict[str, str] = {}
        end = first
        while end < len(texts) and (found := _MAIL_HEAD.match(texts[end])):
            kind = _MAIL_HEADS.get(found["name"].casefold())
            if kind is None:
                break
            values.setdefault(kind, found["value"])
            end += 1
        # a statement may itself begin with From: or Date:, and hardly with three of these
        if len(values) > 2 and "subject" in values and end < len(texts):
            return end, values["subject"]
    return 0, ""


_MENUS = """
home, homepage, menu, main menu, search, search for, about, about us, about the office, about the
agency, about the department, contact, contacts, contact us, news, newsroom, news room, news
center, news & events, news & media, newsletter, newsletters, press, media, press release, press
releases, press room, press office, press center, press kit, press contact, press contacts, media
center, media kit, media room, media contacts, event, events, calendar, career, careers,
employment, internship, internships, volunteer, volunteers, donate, give, get involved, get help,
get started, program, programs, our programs, service, services, our services, departments, our
departments, divisions, projects, our work, our mission, mission, our history, history, our story,
our values, our team, team, staff, our people, our impact, our partners, partners, leadership,
directory, staff directory, employee directory, board, board of directors, board of trustees,
trustees, executive staff, executive team, executive office, management, who we are, what we do,
how it works, how to help, publication, publications, report, reports, annual report, annual
reports, resource, resources, library, form, forms, faq, faqs, documents, permit, permits,
licenses, permits & licenses, accessibility, accessibility statement, privacy, privacy policy,
privacy notice, terms, terms of use, terms of service, terms & conditions, terms and conditions,
sitemap, site map, legal, legal notice, disclaimer, imprint, open data, data, podcast, podcasts,
blog, blogs, op-ed, op-eds, opinion, video, videos, photo, photos, gallery, shop, store, apps,
help, support, feedback, community, victim services, membership, members, residents, business,
businesses, visitors, government, topics, issues, archive, archives, all news, multimedia, stay
informed, take action, join us, our offices, locations, bids, rfps, startseite, aktuelles, über
uns, kontakt, impressum, datenschutz, datenschutzerklärung, karriere, presse, termine, suche,
barrierefreiheit, leichte sprache, service, themen, nachrichten, inicio, noticias, contacto,
quiénes somos, aviso legal, política de privacidad, política de cookies, transparencia, empleo,
sala de prensa, accueil, actualités, mentions légales, plan du site, nous connaître, recrutement,
accessibilité, espace presse, contatti, chi siamo, notizie, contato, quem somos, over ons, nieuws,
vacancies
"""
_BESIDE = """
share, share this, print, email, e-mail, tweet, close, accept, decline, reject, subscribe, log in,
login, sign in, sign up, signup, follow us, follow, you are here, rss, whatsapp, facebook,
twitter, x, linkedin, instagram, youtube, tiktok, flickr, pinterest, bluesky, threads, mastodon,
telegram, vimeo, reddit, feedburner, author, published, stay connected, connect with us, connect,
cookie policy, cookie settings, cookie preferences, cookie notice, english, español, deutsch,
français, italiano, português, nederlands, read more, read less, show more, learn more, load more,
copy link, copy url, teilen, drucken, compartir, imprimir, partager, back, next, previous, top,
scroll to top, back to top, top of page, bottom of page, loading, all rights reserved, alle rechte
vorbehalten, tous droits réservés, todos los derechos reservados
"""
_FREE = re.compile(
    r"(?:bureaus?|departments|divisions) ?& ?\w+|meet .{2,20}|report an? \w+|community \w+"
    r"|(?:\w+ )?policy|legal \w+|permits? (?:&|and) \w+"
)
_AROUND = re.compile(
    r"posted (?:in|by)\b.*|filed under.*|tags?:.*|categor(?:y|ies):?.*|[/|»›>]"
    r"|(?:[←→«»‹›<>] ?)?(?:next|previous|older|newer)"
    r"(?: (?:post|article|page|story|stories|entry|entries)s?)?(?: ?[←→«»‹›<>])?"
    r"|leave a (?:comment|reply)|(?:no )?comments(?: are closed)?|\d+ comments?",
)
_LONGEST_AROUND = 200


_MENU_ENTRIES, _BESIDE_ENTRIES = (
    frozenset(" ".join(entry.split()) for entry in text.split(",")) for text in (_MENUS, _BESIDE)
)


def is_menu_entry(text: str) -> bool:
    plain = _plain(text[: _LONGEST_ENTRY + 1])
    return len(text) <= _LONGEST_ENTRY and bool(plain in _MENU_ENTRIES or _FREE.fullmatch(plain))


def _plain(text: str) -> str:
    return text.casefold().strip(" .:…")
