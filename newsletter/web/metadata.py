"""What a page says of itself: its address, Open Graph, a NewsArticle, and how to print it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from newsletter.web.feeds import Listed, Publisher, summary_of, written

# On paper a mail's colours would cost ink, or be white on white. They are in its elements and in
# rules for dark screens: ":not(#p)" outranks all of them.
_PRINTED = (
    "@page { margin: 18mm; } "
    ":not(#p), :not(#p)::before, :not(#p)::after { background: none !important;"
    " color: #000 !important; border-color: #999 !important; box-shadow: none !important; } "
    ":not(#p) > .column { max-width: none !important; } "
    ":not(#p) > .gutter, :not(#p) > .sheet, :not(#p) > .footer {"
    " padding-left: 0 !important; padding-right: 0 !important; } "
    "h1, h2, h3, h4 { break-after: avoid; } "
    "aside, blockquote, img, pre, .body tr { break-inside: avoid; } "
    "p, li { orphans: 3; widows: 3; } "
    ".body a[href^='http']::after { content: ' (' attr(href) ')'; font-size: .85em; } "
    ".footer p { display: none; }"  # why a reader gets it, and how they leave
)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)


def described(
    html: str, publisher: Publisher, entry: Listed, others: Mapping[str, str] | None = None
) -> str:
    """A page with such words at the end of its head, and everything else as it was.

    ``others`` are its other languages: slug → language. A page without a head stays as it is.
    """
    found = _HEAD_END.search(html)
    if found is None:
        return html
    return f"{html[: found.start()]}{_block(publisher, entry, others or {})}{html[found.start() :]}"


def _block(publisher: Publisher, entry: Listed, others: Mapping[str, str]) -> Markup:
    page = publisher.page(entry.shown.slug)
    summary = summary_of(entry)
    named = {
        "og:type": "article",
        "og:title": entry.title,
        "og:url": page,
        "og:site_name": publisher.name,
        "og:description": summary,
        "article:published_time": written(entry.shown.began_at),
        "article:modified_time": written(entry.shown.updated_at),
    }
    lines = [Markup('<link rel="canonical" href="{}">').format(page)]
    lines += [
        Markup('<link rel="alternate" hreflang="{}" href="{}">').format(each, publisher.page(slug))
        for slug, each in sorted(others.items())
    ]
    if summary:
        lines.append(Markup('<meta name="description" content="{}">').format(summary))
    line = Markup('<meta property="{}" content="{}">')
    lines += [line.format(name, said) for name, said in named.items() if said]
    lines.append(Markup('<style media="print">{}</style>').format(Markup(_PRINTED)))  # noqa: S704
    # a block of data, which no policy takes for a script
    block = Markup('<script type="application/ld+json">{}</script>\n')
    lines.append(block.format(_harmless(_article(publisher, entry, summary))))
    return Markup("\n").join(lines)


def _article(publisher: Publisher, entry: Listed, summary: str) -> dict[str, Any]:
    shown = entry.shown
    speaker = {"@type": "Organization", "name": publisher.name, "url": publisher.website}
    article = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": entry.title,
        "description": summary,
        "inLanguage": entry.language,
        "datePublished": written(shown.began_at),
        "dateModified": written(shown.updated_at),
        "mainEntityOfPage": publisher.page(shown.slug),
        "author": speaker,
        "publisher": speaker,
        "correction": publisher.page(shown.corrected_by) if shown.corrected_by else "",
        "creativeWorkStatus": "Withdrawn" if shown.withdrawn else "",
    }
    return {key: value for key, value in article.items() if value}


def _harmless(values: dict[str, Any]) -> Markup:
    """JSON in which nothing can end the element that it stands in."""
    text = json.dumps(values, ensure_ascii=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 - no mark of HTML is left in it
