"""A file of text that holds people: the file itself, or one in a ZIP."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from newsletter.domain.errors import Fault, InvalidInput


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file of text: the file itself, or one in a ZIP. ``file`` is how a fault names it."""

    file: str
    name: str
    open: Callable[[], IO[bytes]]
    packed: bool = False


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
