"""Values for templates: organisation, colours, fonts, and the fixed words of a language."""

from datetime import date
from typing import Any

from markupsafe import Markup

from newsletter.domain.campaigns.composition import Abstract
from newsletter.domain.statements import brand as branding
from newsletter.domain.statements.content import Publisher
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.languages import base_language, direction
from newsletter.rendering.mail import details
from newsletter.rendering.mail.headers import archive_url
from newsletter.rendering.mail.words import Wordings
from newsletter.rendering.markdown.markdown import MAX_SHORT, read_markdown
from newsletter.rendering.markdown.plaintext import visible


def look(brand: branding.Brand) -> dict[str, Any]:
    """Return the colours and fonts of a brand."""
    return {
        "light": branding.light(brand),
        "dark": branding.dark(brand),
        "fonts": {
            "headings": brand.headings.stack,
            "text": brand.text.stack,
            "details": brand.details.stack,
        },
    }


def common_values(house: Publisher, language: str, wordings: Wordings) -> dict[str, Any]:
    """Return the values that every template needs."""
    words, native = wordings.of(language)
    way = direction(language)
    return {
        "organisation": house.organisation,
        "brand": house.brand,
        **look(house.brand),
        "language": language,
        "base_language": base_language(language),
        "direction": way,
        "start": "right" if way == "rtl" else "left",
        "words": words,
        "words_direction": way if native else "ltr",
        "foreign": Markup("") if native else Markup(' lang="en" dir="ltr"'),
        "press_contact_shown": True,
        "test": False,
        "translations": (),
        "shown": frozenset(),
        "standfirst": "",
        "release": False,
    }


_MOST = 300
"""Characters of a first sentence, which most do not reach. A summary is never cut."""


class WrittenAbstracts:
    """Takes a statement's summary, else the first sentence of its text."""

    def __init__(self, house: Publisher, wordings: Wordings) -> None:
        self._house = house
        self._wordings = wordings

    def of(self, statement: Statement, went_out: date, language: str) -> Abstract:
        """Return the entry of a sent statement."""
        tokens = read_markdown(statement.body[:MAX_SHORT], statement.language)
        summary = " ".join(visible(statement.summary).split())
        return Abstract(
            title=statement.title,
            address=archive_url(self._house, statement.slug),
            dated=self.dated(statement.date or went_out, language),
            opening=summary or details.shortened(details.opening(tokens), _MOST),
        )

    def dated(self, day: date, language: str) -> str:
        """Write a day as a mail in this language does."""
        return details.written_date(day, language, self._wordings.of(language)[0])
