"""Write the details around a text: date, preview line, reason for the mail, values of templates."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from markdown_it.token import Token
from markupsafe import Markup, escape

from newsletter.domain.campaigns.digest import Abstract
from newsletter.domain.statements import brand as branding
from newsletter.domain.statements.content import Publisher
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.languages import direction, locale_of
from newsletter.rendering.mail.headers import archive_url
from newsletter.rendering.mail.words import Wordings
from newsletter.rendering.markdown.markdown import MAX_SHORT_CHARS, read_markdown
from newsletter.rendering.markdown.plaintext import remove_invisible
from newsletter.rendering.markdown.tables import text_of

MIN_PREHEADER_CHARS = 40
MAX_PREHEADER_CHARS = 130
_GOOD_PREHEADER_CHARS = 90
_GREETING = "\ufffc"
"""Marks the greeting word for readers without a name in a text."""
_DATE_GAP_PATTERN = re.compile(r"\{(day|month|year)\}")
_SENTENCE_END_PATTERN = re.compile(r"[.!?…۔؟。][\"'”’»)]*(?=\s|$)")


def isolate_direction(text: str, surrounding: str) -> Markup:
    """Escape a text. If its direction differs from ``surrounding``, add a ``span`` with ``dir``."""
    ways = {"L": "ltr", "R": "rtl", "AL": "rtl"}
    strong = (ways.get(unicodedata.bidirectional(character)) for character in text)
    way = next((way for way in strong if way), surrounding)
    shown = escape(text)
    return shown if way == surrounding else Markup('<span dir="{}">{}</span>').format(way, shown)


def date_text(day: date | None, language: str, words: Mapping[str, str]) -> str:
    """Write a long date as the language and region do: ``21 September 2011``.

    ``date`` and ``months`` among the workspace's words replace CLDR's. An unknown language gets
    ``2011-09-21``, and None gives "".
    """
    if day is None:
        return ""
    months = words["months"].split()
    if len(months) == 12 and words["date"]:
        parts = {"day": str(day.day), "month": months[day.month - 1], "year": str(day.year)}
        return _DATE_GAP_PATTERN.sub(lambda gap: parts[gap[1]], words["date"])
    locale = locale_of(language)
    return _format_date(day, "long", locale=locale) if locale else day.isoformat()


_format_date = lru_cache(maxsize=4096)(format_date)
"""Cached: pages show the same dates again and again."""


def written_time(wall: datetime | None, zone: str, language: str, words: Mapping[str, str]) -> str:
    """Write date, time of day and zone: ``21 September 2011, 14:00 EDT``.

    A time without an offset is in the zone. None gives "".
    """
    if wall is None:
        return ""
    time_zone = ZoneInfo(zone)
    local = wall.replace(tzinfo=time_zone) if wall.tzinfo is None else wall.astimezone(time_zone)
    name = local.tzname() or ""
    # zones without an abbreviation are called +03 and the like
    shown = name if name.isalpha() else f"UTC{name}"
    return f"{date_text(local.date(), language, words)}, {local:%H:%M} {shown}"


def preheader(summary: str, tokens: Sequence[Token]) -> str:
    """Return the preview text of an email, at most 130 characters.

    It is ``summary``, else the first sentences of the body with at least 40 characters. Invisible
    characters fill it up, so that no masthead follows it.
    """
    text = " ".join(remove_invisible(summary).split())
    shown = truncate(text or first_sentences(tokens), MAX_PREHEADER_CHARS)
    return shown + "\u00a0\u200c" * max(0, _GOOD_PREHEADER_CHARS - len(shown))


def first_sentences(tokens: Sequence[Token]) -> str:
    """Return the first sentences of the body, with at least 40 characters.

    They come from the first paragraph that does not begin with a greeting by name: all previews
    would be alike.
    """
    openings = []
    for previous, token in pairwise(tokens):
        line = " ".join(remove_invisible(text_of(token, greeting_prefix=_GREETING)).split())
        # without the parts below a picture or at the end
        if (
            line
            and (token.type, previous.type) == ("inline", "paragraph_open")
            and previous.attrs.get("class") not in {"caption", "end"}
        ):
            ends = (found.end() for found in _SENTENCE_END_PATTERN.finditer(line))
            end = next((end for end in ends if end >= MIN_PREHEADER_CHARS), len(line))
            openings.append(line[:end])
    return min(openings, key=lambda one: _GREETING in one, default="").replace(_GREETING, "")


def truncate(text: str, limit: int) -> str:
    """Cut a text to ``limit`` characters, after a whole word."""
    if len(text) <= limit:
        return text
    beginning = text[: limit - 1]
    whole_words = beginning.rpartition(" ")[0] or beginning
    return whole_words.rstrip(" ,;:.–—-") + "…"


_REASON_GAP_PATTERN = re.compile(r"\{(lists|organisation)\}")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A sentence on why a reader gets an email, with named gaps and their values."""

    sentence: str
    values: Mapping[str, str]

    @property
    def text(self) -> str:
        return _REASON_GAP_PATTERN.sub(lambda gap: self.values[gap[1]], self.sentence)

    def html(self, direction: str) -> Markup:
        """Return the sentence as HTML; ``direction`` is ``ltr`` or ``rtl``."""
        values = {name: isolate_direction(text, direction) for name, text in self.values.items()}
        sentence = _REASON_GAP_PATTERN.sub(lambda gap: values[gap[1]], str(escape(self.sentence)))
        return Markup(sentence)  # noqa: S704 - each part of it was escaped


def subscription_reason(
    publisher: Publisher, lists: Sequence[str], words: Mapping[str, str]
) -> Reason:
    """Return the reason why a reader gets an email to these lists.

    It says "you subscribed" only if people can join each of the lists.
    """
    offers = {offer.name: offer for offer in publisher.lists}
    all_joinable = all(name in offers and offers[name].joinable for name in lists)
    form = "one" if len(lists) == 1 else "many"
    titles = [offers[name].title if name in offers else name for name in lists]
    return Reason(
        sentence=words[f"why_{form}" if all_joinable else f"why_on_{form}"],
        values={"lists": ", ".join(titles), "organisation": publisher.organisation.name},
    )


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
            opening=summary or truncate(first_sentences(tokens), _MAX_OPENING_CHARS),
        )

    def dated(self, day: date, language: str) -> str:
        return date_text(day, language, self._wordings.of(language)[0])
