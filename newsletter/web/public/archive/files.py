"""A folder of files that we wrote: brought up to date, and nothing in it touched that is not ours.

What we wrote is listed in a file of the folder, before it is written. So a run that was cut off
leaves whole files, and the next one knows them.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from newsletter.domain.errors import Defect, Refused
from newsletter.domain.statements.draft import PICTURE_NAME
from newsletter.runtime.archive import Archive
from newsletter.web.http.frame import Frame
from newsletter.web.public.archive.build import ArchiveBuild, Leaf, pages_for
from newsletter.web.public.archive.feeds import KINDS

LIST = ".newsletter-archive.json"
"""The file that lists ours, each with the SHA-256 of what we wrote."""

_PART = ".newsletter-archive.part"
_NAME = re.compile(
    rf"(?:[a-z0-9][a-z0-9-]*/){{0,2}}[a-z0-9][a-z0-9-]*\.[a-z]+|media/{PICTURE_NAME}"
)
"""What ours are called: a list that names others was not written by us."""


@dataclass(frozen=True, kw_only=True)
class BroughtUp:
    """What became of the files."""

    written: int
    unchanged: int
    removed: int
    left: tuple[str, ...]
    """Not wanted any more, but changed by somebody else since: they stay, and are theirs now."""


def bring_up(folder: Path, files: Mapping[str, Callable[[], bytes]]) -> BroughtUp:
    """Write these files, in their order, and remove those of ours that are not among them.

    Each is there whole or not at all. Raises Refused, before anything is touched, where the folder
    or a file in it is not ours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        known = _listed(folder)
        _refuse_foreign(folder, files, known)
        # first: what this run leaves half done is known as ours to the next
        _write_list(folder, dict.fromkeys(files, "") | known)
        digests, written = {}, 0
        for name, write in files.items():
            data = write()
            digests[name] = hashlib.sha256(data).hexdigest()
            if not _has(folder / name, data):
                _put(folder, name, data)
                written += 1
        gone = {name: digest for name, digest in known.items() if name not in files}
        left = tuple(name for name, digest in gone.items() if not _remove(folder, name, digest))
        _write_list(folder, digests)
    removed = len(gone) - len(left)
    return BroughtUp(written=written, unchanged=len(files) - written, removed=removed, left=left)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # the folder itself: a file for the lock would be one more in it
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Refused(f"another build is at work on {folder}; let it end, then again") from error
    finally:
        os.close(held)


def _listed(folder: Path) -> dict[str, str]:
    """What we wrote there: name → digest, empty where it was cut off. Raises Refused."""
    try:
        found = json.loads((folder / LIST).read_bytes())["files"]
        if all(_NAME.fullmatch(name) and isinstance(found[name], str) for name in found):
            return dict(found)
    except FileNotFoundError:
        if all(path.name == _PART for path in folder.iterdir()):
            return {}
        what = "is not empty, and was not written by 'newsletter archive build'"
        raise Refused(f"{folder} {what}; name an empty folder, or a new one") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise Refused(f"{folder / LIST} is not as we wrote it; name an empty folder, or a new one")


def _refuse_foreign(folder: Path, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        path = folder / name
        # exists() follows links, and says no of one that leads nowhere
        if name not in known and (path.exists() or path.is_symlink()):
            raise Refused(
                f"{path} is in the way, and we did not write it; nothing was changed:"
                " move it elsewhere, or name another folder"
            )
        if not _is_inside(path, folder):
            raise Refused(f"{path} leads out of {folder}; nothing was changed: remove that link")


def _is_inside(path: Path, folder: Path) -> bool:
    return path.parent.resolve().is_relative_to(folder.resolve())


def _write_list(folder: Path, digests: Mapping[str, str]) -> None:
    listed = {"written_by": "newsletter archive build", "files": digests}
    data = json.dumps(listed, indent=1, sort_keys=True).encode() + b"\n"
    if not _has(folder / LIST, data):
        _put(folder, LIST, data)


def _has(path: Path, data: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == data


def _put(folder: Path, name: str, data: bytes) -> None:
    part, path = folder / _PART, folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _remove(folder: Path, name: str, digest: str) -> bool:
    """Whether it is gone, with folders that it leaves empty."""
    path = folder / name
    if not path.exists():
        return True
    # what a run left half done has no digest, and is ours all the same
    changed = digest and hashlib.sha256(path.read_bytes()).hexdigest() != digest
    if changed or not _is_inside(path, folder):
        return False
    path.unlink()
    for parent in path.relative_to(folder).parents:
        place = folder / parent
        if place != folder and place.is_dir() and not any(place.iterdir()):
            place.rmdir()
    return True


def files(archive: Archive, *, began_at: datetime) -> dict[str, Callable[[], bytes]]:
    """Name → what writes it, in an order in which nothing leads to what is not there yet.

    All show the same moment. ``began_at`` is when the settings last may have changed.
    """
    frame = Frame(house=archive.settings.house(), language=archive.settings.language)
    build = ArchiveBuild(archive, frame, began_at=began_at, folders=True)
    shown = build.hold()
    leaves: dict[str, Callable[[], Leaf | None]] = {
        f"media/{name}": partial(build.picture, name) for name in build.pictures(shown)
    }
    leaves |= {
        f"archive/{statement.slug}/index.html": partial(build.statement, statement.slug)
        for statement in reversed(shown)
    }
    for number in range(pages_for(len(shown)), 1, -1):
        leaves[f"page/{number}/index.html"] = partial(build.page, number)
    leaves |= {name: partial(build.feed, name) for name in KINDS}
    leaves["index.html"] = partial(build.page, 1)
    leaves |= {"sitemap.xml": build.site_map, "robots.txt": build.robots}
    return {name: partial(_body, name, write) for name, write in leaves.items()}


def _body(name: str, write: Callable[[], Leaf | None]) -> bytes:
    leaf = write()
    if leaf is None:
        raise Defect(f"{name} was to be written, and there is nothing to write")
    return leaf.body
