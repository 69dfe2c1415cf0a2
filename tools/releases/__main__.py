"""Measures imports: ``python -m tools.releases [--first N] [--each N] [--misses] [--tuning]``."""

import argparse
import resource
import time
from collections.abc import Iterable, Iterator, Sequence

from newsletter.documents.isolated import import_isolated
from tools.releases import pages, texts
from tools.releases.draw import Draw
from tools.releases.made import Made
from tools.releases.scoring import TODAY, Figures, score
from tools.releases.story import story

SHAPES = {**dict.fromkeys(texts.LAYOUTS, texts.text), **dict.fromkeys(pages.LAYOUTS, pages.page)}
SHAPES[texts.LONG_HEADLINE] = SHAPES.pop(
    texts.LONG_HEADLINE
)  # the place of a shape draws its story


_APART = 1_000_003


def made(shape: str, seed: int) -> Made:
    """The release of a shape and a seed; no two shapes of one seed tell the same story."""
    draw = Draw(seed + 2 * _APART * list(SHAPES).index(shape))
    return SHAPES[shape](seed, draw, story(draw), shape)


def seeds(first: int, each: int, *, tuning: bool) -> range:
    """So many seeds of one part: odd ones are for tuning, even ones for testing."""
    return range(first * 2 + tuning, (first + each) * 2 + tuning, 2)


def measured(seeds: Iterable[int]) -> dict[str, Figures]:
    """Figures by shape."""
    numbers = list(seeds)
    table = {}
    for shape in SHAPES:
        table[shape] = Figures()
        for seed in numbers:
            table[shape].add(score(made(shape, seed)))
    return table


def rows(table: dict[str, Figures]) -> Iterator[str]:
    """The table of ``docs/documents.md``."""
    yield "| shape | files | title | date | prose kept | furniture left in | refused |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    whole = Figures()
    for shape, figures in table.items():
        whole.add(figures)
        yield _row(shape, figures)
    yield _row("all", whole)
    yield f"\nEmbargoes missed: {whole.missed} of {whole.embargoes}."


def _row(name: str, of: Figures) -> str:
    cells = [
        name,
        str(of.files),
        _part(of.titles, of.files),
        _part(of.dated, of.dates),
        _part(of.prose, of.sentences),
        _part(of.left_in, of.furniture),
        str(of.refused),
    ]
    return f"| {' | '.join(cells)} |"


def _part(some: int, every: int) -> str:
    return f"{100 * some / every:.1f} %" if every else "–"


def _costs(numbers: Sequence[int]) -> str:
    """Processor time per text, and the largest process that read one."""
    spent = []
    for shape in SHAPES:
        for seed in numbers:
            one = made(shape, seed)
            start = time.process_time()
            score(one)
            spent.append(1000 * (time.process_time() - start))
    for shape in SHAPES:
        one = made(shape, numbers[0])
        import_isolated(one.data, today=TODAY, file=one.file)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent.sort()
    return (
        f"Time per text: median {spent[len(spent) // 2]:.0f} ms, longest {spent[-1]:.0f} ms; with the start of"
        f" its process {(used.ru_utime + used.ru_stime) / len(SHAPES):.1f} s. Memory of that process: at most"
        f" {used.ru_maxrss / 1024:.0f} MB."
    )


def main() -> None:
    """Print the table, and with ``--misses`` each miss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--each", type=int, default=20, help="files of each shape")
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--costs", action="store_true")
    said = parser.parse_args()
    chosen = seeds(said.first, said.each, tuning=said.tuning)
    table = measured(chosen)
    if said.misses:
        for figures in table.values():
            print(*figures.misses, sep="\n")
    print(*rows(table), sep="\n")
    if said.costs:
        print(_costs(chosen))


if __name__ == "__main__":
    main()
