"""Grades, remarks and their order."""

from newsletter.domain.errors import Fault
from newsletter.domain.statements.review import (
    SEVERITIES,
    Check,
    ReviewFinding,
    Severity,
    codes,
    in_order,
    remark_of,
)


def remark(check: Check, line: int = 0, file: str = "a.md", key: str = "") -> ReviewFinding:
    return ReviewFinding(check=check, message="mend it", file=file, line=line, key=key)


def test_a_remark_says_place_grade_check_and_what_to_do_in_one_line() -> None:
    assert str(remark(Check.PLACEHOLDER, 7)) == "a.md:7: warning placeholder: mend it"
    assert str(remark(Check.SUMMARY)) == "a.md: advice summary: mend it"
    assert str(remark(Check.DATE, 3, key="date")) == "a.md:3 date: advice date: mend it"


def test_every_check_has_a_grade_and_a_short_name() -> None:
    assert set(SEVERITIES) == set(Check)
    assert all(check.value.replace("-", "").isalpha() for check in Check)
    assert {check for check in Check if SEVERITIES[check] is Severity.BLOCKING} == {
        Check.FAULT,
        Check.MERGE_MARK,
        Check.OPEN_EMBARGO,
    }


def test_a_fault_is_blocking_and_keeps_its_place() -> None:
    made = remark_of(Fault(file="a.md", line=2, key="title", message="is missing"))
    assert str(made) == "a.md:2 title: blocking fault: is missing"
    named = Fault(file="a.md", message="{{ x }}", code="merge-mark")
    assert remark_of(named).check is Check.MERGE_MARK


def test_remarks_stand_in_the_order_of_the_file_the_gravest_of_a_line_first_and_each_once() -> None:
    late, advice = remark(Check.LINK_TEXT, 9), remark(Check.HEADINGS, 4)
    warning, other = remark(Check.PLACEHOLDER, 4), remark(Check.DATE, 1, file="b.md")
    assert in_order([other, late, advice, warning, late]) == (warning, advice, late, other)


def test_the_checks_of_one_grade_are_named_once() -> None:
    remarks = [remark(Check.PLACEHOLDER, 1), remark(Check.PLACEHOLDER, 2), remark(Check.DATE)]
    assert codes(remarks, Severity.WARNING) == ("placeholder",)
    assert codes(remarks, Severity.BLOCKING) == ()
