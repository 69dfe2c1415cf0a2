"""``python -m bench.judge.peers``: the same mails by us and by others, before the same judges.

Prints two tables in Markdown. With ``--pictures FOLDER`` a contact sheet shows them side by side.
Ends with 2 if somebody made nothing or a judge said nothing.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.judge.corpus import BLOCKS, EXAMPLES, KINDS
from bench.judge.figures import Figures
from bench.judge.mail import Mail
from bench.judge.panel import judge
from bench.judge.peers import table
from bench.judge.peers.makers import OURS, PEERS, NotMade, ours, theirs, version
from bench.judge.sheet import write_sheet

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
    print(f"{table.makers(figures)}\n\n{table.by_mail(figures)}")
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
    """The figures, which stand in the order in which the mails were shown."""
    found: dict[str, Sequence[Figures]] = {}
    at = 0
    for maker, mails in made.items():
        found[maker] = figures[at : at + len(mails)]
        at += len(mails)
    return found


if __name__ == "__main__":
    sys.exit(main())
