"""Read untrusted files, pasted texts and pictures in a sandbox with a time limit.

Each can be made so that reading it takes for ever or all memory. Run as a module, this is the
process in the sandbox.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from newsletter.documents.release.imported import (
    LARGEST_PICTURE,
    ImportedDocument,
    MadePicture,
    Pasted,
    unusable,
)
from newsletter.documents.sandbox import WITHIN, CutOff, NotStarted, ask, work
from newsletter.domain.errors import InvalidInput

Answer = TypeVar("Answer")

_MODULE = "newsletter.documents.isolated"
_WITHIN = timedelta(seconds=15)
"""The time limit if a person waits at the desk."""


def import_isolated(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Run ``import_file`` in a sandbox. Raises InvalidInput."""
    task = {"read": "file", "today": today.isoformat(), "file": file}
    advice = "copy the statement's text into a .txt file"
    return read_apart(ImportedDocument, task, data, within=WITHIN, advice=advice)


def pasted(html: str, *, within: timedelta = _WITHIN) -> Pasted:
    """Run ``read_pasted`` in a sandbox. Raises InvalidInput."""
    task = {"read": "paste", "file": "what was pasted"}
    return read_apart(Pasted, task, html.encode("utf-8", "replace"), within=within)


def picture(data: bytes, *, file: str) -> MadePicture:
    """Run ``make_picture`` in a sandbox. Raises InvalidInput."""
    if len(data) > LARGEST_PICTURE:
        raise unusable(
            file, f"is larger than {LARGEST_PICTURE // 1_000_000} MB; choose a smaller one"
        )
    return read_apart(MadePicture, {"read": "picture", "file": file}, data)


def find_escapes(folder: str) -> list[str]:
    """Return the forbidden acts that the kernel does not prevent here. Raises CutOff."""
    [found] = ask(_MODULE, {"read": "confinement", "folder": folder}, answer=list[str])
    escapes: list[str] = found
    return escapes


def read_apart(
    kind: type[Answer],
    task: Mapping[str, Any],
    data: bytes,
    *,
    within: timedelta = _WITHIN,
    advice: str = "try something smaller",
    module: str = _MODULE,
) -> Answer:
    """Return the one thing that a sandbox reads from the bytes. Raises InvalidInput."""
    try:
        [found] = ask(module, task, data, answer=kind, within=within)
    except NotStarted as error:
        raise unusable(task["file"], f"was not read: {error}; try again") from error
    except CutOff as error:
        raise unusable(task["file"], f"was not read: {error}; {advice}") from error
    if isinstance(found, InvalidInput):
        raise found
    read: Answer = found
    return read


# --- within that process -----------------------------------------------------------------------


def handle(task: Mapping[str, Any], data: bytes) -> Iterator[Any]:
    """Read what the task names."""
    if task["read"] == "confinement":
        from newsletter.documents.confinement import escapes

        yield list(escapes(task["folder"]))
        return
    try:
        yield _read(task, data)
    except InvalidInput as error:
        yield error


def _read(task: Mapping[str, Any], data: bytes) -> ImportedDocument | Pasted | MadePicture:
    match task["read"]:
        case "paste":
            from newsletter.documents.markup.pages import read_pasted

            return read_pasted(data.decode())
        case "picture":
            from newsletter.documents.pictures import make_picture

            return make_picture(data, file=task["file"])
    from newsletter.documents.importing import import_file  # with all that reads files

    return import_file(data, today=date.fromisoformat(task["today"]), file=task["file"])


if __name__ == "__main__":
    work(handle)
