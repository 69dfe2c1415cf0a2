"""Files of text that are never held whole: how they are encoded, and where they are no text."""

import codecs
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import IO

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.formats.text import encoding_by_head, first_control

Opener = Callable[[], IO[bytes]]

CHANGED = "changed while it was read; import it again"

_CHUNK = 1 << 18
_NOT = {
    "utf-8": "not UTF-8",
    "utf-8-sig": "not UTF-8",
    "utf-16": "not UTF-16",
    "utf-16-le": "not UTF-16",
    "utf-16-be": "not UTF-16",
    "cp1252": "neither UTF-8, UTF-16 nor Windows-1252",
}


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Raises InvalidInput where the system, or the ZIP that it is in, does not give the file."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        message = f"cannot be unpacked: {error}; export it again"
        raise InvalidInput([Fault(file=file, message=message)]) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}; check its name and permissions"
        raise InvalidInput([Fault(file=file, message=message)]) from error


def encoding_in(file: str, opened: Opener) -> str:
    """UTF-8 or UTF-16, with or without a byte order mark, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with readable(file), opened() as stream:
        chunk = stream.read(_CHUNK)
        by_head = encoding_by_head(chunk)
        if by_head:
            return by_head
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def not_text(file: str, opened: Opener, encoding: str) -> Fault:
    """The first byte that means nothing in an encoding, with its line and column."""
    place = _Place()
    decoder = codecs.getincrementaldecoder(encoding)()
    with readable(file), opened() as stream:
        for chunk in chain(iter(partial(stream.read, _CHUNK), b""), [b""]):
            before = decoder.getstate()
            try:
                place.pass_by(decoder.decode(chunk, final=not chunk))
            except UnicodeDecodeError as error:
                decoder.setstate(before)
                good = len(chunk) - (len(error.object) - error.start)
                place.pass_by(decoder.decode(chunk[: max(good, 0)]))
                octet = f"0x{error.object[error.start]:02x}"
                message = f"holds {octet} here, which is {_NOT[encoding]}; save the file as UTF-8"
                return place.fault(file, message)
    return Fault(file=file, message=CHANGED)


def control_in(file: str, opened: Opener, encoding: str) -> Fault | None:
    """The first control character of a text, with its line and column; tabs are none.

    Raises UnicodeDecodeError.
    """
    place = _Place()
    with readable(file), io.TextIOWrapper(opened(), encoding) as text:
        for piece in iter(partial(text.read, _CHUNK), ""):
            found = first_control(piece)
            if found:
                at, name = found
                place.pass_by(piece[:at])
                return place.fault(file, f"holds {name}, which is invisible; take it out")
            place.pass_by(piece)
    return None


class _Place:
    """Where in a text one is that comes in pieces."""

    def __init__(self) -> None:
        self._line = self._column = 1
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)

    def pass_by(self, piece: str, *, final: bool = False) -> None:
        text = self._line_ends.decode(piece, final=final)
        ends = text.count("\n")
        self._line += ends
        self._column = len(text) - text.rfind("\n") if ends else self._column + len(text)

    def fault(self, file: str, message: str) -> Fault:
        self.pass_by("", final=True)
        return Fault(file=file, line=self._line, column=self._column, message=message)
