"""What a page says of itself: its address, Open Graph and a NewsArticle."""

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from newsletter.web.public.archive.feeds import FeedPublisher, Listed, summary_of, written


def head_of(publisher: FeedPublisher, entry: Listed, others: Mapping[str, str]) -> Markup:
    """The lines for the head of a statement's page.

    ``others`` are its other languages: slug → language.
    """
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
    # a block of data, which no policy takes for a script
    block = Markup('<script type="application/ld+json">{}</script>')
    lines.append(block.format(_harmless(_article(publisher, entry, summary))))
    return Markup("\n").join(lines)


def _article(publisher: FeedPublisher, entry: Listed, summary: str) -> dict[str, Any]:
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
