"""Reads pasted texts and pictures in a process apart, cut off where one takes too much.

Run as a module, this is that process.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from newsletter.documents.apart import CutOff, NotStarted, ask, work
from newsletter.documents.pasted import Pasted
from newsletter.documents.pictures import MAX_BYTES, MadePicture
from newsletter.documents.release.imported import unusable
from newsletter.domain.errors import Fault, InvalidInput

_MODULE = "newsletter.documents.brought"
_WITHIN = timedelta(seconds=15)


def pasted(html: str, *, within: timedelta = _WITHIN) -> Pasted:
    """As ``read_pasted`` does, for at most so long. Raises InvalidInput."""
    body = html.encode("utf-8", "replace")
    said = _asked({"read": "paste"}, body, "what was pasted", within)
    return Pasted(markdown=said["markdown"], left_out=tuple(said["left_out"]))


def picture(data: bytes, *, file: str) -> MadePicture:
    """As ``make_picture`` does. Raises InvalidInput."""
    if len(data) > MAX_BYTES:
        raise unusable(file, f"is larger than {MAX_BYTES // 1_000_000} MB; choose a smaller one")
    said = _asked({"read": "picture", "file": file}, data, file, _WITHIN)
    return MadePicture(
        **said | {"data": base64.b64decode(said["data"]), "notes": tuple(said["notes"])}
    )


def _asked(said: Mapping[str, Any], data: bytes, file: str, within: timedelta) -> dict[str, Any]:
    try:
        [answer] = ask(_MODULE, said, data, within=within)
    except NotStarted as error:
        raise unusable(file, f"was not read: {error}; try again") from error
    except CutOff as error:
        raise unusable(file, f"was not read: {error}; try something smaller") from error
    if "faults" in answer:
        raise InvalidInput([Fault(**one) for one in answer["faults"]])
    read: dict[str, Any] = answer
    return read


def handle(said: Mapping[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    """What that process is asked to read."""
    from newsletter.documents.pasted import read_pasted
    from newsletter.documents.pictures import make_picture

    try:
        if said["read"] == "paste":
            yield asdict(read_pasted(data.decode()))
            return
        made = asdict(make_picture(data, file=said["file"]))
        yield made | {"data": base64.b64encode(made["data"]).decode()}
    except InvalidInput as error:
        yield {"faults": [asdict(fault) for fault in error.faults]}


if __name__ == "__main__":
    work(handle)
