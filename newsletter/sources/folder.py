"""A folder of statements as Markdown files: reading it, and writing its files."""

import os
import re
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, count
from pathlib import Path

from newsletter.domain.errors import Fault, InvalidInput, Refused
from newsletter.domain.statements.statement import Reading, Statement
from newsletter.formats.files import write_file
from newsletter.sources.statements import FALLBACK_SLUG, Defaults, Parsed, parse_statement, slugify

MAX_BYTES = 2_000_000
_DRAFT_STATUS_PATTERN = re.compile(rb"(?P<key>^\s*[\"']?status[\"']?\s*:\s*)[\"']?draft\b[\"']?")
_SAFE_AGE_NS = 2_000_000_000
"""The age in nanoseconds from which a change of a file always changes its times."""


@dataclass(frozen=True, kw_only=True)
class _KnownFile:
    identity: tuple[int, ...]
    parsed: Parsed
    is_settled: bool
    """Whether the file was so old that a later change changes its times."""


class FolderSource:
    """Reads all ``*.md`` files in and below a folder, except hidden ones and README.md.

    A file is parsed again if its size, inode or times have changed, or had changed just before the
    last reading. Files with the same slug are faults, and none of them is read.
    """

    def __init__(
        self,
        *,
        folder: Path,
        workspace: Path,
        defaults: Defaults,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._folder = workspace / folder
        self._workspace = workspace
        self._defaults = defaults
        self._now_ns = now_ns
        self._known: dict[str, _KnownFile] = {}
        self._reading = Reading(statements=())

    def read(self) -> Reading:
        """Return all statements, by path; without changes, the same object as before.

        ``complete`` is False if a folder or file could not be read: missing statements may exist.
        """
        kept_files: dict[str, _KnownFile] = {}
        faults: list[Fault] = []
        for entry in self._walk(faults):
            name = self._name(entry.path)
            try:
                kept_files[name] = self._file(entry, name)
            except FileNotFoundError:
                continue  # deleted in the meantime
            except OSError as error:
                why = f"cannot be read: {error.strerror}; check the file and its permissions"
                faults.append(Fault(file=name, message=why))
        self._known = kept_files
        reading = _make_reading({name: kept.parsed for name, kept in kept_files.items()}, faults)
        # fast, because unchanged files have the same objects
        if reading != self._reading:
            self._reading = reading
        return self._reading

    def fingerprint(self) -> str:
        """Return a hash of the names, sizes, inodes and times of all files.

        Return "" if something cannot be read, or if a file changed so recently that the next change
        may not show in its times.
        """
        newest_safe_ns = self._now_ns() - _SAFE_AGE_NS
        faults: list[Fault] = []
        found = []
        for entry in self._walk(faults):
            try:
                status = entry.stat()
            except OSError:
                return ""
            if entry.is_symlink() or status.st_ctime_ns >= newest_safe_ns:
                return ""
            found.append((entry.path, _identity(status)))
        return "" if faults else sha256(repr(found).encode()).hexdigest()

    def _walk(self, faults: list[Fault]) -> Iterator[os.DirEntry[str]]:
        """Yield the files of statements; append unreadable folders to ``faults``."""
        waiting = [str(self._folder)]
        while waiting:
            folder = waiting.pop()
            try:
                # entries know without a stat whether they are folders
                with os.scandir(folder) as entries:
                    ordered = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                why = (
                    f"this folder of statements cannot be read: {error.strerror}; make it, or"
                    " correct its path under statements: in newsletter.yaml"
                )
                faults.append(Fault(file=self._name(folder), message=why))
                continue
            for entry in ordered:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.lower().endswith(".md") and entry.name.lower() != "readme.md":
                    yield entry

    def _file(self, entry: os.DirEntry[str], name: str) -> _KnownFile:
        if not entry.path.endswith(name):
            message = "has a name that is not UTF-8; rename it, or its folder"
            return _KnownFile(identity=(), parsed=_refusal(name, message), is_settled=False)
        kept = self._known.get(name)
        if entry.is_symlink():
            objection = _link_objection(Path(entry.path), self._folder)
            if objection:
                return _KnownFile(identity=(), parsed=_refusal(name, objection), is_settled=False)
        if kept is not None and kept.is_settled and kept.identity == _identity(entry.stat()):
            return kept
        began = self._now_ns()
        identity, parsed = self._parse(Path(entry.path), name)
        if kept is not None and kept.parsed == parsed:
            parsed = kept.parsed
        # by ctime, which no program can set, unlike mtime
        is_settled = identity[1] < began - _SAFE_AGE_NS
        return _KnownFile(identity=identity, parsed=parsed, is_settled=is_settled)

    def _parse(self, path: Path, name: str) -> tuple[tuple[int, ...], Parsed]:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            message = "is not an ordinary file; put a file of text here, or rename it"
            return _identity(status), _refusal(name, message)
        with path.open("rb") as file:
            # of the open file, because another may have its name by now
            identity = _identity(os.fstat(file.fileno()))
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            message = f"is larger than {MAX_BYTES // 1_000_000} MB, too much for a mail; shorten it"
            return identity, _refusal(name, message)
        return identity, parse_statement(data, file=name, defaults=self._defaults)

    def _name(self, path: str) -> str:
        """Return the path for messages, relative to the workspace if it is inside."""
        name = path.removeprefix(f"{self._workspace}{os.sep}")
        return name.encode(errors="backslashreplace").decode()


def _make_reading(parsed_files: Mapping[str, Parsed], unread_faults: Sequence[Fault]) -> Reading:
    faults = list(unread_faults)
    by_slug: dict[str, list[str]] = defaultdict(list)
    statements: dict[str, Statement] = {}
    for name, file in parsed_files.items():
        faults.extend(file.faults)
        if file.statement is not None:
            by_slug[file.statement.slug].append(name)
            statements[name] = file.statement
    for slug, names in by_slug.items():
        if len(names) == 1:
            continue
        for name in names:
            del statements[name]
        faults.extend(_duplicate_faults(slug, sorted(names), parsed_files))
    return Reading(
        statements=tuple(statements[name] for name in sorted(statements)),
        faults=tuple(sorted(faults, key=lambda fault: (fault.file, fault.line))),
        complete=not unread_faults,
    )


def _duplicate_faults(slug: str, names: list[str], files: Mapping[str, Parsed]) -> Iterator[Fault]:
    for name in names:
        others = " and ".join(other for other in names if other != name)
        yield Fault(
            file=name,
            line=files[name].slug_line,
            key="slug",
            message=f"{slug} is also the slug of {others}, so neither is used; write another slug",
        )


def _link_objection(path: Path, folder: Path) -> str:
    if not path.exists():
        return "is a link that leads nowhere; put the file itself here"
    if Path(os.path.realpath(path, strict=True)).is_relative_to(os.path.realpath(folder)):
        return ""
    return "is a link that leads out of the folder; put a copy of the file here"


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """Return (mtime, ctime, size, inode): times alone miss two quick writes."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _refusal(name: str, reason: str) -> Parsed:
    return Parsed(statement=None, faults=(Fault(file=name, message=reason),))


def path_for_title(folder: Path, title: str) -> Path:
    """Return the path of a new statement: its title's slug.

    Titles without a Latin letter have the same slug, so a number follows if it is taken.
    """
    slug = slugify(title)
    path = folder / f"{slug}.md"
    if re.search("[a-z]", slug.removeprefix(FALLBACK_SLUG)):
        return path
    numbered_paths = (folder / f"{slug}-{number}.md" for number in count(2))
    return next(candidate for candidate in chain([path], numbered_paths) if not candidate.exists())


def write_new(path: Path, data: bytes) -> None:
    """Write a new file. Raises Refused if it exists, OSError if it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_file(path, data, is_new=True)
    except FileExistsError as error:
        what = f"{path} exists already and is left as it is"
        raise Refused(f"{what}; choose another slug, or move that file away first") from error


def mark_for_review(path: Path, line: int) -> None:
    """Change ``status: draft`` on this line (from 1) of a statement file to ``status: review``.

    Raises Refused if the line is another, and InvalidInput if the file cannot be written.
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True)
        if not 1 <= line <= len(lines) or not _DRAFT_STATUS_PATTERN.search(lines[line - 1]):
            raise Refused(f"{path} does not say status: draft; write status: review into it")
        lines[line - 1] = _DRAFT_STATUS_PATTERN.sub(rb"\g<key>review", lines[line - 1])
        write_file(path, b"".join(lines))
    except OSError as error:
        message = f"cannot be written: {error.strerror}; write status: review into it"
        raise InvalidInput.at(str(path), message) from error
