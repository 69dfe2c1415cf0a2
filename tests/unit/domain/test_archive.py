"""Words typed into the search field: few and harmless terms from any input."""

from newsletter.domain.archive import MAX_SEARCH_CHARS, Term, parse_search
from tests.rows import rows


def read(typed: str) -> list[str]:
    """Each term; with a star where words may merely begin so."""
    return [one.text + "*" * (not one.is_whole_word) for one in parse_search(typed)]


@rows(
    ("typed", "expected"),
    [
        ("library hours", ["library*", "hours*"]),
        ('"library hours" today', ["library hours", "today*"]),
        ("“library hours” «open» „now“", ["library hours", "open", "now"]),
        ('"library hours', ["library*", "hours*"]),
        ('libr"ary ho"urs', ["libr*", "ary ho", "urs*"]),
        ("EU law", ["EU", "law*"]),
        ("COVID-19 don't", ["COVID-19*", "don't*"]),
        ("library library", ["library*"]),
        ("", []),
        ('"" " " ! * ( 📚 _', []),
        ("a\x00b\tc\u0085d", ["a", "b", "c", "d"]),
        ("x\ud800yes", ["x", "yes*"]),
        ("Sa\u0303o", ["São*"]),
        ("می‌خواهم مكتبة", ["می‌خواهم*", "مكتبة*"]),
    ],
)
def test_words_and_phrases_are_told_apart(typed: str, expected: list[str]) -> None:
    assert read(typed) == expected


def test_there_are_only_so_many_terms_of_so_many_characters() -> None:
    assert len(parse_search(" ".join(map(str, range(100))))) == 16
    assert parse_search("a" * 10_000) == (Term(text="a" * MAX_SEARCH_CHARS, is_whole_word=False),)
    assert parse_search(" " * MAX_SEARCH_CHARS + "late") == ()
