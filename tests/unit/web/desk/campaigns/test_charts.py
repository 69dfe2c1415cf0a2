"""Curves and bars have an even grid; a curve ends where nearly all has come, and has a table."""

from datetime import UTC, datetime, timedelta

from newsletter.web.desk.campaigns.charts import build_bars, build_curve
from tests.rows import rows

START = datetime(2026, 11, 27, 15, tzinfo=UTC)


def minutes(*counts: int) -> list[tuple[datetime, int]]:
    return [(START + timedelta(minutes=at), count) for at, count in enumerate(counts) if count]


def test_nothing_has_no_course() -> None:
    assert build_curve([], START) is None


def test_a_course_says_when_half_had_come_and_its_table_grows_to_the_whole() -> None:
    found = build_curve(minutes(100, 300, 500, 80, *[0] * 4000, 20), START)
    assert found.half_at == START + timedelta(minutes=3)
    assert found.last == START + timedelta(minutes=4004)
    assert [many for _, many in found.rows] == [0, 100, 400, 900, 980]
    assert [value for _, value in found.lines] == [0, 200, 400, 600, 800, 1000]
    assert found.path.startswith("M0.0 180.0L0.0 180.0L125.0 162.0L250.0 108.0")
    assert found.rows[-1][0] == START + timedelta(minutes=4)


def test_a_course_shows_no_time_that_is_still_to_come() -> None:
    for after, shown in ((1, 1), (3, 3), (4, 4), (5, 3)):  # minutes, and steps of 1 or 2
        found = build_curve(minutes(*[0] * (after - 1), 7), START)
        assert [many for _, many in found.rows] == [*[0] * shown, 7], after


@rows(
    ["total", "grid"],
    [
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (4151, [0, 1000, 2000, 3000, 4000, 5000]),
        (7, [0, 2, 4, 6, 8]),
    ],
)
def test_the_grid_has_even_steps(total: int, grid: list[int]) -> None:
    found = build_curve(minutes(total), START)
    assert [value for _, value in found.lines] == grid


def test_bars_share_a_grid_above_and_below_zero_and_have_their_places() -> None:
    found = build_bars([(60, 0), (0, 30)])
    assert found.lines == [(180, 40), (144, 20), (108, 0), (72, 20), (36, 40), (0, 60)]
    assert found.width == 30
    assert found.bars == [(10, 0, 108, 0), (60, 108, 0, 54)]


def test_weeks_without_anybody_have_one_line() -> None:
    found = build_bars([(0, 0), (0, 0)])
    assert found.lines == [(0, 0)]
    assert [bar[1:] for bar in found.bars] == [(0, 0, 0)] * 2
