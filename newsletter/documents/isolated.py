"""Files, pasted texts and pictures of strangers, read in a sandbox that is cut off in time.

Any of them can be made so that reading it takes for ever, or all memory there is. Run as a module,
this is the process in the sandbox.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from newsletter.documents.release.embargo import Embargo
from newsletter.documents.release.imported import (
    LARGEST_PICTURE,
    Dropped,
    ImportedDocument,
    ImportedPicture,
    MadePicture,
    Pasted,
    unusable,
)
from newsletter.documents.sandbox import WITHIN, CutOff, NotStarted, ask, work
from newsletter.domain.errors import Fault, InvalidInput

_MODULE = "newsletter.documents.isolated"
_WITHIN = timedelta(seconds=15)
"""For what somebody at the desk waits for."""


def import_isolated(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """As ``import_file`` does. Raises InvalidInput."""
    task = {"read": "file", "today": today.isoformat(), "file": file}
    return _document(_answer(task, data, WITHIN, "copy the statement's text into a .txt file"))


def pasted(html: str, *, within: timedelta = _WITHIN) -> Pasted:
    """As ``read_pasted`` does, for at most so long. Raises InvalidInput."""
    task = {"read": "paste", "file": "what was pasted"}
    answer = _answer(task, html.encode("utf-8", "replace"), within)
    return Pasted(markdown=answer["markdown"], left_out=tuple(answer["left_out"]))


def picture(data: bytes, *, file: str) -> MadePicture:
    """As ``make_picture`` does. Raises InvalidInput."""
    if len(data) > LARGEST_PICTURE:
        raise unusable(
            file, f"is larger than {LARGEST_PICTURE // 1_000_000} MB; choose a smaller one"
        )
    answer = _answer({"read": "picture", "file": file}, data, _WITHIN)
    return MadePicture(
        **answer | {"data": base64.b64decode(answer["data"]), "notes": tuple(answer["notes"])}
    )


def _answer(
    task: Mapping[str, str], data: bytes, within: timedelta, advice: str = "try something smaller"
) -> dict[str, Any]:
    try:
        [answer] = ask(_MODULE, task, data, within=within)
    except NotStarted as error:
        raise unusable(task["file"], f"was not read: {error}; try again") from error
    except CutOff as error:
        raise unusable(task["file"], f"was not read: {error}; {advice}") from error
    if "faults" in answer:
        raise InvalidInput([Fault(**fault) for fault in answer["faults"]])
    read: dict[str, Any] = answer
    return read


def _document(answer: Mapping[str, Any]) -> ImportedDocument:
    embargo, day = answer["embargo"], answer["date"]
    pictures = (
        ImportedPicture(**each | {"data": base64.b64decode(each["data"])})
        for each in answer["pictures"]
    )
    return ImportedDocument(
        pictures=tuple(pictures),
        **{
            name: answer[name]
            for name in ("title", "body", "summary", "subject", "guessed", "language")
        },
        date=date.fromisoformat(day) if day else None,
        dropped=tuple(Dropped(**each) for each in answer["dropped"]),
        notes=tuple(answer["notes"]),
        embargo=Embargo(**{**embargo, "notes": tuple(embargo["notes"])}) if embargo else None,
    )


# --- within that process -----------------------------------------------------------------------


def handle(task: Mapping[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    """What that process is asked to read."""
    try:
        yield _read(task, data)
    except InvalidInput as error:
        yield {"faults": [asdict(fault) for fault in error.faults]}


def _read(task: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    match task["read"]:
        case "paste":
            from newsletter.documents.markup.pages import read_pasted

            return asdict(read_pasted(data.decode()))
        case "picture":
            from newsletter.documents.pictures import make_picture

            return _plain(asdict(make_picture(data, file=task["file"])))
    from newsletter.documents.importing import import_file  # with all that reads files

    document = import_file(data, today=date.fromisoformat(task["today"]), file=task["file"])
    plain = asdict(document)
    plain["pictures"] = list(map(_plain, plain["pictures"]))
    return {**plain, "date": document.date.isoformat() if document.date else None}


def _plain(picture: dict[str, Any]) -> dict[str, Any]:
    return picture | {"data": base64.b64encode(picture["data"]).decode()}


if __name__ == "__main__":
    work(handle)
