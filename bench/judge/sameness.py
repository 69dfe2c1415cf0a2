"""Whether a statement gives the same bytes again: here, in many threads, in a second process."""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.judge.brands import PLAIN
from bench.judge.corpus import read_text
from bench.judge.mail import Mail, make_mail, make_renderer

_THREADS = 8
ROUNDS = 8
_LIMIT = 300.0


def unstable(
    files: Sequence[Path], mails: Sequence[Mail], brand: str = PLAIN, *, rounds: int = ROUNDS
) -> list[bool]:
    """For each file, whether any further rendering of it differs from its mail."""
    seen = [{mail.digest()} for mail in mails]
    for each in (
        _again(files, brand),
        *_in_threads(files, brand, rounds),
        _elsewhere(files, brand),
    ):
        for known, digest in zip(seen, each, strict=True):
            known.add(digest)
    return [len(known) > 1 for known in seen]


def _again(files: Sequence[Path], brand: str) -> list[str]:
    renderer = make_renderer(brand)
    return [make_mail(file.name, read_text(file), renderer).digest() for file in files]


def _in_threads(files: Sequence[Path], brand: str, rounds: int) -> list[list[str]]:
    """Different mails side by side, in one renderer."""
    renderer = make_renderer(brand)
    texts = [(file.name, read_text(file)) for file in files]

    def digest(turn: int) -> str:
        name, text = texts[turn % len(texts)]
        return make_mail(name, text, renderer).digest()

    with ThreadPoolExecutor(_THREADS) as pool:
        made = list(pool.map(digest, range(rounds * len(files))))
    return [made[start : start + len(files)] for start in range(0, len(made), len(files))]


def _elsewhere(files: Sequence[Path], brand: str) -> list[str]:
    command = [sys.executable, "-m", "bench.judge.mail", brand, *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=True)
    digests: list[str] = json.loads(ran.stdout)
    return digests
