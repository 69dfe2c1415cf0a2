"""A language in which each message of ours is between ‹ and ›, so that a word outside is in no
catalogue: the pages of the desk, the answers to its scripts, and messages to staff.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from itertools import chain
from typing import Any

from babel.messages.pofile import read_po, write_po
from lxml import html
from starlette.applications import Starlette

from newsletter.domain.wording import Sentence
from newsletter.rendering.mail.words import Wordings
from newsletter.rendering.sentences import Language
from newsletter.runtime.services import Services
from newsletter.web.desk.gate import Gate
from newsletter.web.desk.page import Desk
from newsletter.web.http.threads import Lanes
from newsletter.web.pages import desk_routes
from tools.desk_words import WORDS

CODE = "en-US"
_READ_OUT = {"title", "aria-label", "label", "placeholder", "alt", "summary"}
_NO_WORDS = {"script", "style", "code", "textarea"}
_DATA = re.compile(
    # addresses, paths, files, keys and figures; Slack writes a title behind its address and |
    r"\b[0-9a-f]{4} [0-9a-f]{4}\b"  # a version, which may have letters alone
    r"|[^\s|]*\w[/.@_:]\w[^\s|]*|/desk\S*|[\w-]*\d[\w-]*"
    # what people wrote in the examples, and the names of people, lists, devices and services
    r"|(?:Example )?Forum|resigns from task force|Press releases"
    r"|Events|The library opens (?:at \w+|earlier)\.?|It opens at \w+"
    r"|From the first of .*? opens at nine\.|Library hours|Opening hours|Abre a las ocho\.?"
    r"|Which Saturday\?|Nobody else is in\.|\(because\)|A desk|Fine\.|Me at the desk|Settings"
    r"|Practical answers|Firefox, Linux|Laptop|Forum ID|CRM|press-room|sport|wrong list"
    r"|weekly|The week to|library"
    r"|See the report|kept in the outbox|More|Text|Spanish"
    r"|Atom|JSON Feed"
    r"|Statement|Briefing|Bulletin|Georgia|Times|Palatino|Helvetica|Trebuchet|Verdana"
    r"|Budget hearing: what we will say|Repairs, heating, and who pays for the elevator\."
    r"|\b(?:Vera|Ana|Ben|Cleo|Dan|Ed|press|events|New York|Outbox)\b"
    # groups of time zones
    r"|Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
    # CLDR's names of days, months and languages
    r"|\b[A-Z][a-z]{2}\b|\b[A-Z]{1,3}\b|English|Deutsch|Español|Français|Português|العربية"
    r"|(?:Janu|Febru|Septem|Octo|Novem|Decem)(?:ary|ber)|March|April|June|July|August|\w+day\b"
)


@cache
def marked() -> Language:
    """Return the language, whose English has a mark around each message."""
    with (WORDS / "words.pot").open("rb") as file:
        catalogue = read_po(file, locale="en_US")
    for message in catalogue:
        if message.id:
            one = message.id if isinstance(message.id, tuple) else (message.id,)
            said = tuple(f"‹{text}›" for text in one)
            message.string = said if len(said) > 1 else said[0]
    out = BytesIO()
    write_po(out, catalogue)
    return Language(code=CODE, catalogue=out.getvalue().decode().replace("#, fuzzy\n", ""))


def unmarked(text: str) -> list[str]:
    """Return the words of a text that are in no mark and are no data."""
    while "‹" in text:
        text, before = re.sub(r"‹[^‹›]*›", " ", text), text
        assert text != before, f"a mark is cut off: {text[:300]}"
    return re.findall(r"[^\W\d_]{2,}(?: [^\W\d_]{2,})*", _DATA.sub(" ; ", text))


def unsaid(message: str) -> list[str]:
    """Return the message, and the parts of it, that are in no catalogue."""
    if not isinstance(message, Sentence):
        return [message]
    is_gap = re.fullmatch(r"\{[^{}]*\}", message.pattern)
    is_known = is_gap or marked().translate(message.pattern) != message.pattern
    parts = [part for part in message.values.values() if isinstance(part, Sentence)]
    return [*([] if is_known else [message.pattern]), *chain.from_iterable(map(unsaid, parts))]


def words_of(page: str, code: str = CODE) -> list[str]:
    """Return the words that a person reads on a page: its text, and those of attributes."""
    read_out: list[str] = []

    def text(node: Any) -> Iterator[str]:
        is_shown = isinstance(node.tag, str) and node.tag not in _NO_WORDS
        # texts of people have a language of their own, and languages and cities their CLDR name
        if is_shown and node.get("lang") in {None, code} and not _is_name(node):
            read_out.extend(value for name, value in node.items() if _is_read_out(name, value))
            yield node.text or ""
            for child in node:
                yield from text(child)
                yield child.tail or ""
            yield " "

    return ["".join(text(html.document_fromstring(page))), *read_out]


def _is_name(node: Any) -> bool:
    is_known = re.fullmatch(r"[a-z]{2}(-\w+)?|[A-Z]\w+/.+", node.get("value", ""))
    return node.tag == "option" and bool(is_known)


def _is_read_out(name: str, value: str) -> bool:
    return name in _READ_OUT or (name.startswith("data-") and value[:1].isupper())


def strings_in(value: Any) -> Iterator[str]:
    """Yield the strings in a value of JSON that have a blank, as sentences have."""
    if isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from strings_in(one)
    elif isinstance(value, str) and " " in value:
        yield value


class MarkedDesk:
    """The desk's pages in the marked language, to a person who asks for German."""

    def __init__(self, services: Services) -> None:
        desk, routes = Desk(services.staff), desk_routes(services)
        desk.languages["de"] = marked()
        self._app = Starlette(routes=Gate(desk, services.staff, routes, Lanes()).routes())
        self._left: list[str] = []

    def take(self) -> list[str]:
        """Return the words without a mark in the answers since the last call, with their place."""
        left, self._left = self._left, []
        return left

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        sent: list[Any] = []

        async def record(message: Any) -> None:
            sent.append(message)
            await send(message)

        asked = {**scope, "headers": [*scope["headers"], (b"accept-language", b"de")]}
        await self._app(asked, receive, record)
        kind = dict(sent[0]["headers"]).get(b"content-type", b"").decode()
        body = b"".join(message.get("body", b"") for message in sent[1:])
        place = f"{scope['method']} {scope['path']}"
        texts: list[str] = []
        if kind == "application/json":
            texts = [*strings_in(json.loads(body))]
        elif kind.startswith("text/html") and b"/desk/static/" in body:
            page = body.decode()
            if f'<html lang="{CODE}"' not in page:
                self._left.append(f"{place} is English")
            # a setting is shown by its key, with the value in the file
            texts = words_of(page) if not scope["path"].endswith("/settings") else []
        self._left += [f"{place}: {word}" for one in texts for word in unmarked(one)]


class MarkedWords(Wordings):
    """The fixed words of pages for readers, each between marks in every language."""

    def of(self, language: str) -> tuple[Mapping[str, str], bool]:
        words, is_own = super().of(language)
        return {key: text and f"‹{text}›" for key, text in words.items()}, is_own

    def count_text(self, key: str, count: int, language: str) -> str:
        return f"‹{super().count_text(key, count, language)}›"
