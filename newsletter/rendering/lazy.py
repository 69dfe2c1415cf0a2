"""The renderer and the reviewer: imported on first use, and run in a sandbox for long texts.

A text takes up to 50 µs a character. A short text is rendered in this process, as starting a
sandbox takes half a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.documents.sandbox import TEXT_GATE, CutOff, MachineBusy, ask
from newsletter.domain.errors import InvalidInput, Postponed, TookTooLong
from newsletter.domain.statements.content import Content, Publisher
from newsletter.domain.statements.review import Check, ReviewContext, ReviewFinding, sort_findings
from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import say

if TYPE_CHECKING:
    from newsletter.rendering.mail.files import TemplateFiles
    from newsletter.rendering.mail.renderer import TemplateRenderer

RENDER_TIMEOUT = timedelta(seconds=10)
_RENDER_FUNCTION = "newsletter.rendering.lazy:render_here"
_REVIEW_FUNCTION = "newsletter.rendering.checks.reviewer:review_text"


@dataclass(eq=False, kw_only=True)
class LazyRenderer:
    """A renderer that reads the templates on first use.

    All but ``fingerprint`` raise InvalidInput for a template that cannot be read or parsed.
    """

    publisher: Publisher
    override: Path | None
    delivery_settings_hash: str
    timeout: timedelta = RENDER_TIMEOUT

    @cached_property
    def _files(self) -> TemplateFiles:
        from newsletter.rendering.mail.files import mail_templates

        return mail_templates(self.override)

    @cached_property
    def fingerprint(self) -> str:
        """Return SHA-256, in hexadecimal, over all that shapes a mail but its statement."""
        from newsletter.rendering.mail.files import fingerprint

        return fingerprint(self._files, self.publisher, self.delivery_settings_hash)

    def prepare(self) -> None:
        """Read and parse the templates. Raises InvalidInput."""
        _ = self.templates

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, is_test: bool = False
    ) -> Content:
        """Render a statement, with translations in the same content. ``is_test`` marks a test mail.

        The same statements give the same content. Raises InvalidInput, TookTooLong and Postponed.
        """
        if not is_long(statement, *translations):
            return self.templates.render(statement, translations, is_test=is_test)
        arguments = {
            "renderer": self._arguments,
            "statement": replace(statement, segment=None),  # no email shows the segment
            "translations": tuple(translations),
            "is_test": is_test,
        }
        line = statement.line_of("body")
        try:
            [found] = ask(
                _RENDER_FUNCTION, arguments, answer=Content, timeout=self.timeout, gate=TEXT_GATE
            )
        except MachineBusy as error:
            why = say("was not made an email yet: {error}; it is tried again", error=str(error))
            raise Postponed.at(statement.origin, why, line=line) from error
        except CutOff as error:
            late = _timeout_message(self.timeout)
            raise TookTooLong.at(statement.origin, late, line=line) from error
        if isinstance(found, InvalidInput):
            raise found
        content: Content = replace(found, segment=statement.segment)
        return content

    @property
    def _arguments(self) -> dict[str, Any]:
        return {
            "publisher": self.publisher,
            "files": self._files,
            "delivery_settings_hash": self.delivery_settings_hash,
        }

    @cached_property
    def templates(self) -> TemplateRenderer:
        """Return the renderer of this process, which also renders transactional email."""
        from newsletter.rendering.mail.renderer import TemplateRenderer

        return TemplateRenderer(**self._arguments)


def review_text(
    statement: Statement,
    content: Content | None,
    context: ReviewContext,
    *,
    timeout: timedelta = RENDER_TIMEOUT,
) -> tuple[ReviewFinding, ...]:
    """Return the review findings of a text. A text that takes too long gets a finding on that."""
    if not is_long(statement):
        from newsletter.rendering.checks import reviewer

        return reviewer.review_text(statement, content, context)
    arguments = {"statement": statement, "content": content, "context": context}
    kind = tuple[ReviewFinding, ...]
    try:
        [found] = ask(_REVIEW_FUNCTION, arguments, answer=kind, timeout=timeout, gate=TEXT_GATE)
    except CutOff as error:
        busy = say("was not reviewed: {error}; try again", error=str(error))
        why = busy if isinstance(error, MachineBusy) else _timeout_message(timeout)
        finding = ReviewFinding(
            check=Check.FAULT, message=why, file=statement.origin, line=statement.line_of("body")
        )
        return sort_findings([finding])
    findings: tuple[ReviewFinding, ...] = found
    return findings


def is_long(*statements: Statement) -> bool:
    """Return whether the texts are together so long that rendering needs a sandbox."""
    from newsletter.rendering.markdown.markdown import MAX_SHORT_CHARS

    fields = ("title", "subject", "summary", "preview", "body")
    length = sum(len(getattr(one, field)) for one in statements for field in fields)
    return length > MAX_SHORT_CHARS


def _timeout_message(timeout: timedelta) -> str:
    late = (
        "takes longer than {seconds} s to be made an email: shorten it, or take out what repeats"
        " signs such as brackets and quotation marks hundreds of times"
    )
    return say(late, seconds=f"{timeout.total_seconds():g}")


def render_here(
    *,
    renderer: Mapping[str, Any],
    statement: Statement,
    translations: Sequence[Statement],
    is_test: bool,
) -> Content:
    """Render in this process, as the function of a sandbox. Raises InvalidInput."""
    from newsletter.rendering.mail.renderer import TemplateRenderer

    return TemplateRenderer(**renderer).render(statement, translations, is_test=is_test)
