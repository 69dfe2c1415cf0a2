"""The file outside the database that says how many claims there were, and in which epoch.

It is one line of fixed length. A claim overwrites it in place by one write before its call leaves:
that survives the end of the process. Against a power cut it is flushed when a run begins and at
each look; what it then lacks makes it fall behind the database, which is no alarm.

Beside it lies an empty file with the count in its name (``epoch.123``), renewed when a run begins
and ends and at each look. Whoever unpacks an old workspace over this one brings back the line, and
on ext4 even the old inode numbers; but no archive takes away a file whose name it does not know.
"""

import glob
import hashlib
import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Select, delete, insert, select, update

from newsletter.domain.delivery.restore_guard import Absence, Location, Mark, Witness
from newsletter.domain.errors import Defect, Refused, StoreUnavailable
from newsletter.store.file import numbers
from newsletter.store.file.location import location_of
from newsletter.store.schema import tables

_COUNT = re.compile(r"\.[0-9]{1,20}")
_DOUBTED = "doubted"
"""The key in ``meta`` under which it stands which doubt was acted upon."""
_LONG, _SHORT = 32, 16
_LINE = re.compile(
    rb"newsletter claims (?P<claims>\d{20}) epoch (?P<epoch>[0-9a-f]{32})"
    rb" before (?P<before>[0-9a-f]{32}|-{32}) file (?P<file>\d{20})"
    # a line of an older version ends here: it knows of no machine
    rb"(?: machine (?P<machine>[0-9a-f]{32}|-{32}) filesystem (?P<filesystem>[0-9a-f]{16}|-{16})"
    rb" boot (?P<boot>[0-9a-f]{32}|-{32}) device (?P<device>[0-9a-f]{16}|-{16}))?"
    rb" check (?P<check>[0-9a-f]{16})\n"
)


class Generation:
    """How far sending has come, as the database says. Each claim adds one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mark(self) -> Mark:
        row = self._connection.execute(_mark()).one()
        return Mark(generation=row.name, claims=row.claims)

    def renew(self, mark: Mark) -> None:
        self._connection.execute(
            update(tables.epoch), {"name": mark.generation, "claims": mark.claims}
        )

    def doubt(self, evidence: str, at: datetime) -> bool:
        """Give no number again that may have been given since this database was as it is.

        Links of mails that went out have such numbers. Does so once for the same evidence; tells
        whether it did.
        """
        key = tables.meta.c.key == _DOUBTED
        if self._connection.scalar(select(tables.meta.c.value).where(key)) == evidence:
            return False
        self._connection.execute(delete(tables.meta).where(key))
        self._connection.execute(insert(tables.meta).values(key=_DOUBTED, value=evidence))
        numbers.skip(self._connection.exec_driver_sql, at, {})
        return True


@cache
def _mark() -> Select[tuple[str, int]]:
    """Asked by whoever opens the database, and at each look."""
    return select(tables.epoch.c.name, tables.epoch.c.claims)


class WorkspaceGuardFile:
    """The watermark in the file ``path``, for the database in the file ``database``.

    Names of epochs are 32 hexadecimal digits. ``location_of`` says where a file lies. Any number of
    threads may share it.
    """

    def __init__(
        self, path: Path, database: Path, location_of: Callable[[Path], Location] = location_of
    ) -> None:
        self._path = path
        self._database = database
        self._location_of = location_of
        self._lock = threading.Lock()
        self._open: int | None = None
        self._written: Witness | None = None

    def location(self) -> Location:
        """Where the database's file lies."""
        return self._location_of(self._database)

    def read(self) -> Witness | Absence:
        """What the file says, or why it says nothing."""
        try:
            with self._path.open("rb") as file:
                said = _parse(file.read(1024))
            return _at_least(said, max(self._named(), default=0))
        except FileNotFoundError:
            return Absence.MISSING
        except OSError:
            return Absence.UNREADABLE

    def write(self, witness: Witness) -> None:
        """Replace the file in one step, and let the disk have it."""
        part = self._path.with_name(self._path.name + ".part")
        with self._lock:
            try:
                self._let_go()
                part.unlink(missing_ok=True)  # of a process that was cut off
                self._open = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                self._overwrite(witness)
                os.fsync(self._open)
                os.replace(part, self._path)  # noqa: PTH105 - replaces in one step
                self._name(witness.mark.claims)
                _flush_folder(self._path.parent)
            except OSError as error:
                raise self._unavailable(error) from error

    def follow(self, claims: int) -> None:
        """Raises Refused where as many claims were made before: the database was exchanged."""
        if claims <= self._known().mark.claims:
            raise self._exchanged(f"so many claims ({claims:,}) were made before")

    def note(self, claims: int) -> None:
        """Write down a claim before its call leaves; a lower number changes nothing."""
        with self._lock:
            known = self._known()
            if claims <= known.mark.claims:
                return
            try:
                self._overwrite(replace(known, mark=replace(known.mark, claims=claims)))
            except OSError as error:
                raise self._unavailable(error) from error

    def flush(self) -> None:
        """Let the disk have it; raises Refused where the file or the database was exchanged."""
        with self._lock:
            known = self._known()
            try:
                if self._open is None or _inode(self._path) != os.fstat(self._open).st_ino:
                    raise self._exchanged(f"{self._path} was taken away")
                if _inode(self._database) != known.location.file:
                    raise self._exchanged("another file is in its place")
                os.fsync(self._open)
                self._name(known.mark.claims)
            except OSError as error:
                raise self._unavailable(error) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._open is not None and self._written is not None:
                with suppress(OSError):  # it falls behind then, which is no alarm
                    self._name(self._written.mark.claims)
            self._let_go()

    def _let_go(self) -> None:
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def _named(self) -> dict[int, Path]:
        """The empty files beside it, by the counts in their names."""
        beside = self._path.parent.glob(f"{glob.escape(self._path.name)}.*")
        return {int(one.suffix[1:]): one for one in beside if _COUNT.fullmatch(one.suffix)}

    def _name(self, claims: int) -> None:
        """Put the count into the name of an empty file, in the place of all others."""
        others = self._named()
        if set(others) == {claims}:
            return
        self._path.with_name(f"{self._path.name}.{claims}").touch(0o600)
        for other in others.keys() - {claims}:
            others[other].unlink(missing_ok=True)

    def _known(self) -> Witness:
        if self._written is None:
            raise Defect("a claim was made before its generation began")
        return self._written

    def _overwrite(self, witness: Witness) -> None:
        line = _format(witness)
        if self._open is None or os.pwrite(self._open, line, 0) != len(line):
            raise OSError("only a part of it could be written")
        self._written = witness

    def _unavailable(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._path} cannot be written: {error.strerror or error}; nothing is sent without"
            " it: check 'epoch_file' in newsletter.yaml, its folder and the disk"
        )

    def _exchanged(self, what: str) -> Refused:
        return Refused(
            f"{self._database} was exchanged while it was at work: {what}. Nothing more is sent;"
            " start again to see what is known"
        )


def _at_least(said: Witness | Absence, claims: int) -> Witness | Absence:
    if isinstance(said, Absence) or said.mark.claims >= claims:
        return said
    return replace(said, mark=replace(said.mark, claims=claims))


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _format(witness: Witness) -> bytes:
    mark, location = witness.mark, witness.location
    said = (
        f"newsletter claims {mark.claims:020d} epoch {mark.generation}"
        f" before {_word(witness.before, _LONG)} file {location.file:020d}"
        f" machine {_word(location.machine, _LONG)} filesystem {_word(location.filesystem, _SHORT)}"
        f" boot {_word(location.boot, _LONG)} device {_word(location.device, _SHORT)}"
    )
    return f"{said} check {_check(said.encode())}\n".encode()


def _word(said: str, length: int) -> str:
    return said or "-" * length


def _parse(line: bytes) -> Witness | Absence:
    found = _LINE.fullmatch(line)
    if found is None:
        return Absence.UNREADABLE
    said = {name: (word or b"").decode().strip("-") for name, word in found.groupdict().items()}
    if _check(line[: found.start("check") - len(" check ")]) != said["check"]:
        return Absence.UNREADABLE
    return Witness(
        mark=Mark(generation=said["epoch"], claims=int(said["claims"])),
        before=said["before"],
        location=Location(
            file=int(said["file"]),
            machine=said["machine"],
            filesystem=said["filesystem"],
            boot=said["boot"],
            device=said["device"],
        ),
    )


def _check(said: bytes) -> str:
    return hashlib.blake2b(said, digest_size=8).hexdigest()
