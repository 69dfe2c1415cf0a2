"""Render a statement into content, once, with open merge fields (docs/decisions/0003)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from markdown_it.token import Token
from markupsafe import Markup, escape

from newsletter.domain.delivery.transactional import EmailText, NoticeSection
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import Content, LinkParameters, Publisher
from newsletter.domain.statements.counting import KEY_DIGITS, counting_of
from newsletter.domain.statements.statement import Statement, texts_of, writers_of
from newsletter.domain.wording import say
from newsletter.rendering.checks import guards
from newsletter.rendering.checks.embargo import embargo_in
from newsletter.rendering.languages import direction, language_name
from newsletter.rendering.mail import details, headers
from newsletter.rendering.mail.details import common_values
from newsletter.rendering.mail.files import TemplateFiles, fingerprint
from newsletter.rendering.mail.inlining import inline
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.mail.words import Wordings, desk_language
from newsletter.rendering.markdown.blocks import add_end_mark, in_parts
from newsletter.rendering.markdown.faults import faults_of_statement
from newsletter.rendering.markdown.greetings import count_faults, open_greetings
from newsletter.rendering.markdown.links import tag_links
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import PlainBody, to_text, underline, wrap
from newsletter.rendering.markdown.tables import em_width, text_of
from newsletter.rendering.sentences import remove_forbidden_signs, shown_news

_CLASS_PATTERN = re.compile(r'<[a-z]+ (?:role="presentation" )?class="([a-z- ]+)"')
_INLINE_TAG_PATTERN = re.compile(r"</?(?:a|strong|em|span|code|sup)\b[^<>]*>")
_HEADING_PATTERN = re.compile(r"<h\d(?:(?!<h\d).)*?</h\d>", re.DOTALL)
_TAG_PATTERN = re.compile(r"<[^<>]*>")
_WIDE, _WIDE_CARD = (re.compile(f"[^ \n]{{{most}}}") for most in (25, 17))
"""A word too wide for a phone: in the text, in the contact card."""
_MAX_HEADLINE_PIXELS = 250
"""The widest word of a headline that fits a phone without styles, before bold adds a tenth."""
_VERSION_DIGITS = 12
_LINK_KEYS = ("unsubscribe_url", "preferences_url", "archive_url", "original_url")
_ANY_LINK, _OTHER_LINK = "https://one.invalid/TheirOwnLink", "https://other.invalid/PersonalLink"
"""Links in a transactional email that is rendered once for many people."""
_KEPT_MAILS = 32
_OPENING_KEYS = {EmailText.CONFIRMATION: "confirm", EmailText.INVITATION: "link"}
"""Kind of a transactional email → the key of its opening, if it is not the kind's own name."""
_LOWERED_HEADINGS = {"h2": "h3", "h3": "h4"}
"""Headings of a translation move one level down, below its title, which is an h2."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A translation in a mail, as values of a template."""

    name: str
    """The language's own name."""
    language: str
    direction: str
    title: str
    body: Markup
    text: str
    links: tuple[str, ...]
    words: Mapping[str, str]
    """The fixed words in its language, or in English if it has none."""


def render_blocks(
    translations: Sequence[Statement],
    wordings: Wordings,
    publisher: Publisher,
    fallbacks: list[str],
) -> tuple[Block, ...]:
    """Render each translation as a block. Raises InvalidInput with the faults of all.

    Their words for readers without a name are appended to ``fallbacks``.
    """
    own_url, utm = publisher.public_url, publisher.utm
    faults = dict.fromkeys(fault for each in translations for fault in _faults(each, own_url))
    if faults:
        raise InvalidInput(faults)
    return tuple(
        _render_block(translation, wordings, utm, fallbacks) for translation in translations
    )


def missing_blocks(part: str, blocks: Sequence[Block]) -> Iterator[str]:
    """Yield a fault for each translation whose title is missing in a rendered part."""
    joined_text = "".join(part.split())
    for block in blocks:
        if "".join(block.title.split()) not in joined_text:
            yield f"it leaves out the translation in {block.name}: fill in translations"


def _faults(statement: Statement, own_url: str) -> list[Fault]:
    tokens = read_markdown(statement.body, statement.language)
    return [
        *(
            Fault(file=statement.origin, message=message)
            for message in guards.statement_faults(statement)
        ),
        *faults_of_statement(statement, tokens, own_url),
    ]


def _render_block(
    statement: Statement, wordings: Wordings, utm: LinkParameters | None, fallbacks: list[str]
) -> Block:
    words = wordings.of(statement.language)[0]
    tokens = read_markdown(statement.body, statement.language, video_label=words["watch"])
    if utm:
        tag_links(tokens, utm.marks(statement.slug), utm.hosts)
    open_greetings(tokens, fallbacks)
    for token in tokens:
        token.tag = _LOWERED_HEADINGS.get(token.tag, token.tag)
    plain_body = to_text(tokens, colon=words["colon"])
    return Block(
        name=language_name(statement.language),
        language=statement.language,
        direction=direction(statement.language),
        title=statement.title,
        body=Markup(to_html(tokens)),  # noqa: S704 - nh3 made it safe
        text=plain_body.text,
        links=plain_body.links,
        words=words,
    )


class TemplateRenderer:
    """Renders statements with the default templates and those of a workspace.

    It is thread-safe, and reads no files and no network. ``delivery_settings_hash`` covers the
    settings that change what a provider sends. The constructor raises InvalidInput for a faulty
    template.
    """

    def __init__(
        self, *, publisher: Publisher, files: TemplateFiles, delivery_settings_hash: str = ""
    ) -> None:
        self._publisher = publisher
        self._delivery_settings_hash = delivery_settings_hash
        self._templates = Templates(
            files,
            filters={
                # without the blanks and brackets that people read a telephone number by
                "dialled": lambda phone: re.sub(r"[^+0-9]", "", phone),
                "isolated": details.isolate_direction,
                "underlined": underline,
                "wrapped": lambda text: "\n".join(wrap(text)),
            },
        )
        self.wordings = Wordings(self._templates)
        self.fingerprint = fingerprint(files, publisher, delivery_settings_hash)
        """SHA-256 over templates, publisher, delivery settings and library versions, in hex."""
        # the same confirmation goes to many people, and premailer takes long
        self._for_any_link = lru_cache(maxsize=_KEPT_MAILS)(self._render_for_any_link)

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, is_test: bool = False
    ) -> Content:
        """Render a statement with its translations; the result is deterministic.

        With ``is_test``, the mail begins with a line that it is a test. Raises InvalidInput.
        """
        _refuse(statement.origin, guards.statement_faults(statement))
        words, utm = self.wordings.of(statement.language)[0], self._publisher.utm
        tokens = read_markdown(statement.body, statement.language, video_label=words["watch"])
        if faults := faults_of_statement(statement, tokens, self._publisher.public_url):
            raise InvalidInput(faults)
        # before both parts are written, so that they have the same addresses
        if utm:
            tag_links(tokens, utm.marks(statement.slug), utm.hosts)
        tokens = add_end_mark(tokens, self._publisher.layout.end_mark)
        fallbacks: list[str] = []
        open_greetings(tokens, fallbacks)
        others = render_blocks(translations, self.wordings, self._publisher, fallbacks)
        _refuse(statement.origin, count_faults(fallbacks))
        values = self._values(statement, tokens) | {"translations": others, "test": is_test}
        values |= _body(tokens, values)
        body_html = values["above"] + values["lead"] + values["body"]
        _refuse(statement.origin, guards.size_faults(body_html))  # before premailer takes its time
        name = "correction" if statement.corrects else "statement"
        name = "digest" if statement.digest else name
        demands = guards.Requirements(
            links=tuple(values[link] for link in _LINK_KEYS if values[link]),
            postal_address=self._publisher.organisation.postal_address,
            embargo=values["embargo"],
            max_gaps=len(fallbacks),
        )
        plain_body = to_text(tokens, colon=words["colon"])
        html, text = self._parts(name, statement.origin, values, plain_body, demands)
        # a workspace's own template may forget them
        _refuse(
            self._templates.place(f"{name}.html.j2"), missing_blocks(guards.Page(html).text, others)
        )
        _refuse(self._templates.place(f"{name}.txt.j2"), missing_blocks(text, others))
        sender = self._publisher.sender_of(statement.lists)
        embargoes = map(embargo_in, [statement, *translations])
        content = Content(
            subject=values["subject"],
            html=html,
            text=text,
            language=statement.language,
            sender=replace(sender, reply_to=statement.reply_to or sender.reply_to),
            headers=headers.campaign_headers(self._publisher, statement),
            lists=statement.lists,
            corrects=statement.corrects,
            translation_of=statement.translation_of,
            send_at=_iso_or_empty(statement.send_at) or str(statement.local_time or ""),
            embargo_until=_iso_or_empty(statement.embargo_until),
            embargo="; ".join(dict.fromkeys(filter(None, embargoes))),
            segment=statement.segment,
            template_version=self.fingerprint[:_VERSION_DIGITS],
            delivery_settings_hash=self._delivery_settings_hash,
            fallbacks=tuple(fallbacks),
            writers=writers_of(statement, *translations),
            texts=texts_of(statement, *translations),
            unlisted=not values["archive_url"],
            welcome=statement.welcome,
            date=_iso_or_empty(statement.date),
        )
        return content if is_test else self._with_counting(content, statement.origin)

    def _with_counting(self, content: Content, origin: str) -> Content:
        """Return the content as it counts opens and clicks. Raises InvalidInput if too long."""
        counted, own_url = self._publisher.counted, self._publisher.public_url
        if not counted:
            return content
        address = f"{own_url}/c/{content.content_hash()[:KEY_DIGITS]}"
        counting = counting_of(content.html, counted, own=own_url, address=address)
        html = counting.add_to(content.html)
        _refuse(origin, guards.size_faults(html))
        return replace(content, html=html, counting=counting)

    def transactional(
        self,
        kind: EmailText,
        *,
        language: str,
        url: str,
        lists: tuple[str, ...] = (),
        about: str = "",
        news: tuple[NoticeSection, ...] = (),
    ) -> Content:
        """Render a mail to one person; ``url`` is their own link.

        ``about`` is the sentence of a mail to staff, ``news`` its events, both in the
        language of the desk. The only merge field is the message id. Raises InvalidInput.
        """
        mail = None if about or news else self._for_any_link(kind, language, lists)
        if mail is not None:
            return _with_link(mail, _ANY_LINK, url)
        return self._render_transactional(kind, language, url, lists, about, news)

    def _render_for_any_link(
        self, kind: EmailText, language: str, lists: tuple[str, ...]
    ) -> Content | None:
        """Render a mail with ``_ANY_LINK``; None if a workspace's template changes the link."""
        mail, other = (
            self._render_transactional(kind, language, link, lists)
            for link in (_ANY_LINK, _OTHER_LINK)
        )
        return mail if _with_link(other, _OTHER_LINK, _ANY_LINK) == mail else None

    def _render_transactional(
        self,
        kind: EmailText,
        language: str,
        url: str,
        lists: tuple[str, ...],
        about: str = "",
        news: tuple[NoticeSection, ...] = (),
    ) -> Content:
        values = common_values(self._publisher, language, self.wordings)
        desk, others = desk_language(language), ""
        if kind in {EmailText.NEWS, EmailText.REPORT}:
            subject, news, others = shown_news(news, desk)
            opening = " ".join(news[0].lines)
        else:
            subject = values["words"][f"{kind.value}_subject"]
            opening = values["words"][_OPENING_KEYS.get(kind, kind.value)]
        values |= {
            "subject": subject,
            "lists": lists,
            "url": url,
            "about": remove_forbidden_signs(desk.say(about)),
            "news": news,
            "others": others,
            "desk": desk.code,
            "say": lambda *said, **gaps: desk.say(say(*said, **gaps)),
            "preheader": details.preheader(opening, ()),
            "press_contact_shown": False,
        }
        origin, plain_body = f"the {kind.value} mail", PlainBody(text="", links=())
        address = self._publisher.organisation.postal_address
        demands = guards.Requirements(links=(url,), postal_address=address)
        html, text = self._parts(kind.value, origin, values, plain_body, demands)
        return Content(
            subject=subject,
            html=html,
            text=text,
            language=language,
            sender=self._publisher.sender,
            headers=headers.transactional_headers(self._publisher),
            lists=lists,
            corrects="",
            send_at="",
            embargo_until="",
            template_version=self.fingerprint[:_VERSION_DIGITS],
        )

    def _values(self, statement: Statement, tokens: Sequence[Token]) -> dict[str, Any]:
        language = statement.language
        values = common_values(self._publisher, language, self.wordings, statement.lists)
        words, zone = values["words"], self._publisher.timezone
        layout = self._publisher.layout
        among = not layout.release_lists or set(statement.lists) <= set(layout.release_lists)
        is_news = not statement.digest and not statement.embargo_until
        reason = details.subscription_reason(self._publisher, statement.lists, words)
        original = statement.corrects
        unarchived_lists = {one.name for one in self._publisher.lists if not one.archive}
        unlisted = statement.welcome or unarchived_lists.issuperset(statement.lists)
        return values | {
            "title": statement.title,
            "subject": statement.subject or statement.title,
            "date": details.date_text(statement.date, language, words),
            "embargo": details.written_time(statement.embargo_until, zone, language, words),
            "language_name": language_name(language),
            "standfirst": statement.summary if layout.summary else "",
            "release": layout.release_line and among and is_news,
            "lists": statement.lists,
            "preheader": details.preheader(statement.preview or statement.summary, tokens),
            "archive_url": "" if unlisted else headers.archive_url(self._publisher, statement.slug),
            "all_url": f"{self._publisher.public_url}/",
            "original_url": ""
            if unlisted
            else original and headers.archive_url(self._publisher, original),
            "unsubscribe_url": headers.unsubscribe_url(self._publisher),
            "preferences_url": headers.preferences_url(self._publisher),
            "reason": reason.html(values["words_direction"]),
            "reason_text": reason.text,
        }

    def _parts(
        self,
        name: str,
        origin: str,
        values: Mapping[str, Any],
        plain: PlainBody,
        demands: guards.Requirements,
    ) -> tuple[str, str]:
        """Render the HTML and the text template of this name, and check both."""
        place = self._templates.place(f"{name}.html.j2")
        try:
            html = inline(self._templates.fill(f"{name}.html.j2", values))
        except ValueError as error:
            raise InvalidInput.at(place, str(error)) from error
        _refuse(origin, [*guards.mark_faults(html, demands), *guards.size_faults(html)])
        _refuse(place, guards.html_faults(html, demands))
        body = {"body": plain.text, "links": plain.links}
        text = self._templates.fill(f"{name}.txt.j2", {**values, **body}).strip("\n") + "\n"
        _refuse(origin, guards.mark_faults(text, demands))
        _refuse(self._templates.place(f"{name}.txt.j2"), guards.text_faults(text, html, demands))
        return html, text


def _body(tokens: Sequence[Token], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body's HTML, and a standfirst unless the text has its own."""
    parts = in_parts(tokens, values["design"].lead_picture_width)
    above, lead, tail = (Markup(to_html(part)) for part in (parts.above, parts.lead, parts.rest))  # noqa: S704
    all_parts = (above, lead, tail, *(block.body for block in values["translations"]))
    classes = " ".join(found for html in all_parts for found in _CLASS_PATTERN.findall(html))
    used = frozenset(classes.split()) | ({"long"} if _has_long_words(all_parts, values) else set())
    first_text = next((text_of(token) for token in tokens if token.type == "inline"), "")
    # do not repeat a standfirst that the author wrote
    standfirst = values["standfirst"]
    is_repeated = "standfirst" in used or _letters(first_text).startswith(_letters(standfirst))
    return {
        "above": above,
        "lead": lead,
        "body": tail,
        "shown": used,
        "standfirst": "" if is_repeated else standfirst,
    }


def _has_long_words(texts: Iterable[str], values: Mapping[str, Any]) -> bool:
    """Return whether a word or a table may be wider than a phone."""
    text = " ".join(texts)
    names = values["title"], values["organisation"].name, values["list_title"]
    large = " ".join([*names, *_HEADING_PATTERN.findall(text)])
    contact = values["organisation"].press_contact
    card = contact.email if contact and values["design"].card != "ruled" else ""
    plain, plain_large, plain_card = (
        _TAG_PATTERN.sub(" ", _INLINE_TAG_PATTERN.sub("", html)) for html in (text, large, card)
    )
    headline = max(map(em_width, plain_large.split()), default=0) * values["design"].headline[0]
    is_wide = "narrow full" in text or _WIDE.search(plain) or _WIDE_CARD.search(plain_card)
    return bool(is_wide) or headline > _MAX_HEADLINE_PIXELS


def _with_link(mail: Content, link: str, url: str) -> Content:
    """Return a mail with ``url`` in place of a link."""
    html, text = mail.html.replace(link, escape(url)), mail.text.replace(link, url)
    return replace(mail, html=html, text=text)


def _letters(words: str) -> str:
    return re.sub(r"\W+", "", words).lower()


def _refuse(file: str, messages: Iterable[str]) -> None:
    faults = [Fault(file=file, message=message) for message in dict.fromkeys(messages)]
    if faults:
        raise InvalidInput(faults)


def _iso_or_empty(wall: date | None) -> str:
    return "" if wall is None else wall.isoformat()
