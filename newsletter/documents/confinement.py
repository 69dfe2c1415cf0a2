"""Confine a process to reading libraries, computing, and writing its answer.

The kernel enforces limits (memory, time, files, processes), Landlock (files, TCP, signals) and a
seccomp filter (network, processes, other people's files). ``newsletter doctor`` reports what the
kernel lacks. Confinement needs no privileges and cannot be undone. Landlock rules name folders,
seccomp rules system call numbers. The filter refuses only the calls that reach out of the process,
because libraries need different calls in each version. Sources: landlock(7), the kernel's
``include/uapi/linux/landlock.h``; seccomp(2).
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

MEMORY_BYTES = 512 << 20
"""Limit of the address space. The largest feed (10 MB) takes about 200 MB."""
_MAX_OPEN_FILES = 64
_NICENESS = 5
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_libc = ctypes.CDLL(None, use_errno=True)


def confine(*, parent: int, seconds: float, max_bytes: int) -> None:
    """Drop every right that reading a text does not need. ``parent`` is the parent's process id,
    ``seconds`` the limit of CPU time, and ``max_bytes`` that of the output."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds or 0.001)  # 0 would set no limit
    with suppress(OSError, AttributeError):  # Linux alone
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # if the parent ended before prctl was called, the kernel sends no signal
    if os.getppid() != parent:
        sys.exit(1)
    os.nice(_NICENESS)
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: max_bytes,
        resource.RLIMIT_NOFILE: _MAX_OPEN_FILES,
        resource.RLIMIT_NPROC: 0,  # does not hold root, but seccomp does
    }
    for limit, value in limits.items():
        with suppress(ValueError, OSError):  # some systems do not have it, or allow less already
            resource.setrlimit(limit, (value, value))
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _restrict_by_landlock()
        if platform.machine() in _ARCHITECTURES:
            column, architecture = _ARCHITECTURES[platform.machine()]
            written = [struct.pack("<HBBI", *one) for one in seccomp_filter(column, architecture)]
            program = _Program(len(written), b"".join(written))
            _libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0)


def try_forbidden_acts(folder: str) -> Iterator[str]:
    """Try each forbidden act and yield those that worked. ``folder`` is one of a workspace."""
    attempts: dict[str, Callable[[], object]] = {
        "read the workspace": lambda: [*Path(folder).iterdir()],
        "open connections": lambda: socket.socket().close(),
        "start processes": lambda: os.fork() or os._exit(0),
        "signal other processes": lambda: os.kill(os.getppid(), 0),
    }
    for name, attempt in attempts.items():
        with suppress(OSError):
            attempt()
            yield name


_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # on every architecture
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS_BY_ABI_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}
"""Landlock version → number of file rights that it has; later versions have 16."""
_READABLE_FILES = ("/etc/ld.so.cache", "/dev/null", "/dev/urandom")
_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo")


def _restrict_by_landlock() -> None:
    """Allow only files of Python, its packages and the system's libraries. Forbid TCP, signals."""
    version = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    request = struct.pack("<Q", (1 << _RIGHTS_BY_ABI_VERSION.get(version, 16)) - 1)
    request += struct.pack("<Q", 0b11) if version >= 4 else b""  # TCP: bind, connect
    request += struct.pack("<Q", 0b11) if version >= 6 else b""  # abstract sockets, signals
    rules = _libc.syscall(_CREATE_RULESET, request, ctypes.c_size_t(len(request)), 0)
    if rules < 0:
        return
    for path in dict.fromkeys(_readable_paths()):
        with suppress(OSError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rights = _READ_FILE | (_READ_DIR if Path(path).is_dir() else 0)
            _libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("<Qi", rights, place), 0)
            os.close(place)
    _libc.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _readable_paths() -> Iterator[str]:
    """Yield the readable paths. A workspace in ``sys.path`` is not among them."""
    yield str(Path(__file__).parents[1])
    yield from (sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib"))
    yield from (one for one in sys.path if one.endswith(("site-packages", "dist-packages")))
    yield str(Path(sys.base_prefix) / "lib")
    yield from (*_FOLDERS, *_READABLE_FILES)


_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine → its column in ``REFUSED_SYSCALLS``, and the kernel's number of the architecture."""
REFUSED_SYSCALLS = {
    name: (int(x86), None if arm == "-" else int(arm))
    for line in files("newsletter.documents").joinpath("calls.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
    for name, x86, arm in [line.split()]
}
"""System calls to refuse → their numbers on x86-64 and on 64-bit ARM."""
_CLONE_NUMBERS, _CLONE3_NUMBERS, _PRLIMIT64_NUMBERS = (56, 220), (435, 435), (302, 261)
_CLONE_THREAD = 0x10000
_X32_SYSCALL_BIT = 0x40000000
_BPF_LOAD, _BPF_IF_EQUAL, _BPF_IF_AT_LEAST, _BPF_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_SYSCALL_OFFSET, _ARCHITECTURE_OFFSET, _FIRST_ARGUMENT_OFFSET, _THIRD_ARGUMENT_OFFSET = 0, 4, 16, 32
"""Offsets in ``seccomp_data`` of the call's number, the architecture, and the low halves of
arguments."""
_ACTION_ALLOW, _ACTION_KILL, _ACTION_REFUSE = 0x7FFF0000, 0x80000000, 0x00050000

FilterInstruction = tuple[int, int, int, int]
"""A BPF instruction: code, jump if true, jump if false, operand."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def seccomp_filter(column: int, architecture: int) -> list[FilterInstruction]:
    """Return the filter as a BPF program. ``column`` is that of ``REFUSED_SYSCALLS``."""
    refuse = (_RETURN, 0, 0, _ACTION_REFUSE | errno.EPERM)
    program = [
        (_BPF_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_BPF_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ACTION_KILL),
        (_BPF_LOAD, 0, 0, _SYSCALL_OFFSET),
        (_BPF_IF_AT_LEAST, 0, 1, _X32_SYSCALL_BIT),
        refuse,
        # a filter cannot read the flags of clone3; without clone3, glibc calls clone
        (_BPF_IF_EQUAL, 0, 1, _CLONE3_NUMBERS[column]),
        (_RETURN, 0, 0, _ACTION_REFUSE | errno.ENOSYS),
        # clone may start a thread, but no process
        (_BPF_IF_EQUAL, 0, 4, _CLONE_NUMBERS[column]),
        (_BPF_LOAD, 0, 0, _FIRST_ARGUMENT_OFFSET),
        (_BPF_IF_ANY_BIT, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ACTION_ALLOW),
        refuse,
        # prlimit64 may read a limit, but set none
        (_BPF_IF_EQUAL, 0, 6, _PRLIMIT64_NUMBERS[column]),
        (_BPF_LOAD, 0, 0, _THIRD_ARGUMENT_OFFSET),
        (_BPF_IF_EQUAL, 0, 3, 0),
        (_BPF_LOAD, 0, 0, _THIRD_ARGUMENT_OFFSET + 4),
        (_BPF_IF_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ACTION_ALLOW),
        refuse,
    ]
    for numbers in REFUSED_SYSCALLS.values():
        if (number := numbers[column]) is not None:
            program += [(_BPF_IF_EQUAL, 0, 1, number), refuse]
    return [*program, (_RETURN, 0, 0, _ACTION_ALLOW)]
