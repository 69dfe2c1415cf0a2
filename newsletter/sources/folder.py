"""Statements from a folder of Markdown files."""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from newsletter.domain.errors import Fault
from newsletter.domain.segment import Segment
from newsletter.domain.statement import Statement
from newsletter.ports import Reading
from newsletter.sources.statements import Defaults, Parsed, parse_statement

MAX_BYTES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class _Found:
    """One thing in the folder: a file to read, or a fault about what is not read."""

    path: Path
    link: bool = False
    fault: Fault | None = None


class FolderSource:
    """Reads all ``*.md`` files in and below a folder, except hidden ones and README.md.

    A file is parsed again only when its size, inode or times change. A file whose front matter is
    wrong gives faults and does not hide the others; of two files with one slug neither counts.
    """

    def __init__(
        self,
        *,
        folder: Path,
        workspace: Path,
        default_lists: tuple[str, ...],
        language: str,
        timezone: str,
        segments: tuple[Segment, ...] = (),
    ) -> None:
        self._folder = workspace / folder
        self._workspace = workspace
        self._defaults = Defaults(
            lists=default_lists, language=language, timezone=timezone, segments=segments
        )
        self._known: dict[str, tuple[tuple[int, ...], Parsed]] = {}

    def read(self) -> Reading:
        """Read all statements, in the order of their paths.

        ``complete`` is False when the folder, a folder in it or a file could not be read at all:
        then what is missing may only be out of reach.
        """
        parsed: dict[str, Parsed] = {}
        faults: list[Fault] = []
        complete = True
        for found in self._walk():
            name = self._name(found.path)
            if found.fault is not None:
                faults.append(found.fault)
                complete = False
                continue
            try:
                file = self._file(found, name)
            except FileNotFoundError:
                continue  # it went away while we looked
            except OSError as error:
                faults.append(_unreadable(name, error))
                complete = False
                continue
            parsed[name] = file
        self._known = {name: kept for name, kept in self._known.items() if name in parsed}
        return _reading(parsed, faults, complete)

    def _walk(self) -> Iterator[_Found]:
        waiting = [self._folder]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    ordered = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                yield _Found(path=folder, fault=_no_folder(self._name(folder), error))
                continue
            for entry in ordered:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif _is_statement(entry.name):
                    yield _Found(path=Path(entry.path), link=entry.is_symlink())

    def _file(self, found: _Found, name: str) -> Parsed:
        if found.link:
            objection = _link_objection(found.path, self._folder)
            if objection:
                return _refused(Fault(file=name, message=objection))
        identity = _identity(found.path.stat())
        known = self._known.get(name)
        if known is not None and known[0] == identity:
            return known[1]
        identity, parsed = self._parse(found.path, name)
        self._known[name] = (identity, parsed)
        return parsed

    def _parse(self, path: Path, name: str) -> tuple[tuple[int, ...], Parsed]:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            message = "is not an ordinary file; put a file of text here, or rename it"
            return _identity(status), _refused(Fault(file=name, message=message))
        with path.open("rb") as file:
            identity = _identity(os.fstat(file.fileno()))
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            message = f"is larger than {MAX_BYTES // 1_000_000} MB, too much for a mail; shorten it"
            return identity, _refused(Fault(file=name, message=message))
        return identity, parse_statement(data, file=name, defaults=self._defaults)

    def _name(self, path: Path) -> str:
        """The path for people: relative to the workspace where it is in it."""
        try:
            return path.relative_to(self._workspace).as_posix()
        except ValueError:
            return path.as_posix()


def _reading(parsed: dict[str, Parsed], faults: list[Fault], complete: bool) -> Reading:
    by_slug: dict[str, list[str]] = defaultdict(list)
    statements: dict[str, Statement] = {}
    for name, file in parsed.items():
        faults.extend(file.faults)
        if file.statement is not None:
            by_slug[file.statement.slug].append(name)
            statements[name] = file.statement
    for slug, names in by_slug.items():
        if len(names) == 1:
            continue
        for name in names:
            del statements[name]
        faults.extend(_same_slug(slug, sorted(names), parsed))
    return Reading(
        statements=tuple(statements[name] for name in sorted(statements)),
        faults=tuple(sorted(faults, key=lambda fault: (fault.file, fault.line))),
        complete=complete,
    )


def _same_slug(slug: str, names: list[str], parsed: dict[str, Parsed]) -> Iterator[Fault]:
    for name in names:
        others = " and ".join(other for other in names if other != name)
        yield Fault(
            file=name,
            line=parsed[name].slug_line,
            key="slug",
            message=f"{slug} is also the slug of {others}, so neither is used; write another slug",
        )


def _is_statement(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() == ".md" and path.stem.lower() != "readme"


def _link_objection(path: Path, folder: Path) -> str:
    if not path.exists():
        return "is a link that leads nowhere; put the file itself here"
    if Path(os.path.realpath(path, strict=True)).is_relative_to(os.path.realpath(folder)):
        return ""
    return "is a link that leads out of the folder; put a copy of the file here"


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """Changes whenever the file does: the times alone are too coarse for two quick writes."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _refused(fault: Fault) -> Parsed:
    return Parsed(statement=None, faults=(fault,))


def _unreadable(name: str, error: OSError) -> Fault:
    message = f"cannot be read: {error.strerror}; check the file and its permissions"
    return Fault(file=name, message=message)


def _no_folder(name: str, error: OSError) -> Fault:
    message = (
        f"this folder of statements cannot be read: {error.strerror}; make it, or correct its path "
        "under statements: in newsletter.yaml"
    )
    return Fault(file=name, message=message)
