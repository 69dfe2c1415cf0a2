"""Read untrusted files, pasted texts and pictures in a sandbox with a time limit."""

from datetime import date, timedelta

from newsletter.documents.release.imported import (
    MAX_PICTURE_BYTES,
    ImportedDocument,
    MadePicture,
    Pasted,
    unusable,
)
from newsletter.documents.sandbox import read_isolated
from newsletter.domain.wording import say

_TIMEOUT = timedelta(seconds=15)
"""Time limit while a person waits at the desk."""
ADVICE = say("copy the statement's text into a .txt file")
"""Advice for a file that takes too long."""


def import_isolated(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Run ``import_file`` in a sandbox. Raises InvalidInput."""
    reader = "newsletter.documents.importing:import_file"
    arguments = {"data": data, "today": today, "file": file}
    return read_isolated(reader, arguments, file=file, answer=ImportedDocument, advice=ADVICE)


def read_pasted_isolated(html: str, *, timeout: timedelta = _TIMEOUT) -> Pasted:
    """Run ``read_pasted`` in a sandbox. Raises InvalidInput."""
    reader = "newsletter.documents.markup.pages:read_pasted"
    arguments = {"html": html.encode("utf-8", "replace").decode()}
    return read_isolated(reader, arguments, file="what was pasted", answer=Pasted, timeout=timeout)


def make_picture_isolated(data: bytes, *, file: str) -> MadePicture:
    """Run ``make_picture`` in a sandbox. Raises InvalidInput."""
    if len(data) > MAX_PICTURE_BYTES:
        most = MAX_PICTURE_BYTES // 1_000_000
        raise unusable(file, "is larger than {most} MB; choose a smaller one", most=most)
    reader = "newsletter.documents.pictures:make_picture"
    arguments = {"data": data, "file": file}
    return read_isolated(reader, arguments, file=file, answer=MadePicture, timeout=_TIMEOUT)
