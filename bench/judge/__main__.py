"""``python -m bench.judge``: render statements, put the mails before the judges, print a table.

Ends with 0 if every target is reached, with 1 if one is missed, with 2 if a judge said nothing:
a mail is not good because no judge looked at it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.judge import table
from bench.judge.corpus import BRANDS, KINDS, PLAIN, default_places, read_text, statement_files
from bench.judge.figures import Figures, missed
from bench.judge.mail import ROUNDS, Mail, make_mail, make_renderer, unstable
from bench.judge.panel import judge
from bench.judge.sheet import write_sheet
from newsletter.domain.errors import InvalidInput

_MISSED = 1
_INCOMPLETE = 2


def main() -> int:
    """Judge, print, and say how to end."""
    options = _options()
    mails: list[Mail] = []
    refusals: list[str] = []
    stable: list[bool] = []
    for brand, files in _brands(options):
        made, refused = _mails(files, brand)
        mails += made.values()
        refusals += refused
        rounds = ROUNDS if brand == (options.brand or PLAIN) else 1
        differing = unstable(list(made), list(made.values()), brand, rounds=rounds)
        stable += [not differs for differs in differing]
    if not mails:
        raise SystemExit("\n".join(refusals) or "there is no statement: name a folder of .md files")
    judged = judge(mails, stable)
    reasons = [*refusals, *(reason for figure in judged.figures for reason in missed(figure))]
    silent = [f"{one.value} {why}" for one, why in judged.silent.items()]
    print(_shown(judged.figures, reasons, silent, options))
    if options.pictures:
        print(write_sheet(options.pictures, {"ours": mails}), file=sys.stderr)
    for line in (*(f"missed: {one}" for one in reasons), *(f"not judged: {one}" for one in silent)):
        print(line, file=sys.stderr)
    return _INCOMPLETE if silent else _MISSED if reasons else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.judge", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="all that was said, as JSON")
    form.add_argument("--markdown", action="store_true", help="the table, for a document")
    parser.add_argument(
        "--brand",
        choices=BRANDS,
        help="the look of them all; without it the plain one, and all of them for some of ours",
    )
    parser.add_argument(
        "--pictures", type=Path, help="write a contact sheet of all mails to this folder too"
    )
    parser.add_argument(
        "places",
        type=Path,
        nargs="*",
        help="files and folders of statements (.md, .txt); without any, those beside this program",
    )
    return parser.parse_args()


def _brands(options: argparse.Namespace) -> Iterator[tuple[str, list[Path]]]:
    """The texts to judge, by brand."""
    yield options.brand or PLAIN, statement_files(options.places or default_places())
    if not options.brand and not options.places:
        for brand in BRANDS:
            if brand != PLAIN:
                yield brand, statement_files([KINDS])


def _mails(files: Sequence[Path], brand: str) -> tuple[dict[Path, Mail], list[str]]:
    """The mail of each file, and why there is none of some."""
    renderer = make_renderer(brand)
    mails, refusals = {}, []
    for file in files:
        try:
            name = file.stem if brand == PLAIN else f"{file.stem}, {brand}"
            mails[file] = make_mail(name, read_text(file), renderer)
        except InvalidInput as error:
            refusals.append(str(error))
        except OSError as error:
            refusals.append(f"{file}: cannot be read: {error.strerror}")
    return mails, refusals


def _shown(
    figures: Sequence[Figures],
    reasons: Sequence[str],
    silent: Sequence[str],
    options: argparse.Namespace,
) -> str:
    if options.json:
        found = {
            "figures": [asdict(figure) for figure in figures],
            "missed": reasons,
            "silent": silent,
        }
        return json.dumps(found, ensure_ascii=False, indent=1)
    return table.markdown(figures) if options.markdown else table.plain(figures)


if __name__ == "__main__":
    sys.exit(main())
