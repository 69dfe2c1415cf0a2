"""Queries in the address of a page: a word of a list, a number, or words to search.

No name of a column, an order or a filter ever comes from outside.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

import newsletter.web.desk
from tests.desk import Staffed, desk, words
from tests.rows import rows
from tests.unit.web.desk.work import write
from tests.unit.web.desk.writing import Desk

HOSTILE = ("content_hash", "1 OR 1=1", "'; DROP TABLE staff--", "title,(SELECT 1)", "-1", "١")


@dataclass(frozen=True, kw_only=True)
class Office:
    staffed: Staffed
    draft: str

    def get(self, page: str, /, **asked: str) -> tuple[int, str]:
        path = page.replace("{draft}", self.draft)
        answer = self.staffed.as_("dan").get(f"{path}?{urlencode(asked)}" if asked else path)
        return answer.status, words(answer)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Office]:
    with desk(tmp_path_factory.mktemp("queries"), database=migrated) as staffed:
        write(staffed)
        text = Desk(staffed)
        text.keep()
        yield Office(staffed=staffed, draft=text.at)


PASSED_OVER: list[tuple[str, str]] = [
    ("state", "/statements"),
    ("page", "/statements"),
    ("page", "{draft}/versions"),
    ("page", "/statements/hours/history"),
    ("view", "/statements/hours/look"),
    ("view", "/statements/hours/mail"),
    ("view", "/statements/hours/review"),
    ("view", "{draft}"),
    ("done", ""),
    ("corrects", "/drafts/new"),
    ("page", "/campaigns"),
    ("person", "/audit"),
    ("act", "/audit"),
]
"""Name → page: other words and numbers count as left out."""
NOT_THERE = [
    ("before", "/audit"),
    ("since", "/audit"),
    ("until", "/audit"),
    ("month", "/statements"),
    ("month", "/calendar"),
    ("week", "/calendar"),
    ("version", "{draft}/preview"),
    ("list", "/readers"),
    ("state", "/readers"),
    ("segment", "/readers"),
    ("group", "/settings/change"),
    ("digest", "/digest"),
    ("origin", "/readers"),
    ("since", "/readers"),
    ("until", "/readers"),
]
"""Other numbers and lists are a page that does not exist."""
ELSEWHERE = {"q", "writer", "next", "lapsed", "typed", "columns", "code", "state"}
ELSEWHERE |= {"tag", "language", "name"}
"""Words to look for, here those of a person or about a reader, an address of the desk, a sentence
that follows an undo, words for a time, whether the columns of an upload are shown, and the words of
an identity provider, and the name of a segment to be."""


def asked_for() -> list[ast.expr]:
    """Return the name in each ``visit.query(…)`` of the desk."""
    folder = Path(newsletter.web.desk.__file__).parent
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted(folder.rglob("*.py"))]
    return [
        call.args[0]
        for tree in trees
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "query"
    ]


def test_each_name_is_written_down_here() -> None:
    names = {
        one.value if isinstance(one, ast.Constant) else ast.unparse(one) for one in asked_for()
    }
    assert names == {name for name, _ in (*PASSED_OVER, *NOT_THERE)} | ELSEWHERE


@rows(["name", "page"], PASSED_OVER)
def test_what_is_not_on_the_list_is_passed_over(office: Office, name: str, page: str) -> None:
    plain = office.get(page)
    assert plain[0] == 200
    assert [one for one in HOSTILE if office.get(page, **{name: one}) != plain] == []


@rows(["name", "page"], NOT_THERE)
def test_what_is_no_number_is_not_there(office: Office, name: str, page: str) -> None:
    assert {office.get(page, **{name: one})[0] for one in HOSTILE} == {404}


def test_words_to_look_for_are_words_alone(office: Office) -> None:
    assert "The library opens earlier" in office.get("/statements", q="LIBRARY")[1]
    for one in (*HOSTILE, "%", "_", "lib%", "l_brary", "\\"):
        status, said = office.get("/statements", q=one)
        assert (status, "The library opens earlier" in said) == (200, False), one


def test_no_page_sorts_by_what_it_is_told(office: Office) -> None:
    plain = office.get("/statements")
    for name in ("sort", "order", "order_by", "direction", "fields", "include", "filter", "limit"):
        assert office.get("/statements", **{name: "content_hash"}) == plain
