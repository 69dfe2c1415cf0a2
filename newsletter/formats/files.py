"""Files that appear whole or not at all, also on a full disk."""

import os
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, data: bytes, *, is_new: bool = False) -> None:
    """Write a file and flush it to the disk. A symbolic link and the rights of a file are kept.

    ``is_new`` raises FileExistsError for a path that exists. Any other OSError names the path, and
    what was there stays.
    """
    path = path if is_new else path.resolve()
    part = path if is_new else path.with_name(f".{path.name}.part")
    try:
        with part.open("xb" if is_new else "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not is_new:
            if path.is_file():
                part.chmod(path.stat().st_mode)
            part.replace(path)
    except FileExistsError:
        raise
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
