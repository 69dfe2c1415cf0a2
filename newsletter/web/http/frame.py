"""The frame of every page of ours: its language, its words, its one style sheet, its header fields.

No page runs a script, loads anything from elsewhere but a statement's pictures, or sets a cookie.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.domain.statements.brand import light_scheme
from newsletter.domain.statements.content import Publisher
from newsletter.rendering.languages import direction, language_name
from newsletter.rendering.mail.details import look
from newsletter.rendering.mail.files import page_templates
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.mail.words import Wordings

_CONTENT_POLICY = (
    "default-src 'none'; style-src {styles}; img-src 'self' https:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_CONTENT_SANDBOX = (
    "sandbox allow-downloads allow-forms allow-popups allow-popups-to-escape-sandbox"
    " allow-top-navigation-by-user-activation; "
)
"""The sandbox for approved content. It does not share the desk's origin, so that even a script
that got through could not use the desk."""
_PAGE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_TEMPLATE_FILTERS = {"direction": direction, "language_name": language_name}
_RANGE_PATTERN = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d*)?))?"
)
_MAX_LANGUAGES = 20
"""Entries of an Accept-Language field that are read."""


@dataclass(frozen=True, kw_only=True)
class Button:
    """A form whose only control is a button."""

    action: str
    label: str
    second: bool = False
    """The button looks like a secondary choice."""


class Frame:
    """The frame of all pages; ``language`` is the default."""

    def __init__(self, *, publisher: Publisher, language: str) -> None:
        self._publisher = publisher
        self._language = language
        self._templates = Templates(page_templates("web"), filters=_TEMPLATE_FILTERS, pages=True)
        self._wordings = Wordings(self._templates)
        self._styles = Markup(self._templates.fill("page.css", look(publisher)))  # noqa: S704 - ours
        self.fields: Mapping[str, str] = (
            _PAGE_HEADERS | _policy(_hash_of(self._styles)) | {"Vary": "Accept-Language"}
        )
        """Header fields of a page without a statement's text."""
        self.archive_fields: Mapping[str, str] = _PAGE_HEADERS | _policy(
            _hash_of(self._styles), before=_CONTENT_SANDBOX
        )
        """Header fields of a page with a statement's text."""
        self.data_fields: Mapping[str, str] = _PAGE_HEADERS | _policy("'none'")
        """Header fields of a response that is no page."""

    def page(
        self,
        title: str,
        paragraphs: Sequence[str] = (),
        *,
        template: str = "page.html.j2",
        language: str = "en",
        status: int = 200,
        **values: object,
    ) -> Response:
        words, shown_language = self.words(language)
        filled = {
            "title": title,
            "paragraphs": paragraphs,
            "language": shown_language,
            "direction": direction(shown_language),
            "words": words,
            "styles": self._styles,
            "organisation": self._publisher.organisation,
            "joinable": any(one.joinable for one in self._publisher.lists),
            "logo": self._publisher.brand.logo,
            "band": light_scheme(self._publisher.brand.color).band,
            "button": "",
            "buttons": [],
            "written_in": "",
            "root": f"{self._publisher.public_url}/",
            "public": None,
            **values,
        }
        return HTMLResponse(
            self._templates.fill(template, filled), status_code=status, headers=dict(self.fields)
        )

    def notice(
        self,
        title: str,
        *texts: str,
        language: str,
        status: int = 200,
        buttons: Sequence[Button] = (),
    ) -> Response:
        """Return a page whose title and texts are fixed words, given by their keys."""
        words, _ = self.words(language)
        paragraphs = [words[text] for text in texts]
        return self.page(
            words[title], paragraphs, language=language, status=status, buttons=buttons
        )

    def fill(self, template: str, **values: object) -> str:
        return self._templates.fill(template, values)

    def words(self, language: str) -> tuple[Mapping[str, str], str]:
        """Return the fixed words by key, and their language, which may be English instead."""
        words, own = self._wordings.of(language)
        return words, language if own else "en"

    def languages(self) -> dict[str, str]:
        """Return code → own name of the languages of the pages, sorted by name."""
        names = {code: language_name(code) for code in self._wordings.languages}
        return dict(sorted(names.items(), key=lambda language: language[1]))

    def count_text(self, key: str, count: int, language: str) -> str:
        """Return the fixed words of a key in the plural form for a count."""
        return self._wordings.count_text(key, count, language).format(count=f"{count:,}")

    def language_of(self, request: Request, reader: str = "") -> str:
        """Return a page's language: the reader's, else the browser's, else the default."""
        accepted = accepted_languages(request.headers.get("accept-language", ""))
        names = [reader, *accepted, self._language]
        return next(
            (language for language in names if language and self._wordings.of(language)[1]), "en"
        )


shared_frame = lru_cache(maxsize=8)(Frame)
"""Return the cached frame for these arguments: compiling its templates takes long."""


def accepted_languages(header: str) -> list[str]:
    """Return the languages of an Accept-Language field by weight (RFC 9110, 12.5.4)."""
    found = [_RANGE_PATTERN.fullmatch(part.strip()) for part in header.split(",")[:_MAX_LANGUAGES]]
    weights = [(float(one[2] or "1"), one[1]) for one in found if one]
    return [name for weight, name in sorted(weights, key=lambda one: -one[0]) if weight > 0]


def _policy(styles: str, *, before: str = "") -> dict[str, str]:
    return {"Content-Security-Policy": before + _CONTENT_POLICY.format(styles=styles)}


def _hash_of(styles: str) -> str:
    """Return the hash by which a Content-Security-Policy allows only this style sheet."""
    digest = hashlib.sha256(styles.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
