"""Grades, findings and their order."""

from datetime import UTC, date, datetime
from typing import Any

from newsletter.domain.errors import Fault
from newsletter.domain.statements.review import (
    SEVERITY_OF_CHECK,
    Check,
    ReviewContext,
    ReviewFinding,
    Severity,
    check_names,
    find_context_findings,
    finding_of,
    sort_findings,
)
from newsletter.domain.statements.statement import Statement
from tests.rows import rows


def remark(check: Check, line: int = 0, file: str = "a.md", key: str = "") -> ReviewFinding:
    return ReviewFinding(check=check, message="mend it", file=file, line=line, key=key)


def test_a_remark_says_place_grade_check_and_what_to_do_in_one_line() -> None:
    assert str(remark(Check.PLACEHOLDER, 7)) == "a.md:7: warning placeholder: mend it"
    assert str(remark(Check.SUMMARY)) == "a.md: advice summary: mend it"
    assert str(remark(Check.DATE, 3, key="date")) == "a.md:3 date: advice date: mend it"


def test_every_check_has_a_grade_and_a_short_name() -> None:
    assert set(SEVERITY_OF_CHECK) == set(Check)
    assert all(check.value.replace("-", "").isalpha() for check in Check)
    assert {check for check in Check if SEVERITY_OF_CHECK[check] is Severity.BLOCKING} == {
        Check.FAULT,
        Check.FOREIGN_MERGE_FIELD,
        Check.OPEN_EMBARGO,
        Check.DRAFT_PART,
    }


def test_a_fault_is_blocking_and_keeps_its_place() -> None:
    made = finding_of(Fault(file="a.md", line=2, key="title", message="is missing"))
    assert str(made) == "a.md:2 title: blocking fault: is missing"
    named = Fault(file="a.md", message="{{ x }}", code="merge-mark")
    assert finding_of(named).check is Check.FOREIGN_MERGE_FIELD


def test_remarks_stand_in_the_order_of_the_file_the_gravest_of_a_line_first_and_each_once() -> None:
    late, advice = remark(Check.LINK_TEXT, 9), remark(Check.HEADINGS, 4)
    warning, other = remark(Check.PLACEHOLDER, 4), remark(Check.DATE, 1, file="b.md")
    assert sort_findings([other, late, advice, warning, late]) == (warning, advice, late, other)


def test_the_checks_of_one_grade_are_named_once() -> None:
    findings = [remark(Check.PLACEHOLDER, 1), remark(Check.PLACEHOLDER, 2), remark(Check.DATE)]
    assert check_names(findings, Severity.WARNING) == ("placeholder",)
    assert check_names(findings, Severity.BLOCKING) == ()


TODAY = date(2026, 11, 24)
NOON, ONE = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (12, 13))
GOOD: dict[str, Any] = {
    "slug": "news",
    "title": "Forum resigns from the task force",
    "summary": "One line that inboxes show beside the subject.",
    "body": "The Forum has resigned.",
    "lists": ("press",),
    "language": "en",
    "date": TODAY,
    "origin": "statements/news.md",
}
USUAL: dict[str, Any] = {"today": TODAY, "day": TODAY, "readers": 100, "audience": 100}


def said(around: dict[str, Any] | None = None, **fields: Any) -> dict[Check, str]:
    findings = find_context_findings(
        Statement(**GOOD | fields), ReviewContext(**USUAL | (around or {}))
    )
    return {remark.check: remark.message for remark in findings}


def test_nothing_is_said_of_an_ordinary_statement() -> None:
    assert said() == {}
    assert said({"audience": None}) == {}


@rows(
    ("fields", "check", "words"),
    [
        ({"title": "Forum"}, Check.SUBJECT_LENGTH, "5 characters and says little"),
        ({"title": "x" * 79}, Check.SUBJECT_LENGTH, "79 characters and is cut off"),
        ({"subject": "Forum"}, Check.SUBJECT_LENGTH, "5 characters"),
        ({"summary": ""}, Check.SUMMARY, "there is no summary"),
        ({"summary": "x" * 39}, Check.SUMMARY, "has 39 characters"),
        ({"summary": "x" * 131}, Check.SUMMARY, "has 131 characters"),
        ({"preview": "x" * 131}, Check.SUMMARY, "the preview has 131 characters"),
        ({"title": "FORUM RESIGNS TODAY"}, Check.CAPITALS, "all in capitals"),
        ({"date": date(2025, 11, 20)}, Check.DATE, "is the year right?"),
    ],
)
def test_what_may_be_better_is_said(fields: dict[str, Any], check: Check, words: str) -> None:
    [(found, message)] = said(**fields).items()
    assert found is check
    assert words in message


@rows(
    "fields",
    [
        {"title": "NATO and the EU"},
        {"title": "UNESCO-WHO-UNICEF"},
        {"title": "x" * 78, "summary": "x" * 40},
        {"title": "x" * 10, "summary": "x" * 130},
        {"title": "x" * 200, "subject": "A shorter subject"},
        {"summary": "", "preview": "x" * 40},
        {"date": None},
        {"date": date(2025, 11, 24)},
    ],
)
def test_what_is_good_enough_is_left_alone(fields: dict[str, Any]) -> None:
    assert said(**fields) == {}


@rows(
    ("around", "check", "words"),
    [
        ({"send_at": NOON, "embargo_until": ONE}, Check.EMBARGO, "nothing leaves before that end"),
        (
            {"audience": 0},
            Check.NO_SUBSCRIBERS,
            "no one is on the list 'press', and others have readers",
        ),
        ({"unknown_lists": ("there is no list 'pres'",)}, Check.UNKNOWN_LIST, "there is no list"),
        ({"audience": 0, "readers": 0}, Check.NO_READERS, "no one is on the list 'press' yet"),
        ({"nearby": ("other", "third")}, Check.NEARBY, "get other, third within the hour"),
        ({"repeated": ("other", "third")}, Check.REPEATED, "it says the same as other, third, and"),
        ({"last_audience": 130}, Check.AUDIENCE, "the last one to the same lists went to 130"),
        ({"last_audience": 83}, Check.AUDIENCE, "100 people would get it"),
    ],
)
def test_what_stands_around_it_is_said(around: dict[str, Any], check: Check, words: str) -> None:
    [(found, message)] = said(around).items()
    assert found is check
    assert words in message


@rows(
    "around",
    [
        {"send_at": ONE, "embargo_until": NOON},
        {"send_at": NOON, "embargo_until": NOON},
        {"send_at": NOON},
        {"embargo_until": NOON},
        {"last_audience": 125},
        {"last_audience": 84},
        {"audience": 5, "last_audience": 2},
        {"audience": 5, "last_audience": 0},
    ],
)
def test_what_stands_around_it_as_ever_is_left_alone(around: dict[str, Any]) -> None:
    assert said(around) == {}


def test_an_embargo_without_an_end_blocks_and_one_with_an_end_does_not() -> None:
    words = "EMBARGOED UNTIL FRIDAY"
    [(found, message)] = said(embargo=words).items()
    assert found is Check.OPEN_EMBARGO
    example = "like 2026-11-25 10:00"  # still to come
    assert all(part in message for part in (words, example, "the approver confirms"))
    assert said(embargo=words, embargo_until=datetime(2026, 11, 24, 12, tzinfo=UTC)) == {}


def test_a_remark_stands_at_the_key_it_speaks_of_or_at_no_line() -> None:
    places = (("title", 2), ("lists", 5), ("body", 9))
    around = ReviewContext(**USUAL | {"audience": 0})
    statement = Statement(**GOOD | {"places": places, "title": "Forum", "lists": ("a", "b")})
    found = {remark.check: remark for remark in find_context_findings(statement, around)}
    assert found[Check.SUBJECT_LENGTH].place == "statements/news.md:2 title"
    assert found[Check.NO_SUBSCRIBERS].place == "statements/news.md:5 lists"
    assert "the lists 'a' or 'b'" in found[Check.NO_SUBSCRIBERS].message
    [bare] = find_context_findings(Statement(**GOOD | {"summary": ""}), ReviewContext(**USUAL))
    assert (bare.line, bare.key, bare.place) == (0, "", "statements/news.md")
