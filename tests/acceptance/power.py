"""The files that a power cut may leave, by the record of ``disk.c``."""

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_SECTOR = 512
LIES = -1.0
"""The share that is kept by a disk that ignores syncs."""


class Act(NamedTuple):
    """A system call by a letter: write, truncate, create, rename, link, unlink, sync, Send,
    Receive.
    """

    what: str
    at: int
    """Nanoseconds, by the clock of the machine."""
    path: str
    offset: int
    data: bytes


def read_log(log: Path, below: Path = Path()) -> Iterator[Act]:
    """Yield the acts of a process, in order. Relative paths are those ``below`` a folder."""
    with log.open("rb") as file:
        for head in file:
            what, at, path, offset, size = head.decode().split(" ")
            data = file.read(int(size))
            if what in "rl":
                data = os.fsencode(below / os.fsdecode(data))
            yield Act(what, int(at), str(below / path), int(offset), data)


@dataclass
class File:
    """A file, and what the disk need not have of it yet."""

    synced: bytes = b""
    pending: list[Act] = field(default_factory=list)

    def content(self, acts: Iterable[Act]) -> bytes:
        """Return the content after these acts."""
        acts = list(acts)
        if not acts:
            return self.synced
        content = bytearray(self.synced)
        for act in acts:
            end = act.offset + len(act.data)
            content.extend(bytes(max(0, end - len(content))))
            if act.what == "t":
                del content[act.offset :]
            content[act.offset : end] = act.data
        return bytes(content)

    def sync(self) -> None:
        self.synced, self.pending = self.content(self.pending), []


def lose_power(
    before: Mapping[str, bytes],
    acts: Iterable[Act],
    chance: random.Random,
    *,
    share: float | None = None,
) -> dict[str, bytes]:
    """Return the files that a power cut after these acts may leave.

    A name is safe once its folder was synced, and of later names the last may be lost. Of the acts
    on a file after its sync a ``share`` is kept, in any order, and some are torn. A disk that LIES
    syncs nothing, and loses all.
    """
    files = {path: File(synced=content) for path, content in before.items()}
    names, later = dict(files), defaultdict[str, list[tuple[str, str, File | None]]](list)
    for act in acts:
        folder = str(Path(act.path).parent)
        if act.what in "wt" and act.path in files:
            files[act.path].pending.append(act)
        elif act.what == "c":
            files[act.path] = File()
            later[folder].append((act.path, "", files[act.path]))
        elif act.what in "rl" and act.path in files:
            to = os.fsdecode(act.data)
            files[to] = files[act.path]
            later[folder].append((act.path if act.what == "r" else to, to, files[act.path]))
        elif act.what == "u":
            later[folder].append((act.path, "", None))
        elif act.what == "s" and share != LIES:
            if act.path in files:
                files[act.path].sync()
            _rename(names, later.pop(act.path, []))
    share = chance.choice((0, 0.2, 0.5, 0.8, 1)) if share is None else max(share, 0)
    for moves in later.values():
        _rename(names, moves[: round(len(moves) * share)])
    return {path: file.content(_kept(file.pending, share, chance)) for path, file in names.items()}


def _rename(names: dict[str, File], moves: Iterable[tuple[str, str, File | None]]) -> None:
    for path, to, file in moves:
        names.pop(path, None)
        if file is not None:
            names[to or path] = file


def _kept(acts: Iterable[Act], share: float, chance: random.Random) -> Iterator[Act]:
    for act in acts:
        if chance.random() >= share:
            continue
        torn = share < 1 and len(act.data) > _SECTOR and chance.random() < 1 / 3
        for at in range(0, len(act.data), _SECTOR) if torn else ():
            if chance.random() < 1 / 2:
                part = act.data[at : at + _SECTOR]
                yield act._replace(offset=act.offset + at, data=part)
        if not torn:
            yield act
