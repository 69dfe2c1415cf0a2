"""The words above a statement that was corrected or withdrawn."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from newsletter.rendering.mail.files import default_templates, read_templates
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.mail.values import Wordings
from newsletter.web.public.archive.notices import notice_of
from newsletter.web.public.archive.shelf import Published
from tests.rows import rows

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAIN = Published(slug="a", content_hash="d", original="a", began_at=NOON, updated_at=NOON)
CORRECTED = replace(PLAIN, corrected_by="b")
FILTERS = ("breakable", "dialled", "isolated", "underlined", "wrapped")


@pytest.fixture(scope="module")
def wordings() -> Wordings:
    return Wordings(
        Templates(read_templates(default_templates()), filters=dict.fromkeys(FILTERS, str))
    )


@rows(
    ("language", "day"),
    [
        ("en", "24 November 2026"),
        ("es", "24 de noviembre de 2026"),
        ("fr", "24 novembre 2026"),
        ("de", "24. November 2026"),
        ("pt-BR", "24 de novembro de 2026"),
        ("ar", "2026"),
    ],
)
def test_it_speaks_the_statements_language(wordings: Wordings, language: str, day: str) -> None:
    notice = notice_of(CORRECTED, DAY, language, wordings)

    assert notice is not None
    assert day in notice.text
    assert notice.language == language[:2]
    assert notice.direction == ("rtl" if language == "ar" else "ltr")
    assert notice.link == "b"


def test_other_languages_get_it_in_english_and_marked_so(wordings: Wordings) -> None:
    notice = notice_of(replace(PLAIN, withdrawn=True), DAY, "he", wordings)

    assert notice is not None
    assert notice.text == "This statement was withdrawn on 24 November 2026."
    assert (notice.language, notice.direction, notice.link) == ("en", "ltr", "")


def test_there_is_nothing_to_say_of_the_others(wordings: Wordings) -> None:
    assert notice_of(PLAIN, DAY, "en", wordings) is None


def test_a_correction_says_so(wordings: Wordings) -> None:
    notice = notice_of(replace(PLAIN, corrects="b"), DAY, "en", wordings)

    assert notice is not None
    assert (notice.text, notice.link) == ("This corrects an earlier statement.", "b")
