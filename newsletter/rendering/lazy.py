"""The renderer and the reviewer, loaded when somebody asks: what they take is loaded then."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.domain.delivery.transactional import EmailText
    from newsletter.domain.statements.content import Content, Publisher
    from newsletter.domain.statements.review import ReviewContext, ReviewFinding
    from newsletter.domain.statements.statement import Statement
    from newsletter.rendering.mail.files import TemplateFiles
    from newsletter.rendering.mail.renderer import TemplateRenderer
    from newsletter.rendering.mail.words import Wordings


class LazyRenderer:
    """Reads the templates once anybody asks, and parses them for mails and words.

    All but the fingerprint raises InvalidInput for a template that cannot be read or parsed.
    """

    def __init__(self, *, house: Publisher, override: Path | None, carriage: str) -> None:
        self._house = house
        self._override = override
        self._carriage = carriage

    @cached_property
    def _files(self) -> TemplateFiles:
        from newsletter.rendering.mail.files import mail_templates

        return mail_templates(self._override)

    @cached_property
    def fingerprint(self) -> str:
        """As the renderer's own."""
        from newsletter.rendering.mail.files import fingerprint

        return fingerprint(self._files, self._house, self._carriage)

    @property
    def wordings(self) -> Wordings:
        """The fixed words of mails, by language."""
        return self._renderer.wordings

    def prepare(self) -> None:
        """Parse the templates. Raises InvalidInput."""
        _ = self._renderer

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, test: bool = False
    ) -> Content:
        """As the renderer does, within a time. Raises TookTooLong or Postponed too."""
        from newsletter.rendering.apart import Look, is_long, render_apart

        renderer = self._renderer
        if not is_long(statement, *translations):
            return renderer.render(statement, translations, test=test)
        look = Look(house=self._house, files=self._files, carriage=self._carriage)
        return render_apart(statement, translations, test=test, look=look)

    def transactional(
        self,
        says: EmailText,
        *,
        language: str,
        url: str,
        lists: tuple[str, ...] = (),
        about: str = "",
    ) -> Content:
        """As the renderer does."""
        return self._renderer.transactional(
            says, language=language, url=url, lists=lists, about=about
        )

    @cached_property
    def _renderer(self) -> TemplateRenderer:
        from newsletter.rendering.mail.renderer import TemplateRenderer

        return TemplateRenderer(house=self._house, files=self._files, carriage=self._carriage)


def review_text(
    statement: Statement, content: Content | None, around: ReviewContext
) -> tuple[ReviewFinding, ...]:
    """As the reviewer does, within a time."""
    from newsletter.rendering.apart import is_long, review_apart
    from newsletter.rendering.checks import reviewer

    review = review_apart if is_long(statement) else reviewer.review_text
    return review(statement, content, around)
