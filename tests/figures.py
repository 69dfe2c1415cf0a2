"""The figures of the last long runs, from which ``docs/reliability.md`` is generated."""

import json
import time
from pathlib import Path

FILE = Path(__file__).with_name("figures.json")


def keep(run: str, **figures: object) -> None:
    """Replace the figures of a run."""
    kept = json.loads(FILE.read_text("utf-8"))
    kept[run] = {"day": time.strftime("%Y-%m-%d", time.gmtime())} | figures
    FILE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", "utf-8")
