"""The figures as a table, a row a mail, and the worst of each below."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bench.judge.figures import Figures
from bench.judge.support import FAMILIES

_T = TypeVar("_T")
_Cells = list[str]
_COLUMNS = (
    "statement",
    "words",
    "HTML",
    "message",
    *FAMILIES.values(),
    "all four",
    "vnu",
    "html-validate",
    "axe light/dark",
    "width",
    "SpamAssassin",
    "defects",
    "DKIM",
    "same bytes",
)
_NUMBERS_FROM = 1
_MISSING = "–"
_LONGEST_NAME = 40


def rows(several: Sequence[Figures]) -> list[_Cells]:
    """A row for each mail, and the worst figure of each column."""
    return [*map(_row, several), _worst(several)]


def plain(several: Sequence[Figures]) -> str:
    """For a terminal."""
    whole = [list(_COLUMNS), *rows(several)]
    widths = [max(len(row[place]) for row in whole) for place in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(_padded(cell, width, place) for place, (cell, width) in enumerate(pairs)).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in whole)
    )


def markdown(several: Sequence[Figures]) -> str:
    """For a document."""
    rule = ["---", *["--:"] * (len(_COLUMNS) - _NUMBERS_FROM)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (_COLUMNS, rule, *rows(several)))


def _padded(cell: str, width: int, place: int) -> str:
    return cell.rjust(width) if place >= _NUMBERS_FROM else cell.ljust(width)


def _row(one: Figures) -> _Cells:
    return [
        _shortened(one.name) + (" (image)" if one.has_images else ""),
        f"{one.words:,}",
        f"{one.html_bytes:,}",
        f"{one.message_bytes:,}",
        *(_decimal(_family(one, family)) for family in FAMILIES),
        _decimal(one.support.overall if one.support else None),
        _count(one.checker),
        _count(one.validate),
        f"{_count(one.light)} / {_count(one.dark)}",
        _widths([one]),
        _spam(one),
        _count(_defects(one)),
        _yes(one.dkim),
        _yes(one.stable),
    ]


def _worst(several: Sequence[Figures]) -> _Cells:
    def least(value: Callable[[Figures], float | None]) -> str:
        return _decimal(min(_known(map(value, several)), default=None))

    def most(value: Callable[[Figures], tuple[str, ...] | None]) -> str:
        return _count(max(_known(map(value, several)), key=len, default=None))

    return [
        "worst",
        f"{max(each.words for each in several):,}",
        f"{max(each.html_bytes for each in several):,}",
        f"{max(each.message_bytes for each in several):,}",
        *(
            _decimal(min(_known(_family(each, family) for each in several), default=None))
            for family in FAMILIES
        ),
        least(lambda one: one.support.overall if one.support else None),
        most(lambda one: one.checker),
        most(lambda one: one.validate),
        f"{most(lambda one: one.light)} / {most(lambda one: one.dark)}",
        _widths(several),
        _decimal(max(_known(each.spam for each in several), default=None)),
        most(_defects),
        _yes(min(_known(each.dkim for each in several), default=None)),
        _yes(all(each.stable for each in several)),
    ]


def _family(one: Figures, family: str) -> float | None:
    return one.support.families[family] if one.support else None


def _known(values: Iterable[_T | None]) -> Iterable[_T]:
    return (value for value in values if value is not None)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _spam(one: Figures) -> str:
    form = "" if one.spam_of_form is None else f" (form {_decimal(one.spam_of_form)})"
    return _decimal(one.spam) + form


def _defects(one: Figures) -> tuple[str, ...] | None:
    return None if one.parser is None else one.parser + (one.stdlib or ())


def _widths(several: Sequence[Figures]) -> str:
    """The widest of each state: as it is, without images, without styles; once if all agree."""
    states = [
        max(_known(widths), default=None)
        for widths in zip(
            *(
                (each.width, each.width_without_images, each.width_without_styles)
                for each in several
            ),
            strict=True,
        )
    ]
    shown = [_MISSING if width is None else str(width) for width in states]
    return shown[0] if len(set(shown)) == 1 else " / ".join(shown)


def _decimal(value: float | None) -> str:
    return _MISSING if value is None else f"{value + 0.0:.1f}"


def _count(told: tuple[str, ...] | None) -> str:
    return _MISSING if told is None else str(len(told))


def _yes(held: bool | None) -> str:
    return _MISSING if held is None else "yes" if held else "NO"
