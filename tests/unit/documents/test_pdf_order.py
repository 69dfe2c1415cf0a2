"""In which order the lines and letters of a PDF are read."""

from dataclasses import dataclass
from itertools import cycle, islice

from newsletter.documents.markup.pdf_layout import reading_order, split_columns
from tests.rows import rows

AMMAN, HAIFA = "\u0639\u0645\u0627\u0646", "\u05d7\u05d9\u05e4\u05d4"
WORDS = "The towns of Upper and Lower Penny share one fire engine"


@rows(
    ("seen", "read", "to_left"),
    [
        ("plain words, 14", "plain words, 14", False),
        (f"in {AMMAN[::-1]} today", f"in {AMMAN} today", False),
        (f"{AMMAN[::-1]} 14 {HAIFA[::-1]} so", f"{HAIFA} 14 {AMMAN} so", False),
        (f".{AMMAN[::-1]}", f"{AMMAN}.", True),
        (f"18:00 - 10:30 {AMMAN[::-1]}", f"{AMMAN} 10:30 - 18:00", True),
        (f".{HAIFA[::-1]} Dr. A b 2 {AMMAN[::-1]}", f"{AMMAN} Dr. A b 2 {HAIFA}.", True),
        ("Route 9, so", "Route 9, so", True),
        ("", "", True),
    ],
)
def test_letters_are_read_their_own_way(seen: str, read: str, to_left: bool) -> None:
    assert "".join(seen[n] for n in reading_order(seen, to_left=to_left)) == read


@dataclass(frozen=True)
class Line:
    text: str
    left: float
    right: float
    top: float


def page(*columns: tuple[float, float, str], lines: int = 5) -> list[Line]:
    """Lines next to each other, in the order of the page."""
    return [
        Line(text=f"{text} {n}", left=left, right=right, top=700 - 14 * n)
        for n in range(lines)
        for left, right, text in columns
    ]


def test_columns_are_read_one_after_the_other_below_what_stands_over_them() -> None:
    lines = page((70, 220, WORDS), (240, 390, WORDS), (410, 560, WORDS))
    title, foot = Line(WORDS, 70, 560, 760), Line(WORDS, 70, 500, 500)
    parts = split_columns([foot, *lines, title])
    assert parts == [[title], lines[0::3], lines[1::3], lines[2::3], [foot]]


def test_a_table_in_a_column_is_none_and_short_last_lines_are_text() -> None:
    cells = [Line(str(n), 70 + 60 * n, 100 + 60 * n, 500 - 14 * m) for m in (0, 1) for n in (0, 1)]
    left, right = page((70, 300, WORDS)), page((330, 560, WORDS), (330, 350, "so."), lines=4)
    assert split_columns([*left, *cells, *right]) == [[*left, *cells], right]


@rows(
    "lines",
    [
        page((70, 560, WORDS)),
        page((70, 220, "Aspen"), (240, 390, "22"), (410, 560, "24")),  # a table
        page((70, 220, "10:30"), (240, 560, WORDS)),  # hours, and what happens then
        page((70, 300, WORDS), (330, 560, WORDS), lines=3),
        list(islice(cycle(page((70, 300, WORDS), (330, 560, WORDS))), 1_000)),
        [*page((70, 300, WORDS)), *(Line(WORDS, 330, 560, 300 - 14 * n) for n in range(5))],
    ],
)
def test_what_is_no_column_stays_in_one_part(lines: list[Line]) -> None:
    assert split_columns(lines) == [lines]


def test_a_page_without_lines_has_no_part() -> None:
    assert split_columns([]) == []
