"""Statements' files on their way to mails, in a process that may use only so much.

Run as a program with folders that hold one statement each. It writes ``mail.eml`` next to it, or
prints its faults, a list for each folder, and dies beyond its bounds.
"""

import json
import resource
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from newsletter.domain.delivery.mime import to_mime
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import Recipient
from newsletter.sources.folder import FolderSource
from newsletter.sources.statements import Defaults
from tests.unit.rendering.examples import renderer

SECONDS = 30
"""Of work: many times what any statement takes, and far from what runs away."""

MEGABYTES = 800
"""Of address space; an idle interpreter with all that is imported has some 250 of it."""


def main(folders: Sequence[Path]) -> None:
    """Read each statement, render it, and make the mail to one reader."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 1_000_000, MEGABYTES * 1_000_000))
    sys.stdout.write(json.dumps([list(map(str, _faults(folder))) for folder in folders]))


def _faults(folder: Path) -> tuple[Fault, ...]:
    source = FolderSource(
        folder=folder,
        workspace=folder,
        defaults=Defaults(lists=("press",), language="en", timezone="America/New_York"),
    )
    reading = source.read()
    if reading.faults:
        return reading.faults
    try:
        (statement,) = reading.statements
        content = renderer().render(statement)
        mail = to_mime(content=content, recipient=_READER, at=_AT)
    except InvalidInput as error:
        return error.faults
    (folder / "mail.eml").write_bytes(mail)
    return ()


_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
_READER = Recipient(1, "ana@example.org", "a1B2", "m1")

if __name__ == "__main__":
    main(list(map(Path, sys.argv[1:])))
