"""Layouts of web pages: what different programs make of one release."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from tools.releases.draw import Draw
from tools.releases.made import (
    COPYRIGHT,
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
from tools.releases.story import Story, dateline, story, written


@dataclass(frozen=True, kw_only=True)
class Page:
    """The HTML of a page, the lines of it that are furniture, and what more it says."""

    html: str
    furniture: list[str]
    prose: tuple[str, ...] = ()
    """Of a second language."""


def _paragraphs(said: Story, opening: str = "", mark: str = "<p>{}</p>") -> str:
    texts = [*(" ".join(one) for one in said.paragraphs), *said.about]
    texts[0] = opening + texts[0]
    return "\n".join(mark.format(escape(one, quote=False)) for one in texts)


def _list(lines: list[str], around: str = "<ul>{}</ul>") -> str:
    return around.format("".join(f'<li><a href="/x">{escape(one)}</a></li>' for one in lines))


def _divs(lines: list[str]) -> str:
    return "".join(f"<div>{escape(one)}</div>" for one in lines)


def _page(title: str, body: str, head: str = "") -> str:
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{escape(title)}</title>{head}'
        f"</head>\n<body>\n{body}\n</body></html>"
    )


def _window(draw: Draw, said: Story) -> str:
    return disguised(draw, said.title) + draw.any((" - ", " | ", " – ", " — ")) + draw.own(SITES)


def _subhead(said: Story, tag: str = "h2") -> str:
    return f"<{tag}>{escape(said.subhead)}</{tag}>" if said.subhead else ""


def weblog(draw: Draw, said: Story) -> Page:
    """A weblog's page, its parts named."""
    nav, share, foot, list_ = (
        draw.some(MENUS, 3, 9),
        draw.some(SHARING, 2, 5),
        site_foot(draw, said),
        others(draw, said),
    )
    on = written(draw, said)
    date = draw.any(
        (
            f'<time datetime="{said.on}T09:00:00+00:00">{on}</time>',
            f'<span class="posted-on">{on}</span>',
            f'<p class="meta">{on}</p>',
        )
    )
    share_mark = draw.any(
        ('<div class="share-links">{}</div>', '<div class="post-actions">{}</div>', "<div>{}</div>")
    )
    body = (
        f"<header><nav>{_list(nav)}</nav></header><main><article><h1 class='entry-title'>{escape(said.title)}</h1>{date}"
        f"{_subhead(said)}<div class='entry-content'>{_paragraphs(said)}</div>{_list(share, share_mark)}</article>"
        f"<aside>{_divs(list_)}</aside></main><footer>{_divs(foot)}</footer>"
    )
    return Page(html=_page(_window(draw, said), body), furniture=[*nav, *share, *foot, *list_])


def builder(draw: Draw, said: Story) -> Page:
    """A site builder's page: nested boxes and spans, the date outside of the article."""
    nav, foot, list_ = draw.some(MENUS, 3, 8), site_foot(draw, said), others(draw, said)
    on = written(draw, said)
    heading = draw.any(
        (
            "<h1 data-hook='post-title'><span>{}</span></h1>",
            "<h1><span><span>{}</span></span></h1>",
            "<h2 class='font_2'><span style='font-weight:bold'>{}</span></h2>",
        )
    )
    text = _paragraphs(
        said,
        mark='<div class="rich"><p class="font_8"><span><span>{}</span></span></p></div><div><br></div>',
    )
    meta = f"<ul><li><span title='{on}'>{on}</span></li><li><span>{draw.number(1, 9)} min read</span></li></ul>"
    boxes = [
        f"<div class='a'>{meta}</div>",
        f"<div class='b'>{heading.format(escape(said.title))}</div>",
    ]
    if draw.chance(0.5):
        boxes.reverse()
    body = (
        f"<div id='SITE_CONTAINER'><div><div id='SITE_HEADER'><div>{_divs(nav)}</div></div><div id='PAGES'><div><div>"
        f"{''.join(boxes)}<div class='c'><section>{_subhead(said, 'p')}{text}</section></div>"
        f"<div>{_divs(list_)}</div></div></div></div><div id='SITE_FOOTER'>{_divs(foot)}</div></div></div>"
    )
    return Page(html=_page(_window(draw, said), body), furniture=[*nav, *foot, *list_])


def portal(draw: Draw, said: Story) -> Page:
    """An intranet's portal: one form around the page, tables and zones, no heading of its own."""
    nav, foot = draw.some(MENUS, 4, 10), site_foot(draw, said)
    on = written(draw, said)
    title = draw.any(
        (
            "<h1>{}</h1>",
            "<div class='ms-rteElement-H1'>{}</div>",
            "<h2 class='ms-title'>{}</h2>",
            "<span class='article-title'>{}</span>",
        )
    )
    text = _paragraphs(
        said, mark=draw.any(("<p>{}</p>", "<div>{}</div><div>&#8203;</div>", "<div>{}</div>"))
    )
    body = (
        f"<form id='aspnetForm'><div id='s4-workspace'><table width='100%'><tr><td id='quicklaunch'>{_list(nav)}</td>"
        f"<td><table><tr><td><div id='DeltaPlaceHolderMain'><div class='article-header'>{title.format(escape(said.title))}</div>"
        f"<div class='date-line'>{on}</div>{_subhead(said, 'div')}<div class='ms-rtestate-field'>{text}</div></div></td></tr>"
        f"</table></td></tr></table></div><div id='foot'>{_divs(foot)}</div></form>"
    )
    return Page(html=_page(_window(draw, said), body), furniture=[*nav, *foot])


def old(draw: Draw, said: Story) -> Page:
    """A page laid out by tables, with fonts and line breaks."""
    nav, foot = draw.some(MENUS, 3, 8), site_foot(draw, said)
    on = written(draw, said)
    release = draw.own(said.words.release)
    broken = "<br>".join(map(escape, parted(said.title, draw.any((1, 2, 3)))))
    text = _paragraphs(
        said, mark=draw.any(("{}<br><br>", "<p>{}", "<p><font size=2>{}</font></p>"))
    )
    subhead = f"<br><br><i>{escape(said.subhead)}</i>" if said.subhead else ""
    body = (
        f"<table width=760 align=center><tr><td colspan=2>{escape(said.agency)}</td></tr><tr><td valign=top width=120>"
        f"<font size=1>{'<br>'.join(map(escape, nav))}</font></td><td><font face=Arial>{release}<br>{on}<br><br><center><b>"
        f"<font size=4>{broken}</font></b></center>{subhead}<br><br>{text}</font></td></tr><tr><td colspan=2>"
        f"<font size=1>{'<br>'.join(map(escape, foot))}</font></td></tr></table>"
    )
    window = draw.any((_window(draw, said), said.title, said.agency))
    return Page(html=_page(window, body), furniture=[*nav, *foot, release])


def scripted(draw: Draw, said: Story) -> Page:
    """A page that script fills: its text is in the data for search engines alone."""
    text = "\n\n".join([*(" ".join(one) for one in said.paragraphs), *said.about])
    data = {
        "@context": "https://schema.org",
        "@type": draw.own(("NewsArticle", "Article", "BlogPosting", "PressRelease")),
        "headline": said.title,
        "datePublished": f"{said.on}T08:30:00Z",
        "articleBody": text,
        "publisher": {"@type": "Organization", "name": said.agency},
    }
    whole = {"@graph": [data]} if draw.chance(0.3) else data
    notice = draw.own(
        (
            "You need to enable JavaScript to run this app.",
            "Loading…",
            "Please enable JavaScript.",
            "",
        )
    )
    head = f'<script type="application/ld+json">{json.dumps(whole)}</script>'
    body = f"<noscript>{notice}</noscript><div id='root'>{notice if draw.chance(0.4) else ''}</div><script>x()</script>"
    said_page = draw.any((_window(draw, said), said.agency))
    return Page(html=_page(said_page, body, head), furniture=[notice])


def office(draw: Draw, said: Story) -> Page:
    """A text that LibreOffice or Word saved as a page, with the head and foot of its pages."""
    on = written(draw, said)
    head, foot = said.agency, f"{said.phone} • {said.email}"
    label, release = draw.own(said.words.labels), draw.own(said.words.release)
    heading = draw.any(
        (
            '<h1 class="western">{}</h1>',
            '<p align="center"><font size="4"><b>{}</b></font></p>',
            '<p class="MsoTitle">{}</p>',
            '<p align="center" style="font-size:16pt"><b>{}</b></p>',
        )
    )
    text = _paragraphs(
        said,
        dateline(draw, said) if draw.chance(0.3) else "",
        '<p style="line-height: 100%; margin-bottom: 0.1in">\n{}</p>\n<p><br/>\n</p>',
    )
    body = (
        f'<div title="header"><p>{escape(head)}</p></div><p>{label}</p><p><b>{release}</b></p><p align="right">{on}</p>'
        f"{heading.format(escape(said.title))}{_subhead(said, 'p')}{text}"
        f'<div title="footer"><p>{escape(foot)}</p></div>'
    )
    meta = draw.any(
        (
            '<meta name="generator" content="LibreOffice 7.4.7.2 (Linux)"/>',
            '<meta name=Generator content="Microsoft Word 15">',
        )
    )
    return Page(
        html=_page(draw.any(("", said.title, "Document1")), body, meta),
        furniture=[head, foot, label, release],
    )


def minified(draw: Draw, said: Story) -> Page:
    """Another page with all on one line, and ends of elements left out."""
    page = draw.any((weblog, builder, portal))(draw, said)
    html = page.html.replace("\n", "").replace("</p>", "").replace("</li>", "")
    return Page(html=html, furniture=page.furniture)


def bilingual(draw: Draw, said: Story) -> Page:
    """A page in two languages, one below the other, with links between them."""
    second = story(draw, draw.any([one for one in ("en", "es", "fr") if one != said.language]))
    nav, foot = draw.some(MENUS, 3, 7), site_foot(draw, said)
    switch = ["English", "Español", "Français"]
    body = (
        f"<nav>{_list(nav)}</nav><div class='lang'>{_list(switch)}</div><main><h1>{escape(said.title)}</h1>"
        f"<p>{written(draw, said)}</p>{_subhead(said)}{_paragraphs(said)}<hr><h2>{escape(second.title)}</h2>{_paragraphs(second)}"
        f"</main><footer>{_divs(foot)}</footer>"
    )
    html = _page(_window(draw, said), body)
    prose = (second.title, *(one for part in second.paragraphs for one in part), *second.about)
    return Page(html=html, furniture=[*nav, *switch, *foot], prose=prose)


def fields(draw: Draw, said: Story) -> Page:
    """A content system's page: fields with labels, the site's own name as the first heading."""
    nav, foot, list_ = draw.some(MENUS, 3, 8), site_foot(draw, said), others(draw, said)
    on = written(draw, said)
    label = draw.own(("Date", "Release Date", "Published", "Date:", "Date Posted:", "Posted on"))
    crumbs = ["Home", "News", said.title] if draw.chance(0.5) else ["Home", "News"]
    headline = parted(said.title, draw.any((1, 1, 2)))
    heading = "<br>".join(map(escape, headline))
    share, notice, level = draw.some(SHARING, 2, 4), draw.own(NOTICES), draw.any(("h1", "h2"))
    body = (
        f"<div class='region-header'><h1>{escape(said.agency)}</h1><div class='menu-block'>{_list(nav)}</div></div>"
        f"<div class='breadcrumb'>{' / '.join(map(escape, crumbs))}</div><div class='content'>"
        f"<{level} class='page-title'>{heading}</{level}><div class='field'><div class='field-label'>{label}</div>"
        f"<div class='field-item'>{on}</div></div><div class='field-body'>{_subhead(said, 'h3')}{_paragraphs(said)}</div>"
        f"<div class='tools'>{_list(share)}</div></div><div class='block-views'>{_divs(list_)}</div>"
        f"<div class='region-footer'>{_divs(foot)}</div><div id='cookie-banner'>{notice}</div>"
    )
    return Page(
        html=_page(_window(draw, said), body), furniture=[*nav, *foot, *list_, *share, notice]
    )


def plain(draw: Draw, said: Story) -> Page:
    """A page of paragraphs and nothing else, as a mail shows it: all heads are paragraphs."""
    on, release = written(draw, said), draw.own(said.words.release)
    headline = "".join(
        f"<p><strong>{escape(one)}</strong></p>" for one in parted(said.title, draw.any((1, 1, 2)))
    )
    rights = draw.own(COPYRIGHT).format(a=said.agency)
    body = (
        f"<p>{release}</p><p>{on}</p>{headline}{_subhead(said, 'p')}{_paragraphs(said, dateline(draw, said) if draw.chance(0.5) else '')}"
        f"<p>{rights}</p>"
    )
    return Page(html=_page(draw.any((_window(draw, said), "")), body), furniture=[release, rights])


LAYOUTS: dict[str, Callable[[Draw, Story], Page]] = {
    "weblog": weblog,
    "site builder": builder,
    "portal, in tables": portal,
    "old page, in tables": old,
    "script, data alone": scripted,
    "saved by an office program": office,
    "minified": minified,
    "bilingual": bilingual,
    "content system, fields": fields,
    "paragraphs alone": plain,
}


def page(seed: int, draw: Draw, said: Story, shape: str) -> Made:
    """A made-up page of one layout."""
    laid = LAYOUTS[shape](draw, said)
    no_subhead = shape in {"script, data alone"} and said.subhead
    return Made(
        seed=seed,
        shape=shape,
        file=f"{seed}.html",
        data=laid.html.encode(),
        title=said.title,
        on=said.on,
        prose=(*(one for one in said.prose if one != no_subhead), *laid.prose),
        furniture=tuple(one for one in laid.furniture if one),
    )
