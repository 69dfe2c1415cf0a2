"""What was said of each maker's mails, a row a maker."""

from collections.abc import Callable, Mapping, Sequence

from bench.judge.figures import Figures
from bench.judge.support import FAMILIES

COLUMNS = (
    "made by",
    "mails",
    "HTML, mean",
    *FAMILIES.values(),
    "all four",
    "vnu",
    "html-validate",
    "axe light/dark",
    "width",
    "SpamAssassin",
)
_MISSING = "–"


def makers(judged: Mapping[str, Sequence[Figures]]) -> str:
    """Lowest scores, sums of objections, the widest page and the most points for the form."""
    return _drawn(COLUMNS, [_row(maker, figures) for maker, figures in judged.items()])


def by_mail(judged: Mapping[str, Sequence[Figures]]) -> str:
    """The score over all four, a row a mail and a column a maker."""
    names = [one.name for one in next(iter(judged.values()))]
    rows = [
        [name, *(_score([figures[place]]) for figures in judged.values())]
        for place, name in enumerate(names)
    ]
    return _drawn(["mail", *judged], rows)


def _row(maker: str, several: Sequence[Figures]) -> list[str]:
    def summed(told: Callable[[Figures], tuple[str, ...] | None]) -> str:
        answers = [told(one) for one in several]
        return _MISSING if None in answers else str(sum(len(one or ()) for one in answers))

    return [
        maker,
        str(len(several)),
        f"{round(sum(one.html_bytes for one in several) / len(several)):,}",
        *(_score(several, family) for family in FAMILIES),
        _score(several),
        summed(lambda one: one.checker),
        summed(lambda one: one.validate),
        f"{summed(lambda one: one.light)} / {summed(lambda one: one.dark)}",
        _widths(several),
        _spam(several),
    ]


def _score(several: Sequence[Figures], family: str = "") -> str:
    scores = [
        one.support.families[family] if family else one.support.overall
        for one in several
        if one.support
    ]
    return f"{min(scores):.1f}" if scores else _MISSING


def _widths(several: Sequence[Figures]) -> str:
    states = zip(
        *((one.width, one.width_without_images, one.width_without_styles) for one in several),
        strict=True,
    )
    return " / ".join(str(max((w for w in widths if w), default=_MISSING)) for widths in states)


def _spam(several: Sequence[Figures]) -> str:
    points = [one.spam_of_form or 0.0 for one in several if one.spam is not None]
    return f"{max(points):.1f}" if points else _MISSING


def _drawn(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
