"""Layouts of plain texts: copied off pages, out of PDFs and from letterheads."""

from collections.abc import Callable
from dataclasses import replace
from textwrap import wrap

from tools.releases.draw import Draw
from tools.releases.made import (
    COPYRIGHT,
    ENDS,
    MENUS,
    NOTICES,
    SHARING,
    SITES,
    Made,
    disguised,
    others,
    parted,
    site_foot,
)
from tools.releases.story import Story, dateline, written

LONG_HEADLINE = "page, long headline"
Lines = list[str]
Laid = tuple[Lines, Lines]
"""The lines of a text, and those of them that are furniture."""


def _body(draw: Draw, said: Story, opening: str = "", *, gaps: bool = True) -> Lines:
    """The running text, a paragraph a line, with blank lines between them or not."""
    paragraphs = [" ".join(one) for one in said.paragraphs]
    paragraphs[0] = opening + paragraphs[0]
    lines: Lines = []
    for one in paragraphs:
        lines += [one, ""] if gaps else [one]
    lines += said.about
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _wrapped(lines: Lines, width: int) -> Lines:
    out: Lines = []
    for line in lines:
        out += wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    return out


def _subhead(said: Story, *, gaps: bool = True) -> Lines:
    return ([said.subhead, ""] if gaps else [said.subhead]) if said.subhead else []


def copied(draw: Draw, said: Story) -> Laid:
    """A page, all of it selected: the window's title, menu, headline, text, other pages, foot."""
    site = draw.own(SITES)
    page = disguised(draw, said.title) + draw.any((" - ", " | ", " – ", " — ", " » ")) + site
    notice = [draw.own(NOTICES)] if draw.chance(0.3) else []
    head = [page, *notice, *draw.some(MENUS, 3, 8)]
    headline = parted(said.title, draw.any((1, 1, 1, 2, 3, 4, 5)))
    label = [draw.own(said.words.labels)] if draw.chance(0.4) else []
    sharing = draw.some(SHARING, 2, 4) if draw.chance(0.5) else []
    above = [written(draw, said)]
    body = _body(draw, said, gaps=draw.chance(0.3))
    below = [
        *(sharing if draw.chance(0.5) else []),
        *(others(draw, said) if draw.chance(0.5) else []),
    ]
    foot = site_foot(draw, said)
    middle = [*headline, *above] if draw.chance(0.6) else [*above, *headline]
    lines = [*head, *label, *middle, *_subhead(said, gaps=False), *body, *below, *foot]
    return lines, [*head, *label, *below, *foot]


def letterhead(draw: Draw, said: Story) -> Laid:
    """A letterhead, its release line, whom to ask, date, headline, text and the mark of the end."""
    mast = [said.agency.upper() if draw.chance(0.4) else said.agency]
    mast += [draw.own(said.words.labels)] if draw.chance(0.5) else []
    release = [draw.own(said.words.release)]
    contact = draw.own(said.words.contact).format(p=said.person, phone=said.phone, email=said.email)
    contacts = [contact, said.phone, said.email] if contact.endswith((":", "s")) else [contact]
    on = [written(draw, said)]
    top = [release, on, contacts] if draw.chance(0.5) else [release, contacts, on]
    if draw.chance(0.3):
        top = [on, release]
    headline = parted(said.title, draw.any((1, 1, 2, 3)))
    head = [*mast, ""]
    for part in top:
        head += [*part, ""]
    opening = f"{said.city.upper()} – " if draw.chance(0.4) else ""
    end = ["", draw.own(ENDS)] if draw.chance(0.8) else []
    lines = [*head, *headline, "", *_subhead(said), *_body(draw, said, opening), *end]
    return lines, [*mast, *release, *end]


def wrapped(draw: Draw, said: Story) -> Laid:
    """A PDF of several pages: hard-wrapped, with running heads and page numbers."""
    width = draw.number(68, 98)
    running = draw.any((said.agency, f"{said.agency} – {draw.own(said.words.labels)}", ""))
    words = [
        *_body(draw, said, dateline(draw, said) if draw.chance(0.3) else "", gaps=draw.chance(0.7))
    ]
    body = _wrapped(words, width)
    style = draw.any(("{n}", "Page {n} of {of}", "Page {n}", "{n} / {of}", "- {n} -", "{n}"))
    long = draw.number(14, 24)
    pages = [body[at : at + long] for at in range(0, len(body), long)]
    out: Lines = []
    furniture: Lines = []
    for number, page in enumerate(pages, start=1):
        mark = style.format(n=number, of=len(pages))
        head = [running] if running and number > 1 else []
        out += [*head, *page, mark] if draw.chance(1.0) else []
        furniture += [*head, mark]
    on = written(draw, said)
    head = [said.agency, draw.own(said.words.release), on]
    lines = [*head, "", *_wrapped([said.title], width), "", *_subhead(said), *out]
    return lines, [*head[:2], *furniture]


def release_line(draw: Draw, said: Story) -> Laid:
    """The headline on the line that says for immediate release, and a second, longer line below."""
    release = draw.own(said.words.release).rstrip(":") + ": "
    on = written(draw, said)
    top = [release + said.title]
    if draw.chance(0.5):
        first, *rest = parted(said.title, 2)
        if rest:
            top = [release + first, " ".join(rest)]
    lines = [*top, "", on, "", *_subhead(said), *_body(draw, said), "", draw.own(ENDS)]
    return lines, [release.strip(), lines[-1]]


def named_date(draw: Draw, said: Story) -> Laid:
    """A line below the headline that says by whom and when: ``Name | July 1, 2024``."""
    on = written(draw, said)
    by = draw.any(
        (
            said.person,
            f"By {said.person}" if said.language == "en" else said.person,
            said.agency,
            "Press Office",
        )
    )
    mark = draw.own((" | ", " • ", " – ", " / ", ", ", " · "))
    line = f"{by}{mark}{on}" if draw.chance(0.7) else f"{on}{mark}{by}"
    label = [draw.own(said.words.labels)] if draw.chance(0.4) else []
    sharing = draw.some(SHARING, 2, 4) if draw.chance(0.6) else []
    foot = site_foot(draw, said)
    gaps = draw.chance(0.6)
    lines = [
        *label,
        *([""] if gaps else []),
        said.title,
        line,
        *([""] if gaps else []),
        *sharing,
        *_subhead(said, gaps=gaps),
    ]
    lines += [*_body(draw, said, gaps=gaps), *foot]
    return lines, [*label, *sharing, *foot]


def datelined(draw: Draw, said: Story) -> Laid:
    """No date but that of the dateline."""
    label = [draw.own(said.words.labels), ""] if draw.chance(0.6) else []
    mast = [said.agency, ""] if draw.chance(0.3) else []
    headline = parted(said.title, draw.any((1, 1, 2)))
    lines = [
        *mast,
        *label,
        *headline,
        "",
        *_subhead(said),
        *_body(draw, said, dateline(draw, said)),
        "",
        draw.own(ENDS),
    ]
    return lines, [*mast, *label, lines[-1]]


def tabbed(draw: Draw, said: Story) -> Laid:
    """A head in two columns, which tabs part: Date, Contact, Subject."""
    on = written(draw, said, draw.own(said.words.dates[:4]))
    names = {
        "en": ("Date", "Contact", "Subject"),
        "de": ("Datum", "Kontakt", "Betreff"),
        "es": ("Fecha", "Contacto", "Asunto"),
        "fr": ("Date", "Contact", "Objet"),
    }[said.language]
    gap = draw.any(("\t", " ", "  "))
    rows = [f"{names[0]}:{gap}{on}", f"{names[1]}:{gap}{said.person}, {said.phone}"]
    if draw.chance(0.4):
        rows.append(f"{names[2]}:{gap}{said.title}")
        headline = [] if draw.chance(0.3) else [said.title, ""]
    else:
        headline = [said.title, ""]
    label = draw.own(said.words.labels)
    lines = [
        said.agency,
        label,
        "",
        *rows,
        "",
        *headline,
        *_subhead(said),
        *_body(draw, said),
        "",
        draw.own(ENDS),
    ]
    return lines, [said.agency, label, rows[1], lines[-1]]


def posted(draw: Draw, said: Story) -> Laid:
    """A post of a weblog: date, author and categories around the text, comments below."""
    on = written(draw, said, draw.own(said.words.dates[:8]))
    meta = draw.own(
        (
            f"Posted on {on}",
            f"Published {on}",
            f"Posted: {on}",
            f"Date: {on}",
            f"Updated {on}",
            f"Published on {on}",
            f"{on} by {said.person}",
            f"Posted by admin on {on}",
            f"Release Date: {on}",
            f"{on} | News",
        )
    )
    below = [
        draw.own(
            (
                "Posted in News",
                "Filed under: Press",
                "Tags: housing, grants",
                "Categories: Uncategorized",
                "Previous post",
                "Next Post",
                "← Older Entries",
                "Leave a Comment",
            )
        )
    ]
    head = draw.some(MENUS, 3, 7)
    rights = draw.own(COPYRIGHT).format(a=said.agency)
    lines = [
        *head,
        said.title,
        meta,
        *_subhead(said, gaps=False),
        *_body(draw, said, gaps=False),
        *below,
        *others(draw, said),
        rights,
    ]
    return lines, [*head, *below, rights]


def embargoed(draw: Draw, said: Story) -> Laid:
    """A letterhead under embargo."""
    phrases = {
        "en": (
            "STRICTLY EMBARGOED UNTIL {on}, 10:00 AM",
            "Not for publication before {on}",
            "Hold for release until {on}",
            "For release on {on}",
            "Information embargoed to {on}",
            "UNDER EMBARGO until 00:01 {on}",
        ),
        "de": (
            "Sperrfrist: {on}, 10 Uhr",
            "Bitte Sperrfrist beachten: {on}",
            "Achtung, Sperrfrist {on}!",
        ),
        "es": ("EMBARGADO hasta el {on}", "No publicar antes de {on}"),
        "fr": ("Sous embargo jusqu’au {on}", "Ne pas diffuser avant {on}"),
    }[said.language]
    on = written(draw, said, said.words.dates[0])
    words = draw.own(phrases).format(on=on)
    where = draw.any(("top", "below the masthead", "below the title"))
    top = [words, ""] if where == "top" else []
    middle = [words, ""] if where == "below the masthead" else []
    last = [words, ""] if where == "below the title" else []
    lines = [
        *top,
        said.agency,
        "",
        *middle,
        said.title,
        "",
        *last,
        *_body(draw, said),
        "",
        draw.own(ENDS),
    ]
    return lines, [words, lines[-1]]


def _long(draw: Draw, said: Story) -> Story:
    """A headline as long as a paragraph, or one that opens as a dateline does."""
    kind = draw.any((*said.words.labels, "Media Advisory", "Update")).upper()
    title = said.title.rstrip(".")
    if draw.chance(0.5):
        title = f"{kind} – {title}"
    return replace(said, title=f"{title}; {said.paragraphs[0][0].rstrip('.')}"[:240].rstrip())


LAYOUTS: dict[str, Callable[[Draw, Story], Laid]] = {
    "page, copied whole": copied,
    LONG_HEADLINE: copied,
    "letterhead": letterhead,
    "PDF, wrapped, running heads": wrapped,
    "headline on the release line": release_line,
    "name and date on one line": named_date,
    "date in the dateline alone": datelined,
    "head in columns": tabbed,
    "weblog, copied whole": posted,
    "embargoed": embargoed,
}


def text(seed: int, draw: Draw, said: Story, shape: str) -> Made:
    """A made-up text of one layout."""
    said = _long(draw, said) if shape == LONG_HEADLINE else said
    lines, furniture = LAYOUTS[shape](draw, said)
    end = draw.any(("\n", "\n", "\r\n"))
    return Made(
        seed=seed,
        shape=shape,
        file=f"{seed}.txt",
        data=end.join(lines).encode(),
        title=said.title,
        on=None if shape == "embargoed" else said.on,
        prose=said.prose
        if shape != "embargoed"
        else tuple(s for p in said.paragraphs for s in p) + said.about,
        furniture=tuple(one for one in furniture if one),
        embargo=shape == "embargoed",
    )
