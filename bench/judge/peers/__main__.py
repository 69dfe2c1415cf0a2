"""``python -m bench.judge.peers``: the same mails by us and by others, before the same judges.

Prints two tables in Markdown. With ``--pictures FOLDER`` a contact sheet shows them side by side.
Ends with 2 if somebody made nothing or a judge said nothing.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.judge.corpus import BLOCKS, EXAMPLES, KINDS
from bench.judge.figures import Figures
from bench.judge.mail import Mail
from bench.judge.panel import judge
from bench.judge.peers.content import OURS, PEERS, NotMade, ours, theirs, version
from bench.judge.sheet import write_sheet
from bench.judge.support import FAMILIES

_TWELVE = (
    *(EXAMPLES / f"{name}.md" for name in ("everything", "plain", "arabic", "image")),
    *(BLOCKS / f"{name}.md" for name in ("all", "lead", "video", "arabic-blocks")),
    *(KINDS / f"{name}.md" for name in ("correction-de", "digest-en", "languages", "arabic-first")),
)
"""Those that differ most: each block is in one of them."""
_INCOMPLETE = 2


def main() -> int:
    """Make, judge, print, and say how to end."""
    options = _options()
    made, silent = _made(options.files or _TWELVE)
    every = [mail for mails in made.values() for mail in mails]
    judged = judge(every, [True] * len(every))
    figures = _by_maker(made, judged.figures)
    print(f"{makers(figures)}\n\n{by_mail(figures)}")
    if options.pictures:
        print(write_sheet(options.pictures, made), file=sys.stderr)
    silent += [f"{one.value} {why}" for one, why in judged.silent.items()]
    for line in silent:
        print(line, file=sys.stderr)
    return _INCOMPLETE if silent else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.judge.peers", description=__doc__)
    parser.add_argument("--pictures", type=Path, help="write a contact sheet to this folder too")
    parser.add_argument("files", type=Path, nargs="*", help="statements; else twelve of ours")
    return parser.parse_args()


def _made(files: Sequence[Path]) -> tuple[dict[str, list[Mail]], list[str]]:
    """The mails of each maker, and why some made none."""
    mails = ours(files)
    made, silent = {OURS: list(mails.values())}, []
    for peer, name in PEERS.items():
        try:
            made[f"{name} {version(peer)}"] = theirs(peer, mails)
        except NotMade as why:
            silent.append(str(why))
        except OSError:
            silent.append(f"{name} is not installed: run 'make peers'")
    return made, silent


def _by_maker(
    made: Mapping[str, Sequence[Mail]], figures: Sequence[Figures]
) -> dict[str, Sequence[Figures]]:
    """The figures, in the order in which the mails were shown."""
    found: dict[str, Sequence[Figures]] = {}
    at = 0
    for maker, mails in made.items():
        found[maker] = figures[at : at + len(mails)]
        at += len(mails)
    return found


COLUMNS = (
    "made by",
    "mails",
    "HTML, mean",
    *FAMILIES.values(),
    "all four",
    "vnu",
    "html-validate",
    "Word",
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
        answers = [told(each) for each in several]
        return _MISSING if None in answers else str(sum(len(answer or ()) for answer in answers))

    return [
        maker,
        str(len(several)),
        f"{round(sum(each.html_bytes for each in several) / len(several)):,}",
        *(_score(several, family) for family in FAMILIES),
        _score(several),
        summed(lambda one: one.checker),
        summed(lambda one: one.validate),
        summed(lambda one: one.word),
        f"{summed(lambda one: one.light)} / {summed(lambda one: one.dark)}",
        _widths(several),
        _spam(several),
    ]


def _score(several: Sequence[Figures], family: str = "") -> str:
    scores = [
        each.support.families[family] if family else each.support.overall
        for each in several
        if each.support
    ]
    return f"{min(scores):.1f}" if scores else _MISSING


def _widths(several: Sequence[Figures]) -> str:
    states = zip(
        *((each.width, each.width_without_images, each.width_without_styles) for each in several),
        strict=True,
    )
    return " / ".join(str(max((w for w in widths if w), default=_MISSING)) for widths in states)


def _spam(several: Sequence[Figures]) -> str:
    points = [each.spam_of_form or 0.0 for each in several if each.spam is not None]
    return f"{max(points):.1f}" if points else _MISSING


def _drawn(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


if __name__ == "__main__":
    sys.exit(main())
