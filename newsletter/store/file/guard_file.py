"""The guard file: the claims, generation and location of the database, kept outside of it.

A part of a location that the system does not provide is "". Names of machines are hashed.
"""

import glob
import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, Location, Mark
from newsletter.domain.errors import Defect, Refused, StoreUnavailable

MACHINE_ID_PATHS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
BOOT_ID_PATH = Path("/proc/sys/kernel/random/boot_id")


def location_of(path: Path) -> Location:
    """Return the location of this file. Raises OSError if the file is missing."""
    status, volume = path.stat(), os.statvfs(path)
    return Location(
        file=status.st_ino,
        machine=machine_id(),
        filesystem=filesystem_id(volume.f_fsid, status.st_dev),
        boot=boot_id(),
        device=device_id(status.st_dev),
    )


def machine_id(files: Sequence[Path] = MACHINE_ID_PATHS, library: Any = None) -> str:
    """Return the id of this installation of the operating system, or ""."""
    for file in files:
        identifier = _read(file)
        if len(identifier) == 32 and identifier.strip("0123456789abcdef") == "":
            return hash_name(identifier)
    return hash_name(_host_uuid(library))


def boot_id(file: Path = BOOT_ID_PATH) -> str:
    """Return an id of the machine that changes with each restart, or ""."""
    return hash_name(_read(file))


def filesystem_id(number: int, device: int) -> str:
    """Return the id of a file system; "" if it has no id but the number of its device.

    ext4 and Btrfs have a UUID. XFS and macOS give the device's number, which may change.
    """
    major, minor = os.major(device), os.minor(device)
    # Linux packs a device number into 32 bits like this
    device_bits = (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12)
    low = number & 0xFFFFFFFF
    if not number or low in {device_bits & 0xFFFFFFFF, device & 0xFFFFFFFF}:
        return ""
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}"


def device_id(number: int) -> str:
    """Return the number of the block device, which is valid until the next restart.

    Return "" for a file system without a block device, whose number changes with each mount.
    """
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}" if os.major(number) else ""


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _host_uuid(library: Any) -> str:
    """Return macOS's id of the machine; "" on other systems."""
    import ctypes  # slow imports, which machines with systemd do not need
    import uuid

    ask = getattr(library or ctypes.CDLL(None), "gethostuuid", None)
    if ask is None:
        return ""
    found, patience = ctypes.create_string_buffer(16), (ctypes.c_long * 2)(1, 0)
    return str(uuid.UUID(bytes=found.raw)) if ask(found, patience) == 0 else ""


def hash_name(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16, person=b"location").hexdigest() * bool(
        name
    )


_COUNT_PATTERN = re.compile(r"\.[0-9]{1,20}")
_FIELD_NAMES = "claims epoch before file machine filesystem boot device host beat"
_WIDTHS = (20, 32, 32, 20, 32, 16, 32, 16, 32, 20)
_FIELD_WIDTHS = dict(zip(_FIELD_NAMES.split(), _WIDTHS, strict=True))
"""Field of the line → width: 20 decimal digits, or 16 or 32 hexadecimal ones ("-" if unknown)."""
_FIELD_PATTERNS = {20: r"\d{20}", 16: "[0-9a-f]{16}|-{16}", 32: "[0-9a-f]{32}|-{32}"}
_GUARD_LINE_PATTERN = re.compile(
    "".join(
        ["newsletter"]
        + [f" {name} (?P<{name}>{_FIELD_PATTERNS[each]})" for name, each in _FIELD_WIDTHS.items()]
        + [" check (?P<check>[0-9a-f]{16})\n"]
    ).encode()
)


class GuardFile:
    """The guard record in the file ``path``, for a database.

    ``database`` is a path, or a name on a server. A generation has a name of 32 hexadecimal digits.
    ``location_of`` returns the location of a database, and ``fsync`` flushes a descriptor to the
    disk. Threads may share the object. With ``shares_sending`` processes share the file, and its
    record may lag behind the database, which raises no alarm.
    """

    def __init__(
        self,
        path: Path,
        database: Path | str,
        location_of: Callable[[Any], Location] = location_of,
        fsync: Callable[[int], None] = os.fsync,
        *,
        shares_sending: bool = False,
    ) -> None:
        self._path = path
        self._database = database
        self._location_of = location_of
        self._fsync = fsync
        self._shares_sending = shares_sending
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._record: GuardRecord | None = None

    def location(self) -> Location:
        found = self._location_of(self._database)
        computer = machine_id() if self._shares_sending else ""
        host = hash_name(f"{computer} {_inode(self._path.parent)}" * bool(computer))
        return replace(found, host=host)

    def read(self) -> GuardRecord | Absence:
        try:
            with self._path.open("rb") as file:
                record = _parse(file.read(1024))
            claims = max(self._find_count_files(), default=0)
            if isinstance(record, Absence) or record.mark.claims >= claims:
                return record
            return replace(record, mark=replace(record.mark, claims=claims))
        except FileNotFoundError:
            return Absence.MISSING
        except OSError:
            return Absence.UNREADABLE

    def write(self, record: GuardRecord) -> None:
        """Replace the file atomically, and flush it to the disk."""
        part = self._path.with_name(self._path.name + ".part")
        with self._lock:
            try:
                self._close_file()
                part.unlink(missing_ok=True)  # of a process that was killed
                self._fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                self._overwrite(record)
                self._fsync(self._fd)
                os.replace(part, self._path)  # noqa: PTH105 - replaces in one step
                # a folder that is copied back has the old line and inode, but also this file
                self._name_count_file(record.mark.claims)
                # without a flush of the folder a power cut may bring back the old file
                self._flush_folder()
            except OSError as error:
                raise self._unavailable_error(error) from error

    def follow(self, claims: int) -> None:
        """Raise Refused if the file has this many claims: the database was replaced."""
        if claims <= self._require_record().mark.claims:
            raise self._replaced_error(f"so many claims ({claims:,}) were made before")

    def store_claim(self, claims: int, beat_at: int = 0, joined: Mark | None = None) -> None:
        """Store the number of a claim before its call. Lower numbers change nothing.

        ``joined`` is the database's mark, which replaces that of a generation before a release.
        """
        with self._lock:
            record = self._require_record()
            if joined and record.mark.generation in joined.former:
                record = replace(record, mark=joined, before=joined.generation)
            elif claims <= record.mark.claims and beat_at <= record.mark.beat_at:
                return
            claims, beat_at = max(claims, record.mark.claims), max(beat_at, record.mark.beat_at)
            mark = replace(record.mark, claims=claims, beat_at=beat_at)
            try:
                # no flush: a crash of the process loses no byte, and a lagging record is no alarm
                self._overwrite(replace(record, mark=mark))
            except OSError as error:
                raise self._unavailable_error(error) from error

    def flush(self, *, is_replica_checked: bool = False) -> None:
        """Flush the file to the disk. Raises Refused if the file or database was replaced."""
        with self._lock:
            record = self._require_record()
            try:
                if self._shares_sending and self._fd is not None:
                    os.close(self._fd)
                    self._fd = os.open(self._path, os.O_RDWR)  # another may have replaced it
                if self._fd is None or _inode(self._path) != os.fstat(self._fd).st_ino:
                    raise self._replaced_error(f"{self._path} was taken away")
                location = None
                with suppress(FileNotFoundError):
                    location = self.location()
                if location is None or location.file != record.location.file:
                    raise self._replaced_error("another file is in its place")
                if not self._shares_sending and location.succeeds(record.location):
                    raise self._replaced_error("a replica took over")
                if is_replica_checked and location.succeeds(record.location):
                    self._overwrite(replace(record, location=location))
                self._fsync(self._fd)
                self._name_count_file(record.mark.claims)
            except OSError as error:
                raise self._unavailable_error(error) from error

    def close(self) -> None:
        with self._lock:
            if self._fd is not None and self._record is not None:
                with suppress(OSError):  # the record lags behind then, which is no alarm
                    self._name_count_file(self._record.mark.claims)
            self._close_file()

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _find_count_files(self) -> dict[int, Path]:
        """Return number of claims → the empty file next to it with that number in its name."""
        neighbours = self._path.parent.glob(f"{glob.escape(self._path.name)}.*")
        return {
            int(file.suffix[1:]): file
            for file in neighbours
            if _COUNT_PATTERN.fullmatch(file.suffix)
        }

    def _name_count_file(self, claims: int) -> None:
        """Create the empty file with this number in its name, and delete the others."""
        count_files = self._find_count_files()
        if set(count_files) == {claims}:
            return
        # create before deleting, so that there is a count at every moment
        self._path.with_name(f"{self._path.name}.{claims}").touch(0o600)
        for other in count_files.keys() - {claims}:
            count_files[other].unlink(missing_ok=True)

    def _flush_folder(self) -> None:
        opened = os.open(self._path.parent, os.O_RDONLY)
        try:
            self._fsync(opened)
        finally:
            os.close(opened)

    def _require_record(self) -> GuardRecord:
        if self._record is None:
            raise Defect("a claim was made before its generation began")
        return self._record

    def _overwrite(self, record: GuardRecord) -> None:
        line = _format(record)
        if self._fd is None or os.pwrite(self._fd, line, 0) != len(line):
            raise OSError("only a part of it could be written")
        self._record = record

    def _unavailable_error(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._path} cannot be written: {error.strerror or error}; nothing is sent without"
            " it: check 'epoch_file' in newsletter.yaml, its folder and the disk"
        )

    def _replaced_error(self, name: str) -> Refused:
        return Refused(
            f"{self._database} was exchanged while it was at work: {name}. Nothing more is sent;"
            " start again to see what is known"
        )


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _format(record: GuardRecord) -> bytes:
    mark = record.mark
    values = {"claims": mark.claims, "epoch": mark.generation, "before": record.before}
    values |= {**vars(record.location), "beat": mark.beat_at}
    line = "newsletter"
    for name, width in _FIELD_WIDTHS.items():
        line += f" {name} {str(values[name]).rjust(width, '0' if width == 20 else '-')}"
    return f"{line} check {_check(line.encode())}\n".encode()


def _parse(line: bytes) -> GuardRecord | Absence:
    found = _GUARD_LINE_PATTERN.fullmatch(line)
    if found is None:
        return Absence.UNREADABLE
    fields = {name: word.decode().strip("-") for name, word in found.groupdict().items()}
    if _check(line[: found.start("check") - len(" check ")]) != fields["check"]:
        return Absence.UNREADABLE
    claims, file, beat_at = (int(fields[name]) for name in ("claims", "file", "beat"))
    names = ("machine", "filesystem", "boot", "device", "host")
    return GuardRecord(
        mark=Mark(generation=fields["epoch"], claims=claims, beat_at=beat_at),
        before=fields["before"],
        location=Location(file=file, **{name: fields[name] for name in names}),
    )


def _check(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
