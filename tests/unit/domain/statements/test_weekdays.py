"""Days of the week that do not match the date next to them, and the many that do."""

from datetime import date

from newsletter.domain.statements.weekdays import find_mismatches
from tests.rows import rows

ABOUT = date(2026, 11, 24)


@rows(
    ("text", "right", "year"),
    [
        ("on Tuesday, 21 September 2011 in Washington", "Wednesday", 2011),
        ("Tuesday, September 21, 2011", "Wednesday", 2011),
        ("Tue., Sept. 21st, 2011", "Wednesday", 2011),
        ("Tuesday the 21st of September, 2011", "Wednesday", 2011),
        ("September 21, 2011 (Tuesday)", "Wednesday", 2011),
        ("21 September 2011 (Tuesday)", "Wednesday", 2011),
        ("Monday, November 24 at noon", "Tuesday", 2026),
        ("Friday, January 2", "Saturday", 2027),
        ("martes, 21 de septiembre de 2011", "Wednesday", 2011),
        ("el Jueves 24 de noviembre", "Tuesday", 2026),
        ("21 de setiembre de 2011 (martes)", "Wednesday", 2011),
        ("am Mittwoch, dem 24. November 2026, um 10 Uhr", "Tuesday", 2026),
        ("Mi., 24.11.2026", "Tuesday", 2026),
        ("24. November 2026 (Mittwoch)", "Tuesday", 2026),
        ("Sonnabend, 2. März", "Tuesday", 2027),
        ("le mercredi 24 novembre 2026 à 9 h", "Tuesday", 2026),
        ("jeu. 1er déc. 2026", "Tuesday", 2026),
        ("24 novembre 2026 (lundi)", "Tuesday", 2026),
        ("Tuesday, 31 September 2011", "", 2011),
        ("Sonntag, 31. April", "", 2027),
        ("Sunday, February 29, 2023", "", 2023),
    ],
)
def test_a_day_that_is_not_that_of_the_date_is_found(text: str, right: str, year: int) -> None:
    [found] = find_mismatches(text, about=ABOUT)
    assert ((found.right and f"{found.right:%A}") or "", found.year) == (right, year)
    assert text[found.offset :].startswith(found.written)


@rows(
    "text",
    [
        "on Wednesday, 21 September 2011 in Washington",
        "Wednesday, September 21, 2011, and Thursday, September 22, 2011",
        "miércoles, 21 de septiembre de 2011",
        "Tuesday, November 24, at noon",
        "Friday, January 1",
        "Thursday, December 31",
        "Saturday and Sunday, November 28 and 29",
        "Monday through Friday, November 23-27",
        "Monday–Friday, November 27",
        "sábado y domingo 28 de noviembre",
        "Dienstag, den 24. November 2026",
        "Di., 24.11.",
        "Samstag und Sonntag, 28. November",
        "Donnerstag, 4.50 Euro",
        "du lundi 23 au mardi 24 novembre 2026",
        "samedi et dimanche 28 novembre",
        "mar. 24 nov.",
        "Every Tuesday in May 2024",
        "Thursday, May 35",
        "Tuesday, May 3, 0020",
    ],
)
def test_a_date_that_is_right_and_what_is_none_are_left_alone(text: str) -> None:
    assert not list(find_mismatches(text, about=ABOUT))


def test_a_date_without_a_year_is_the_nearest_one() -> None:
    assert not list(find_mismatches("Thursday, December 31", about=date(2027, 1, 5)))  # of 2026
    assert not list(find_mismatches("Friday, January 1", about=date(2026, 12, 20)))  # of 2027
    assert list(find_mismatches("Friday, January 1", about=date(2026, 1, 20)))
