"""The words of a text around those that the board's search found."""

from newsletter.domain.campaigns.state import BoardSearch
from newsletter.store.statements.board import make_excerpt
from tests.rows import rows

LONG = f"{'word ' * 40}**Frau** [Müllers](https://forum.example/m) Rede.{' last' * 40}"
BEFORE, AFTER = [("word", False)] * 3, [("last", False)] * 26


@rows(
    ["words", "text", "found"],
    [
        (
            "MULLER rede",
            LONG,
            [*BEFORE, ("Frau", False), ("Müllers", True), ("Rede.", True), *AFTER],
        ),
        ("cafe", "Cafe\u0301 & <b>", [("Cafe\u0301", True), ("&", False), ("<b>", False)]),
        ("uller", "# Müller", [("", False), ("Müller", True)]),
        ("nothing", LONG, []),
        ("", LONG, []),
    ],
)
def test_an_excerpt_begins_shortly_before_the_first_hit(
    words: str, text: str, found: list[tuple[str, bool]]
) -> None:
    parts = make_excerpt(BoardSearch(words=words), text)
    assert [(one.text, one.is_match) for one in parts] == found
