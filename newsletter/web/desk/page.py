"""The frame of all pages of the desk: templates, languages, names, and the filters of templates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from starlette.responses import Response

import newsletter
from newsletter.domain.campaigns.sentences import (
    describe_further,
    describe_next,
    describe_next_step,
    describe_state,
)
from newsletter.domain.schedule import LocalTime
from newsletter.domain.staff.account import name_of
from newsletter.domain.statements.brand import desk_colors
from newsletter.domain.statements.comment import find_mentions
from newsletter.domain.statements.content import short_hash
from newsletter.domain.wording import Sentence, clock, listed, moment, people, say, without_commands
from newsletter.pipeline.staff.proofs import Refusal
from newsletter.rendering.languages import language_choices, language_name
from newsletter.rendering.mail.files import default_templates, page_templates
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.mail.words import desk_languages
from newsletter.rendering.sentences import Language, translate_source
from newsletter.runtime.services import Staff
from newsletter.tables import load_table
from newsletter.web.desk.deciding import describe_error, sentence, titles_in_words

_WORD_TABLE = load_table("newsletter.web.desk", "words.yaml")
NOTE_NAMES: Sequence[str] = tuple(_WORD_TABLE["documents"])
"""English texts of notes that a sandbox writes about a document, for translation."""


def words_of(table: str) -> Mapping[str, str]:
    """Return a table of words that pages translate, by their keys."""
    return {key: say(words) for key, words in _WORD_TABLE[table].items()}


LABELS, LEFT_OUT = words_of("labels"), words_of("left out")
PROOF_FIELD = "step-up"
"""The form field for the second factor of a step-up."""
PROOF_FAULT_WORDS: Mapping[Refusal, str] = {
    Refusal[name]: say(words) for name, words in _WORD_TABLE["refusals"].items()
}

_TEMPLATE_FUNCTIONS = {
    each.__name__: each
    for each in (say, describe_state, describe_next, describe_next_step, describe_further)
}


@cache
def _translate_template(language: Language, source: str) -> str:
    """Return a template translated into a language. Cached: translating all takes long."""
    return translate_source(source, language.translate) if language.catalogue else source


_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_CACHE_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}


class Assets:
    """Style sheets and scripts. Each file's address contains its hash."""

    def __init__(self, folder: Path, *, color: str) -> None:
        self._folders = (folder, Path(newsletter.__file__).parent / "web/static")
        light, dark = (
            "".join(f" --{name}: {value};" for name, value in scheme.items())
            for scheme in desk_colors(color)
        )
        dark_rule = f"@media (prefers-color-scheme: dark) {{ :root {{{dark} }} }}\n"
        self._colors = f":root {{{light} }}\n{dark_rule}".encode()

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Return name → content of all files that are served."""
        found = {}
        for folder in self._folders:
            for path in sorted(folder.glob("*")) if folder.is_dir() else ():
                if path.suffix in _MEDIA_TYPES and path.is_file():
                    found[path.name] = path.read_bytes()
        found["desk.css"] += self._colors
        return found

    @cached_property
    def _addresses(self) -> Mapping[str, str]:
        return {
            name: f"/desk/static/{hashlib.sha256(data).hexdigest()[:12]}/{name}"
            for name, data in self.files.items()
        }

    def address(self, name: str) -> str:
        """Return the address of a file; empty if there is none because no script was built."""
        return self._addresses.get(name, "")

    def response(self, name: str) -> Response | None:
        data = self.files.get(name)
        if data is None:
            return None
        kind = _MEDIA_TYPES[Path(name).suffix]
        policy = {"Content-Security-Policy": "default-src 'none'"}
        headers = {**_CACHE_HEADERS, **policy, "X-Content-Type-Options": "nosniff"}
        return Response(data, media_type=kind, headers=headers)


class Desk:
    def __init__(self, staff: Staff) -> None:
        self.staff = staff
        self.zone = ZoneInfo(staff.settings.timezone)
        self.languages = dict(desk_languages())
        self._templates: dict[str, Templates] = {}
        self.assets = Assets(default_templates() / "desk", color=staff.settings.brand.color)
        self._staff_names: tuple[int, Mapping[str, str]] = (-1, {})
        """Cached names of the staff, with the database version at which they were read."""

    def names(self) -> Mapping[str, str]:
        """Return casefolded address → name of the staff."""
        version = self.staff.store.change_number()  # a list asks for a name in each of its rows
        if version != self._staff_names[0]:
            with self.staff.store.read() as tx:
                self._staff_names = version, tx.staff.names()
        return self._staff_names[1]

    def person(self, address: str) -> str:
        """Return the name of a member of staff; without one, a name made of the address."""
        return self.names().get(address) or name_of(address)

    def mark_mentions(self, text: str) -> Markup:
        html = str(escape(text))
        for word, address in find_mentions(text, self.names()).items():
            if address:
                named = rf"(?<!\w)@{re.escape(word)}(?![\w@])"
                html = re.sub(named, r'<span class="mention">\g<0></span>', html)
        return Markup(html)  # noqa: S704 - escaped above

    def describe_error(self, error: object) -> str:
        """Return an error's message for a page, in which colleagues have their names."""
        return describe_error(error, self.names())

    def now(self) -> datetime:
        return self.staff.store.clock.now()

    def local_now(self) -> datetime:
        """Return the current time by the clocks of the organisation."""
        return self.now().astimezone(self.zone)

    def fill(self, template: str, values: Mapping[str, Any], language: Language) -> str:
        """Fill a template in a language, into which it is translated on first use."""
        if language.code not in self._templates:
            self._templates[language.code] = Templates(
                page_templates("desk"),
                pages=True,
                filters=self._filters(language),
                finalize=language.in_words,
                translate=partial(_translate_template, language),
                functions=_TEMPLATE_FUNCTIONS
                | {"language_choices": partial(language_choices, language.code)},
            )
        return self._templates[language.code].fill(template, values)

    def _filters(self, language: Language) -> Mapping[str, Callable[..., Any]]:
        """Return Jinja's filters; their results are in the language."""
        words = language.in_words
        changes: Mapping[str, Callable[[str], str]] = {
            "capitalize": lambda text: text[:1].upper() + text[1:],  # of German each noun stays one
            "clause": lambda text: text.removesuffix("."),
            "sentence": sentence,
            "plainly": lambda text: sentence(without_commands(text)),
        }
        return {
            **{name: lambda text, act=act: act(words(text)) for name, act in changes.items()},
            "join": lambda parts, between="": between.join(str(words(part)) for part in parts),
            "moment": self.moment,
            "clock": self.clock,
            "second": lambda at: clock(at, self.zone.key),
            "hour": format_local_time,
            "day": self.day,
            "iso_day": lambda text: say("{at.day} {at:%b %Y}", at=date.fromisoformat(text)),
            "number": lambda value: say("{number:,}", number=value),
            "short_hash": short_hash,
            "person": self.person,
            "listed": listed,
            "people": people,
            "said": say,
            "noted": lambda note: language.recognize(note, NOTE_NAMES),
            "initials": initials,
            "language": partial(language_name, shown_in=language.code),
            "own_language": language_name,
            "label": lambda field, other="": LABELS.get(field, other or field),
            "left_out": lambda why: LEFT_OUT.get(why) or say(why),
            "list_title": lambda name: titles_in_words(self.staff.settings, [name]),
            "titled": self.staff.settings.titles_of,
            "titles": partial(titles_in_words, self.staff.settings),
            "mentions": self.mark_mentions,
            "path": lambda text: quote(text, safe=""),
        }

    def hold_reasons(self) -> tuple[str, ...]:
        """Return each hold on sending in words: Cleo, 24 Nov, 14:20: wrong list."""
        with self.staff.store.read() as tx:
            names, reasons = tx.staff.names(), tuple(tx.hold.reasons().values())
        found = []
        for reason in reasons:
            values: Mapping[str, Any] = reason.values if isinstance(reason, Sentence) else {}
            if "by" in values:
                who = names.get(values["by"]) or name_of(values["by"])
                at = self.moment(values["at"])
                reason = say("{who}, {at}.", who=who, at=at)
                if "why" in values:
                    reason = say("{who}, {at}: {why}.", who=who, at=at, why=values["why"])
            found.append(reason)
        return tuple(found)

    def moment(self, instant: datetime | None) -> str:
        """Return a time with day and zone: Tue 1 Dec 2026, 09:00 New York."""
        return moment(instant, self.zone.key) if instant else "–"

    def clock(self, instant: datetime) -> str:
        """Return the time of day: 09:00."""
        return f"{instant.astimezone(self.zone):%H:%M}"

    def day(self, instant: datetime) -> str:
        """Return the day: 1 Dec 2026."""
        return say("{at.day} {at:%b %Y}", at=instant.astimezone(self.zone))


class StaffPart:
    def __init__(self, staff: Staff) -> None:
        self._staff = staff


def initials(name: str) -> str:
    """Return the first letters of the first and the last word: AR."""
    words = re.findall(r"\w+", name) or ["–"]
    return "".join(word[0] for word in dict.fromkeys((words[0], words[-1]))).upper()


def format_local_time(local: LocalTime) -> str:
    """Return a reader's local send time in words: 09:00, or 1 Dec 2026, 09:00."""
    if local.day is None:
        return f"{local.at:%H:%M}"
    return say("{day.day} {day:%b %Y}, {at:%H:%M}", day=local.day, at=local.at)
