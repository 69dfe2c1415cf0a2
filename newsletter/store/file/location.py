"""Where the file of a database lies: on which machine, on which file system, which file it is.

Two copies of a disk agree in the last two, two disks of one machine in the first. What the system
does not tell, or what would be another after the next start of the machine, is left empty. A name
of the machine is hashed: that of systemd is not to be shown to others.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from newsletter.domain.delivery.restore_guard import Location

MACHINE_ID = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def location_of(path: Path) -> Location:
    """Where this file lies. Raises OSError where it does not."""
    status, volume = path.stat(), os.statvfs(path)
    return Location(
        file=status.st_ino,
        machine=machine(),
        filesystem=filesystem(volume.f_fsid, status.st_dev),
        boot=boot(),
        device=device(status.st_dev),
    )


def machine(files: Sequence[Path] = MACHINE_ID, library: Any = None) -> str:
    """A name that stays with this installation of the system; empty where there is none."""
    for file in files:
        said = _read(file)
        if len(said) == 32 and said.strip("0123456789abcdef") == "":
            return _hashed(said)
    return _hashed(_host_uuid(library))


def boot(file: Path = BOOT_ID) -> str:
    """A name that the machine has until it starts anew; empty where it has none."""
    return _hashed(_read(file))


def filesystem(number: int, device: int) -> str:
    """What a file system calls itself; empty where that is only the number of its device.

    ext4 and Btrfs tell their UUID, XFS and those of macOS the device, which may get another number.
    """
    major, minor = os.major(device), os.minor(device)
    # as Linux packs a device into 32 bits
    packed = (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12)
    low = number & 0xFFFFFFFF
    if not number or low in {packed & 0xFFFFFFFF, device & 0xFFFFFFFF}:
        return ""
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}"


def device(number: int) -> str:
    """The block device, whose number holds until the machine starts anew.

    Empty where the file system has none of its own: then the number is another with each mount.
    """
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}" if os.major(number) else ""


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _host_uuid(library: Any) -> str:
    """What macOS calls the machine; empty elsewhere."""
    import ctypes  # where systemd names the machine, nobody waits for these
    import uuid

    ask = getattr(library or ctypes.CDLL(None), "gethostuuid", None)
    if ask is None:
        return ""
    found, patience = ctypes.create_string_buffer(16), (ctypes.c_long * 2)(1, 0)
    return str(uuid.UUID(bytes=found.raw)) if ask(found, patience) == 0 else ""


def _hashed(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16, person=b"location").hexdigest() * bool(
        name
    )
