"""Files, pasted texts and pictures of strangers, read in a sandbox that is cut off in time.

Any of them can be made so that reading it takes for ever, or all memory there is. Run as a module,
this is the process in the sandbox.
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

Answer = TypeVar("Answer", ImportedDocument, Pasted, MadePicture)

_MODULE = "newsletter.documents.isolated"
_WITHIN = timedelta(seconds=15)
"""For what somebody at the desk waits for."""


def import_isolated(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """As ``import_file`` does. Raises InvalidInput."""
    task = {"read": "file", "today": today.isoformat(), "file": file}
    advice = "copy the statement's text into a .txt file"
    return _answer(ImportedDocument, task, data, within=WITHIN, advice=advice)


def pasted(html: str, *, within: timedelta = _WITHIN) -> Pasted:
    """As ``read_pasted`` does, for at most so long. Raises InvalidInput."""
    task = {"read": "paste", "file": "what was pasted"}
    return _answer(Pasted, task, html.encode("utf-8", "replace"), within=within)


def picture(data: bytes, *, file: str) -> MadePicture:
    """As ``make_picture`` does. Raises InvalidInput."""
    if len(data) > LARGEST_PICTURE:
        raise unusable(
            file, f"is larger than {LARGEST_PICTURE // 1_000_000} MB; choose a smaller one"
        )
    return _answer(MadePicture, {"read": "picture", "file": file}, data)


def _answer(
    kind: type[Answer],
    task: Mapping[str, str],
    data: bytes,
    *,
    within: timedelta = _WITHIN,
    advice: str = "try something smaller",
) -> Answer:
    try:
        [answer] = ask(_MODULE, task, data, answer=kind, within=within)
    except NotStarted as error:
        raise unusable(task["file"], f"was not read: {error}; try again") from error
    except CutOff as error:
        raise unusable(task["file"], f"was not read: {error}; {advice}") from error
    if isinstance(answer, InvalidInput):
        raise answer
    read: Answer = answer
    return read


# --- within that process -----------------------------------------------------------------------


def handle(task: Mapping[str, Any], data: bytes) -> Iterator[Any]:
    """What that process is asked to read."""
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
