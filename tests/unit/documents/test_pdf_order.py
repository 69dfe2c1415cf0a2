"""In which order the lines and letters of a PDF are read."""

from dataclasses import dataclass
from typing import Any

from newsletter.documents.markup.pdf_layout import order_parts, reading_order
from tests.rows import rows

AMMAN, HAIFA = "\u0639\u0645\u0627\u0646", "\u05d7\u05d9\u05e4\u05d4"
WORDS = "The towns of Upper and Lower Penny share one fire engine"


@rows(
    ("seen", "read", "is_rtl"),
    [
        ("plain words, 14", "plain words, 14", False),
        (f"in {AMMAN[::-1]} today", f"in {AMMAN} today", False),
        (f"{AMMAN[::-1]} 14 {HAIFA[::-1]} so", f"{HAIFA} 14 {AMMAN} so", False),
        (f".{AMMAN[::-1]}", f"{AMMAN}.", True),
        (f"18:00 - 10:30 {AMMAN[::-1]}", f"{AMMAN} 10:30 - 18:00", True),
        (f".{HAIFA[::-1]} Dr. A b 2 {AMMAN[::-1]}", f"{AMMAN} Dr. A b 2 {HAIFA}.", True),
        ("Route 9, so", "Route 9, so", True),
        (f"0198 5550 2 20+ :{HAIFA[::-1]}", f"{HAIFA}: +20 2 5550 0198", True),
        ("", "", True),
    ],
)
def test_letters_are_read_their_own_way(seen: str, read: str, is_rtl: bool) -> None:
    assert "".join(seen[n] for n in reading_order(seen, is_rtl=is_rtl)) == read


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A line of letters, as pdfminer finds them."""

    x0: float
    x1: float
    y1: float
    text: str = WORDS
    height: float = 10

    @property
    def y0(self) -> float:
        return self.y1 - self.height


def column(left: float, right: float, *, top: float = 700, lines: int = 3) -> list[Drawn]:
    return [Drawn(x0=left, x1=right, y1=top - 14 * n) for n in range(lines)]


LEFT, RIGHT = column(70, 290), column(330, 560, lines=4)
TITLE, FOOT = Drawn(x0=70, x1=560, y1=760), Drawn(x0=70, x1=560, y1=40)


@rows(
    ("drawn", "read"),
    [
        ([TITLE, *LEFT, *RIGHT, FOOT], [TITLE, *LEFT, *RIGHT, FOOT]),
        ([TITLE, *RIGHT, *LEFT], [TITLE, *RIGHT, *LEFT]),  # from right to left
        ([*LEFT, *RIGHT, TITLE, FOOT], [TITLE, *LEFT, *RIGHT, FOOT]),  # edges come last
        ([FOOT, *LEFT, *RIGHT], [*LEFT, *RIGHT, FOOT]),
        ([LEFT[0], LEFT[2], LEFT[1]], LEFT),  # what is bold comes last
        ([*LEFT[:2], *column(330, 560, top=600)], [*LEFT[:2], *column(330, 560, top=600)]),
        ([*RIGHT, *LEFT] * 99, [*RIGHT, *LEFT] * 99),  # too much to compare
        ([], []),
    ],
)
def test_columns_are_read_as_the_file_draws_them(drawn: list[Drawn], read: list[Drawn]) -> None:
    lines: list[Any] = list(drawn)
    ordered: list[Any] = [one for part in order_parts(lines) for one in part]
    assert ordered == read
