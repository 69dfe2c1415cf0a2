"""The contract of everything that summarises a statement."""

from dataclasses import replace
from datetime import date

import pytest

from newsletter.domain.statements.statement import Statement
from newsletter.rendering.mail.details import Abstracts

WENT_OUT = date(2026, 11, 27)
RESIGNATION = Statement(
    slug="resignation",
    title="Forum *resigns* — “at once”",
    body="It had to, for the report does not mend what is wrong with it.",
    lists=("press",),
    language="en",
    date=date(2026, 11, 25),
    summary="One line.",
)


class AbstractsContract:
    def test_the_title_is_that_of_the_statement_sign_by_sign(self, abstracts: Abstracts) -> None:
        assert abstracts.of(RESIGNATION, WENT_OUT, "en").title == RESIGNATION.title

    def test_the_address_is_that_of_its_page(self, abstracts: Abstracts) -> None:
        address = abstracts.of(RESIGNATION, WENT_OUT, "en").address
        assert address == "https://news.forum.example/archive/resignation"

    def test_its_own_date_goes_before_the_day_it_went_out(self, abstracts: Abstracts) -> None:
        undated = replace(RESIGNATION, date=None)
        own = abstracts.dated(date(2026, 11, 25), "en")
        assert abstracts.of(RESIGNATION, WENT_OUT, "en").dated == own
        assert abstracts.of(undated, WENT_OUT, "en").dated == abstracts.dated(WENT_OUT, "en") != own

    def test_its_summary_is_its_opening(self, abstracts: Abstracts) -> None:
        assert abstracts.of(RESIGNATION, WENT_OUT, "en").opening == "One line."

    def test_where_nothing_is_said_there_is_no_opening(
        self, subtests: pytest.Subtests, abstracts: Abstracts
    ) -> None:
        for body in ["", "\n\n", "# Only a heading"]:
            with subtests.test(body=body):
                silent = replace(RESIGNATION, summary="", body=body)
                assert abstracts.of(silent, WENT_OUT, "en").opening == ""

    def test_the_same_statement_has_the_same_abstract(self, abstracts: Abstracts) -> None:
        once, again = (abstracts.of(RESIGNATION, WENT_OUT, "es") for _ in range(2))
        assert once == again
