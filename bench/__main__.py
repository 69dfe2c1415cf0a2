"""``python -m bench``: measure, check, print."""

import argparse
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bench import product
from bench.measuring import circumstances
from bench.run import Bench, Compared, figures, ratios
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
        for number, recipients in enumerate(options.recipients):
            bench = Bench(folder / str(recipients), program, recipients)
            compared = bench.compare(options.runs)
            if not number:
                _print_message(folder / str(recipients) / "workspace")
            _print(compared)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each; medians are printed")
    parser.add_argument("recipients", type=int, nargs="*", default=[10_000, 100_000])
    return parser.parse_args()


def _print_message(workspace: Path) -> None:
    content = product.content(workspace)
    print(
        f"message: {len(content.html.encode()):,} bytes of HTML,"
        f" {len(content.text.encode()):,} of text; 1,000 recipients a call\n"
    )


def _print(compared: Compared) -> None:
    print(ratios(compared.ours, compared.others))
    print()
    print(figures([*compared.ours, *compared.others]), flush=True)
    print()


if __name__ == "__main__":
    main()
