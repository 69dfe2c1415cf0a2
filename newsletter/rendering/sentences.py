"""The desk's pages and sentences in other languages (docs/decisions/0027).

Templates are in English, without marks, and are translated as a whole before they are filled.
Sentences of code are made by ``say`` and are translated where a template writes them.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from gettext import c2py
from io import StringIO
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment

from newsletter.domain.delivery.transactional import NoticeSection
from newsletter.domain.statements.content import MARK_PREFIX
from newsletter.domain.wording import Sentence, Written, capitalized, recognize, say

_TEMPLATE_LEXER = Environment(keep_trailing_newline=True, autoescape=True)
"""No option removes blanks, so the tokens joined are the whole source."""
_FIRST_MARK = 0xE000
"""The first of the private characters that replace the expressions in a run of text."""
_MARK_PATTERN = re.compile("[\ue000-\uf8ff]")
_TAG_PATTERN = re.compile(r"(<[^>]*>?)")
_ATTRIBUTE_PATTERN = re.compile(r'((?:(?:aria-|data-)?label|title|placeholder|alt)=")([^"]*)(?=")')
_LETTER_PATTERN = re.compile(r"[^\W\d_]")
_GAP_PATTERN = re.compile(r"\{[^{}]*\}")
_ENTITY_PATTERN = re.compile(r"&\w+;")
_ICON_PATTERN = re.compile(
    r"\{\{-? *(?:parts\.)?(?:icon|avatar|check_mark|chip|state_chip|frame_mark)\("
)
"""Expressions without words. At the ends of a message they are left out of it."""
_MESSAGE_PATTERN = re.compile(r"(?s)(?:[“(]?[A-Z]|\d+ ).*[a-z]")
"""A string in an expression is a message if it begins with a capital or a number."""
_NAME_PATTERN = re.compile(r"[a-z_]\w*")

_TEXT_MODULES = (
    *("newsletter/subscriber_files/", "newsletter/documents/", "newsletter/formats/"),
    *("newsletter/domain/setting.py", "newsletter/domain/subscribers/address.py"),
    "newsletter/domain/wording.py",
    *("newsletter/domain/delivery/transactional.py", "newsletter/pipeline/delivery/attempt.py"),
    *("newsletter/transport/", "newsletter/providers/", "newsletter/runtime/channels.py"),
    *("newsletter/store/delivery/", "newsletter/store/staff/notices.py"),
)
"""Modules whose messages are text when a page gets them: from a sandbox, or stored as reasons."""

Translate = Callable[[str], str]
"""Returns the translation of a message, whose gaps are in braces."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language of the desk: its catalogue, and how it writes numbers and days."""

    code: str
    catalogue: str = ""
    """A gettext catalogue whose messages are the English sentences; "" for English."""

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(self.code, sep="-")

    @cached_property
    def _translations(self) -> Mapping[str, tuple[str, ...]]:
        """Return English message → plural forms, without incomplete and fuzzy translations."""
        found = {}
        for message in read_po(StringIO(self.catalogue)):
            key = message.id if isinstance(message.id, str) else message.id[0]
            text = message.string or ""
            forms = (text,) if isinstance(text, str) else tuple(text)
            if key and all(forms) and not message.fuzzy:
                found[key] = forms
        return found

    @cached_property
    def script_messages(self) -> str:
        """Return the scripts' messages as JSON: English → translation, or list of plural forms."""
        found = {
            key: forms[0] if len(forms) == 1 else forms
            for message in read_po(StringIO(self.catalogue))
            if any(file.endswith(".js") for file, _ in message.locations)
            for key in (message.id if isinstance(message.id, str) else message.id[0],)
            if (forms := self._translations.get(key))
        }
        return json.dumps(found, ensure_ascii=False).replace("<", "\\u003c")

    @cached_property
    def _texts(self) -> Sequence[str]:
        """Return the English messages that a page gets as text, those with most words first."""
        literals = {
            message.id: _GAP_PATTERN.sub("", message.id)
            for message in read_po(StringIO(self.catalogue))
            if isinstance(message.id, str)
            if any(module.startswith(_TEXT_MODULES) for module, _ in message.locations)
        }
        found = filter(lambda one: _LETTER_PATTERN.search(literals[one]), literals)
        return sorted(found, key=lambda one: -len(literals[one]))

    def recognize(self, text: str, patterns: Sequence[str] = ()) -> str:
        """Return a text from a sandbox or of a stored reason as the sentence that it was."""
        is_said = isinstance(text, Sentence)
        return text if is_said else recognize(text, (*patterns, *self._texts))

    @cached_property
    def _form(self) -> Callable[[int], int]:
        return c2py(read_po(StringIO(self.catalogue)).plural_expr)

    def translate(self, message: str) -> str:
        """Return a message in this language, or in English if the catalogue lacks it."""
        return self._translations.get(message, (message,))[0]

    def in_words(self, value: object) -> object:
        """Return a Sentence as text in this language, and other values as they are."""
        if not self.catalogue or not isinstance(value, Sentence):
            return value
        forms = self._translations.get(value.pattern) or (value.pattern, value.many)
        count = value.values.get("count")
        form = forms[self._form(count)] if value.many and isinstance(count, int) else forms[0]
        if not value.values:
            return form
        form = _QUOTED_GAP.sub(_QUOTATIONS[self._locale.language], form)
        return form.format(**{name: self._format_value(one) for name, one in value.values.items()})

    def say(self, value: object) -> str:
        """Return a sentence in this language, or another value, as text."""
        return str(self.in_words(value))

    def in_all_words(self, value: Any) -> Any:
        """Return a value for JSON with each Sentence in it as text in this language."""
        if isinstance(value, Mapping):
            return {name: self.in_all_words(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.in_all_words, value))
        return self.in_words(value)

    def _format_value(self, value: object) -> object:
        if isinstance(value, Sentence):
            return self.in_words(value)
        if isinstance(value, int | float):
            return Written(format_decimal(value, locale=self._locale))
        if isinstance(value, str) and value[:1] == "“" and value[-1:] == "”":
            quotation = _QUOTATIONS[self._locale.language].replace(r"\1", "")
            return Written(quotation.format(value[1:-1]))
        return _Day(value, self._locale) if isinstance(value, date) else value


_QUOTED_GAP = re.compile(r"\{(\w+)!r\}")
_QUOTATIONS = {"de": r"„{\1}“", "en": r"'{\1}'", "es": r"«{\1}»", "fr": "«\u00a0{\\1}\u00a0»"}
_BABEL_DATE_FIELDS = {"%A": "EEEE", "%a": "EEE", "%B": "MMMM", "%b": "MMM"}
"""Code of strftime → code of CLDR, for names of days and months."""


class _Day:
    """A date that is formatted with a language's names of days and months."""

    def __init__(self, at: date, locale: Locale) -> None:
        self._at, self._locale = at, locale

    @property
    def day(self) -> int | str:
        is_ordinal = self._at.day == 1 and self._locale.language == "fr"
        return "1er" if is_ordinal else self._at.day

    def __format__(self, spec: str) -> str:
        if spec == "%Y-%m-%d":
            return format_date(self._at, "long", locale=self._locale)
        for code, pattern in _BABEL_DATE_FIELDS.items():
            if code in spec:
                spec = spec.replace(code, format_date(self._at, pattern, locale=self._locale))
        return self._at.strftime(spec)


_MAX_NEWS = 20
"""The most sections in one message. Slack accepts 50 blocks, and Teams 28 KB."""
_MAX_BYTES = 1_000
"""The most bytes of a section's lines: an email of more than 102 KB is not sent."""
_UNSENT_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ufffe\uffff]")


def remove_forbidden_signs(text: str) -> str:
    """Return a text that others wrote without what keeps an email from being sent."""
    return _UNSENT_PATTERN.sub(" ", text).replace(MARK_PREFIX, MARK_PREFIX.lower())


def shown_news(
    news: Sequence[NoticeSection], language: Language
) -> tuple[str, tuple[NoticeSection, ...], str]:
    """Return a message's subject, the event first, its sections, and a sentence on the others."""
    shown = tuple(_shown_section(one, language) for one in news[:_MAX_NEWS])
    subject = say("{event}: {title}", event=shown[0].label, title=shown[0].title)
    if len(news) > 1:
        subject = say("{subject}, and {count} more", subject=subject, count=len(news) - 1)
    count = len(news) - _MAX_NEWS
    others = language.say(say("And {count} more, at the desk.", count=count)) if count > 0 else ""
    return capitalized(language.say(subject)), shown, others


def _shown_section(section: NoticeSection, language: Language) -> NoticeSection:
    """Return a section in a language, with its lines cut short."""
    label, title, *lines = (
        remove_forbidden_signs(language.say(text))
        for text in (section.label, section.title, *section.lines)
    )
    text = "\n".join(lines)
    if len(data := text.encode()) > _MAX_BYTES:
        text = f"{data[:_MAX_BYTES].decode(errors='ignore').rstrip()} …"
    return replace(section, label=label, title=title, lines=tuple(text.splitlines()))


def translate_source(source: str, translate: Translate) -> str:
    """Return a template's source with ``translate`` applied to each visible message.

    Visible are text between tags, attributes that are read out or shown, and strings in expressions
    that begin with a capital or a number. Keys, compared strings and arguments of ``say`` are not.
    """
    pieces: list[str] = []
    run: list[tuple[bool, str]] = []
    in_tag = False
    tokens = [(kind, value) for _, kind, value in _TEMPLATE_LEXER.lex(source)]
    for kind, value in _with_words(tokens, translate):
        if kind in {"data", "variable"}:
            run.append((kind == "variable", value))
            continue
        text, in_tag = _run(run, in_tag, translate)
        pieces += text, value
        run = []
    text, _ = _run(run, in_tag, translate)
    return "".join([*pieces, text])


def _with_words(tokens: list[tuple[str, str]], translate: Translate) -> Iterator[tuple[str, str]]:
    """Yield (data, text), (variable, {{ … }}) and other tokens, with their strings translated."""
    expression, depth, said_at = "", 0, 0
    code_tokens = [(kind, value) for kind, value in tokens if kind != "whitespace"]
    at = 0
    for kind, value in tokens:
        previous = code_tokens[at - 1][1] if at else ""
        following = code_tokens[at + 1][1] if at + 1 < len(code_tokens) else ""
        at += kind != "whitespace"
        if kind == "operator":
            depth += (value == "(") - (value == ")")
            if value == "(" and previous == "say" and not said_at:
                said_at = depth
            said_at = said_at if depth >= said_at else 0
        is_key = previous in {"==", "!="} or following == ":"
        if kind == "string" and not said_at and not is_key and _MESSAGE_PATTERN.match(value[1:-1]):
            quote = value[0]
            value = quote + translate(value[1:-1]).replace(quote, f"\\{quote}") + quote
        if kind == "variable_begin":
            expression = value
        elif kind == "variable_end":
            yield "variable", expression + value
            expression = ""
        elif expression:
            expression += value
        else:
            yield kind, value


def _run(run: list[tuple[bool, str]], in_tag: bool, translate: Translate) -> tuple[str, bool]:
    """Translate the messages in text and expressions that no block interrupts.

    ``run`` is (whether an expression, source). ``in_tag`` says whether it begins inside a tag.
    Returns the translated source, and whether it ends inside a tag.
    """
    expressions = [text for is_variable, text in run if is_variable]
    numbers = iter(range(len(expressions)))
    flat = "".join(
        chr(_FIRST_MARK + next(numbers)) if is_variable else text for is_variable, text in run
    )
    out = []
    tag_end = (flat.find(">") + 1 or len(flat)) if in_tag else 0
    for piece in (flat[:tag_end], *_TAG_PATTERN.split(flat[tag_end:])):
        if piece.startswith("<") or (in_tag and piece):
            out.append(
                _ATTRIBUTE_PATTERN.sub(
                    lambda found: found[1] + _translate_text(found[2], expressions, translate),
                    piece,
                )
            )
            in_tag = not piece.endswith(">")
        else:
            out.append(_translate_text(piece, expressions, translate))
    source = _MARK_PATTERN.sub(lambda mark: expressions[ord(mark[0]) - _FIRST_MARK], "".join(out))
    return source, in_tag


def _translate_text(text: str, placeholders: list[str], translate: Translate) -> str:
    """Return a piece of text with its message translated. Blanks and icons around it stay."""
    start, end = 0, len(text)
    while start < end and _is_blank_or_icon(text[start], placeholders):
        start += 1
    while end > start and _is_blank_or_icon(text[end - 1], placeholders):
        end -= 1
    core = " ".join(text[start:end].split())
    if not _LETTER_PATTERN.search(_ENTITY_PATTERN.sub("", _MARK_PATTERN.sub("", core))):
        return text
    gaps: dict[str, str] = {}
    for mark in _MARK_PATTERN.findall(core):
        expression = placeholders[ord(mark) - _FIRST_MARK].partition("|")[0]
        callee = expression.partition("(")[0]  # of a call, the name of what is called
        names = _NAME_PATTERN.findall(callee) or _NAME_PATTERN.findall(expression) or ["value"]
        name, more = names[-1], 2
        while name in gaps:
            name, more = f"{names[-1]}{more}", more + 1
        gaps[name] = mark
        core = core.replace(mark, f"{{{name}}}", 1)
    translation = translate(core)
    for name, mark in gaps.items():
        translation = translation.replace(f"{{{name}}}", mark)
    return text[:start] + translation + text[end:]


def _is_blank_or_icon(character: str, expressions: list[str]) -> bool:
    is_mark = _MARK_PATTERN.match(character)
    return character.isspace() or bool(
        is_mark and _ICON_PATTERN.match(expressions[ord(character) - _FIRST_MARK])
    )
