"""Imports of long texts: each search among their lines is linear."""

from contextlib import suppress
from datetime import date
from itertools import count

import pytest

from newsletter.documents.importing import import_file
from newsletter.domain.errors import InvalidInput
from tests.costs import grows_in_proportion
from tests.rows import rows

_TODAY = date(2026, 12, 2)
_SIZE = 100_000
_STATEMENT = """

Council Backs the New Plan for the River

London, 3 March 2026 – The council backs the new plan for the river, as its speaker said today.
"""
_numbers = count()
"""Another number in each line of each text: a cache would hide what a search costs."""


@pytest.mark.slow("long texts, several times")
@rows(
    ["name", "line"],
    [
        ("titles.txt", "Council Opens Wing {} of the New Hospital\n\n"),
        ("sentences.txt", "Council opens wing {} of the new hospital.\n\n"),
        ("menu.txt", "- News {}\n"),
        ("bullets.txt", "• Wing {} of the new hospital opens and we all know it.\n• Print.\n\n"),
        ("menu.html", '<li><a href="/{0}">News {0}</a></li>'),
        ("headings.html", "<h2>Council Opens Wing {} of the New Hospital</h2>"),
        ("marks.html", '<sup><a href="#fn{0}">{0}</a></sup>'),
        ("times.txt", "Wing {} of the new hospital opens on Monday at 10 am for all.\n\n"),
        ("text.txt", "All of us know wing {} of the new hospital, as our speaker said before.\n"),
    ],
)
def test_a_long_head_takes_time_in_proportion_to_its_length(name: str, line: str) -> None:
    def read(size: int) -> None:
        head = "".join(line.format(next(_numbers)) for _ in range(size // len(line)))
        with suppress(InvalidInput):
            import_file((head + _STATEMENT).encode(), today=_TODAY, file=name)

    assert grows_in_proportion(read, _SIZE)
