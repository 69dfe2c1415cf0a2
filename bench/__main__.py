"""``python -m bench``: measure, check, print."""

import argparse
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bench import product
from bench.chart import draw
from bench.measuring import circumstances
from bench.run import ANYMAIL, BARE, Bench, Compared, figures, growth, ratios
from bench.sink import compiled


def main() -> None:
    """Compare at each size."""
    options = _options()
    if find_spec("anymail") is None:
        raise SystemExit(
            "the peer is not installed; install the extra with: pip install '.[bench]'"
        )
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
        folder = Path(made)
        program = compiled(folder)
        versions = (f"{name} {version(name)}" for name in ("requests", "django-anymail"))
        print(circumstances("the sink on the same cores", *versions))
        print(f"sink: {program.description}; each recipient was checked to be reached exactly once")
        sizes: list[Compared] = []
        for recipients in options.recipients:
            bench = Bench(folder / str(recipients), program, recipients)
            sizes.append(bench.compare(options.runs, () if options.alone else (ANYMAIL, BARE)))
            if len(sizes) == 1:
                _print_message(folder / str(recipients) / "workspace")
            _print(sizes[-1])
        if len(sizes) > 1:
            print(growth(sizes[0].ours, sizes[-1].ours))
    if options.chart:
        _draw(options.chart, sizes[-1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each; medians are printed")
    parser.add_argument("--alone", action="store_true", help="without the two others")
    parser.add_argument("--chart", type=Path, help="draw the last size into this file, as SVG")
    parser.add_argument("recipients", type=int, nargs="*", default=[10_000, 100_000])
    return parser.parse_args()


def _print_message(workspace: Path) -> None:
    content = product.content(workspace)
    print(
        f"message: {len(content.html.encode()):,} bytes of HTML,"
        f" {len(content.text.encode()):,} of text; 1,000 recipients a call\n"
    )


def _print(compared: Compared) -> None:
    if compared.others:
        print(f"{ratios(compared.ours, compared.others)}\n")
    print(figures([*compared.ours, *compared.others]), flush=True)
    print()


def _draw(path: Path, compared: Compared) -> None:
    series = [*compared.ours, *compared.others]
    title = f"Microseconds of CPU for each email, {series[0].recipients:,} recipients"
    draw(path, title, [(one.name, one.cpu, f"{one.cpu:.1f}") for one in series], ours="product")


if __name__ == "__main__":
    main()
