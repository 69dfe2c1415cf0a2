"""Values for templates: organisation, colours, fonts, and the fixed words of a language."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from markupsafe import Markup

from newsletter.domain.campaigns.digest import Abstract
from newsletter.domain.statements import brand as branding
from newsletter.domain.statements.content import Publisher
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.languages import direction
from newsletter.rendering.mail import details
from newsletter.rendering.mail.headers import archive_url
from newsletter.rendering.mail.words import Wordings
from newsletter.rendering.markdown.markdown import MAX_SHORT_CHARS, read_markdown
from newsletter.rendering.markdown.plaintext import remove_invisible


def look(publisher: Publisher, lists: Sequence[str] = ()) -> dict[str, Any]:
    """Return the design of an email to these lists, or of a page, with its colours and fonts."""
    brand = publisher.brand
    theme = next((one.theme for one in publisher.lists if one.name in lists[:1]), None)
    design = (theme or brand.theme).design
    schemes = [branding.light_scheme(brand.color), branding.dark_scheme(brand.color)]
    if not design.raised:
        schemes = [replace(scheme, ground=scheme.sheet) for scheme in schemes]
    stacks = {"serif": branding.FONT_STACKS[brand.serif], "sans": branding.FONT_STACKS[brand.sans]}
    return {
        "design": design,
        "banner": design.masthead == "band" or bool(brand.logo and brand.logo.is_wide),
        "light": schemes[0],
        "dark": schemes[1],
        "fonts": {
            "headings": stacks[design.titles],
            "text": stacks[design.text],
            "details": stacks["sans"],
        },
    }


def common_values(
    publisher: Publisher, language: str, wordings: Wordings, lists: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the values that every template needs, with the design of the lists."""
    words, has_own_words = wordings.of(language)
    way = direction(language)
    return {
        "organisation": publisher.organisation,
        "brand": publisher.brand,
        **look(publisher, lists),
        "language": language,
        "direction": way,
        "start": "right" if way == "rtl" else "left",
        "end": "left" if way == "rtl" else "right",
        "list_title": publisher.title_of(lists),
        "words": words,
        "words_direction": way if has_own_words else "ltr",
        "foreign": Markup("") if has_own_words else Markup(' lang="en" dir="ltr"'),
        "press_contact_shown": True,
        "test": False,
        "translations": (),
        "shown": frozenset({"long"}),
        "standfirst": "",
        "release": False,
    }


_MAX_OPENING_CHARS = 300
"""Characters of a first sentence; a longer one is truncated."""


class Abstracts:
    """Makes digest entries: a statement's title, with its summary or first sentence."""

    def __init__(self, publisher: Publisher, wordings: Wordings) -> None:
        self._publisher = publisher
        self._wordings = wordings

    def of(self, statement: Statement, sent_on: date, language: str) -> Abstract:
        tokens = read_markdown(statement.body[:MAX_SHORT_CHARS], statement.language)
        summary = " ".join(remove_invisible(statement.summary).split())
        return Abstract(
            title=statement.title,
            address=archive_url(self._publisher, statement.slug),
            dated=self.dated(statement.date or sent_on, language),
            opening=summary
            or details.truncate(details.first_sentences(tokens), _MAX_OPENING_CHARS),
        )

    def dated(self, day: date, language: str) -> str:
        return details.date_text(day, language, self._wordings.of(language)[0])
