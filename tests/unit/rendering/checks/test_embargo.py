"""An embargo in a statement's text is found, in time that does not grow with it."""

from dataclasses import replace

from newsletter.domain.statements.statement import Statement
from newsletter.rendering.checks.embargo import embargo_in
from tests.costs import grows_in_proportion
from tests.rows import rows

TEXT = Statement(
    slug="hours", title="The library opens earlier", body="", lists=("press",), language="en"
)
PROSE = "The library on Mill Street opens at nine from the first of December on. " * 8


@rows(
    ["body", "words"],
    [
        (
            f"Embargoed until 1 December 2026, 10:00 London time.\n\n{PROSE}",
            "Embargoed until 1 December 2026, 10:00 London time.",
        ),
        (f"**EMBARGOED**\n**until Monday, 9 am**\n\n{PROSE}", "EMBARGOED until Monday, 9 am"),
        (f"## Under embargo until Monday\n\n{PROSE}", "Under embargo until Monday"),
        (f"- Embargo: 3 December, 9:00\n- Press\n\n{PROSE}", "Embargo: 3 December, 9:00"),
        (f"> Sperrfrist: Montag, 10 Uhr\n\n{PROSE}", "Sperrfrist: Montag, 10 Uhr"),
        (f"    Embargoed until Monday\n\n{PROSE}", "Embargoed until Monday"),
        (f"`Embargoed until Monday`\n\n{PROSE}", "Embargoed until Monday"),
        (f"Press\\\nEmbargoed until Monday\n\n{PROSE}", "Embargoed until Monday"),
        (
            f"{PROSE}\n\nNot for release before Monday at noon.",
            "Not for release before Monday at noon.",
        ),
        (PROSE * 40 + "\n\nEmbargoed until Monday.", "Embargoed until Monday."),
        ("Em\u200bbargoed until Monday.", "Embargoed until Monday."),
        (PROSE, ""),
        (PROSE * 40, ""),
        ("![Embargoed until Monday](https://forum.example/a.png#10x10)", ""),
        (f"{PROSE}\n\nThe council has lifted its arms embargo on Freedonia.", ""),
        ("La ciudad abre. Sin embargo, no cierra hasta las nueve.", ""),
        ("", ""),
    ],
)
def test_it_is_found_however_it_is_set(body: str, words: str) -> None:
    assert embargo_in(replace(TEXT, body=body)) == words


@rows("field", ["title", "subject", "summary", "preview"])
def test_it_is_found_beside_the_text(field: str) -> None:
    said = "Embargoed until Monday: longer hours"
    assert embargo_in(replace(TEXT, body=PROSE, **{field: said})) == said
    assert embargo_in(replace(TEXT, body=PROSE, **{field: "Council lifts embargo"})) == ""


def test_what_its_file_said_when_it_was_read_counts_first() -> None:
    both = replace(TEXT, body="Embargoed until Monday.", embargo="EMBARGO: FRIDAY")
    assert embargo_in(both) == "EMBARGO: FRIDAY"


@rows("piece", ["a ", "embargo until ", "> "])
def test_a_long_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    def look(length: int) -> str:
        return embargo_in(replace(TEXT, body=piece * (length // len(piece))))

    assert grows_in_proportion(look, 1_000_000)
