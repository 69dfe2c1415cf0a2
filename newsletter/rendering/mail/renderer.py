"""The renderer: a statement into content, once, with merge fields open (docs/decisions/0003)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from markdown_it.token import Token
from markupsafe import Markup

from newsletter.domain.delivery.transactional import EmailText
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import Content, Layout, Publisher, Sender
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.checks import guards
from newsletter.rendering.mail import details
from newsletter.rendering.mail.details import why
from newsletter.rendering.mail.files import TemplateFiles, fingerprint
from newsletter.rendering.mail.headers import (
    archive_page,
    archive_url,
    headers_for,
    headers_for_one,
    preferences_url,
    unsubscribe_url,
)
from newsletter.rendering.mail.inlining import inline
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.mail.translations import Block, blocks, language_name, left_out
from newsletter.rendering.mail.values import common_values
from newsletter.rendering.mail.words import Wordings
from newsletter.rendering.markdown import plaintext as wrapping
from newsletter.rendering.markdown.blocks import in_parts
from newsletter.rendering.markdown.faults import refuse_faults
from newsletter.rendering.markdown.greetings import open_greetings, too_many
from newsletter.rendering.markdown.links import tag_links
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import breakable, to_html
from newsletter.rendering.markdown.plaintext import PlainBody, to_text
from newsletter.rendering.markdown.tables import text_of

_CLASSES = re.compile(r'<[a-z]+ (?:role="presentation" )?class="([a-z- ]+)"')


@dataclass(frozen=True, kw_only=True)
class Body:
    """A statement's text in HTML."""

    above: str
    """Of the text what stands with the title, where a lead picture parts it from the rest."""
    lead: str
    """The picture from edge to edge; empty without one."""
    rest: str
    shown: frozenset[str]
    """The classes that stand in it: so much of the style sheet is needed."""

    @property
    def whole(self) -> str:
        """All of it."""
        return self.above + self.lead + self.rest

    @property
    def stands_first(self) -> bool:
        """It has a standfirst of its own."""
        return "standfirst" in self.shown

    def parts(self) -> dict[str, Markup]:
        """For the templates. nh3 made it safe; they must not escape it again."""
        parts = {"above": self.above, "lead": self.lead, "body": self.rest}
        return {name: Markup(html) for name, html in parts.items()}  # noqa: S704


def body_of(tokens: Sequence[Token], translations: Iterable[Block]) -> Body:
    """The HTML of a text, which may have its translations below it."""
    parts = in_parts(tokens)
    above, lead, rest = map(to_html, (parts.above, parts.lead, parts.rest))
    everything = [above, lead, rest, *(str(block.body) for block in translations)]
    classes = " ".join(" ".join(_CLASSES.findall(html)) for html in everything)
    return Body(above=above, lead=lead, rest=rest, shown=frozenset(classes.split()))


def opens_with(tokens: Sequence[Token], words: str) -> bool:
    """The first paragraph says these words already."""
    first = next((text_of(token) for token in tokens if token.type == "inline"), "")
    return bool(words) and _plain(first).startswith(_plain(words))


def ends_with(tokens: Sequence[Token], mark: str) -> bool:
    """The author set an end mark, this one or the usual."""
    texts = [text_of(token) for token in tokens if token.type == "inline" and text_of(token)]
    return bool(texts) and texts[-1] in {mark, "###"}


def _plain(words: str) -> str:
    return re.sub(r"\W+", "", words).lower()


_VERSION_DIGITS = 12

_TRANSACTIONAL = {
    EmailText.CONFIRMATION: ("confirm_subject", "confirm"),
    EmailText.MOVE: ("move_subject", "move"),
    EmailText.PREFERENCES: ("preferences_subject", "preferences"),
    EmailText.KNOWN: ("known_subject", "known"),
    EmailText.NOTICE: ("notice_subject", "notice"),
}
"""The fixed words that are the subject and the opening of a transactional email."""


class TemplateRenderer:
    """Renders statements with the default templates and those of a workspace.

    Safe to use from many threads. Reads no files, and nothing from a network. ``carriage`` stands
    for the settings by which providers shape what leaves. Raises InvalidInput, when made, for a
    template that cannot be parsed.
    """

    def __init__(self, *, house: Publisher, files: TemplateFiles, carriage: str = "") -> None:
        self._house = house
        self._carriage = carriage
        self._templates = Templates(
            files,
            filters={
                "breakable": breakable,
                "dialled": _dialled,
                "isolated": details.isolated,
                "underlined": wrapping.underlined,
                "wrapped": _wrapped,
            },
        )
        self.wordings = Wordings(self._templates)
        self._fingerprint = fingerprint(files, house, carriage)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over templates, house, carriage and library versions, in hexadecimal digits."""
        return self._fingerprint

    def prepare(self) -> None:
        """It was made ready when it was made."""

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, test: bool = False
    ) -> Content:
        """Render, with translations in blocks of their own. The same gives the same bytes.

        With ``test``, the mail says at its top that it is one. Raises InvalidInput.
        """
        _refuse(statement.origin, guards.statement_faults(statement))
        watch = self.wordings.of(statement.language)[0]["watch"]
        tokens = read_markdown(statement.body, statement.language, watch=watch)
        refuse_faults(statement, tokens)
        tag_links(tokens, *self._counted(statement))
        fallbacks: list[str] = []
        open_greetings(tokens, fallbacks)
        others = blocks(translations, self.wordings, self._house.counting, fallbacks)
        _refuse(statement.origin, too_many(fallbacks))
        values = self._values(statement, tokens) | {
            "language_name": language_name(statement.language),
            "translations": others,
            "test": test,
            "gaps": len(fallbacks),
        }
        name = _template(statement)
        html, text = self._parts(name, statement.origin, tokens, values)
        _refuse(self._templates.place(f"{name}.html.j2"), left_out(guards.Page(html).text, others))
        _refuse(self._templates.place(f"{name}.txt.j2"), left_out(text, others))
        return Content(
            subject=statement.subject or statement.title,
            html=html,
            text=text,
            language=statement.language,
            sender=_answered(self._house.sender_of(statement.lists), statement),
            headers=headers_for(self._house, statement),
            lists=statement.lists,
            corrects=statement.corrects,
            translation_of=statement.translation_of,
            send_at=_iso(statement.send_at) or str(statement.local_time or ""),
            embargo_until=_iso(statement.embargo_until),
            embargo=statement.embargo,
            segment=statement.segment,
            template_version=self._fingerprint[:_VERSION_DIGITS],
            carriage=self._carriage,
            fallbacks=tuple(fallbacks),
        )

    def transactional(
        self,
        says: EmailText,
        *,
        language: str,
        url: str,
        lists: tuple[str, ...] = (),
        about: str = "",
    ) -> Content:
        """A mail to one person who asked for it; ``url`` is their own link.

        ``about`` is what a notice to a member of staff tells of.
        No gap is left in it but the message's name. Raises InvalidInput.
        """
        values = common_values(self._house, language, self.wordings)
        subject, opening = (values["words"][key] for key in _TRANSACTIONAL[says])
        preheader = details.preheader(opening, ())
        values |= {
            "subject": subject,
            "lists": lists,
            "url": url,
            "about": about,
            "preheader": preheader,
            "preheader_padding": details.preheader_padding(preheader),
            "press_contact_shown": False,
        }
        name, origin, demands = says.value, f"the {says.value} mail", self._demands(url)
        html = self._html(name, origin, values, demands)
        return Content(
            subject=subject,
            html=html,
            text=self._text(name, origin, PlainBody(text="", links=()), values, html, demands),
            language=language,
            sender=self._house.sender,
            headers=headers_for_one(self._house),
            lists=lists,
            corrects="",
            send_at="",
            embargo_until="",
            template_version=self._fingerprint[:_VERSION_DIGITS],
        )

    def _values(self, statement: Statement, tokens: Sequence[Token]) -> dict[str, Any]:
        values = common_values(self._house, statement.language, self.wordings)
        words, zone = values["words"], self._house.timezone
        preheader = details.preheader(statement.preview or statement.summary, tokens)
        layout = self._house.layout
        reason = why(self._house, statement.lists, words)
        return values | {
            "title": statement.title,
            "subject": statement.subject or statement.title,
            "date": details.written_date(statement.date, statement.language, words),
            "embargo": details.written_time(
                statement.embargo_until, zone, statement.language, words
            ),
            "standfirst": statement.summary if layout.summary else "",
            "release": _is_released(layout, statement),
            "end_mark": layout.end_mark,
            "lists": statement.lists,
            "preheader": preheader,
            "preheader_padding": details.preheader_padding(preheader),
            "archive_url": archive_url(self._house, statement),
            "original_url": statement.corrects and archive_page(self._house, statement.corrects),
            "unsubscribe_url": unsubscribe_url(self._house),
            "preferences_url": preferences_url(self._house),
            "reason": reason.html(values["words_direction"]),
            "reason_text": reason.text,
        }

    def _parts(
        self, name: str, origin: str, tokens: Sequence[Token], values: dict[str, Any]
    ) -> tuple[str, str]:
        """The HTML and the text of a statement."""
        body = body_of(tokens, values["translations"])
        _refuse(origin, guards.size_faults(body.whole))  # before premailer takes its time
        values = values | {"shown": body.shown}
        if body.stands_first or opens_with(tokens, values["standfirst"]):
            values["standfirst"] = ""
        if ends_with(tokens, values["end_mark"]):
            values["end_mark"] = ""
        links = ["unsubscribe_url", "preferences_url", "archive_url", "original_url"]
        found = [values[link] for link in links if values[link]]
        demands = self._demands(*found, embargo=values["embargo"], gaps=values["gaps"])
        html = self._html(name, origin, {**values, **body.parts()}, demands)
        return html, self._text(name, origin, to_text(tokens), values, html, demands)

    def _html(
        self, name: str, origin: str, values: Mapping[str, Any], demands: guards.Demands
    ) -> str:
        template = f"{name}.html.j2"
        page = self._templates.fill(template, values)
        place = self._templates.place(template)
        try:
            html = inline(page)
        except ValueError as error:
            raise InvalidInput([Fault(file=place, message=str(error))]) from error
        _refuse(origin, [*guards.mark_faults(html, demands), *guards.size_faults(html)])
        _refuse(place, guards.html_faults(html, demands))
        return html

    def _text(
        self,
        name: str,
        origin: str,
        body: PlainBody,
        values: Mapping[str, Any],
        html: str,
        demands: guards.Demands,
    ) -> str:
        template = f"{name}.txt.j2"
        filled = self._templates.fill(template, {**values, "body": body.text, "links": body.links})
        text = filled.strip("\n") + "\n"
        _refuse(origin, guards.mark_faults(text, demands))
        _refuse(self._templates.place(template), guards.text_faults(text, html, demands))
        return text

    def _counted(self, statement: Statement) -> tuple[dict[str, str], tuple[str, ...]]:
        counting = self._house.counting
        return counting.marks(statement.slug), counting.hosts

    def _demands(self, *links: str, embargo: str = "", gaps: int = 0) -> guards.Demands:
        address = self._house.organisation.postal_address
        return guards.Demands(links=links, postal_address=address, embargo=embargo, gaps=gaps)


def _template(statement: Statement) -> str:
    """The name of the templates that a statement is filled into, without their endings."""
    if statement.roundup:
        return "roundup"
    return "correction" if statement.corrects else "statement"


def _is_released(layout: Layout, statement: Statement) -> bool:
    """ "For immediate release" is said of it."""
    among = not layout.release_lists or set(statement.lists) <= set(layout.release_lists)
    news = not statement.roundup and not statement.embargo_until
    return layout.release_line and among and news


def _refuse(place: str, messages: Iterable[str]) -> None:
    faults = [Fault(file=place, message=message) for message in dict.fromkeys(messages)]
    if faults:
        raise InvalidInput(faults)


def _answered(sender: Sender, statement: Statement) -> Sender:
    return replace(sender, reply_to=statement.reply_to) if statement.reply_to else sender


def _iso(wall: datetime | None) -> str:
    return "" if wall is None else wall.isoformat()


def _dialled(phone: str) -> str:
    """A telephone number without the blanks and brackets that people read it by."""
    return re.sub(r"[^+0-9]", "", phone)


def _wrapped(text: str) -> str:
    return "\n".join(wrapping.wrap(text))
