"""The renderer: a statement into content, once, with merge fields open (docs/decisions/0003)."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from markdown_it.token import Token
from markupsafe import Markup

import newsletter
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import Content, House
from newsletter.domain.statement import Statement
from newsletter.rendering import checks, details, wrapping
from newsletter.rendering.headers import archive_url, headers_for, unsubscribe_url
from newsletter.rendering.inlining import inline
from newsletter.rendering.markdown import read_markdown
from newsletter.rendering.markup import breakable, to_html
from newsletter.rendering.plaintext import to_text
from newsletter.rendering.references import faults_in
from newsletter.rendering.templates import Templates, default_templates

_HTML = "statement.html.j2"
_TEXT = "statement.txt.j2"
_VERSION_DIGITS = 12
_LIBRARIES = [
    "cssselect",
    "cssutils",
    "jinja2",
    "lxml",
    "markdown-it-py",
    "markupsafe",
    "mdit-py-plugins",
    "nh3",
    "premailer",
]


class TemplateRenderer:
    """Renders statements with the default templates and those of a workspace.

    Safe to use from many threads. Reads files only while it is made, and nothing from a network.
    Raises InvalidInput, when made, for a template that cannot be parsed.
    """

    def __init__(self, *, house: House, override: Path | None) -> None:
        self._house = house
        self._templates = Templates(
            default_templates(),
            override,
            filters={
                "breakable": breakable,
                "dialled": _dialled,
                "isolated": details.isolated,
                "underlined": wrapping.underlined,
                "wrapped": _wrapped,
            },
        )
        self._fingerprint = _fingerprint(self._templates, house)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over templates, house and library versions, as 64 hexadecimal digits."""
        return self._fingerprint

    def render(self, statement: Statement) -> Content:
        """Render. The same statement gives the same bytes. Raises InvalidInput."""
        _refuse(statement.origin, checks.statement_faults(statement))
        tokens = read_markdown(statement.body, statement.language)
        _refuse(statement.origin, faults_in(tokens))
        values = self._values(statement, tokens)
        html = self._html(statement, tokens, values)
        text = self._text(statement, tokens, values, html)
        return Content(
            subject=statement.subject or statement.title,
            html=html,
            text=text,
            language=statement.language,
            sender=self._house.sender,
            headers=headers_for(self._house, statement),
            lists=statement.lists,
            corrects=statement.corrects,
            send_at=_iso(statement.send_at),
            embargo_until=_iso(statement.embargo_until),
            template_version=self._fingerprint[:_VERSION_DIGITS],
        )

    def _values(self, statement: Statement, tokens: Sequence[Token]) -> dict[str, object]:
        preheader = details.preheader(statement.summary, tokens)
        return {
            "organisation": self._house.organisation,
            "title": statement.title,
            "subject": statement.subject or statement.title,
            "date": details.written_date(statement.date, statement.language),
            "lists": statement.lists,
            "language": statement.language,
            "base_language": details.base_language(statement.language),
            "direction": details.direction(statement.language),
            "preheader": preheader,
            "preheader_padding": details.preheader_padding(preheader),
            "archive_url": archive_url(self._house, statement),
            "unsubscribe_url": unsubscribe_url(self._house),
        }

    def _html(
        self, statement: Statement, tokens: Sequence[Token], values: dict[str, object]
    ) -> str:
        body = to_html(tokens)
        _refuse(statement.origin, checks.size_faults(body))  # before premailer takes its time
        # nh3 made it safe; the template must not escape it again
        page = self._templates.fill(_HTML, {**values, "body": Markup(body)})  # noqa: S704
        place = self._templates.place(_HTML)
        try:
            html = inline(page)
        except ValueError as error:
            raise InvalidInput([Fault(file=place, message=str(error))]) from error
        demands = self._demands(statement)
        _refuse(statement.origin, [*checks.mark_faults(html, demands), *checks.size_faults(html)])
        _refuse(place, checks.html_faults(html, demands))
        return html

    def _text(
        self,
        statement: Statement,
        tokens: Sequence[Token],
        values: dict[str, object],
        html: str,
    ) -> str:
        body = to_text(tokens)
        filled = self._templates.fill(_TEXT, {**values, "body": body.text, "links": body.links})
        text = filled.strip("\n") + "\n"
        demands = self._demands(statement)
        _refuse(statement.origin, checks.mark_faults(text, demands))
        _refuse(self._templates.place(_TEXT), checks.text_faults(text, html, demands))
        return text

    def _demands(self, statement: Statement) -> checks.Demands:
        return checks.Demands(
            unsubscribe_url=unsubscribe_url(self._house),
            archive_url=archive_url(self._house, statement),
            postal_address=self._house.organisation.postal_address,
        )


def _refuse(place: str, messages: Iterable[str]) -> None:
    faults = [Fault(file=place, message=message) for message in dict.fromkeys(messages)]
    if faults:
        raise InvalidInput(faults)


def _fingerprint(templates: Templates, house: House) -> str:
    known = {
        "templates": templates.digests,
        "house": asdict(house),
        "versions": {name: version(name) for name in _LIBRARIES},
        "newsletter": newsletter.__version__,
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _iso(wall: datetime | None) -> str:
    return "" if wall is None else wall.isoformat()


def _dialled(phone: str) -> str:
    """A telephone number without the blanks and brackets that people read it by."""
    return re.sub(r"[^+0-9]", "", phone)


def _wrapped(text: str) -> str:
    return "\n".join(wrapping.wrap(text))
