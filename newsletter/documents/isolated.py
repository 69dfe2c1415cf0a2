"""Imports a file in a process apart, which is cut off where the file takes too much.

A file can be made so that reading it takes for ever, or all memory there is. Run as a module, this
is that process.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from newsletter.documents.apart import WITHIN, CutOff, NotStarted, ask, work
from newsletter.documents.release.embargo import Embargo
from newsletter.documents.release.imported import (
    Dropped,
    ImportedDocument,
    ImportedPicture,
    unusable,
)
from newsletter.domain.errors import Fault, InvalidInput

_MODULE = "newsletter.documents.isolated"


def import_isolated(
    data: bytes, *, today: date, file: str, within: timedelta = WITHIN
) -> ImportedDocument:
    """As ``import_file`` does, for at most so long. Raises InvalidInput."""
    said = {"today": today.isoformat(), "file": file}
    try:
        [answer] = ask(_MODULE, said, data, within=within)
    except NotStarted as error:
        raise unusable(file, f"was not read: {error}; try again") from error
    except CutOff as error:
        message = f"was not read: {error}; copy the statement's text into a .txt file"
        raise unusable(file, message) from error
    if "faults" in answer:
        raise InvalidInput([Fault(**one) for one in answer["faults"]])
    return _document(answer)


def _document(said: Mapping[str, Any]) -> ImportedDocument:
    embargo, day = said["embargo"], said["date"]
    pictures = (
        ImportedPicture(**one | {"data": base64.b64decode(one["data"])}) for one in said["pictures"]
    )
    return ImportedDocument(
        pictures=tuple(pictures),
        **{name: said[name] for name in ("title", "body", "summary", "subject", "guessed")},
        date=date.fromisoformat(day) if day else None,
        dropped=tuple(Dropped(**one) for one in said["dropped"]),
        notes=tuple(said["notes"]),
        embargo=Embargo(**{**embargo, "notes": tuple(embargo["notes"])}) if embargo else None,
    )


def _read(said: Mapping[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    from newsletter.documents.importing import import_file  # with all that reads files

    today = date.fromisoformat(said["today"])
    try:
        document = import_file(data, today=today, file=said["file"])
    except InvalidInput as error:
        yield {"faults": [asdict(fault) for fault in error.faults]}
        return
    plain = asdict(document)
    for one in plain["pictures"]:
        one["data"] = base64.b64encode(one["data"]).decode()
    yield {**plain, "date": document.date.isoformat() if document.date else None}


if __name__ == "__main__":
    work(_read)
