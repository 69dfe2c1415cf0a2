"""Marks of other mailing programs: refused with their line."""

from newsletter.domain.errors import Fault
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.markdown.faults import faults_of_statement
from newsletter.rendering.markdown.markdown import read_markdown
from tests.rows import rows


def faults(body: str, **fields: str) -> tuple[Fault, ...]:
    places = (("title", 2), ("body", 5))
    statement = Statement(
        **{"slug": "a", "title": "Forum", "body": body, "language": "en", **fields},  # type: ignore[arg-type]
        lists=("press",),
        origin="a.md",
        places=places,
    )
    return tuple(faults_of_statement(statement, read_markdown(body, "en")))


@rows(
    "mark",
    [
        *("{{ name }}", "{{{name}}}", "{{#if x}}", "{% if name %}", "*|FNAME|*", "*|MC:SUBJECT|*"),
        *("%recipient.name%", "%%First Name%%", "%FIRSTNAME%", "%first_name%"),
        *("[[data:name]]", "{$name}", "<%= name %>", "${name}"),
    ],
)
def test_a_mark_that_readers_would_see_is_refused_at_its_line(mark: str) -> None:
    [fault] = faults(f"Dear friends,\ndear {mark}, hello.")
    assert fault.place == "a.md:6"
    assert fault.code == "merge-mark"
    assert repr(mark) in fault.message


@rows(
    ("written", "seen"),
    [
        (r"\*|FNAME|\*", "*|FNAME|*"),
        (r"%FIRST\_NAME%", "%FIRST_NAME%"),
        (r"\[\[data:name\]\]", "[[data:name]]"),
        (r"\<%= name %>", "<%= name %>"),
    ],
)
def test_a_mark_that_an_import_wrote_as_plain_text_is_refused_too(written: str, seen: str) -> None:
    [fault] = faults(f"Dear friends,\ndear {written}, hello.")
    assert fault.place == "a.md:6"
    assert repr(seen) in fault.message


def test_a_mark_in_an_address_or_the_front_matter_is_refused_too() -> None:
    assert faults("[words](https://forum.example/?id={{id}})")[0].code == "merge-mark"
    assert faults("[words](https://forum.example/?id=%7B%7Bid%7D%7D)")[0].code == "merge-mark"
    [fault] = faults("Text.", title="Dear {{ name }}")
    assert fault.place == "a.md:2 title"
    [fault] = faults("Text.", summary="Dear {{ name }}")
    assert fault.place == "a.md"


@rows(
    "body",
    [
        "It is {{ 7 * 7 }}, {% raw %}, { name } and {}.",
        "Write `{{ name }}` there.\n\n```\n*|FNAME|*\n```\n\n    %FIRSTNAME%",
        "50% of men and 40% of women, 5%off and %20; [[1]](https://forum.example) [a][b].",
        "See [[words]](https://forum.example).",
        "$5 {five} <b> | *a|b*",
    ],
)
def test_what_is_no_mark_passes(body: str) -> None:
    assert faults(body) == ()


def test_a_link_that_no_mail_may_have_is_named_with_its_line() -> None:
    [fault] = faults("One.\n\n[about us](/about)")
    assert fault.place == "a.md:7"
    assert "is relative" in fault.message
