"""Subscribers from CSV files, or a ZIP of them, row by row."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import NOTED, Entry, Subscriber, SuppressedEntry
from newsletter.subscriber_files.encodings import Member, Source, readable
from newsletter.subscriber_files.entries import EntryReader, Raw, people
from newsletter.subscriber_files.exports import COLUMN_NAMES, lower_case
from newsletter.subscriber_files.subscriber_file import Located, not_text

COLUMNS = (
    *("email", "name", "lists", "language", "timezone", "consent_source", "consent_at"),
    *NOTED,
    *("tags", "paused_until", "left", "suppressed"),
)
FIRST_NAME, LAST_NAME = "first name", "last name"
"""Columns that are parts of a name."""
_ALIASES = {
    **dict.fromkeys(("e mail", "email address", "e mail address", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("full name", "fullname", "contact name", "display name"), "name"),
    **dict.fromkeys(("firstname", "given name", "forename"), FIRST_NAME),
    **dict.fromkeys(("lastname", "surname", "family name"), LAST_NAME),
    **dict.fromkeys(("list", "mailing list", "mailing lists"), "lists"),
    **dict.fromkeys(("organisation", "organization", "media outlet", "publication"), "outlet"),
    **dict.fromkeys(("telephone", "phone number", "mobile"), "phone"),
    "lang": "language",
    "tag": "tags",
}
"""Names in spreadsheets → our columns; a space also matches ``-`` and ``_``."""


def column_of(header: str) -> str:
    """Return our column for a header, or the header in lower case if there is none."""
    plain = header.strip().lower()
    if plain in COLUMNS:
        return plain
    spaced = " ".join(plain.replace("-", " ").replace("_", " ").split())
    if spaced.replace(" ", "_") in COLUMNS:
        return spaced.replace(" ", "_")
    if spaced in (FIRST_NAME, LAST_NAME):
        return spaced
    return _ALIASES.get(spaced, plain)


# What a spreadsheet may take for a formula, also with the wide signs of East Asian keyboards, after
# any number of apostrophes: so each cell has one guarded form, and each guarded form one cell.
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def guarded(cell: str) -> str:
    """Return the cell with an apostrophe in front if a spreadsheet may take it for a formula.

    A cell with apostrophes before a formula gets another one; ``'t Hooft`` stays as it is.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return the cell before ``guarded``; anything else stays as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


MAX_UNPACKED_BYTES = 2 << 30
"""Of all files in a ZIP; a million people need a quarter of it."""
_MAX_LINE_CHARACTERS = 1 << 20
"""A longer line comes in pieces, which are refused as broken rows."""
OURS = frozenset({*COLUMNS, FIRST_NAME, LAST_NAME})
IGNORED = "-"
"""The choice of a column that is not imported."""
_MIN_SIMILARITY = 0.8
"""Of a header and our column, to be taken for a typing error."""
_CONSENT_WORDS = re.compile(
    r"status|subscri|opt.?(in|out)|bounc|complain|block|clean|suppress|consent|permission"
    r"|do.?not|active|enabled|disabled|deleted|removed"
)
"""Words in the header of a column that may say who must not get mail."""
_DECLARED = re.compile(r"sep=(.)\s*\n", re.IGNORECASE)


def members(path: Source) -> tuple[Member, ...]:
    """Return the CSV files in a file. Raises InvalidInput if it cannot be read or has none."""
    if path.suffix.lower() != ".zip":
        return (Member(file=str(path), name=path.name, open=lambda: path.open("rb")),)
    with readable(str(path)), _archive(path) as archive:
        tables = [
            info
            for info in archive.infolist()
            if info.filename.lower().endswith(".csv") and not info.filename.startswith("__MACOSX/")
        ]
    objection = ""
    if not tables:
        objection = "holds no file of CSV; look at what it is"
    elif any(info.flag_bits & 1 for info in tables):  # bit 0 of PKWARE's APPNOTE 4.4.4: encrypted
        objection = "has a password; unpack it and import its files one by one"
    elif sum(info.file_size for info in tables) > MAX_UNPACKED_BYTES:
        limit = MAX_UNPACKED_BYTES >> 30
        objection = f"unpacks to more than {limit} GiB; import its files one by one"
    if objection:
        raise InvalidInput([Fault(file=str(path), message=objection)])
    return tuple(
        Member(
            file=f"{path}/{info.filename}",
            name=PurePosixPath(info.filename).name,
            open=partial(_unpacked, path, info),
            packed=True,
        )
        for info in tables
    )


def _archive(path: Source) -> zipfile.ZipFile:
    return zipfile.ZipFile(path if isinstance(path, Path) else path.open())


def _unpacked(path: Source, info: zipfile.ZipInfo) -> IO[bytes]:
    # an open file of an archive outlives it: the archive is closed with the last of them
    with _archive(path) as archive:
        return archive.open(info)


def rows(member: Member, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with its first line; the first row names the columns.

    Raises InvalidInput if a row is not CSV or not text.
    """
    line = 0
    try:
        with (
            readable(member.file),
            io.TextIOWrapper(member.open(), encoding, newline=None) as text,
        ):
            lines = iter(partial(text.readline, _MAX_LINE_CHARACTERS), "")
            first = next(lines, "")
            declared = _DECLARED.fullmatch(first)
            skipped = 1 if declared else 0
            delimiter = declared[1] if declared else max(",;\t", key=partial(_known, first))
            # strict: or a quote that is never closed would swallow the rest of the file
            table = csv.reader(
                lines if declared else chain([first], lines), delimiter=delimiter, strict=True
            )
            line = skipped + 1
            for row in table:
                if any(map(str.strip, row)):
                    yield line, row
                line = skipped + table.line_num + 1
    except csv.Error as error:
        message = f"is not CSV: {error}; look at its quotes"
        raise InvalidInput([Fault(file=member.file, line=line, message=message)]) from error
    except UnicodeDecodeError as error:
        raise InvalidInput([not_text(member, encoding)]) from error


def _known(header: str, delimiter: str) -> tuple[int, int]:
    """Return how many columns the delimiter makes that we know, and how many in all."""
    names = [name.strip(' "\n').lower() for name in header.split(delimiter)]
    return sum(name in COLUMN_NAMES or column_of(name) in OURS for name in names), len(names)


_FIRST_ROW = "its first row names the columns, like email,name,lists"


AUTO = "auto"
"""The kind of a file whose first row says which tool wrote it."""


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """A person's instructions about a file."""

    kind: str = AUTO
    """AUTO, PLAIN or the name of a tool."""
    lists: Sequence[str] = ()
    """The lists of everybody in an export, or in a table without a column ``lists``."""
    encoding: str = ""
    without: Collection[str] = ()
    """The files that an export lacks because they were empty."""
    mapped: Mapping[str, str] = field(default_factory=dict)
    """Our column → its header in the file, which is then no export."""
    ignored: Sequence[str] = ()
    """Headers to ignore."""
    chosen: Sequence[str] = ()
    """Our column for each of the file's, in order: "" as its header says, ``IGNORED`` for none."""
    agreed: str = ""
    """How people agreed of whom the file says only when."""


def read_csv(
    member: Member, encoding: str, reader: EntryReader, given: Instructions
) -> Iterator[Located]:
    """Yield the people of all rows; the reader notes the faults.

    The first row names the columns, in any order, in our words or those of spreadsheets. The
    delimiter is ``,`` ``;`` or a tab, whichever fits that row; Excel's line ``sep=;`` above it is
    understood. Names in a cell are separated by ``;``. A row with a reason in ``suppressed`` is a
    suppression; if it has other cells too, also a subscriber.
    """
    body = rows(member, encoding)
    line, header = next(body, (1, []))
    if not header:
        reader.fault(line, "", f"is empty; {_FIRST_ROW}")
        return
    columns = _columns(header, line, reader, given)
    if columns is None:
        return
    everybody = {"lists": ";".join(given.lists)} if given.lists else {}
    for line, row in body:
        if len(row) != len(columns):
            what = f"has {len(row)} fields, and the first row {len(columns)}"
            reader.fault(line, "", f"{what}; look for a delimiter or a quote too many or too few")
        else:
            filled = zip(columns, row, strict=True)
            cells = everybody | {
                name: unguarded(cell.strip()).strip() for name, cell in filled if cell and name
            }
            if given.agreed and "consent_at" in cells:
                cells.setdefault("consent_source", given.agreed)
            for person in _people(cells, line, reader):
                yield Located(f"{member.name}:{line}", person)


def _columns(
    row: Sequence[str], line: int, reader: EntryReader, given: Instructions
) -> list[str] | None:
    columns = _ours(row, given)
    before = len(reader)
    for number, name in enumerate(columns):
        is_twice = name in OURS and name in columns[:number]
        objection = "stands twice; keep one of them" if is_twice else doubt(name, given)
        if objection:
            reader.fault(line, "", f"column {name!r} {objection}")
    for name, header in given.mapped.items():
        if name not in columns:
            reader.fault(line, "", f"has no column {header!r}, which --column {name} names")
    if "email" not in columns and "email" not in given.mapped:
        reader.fault(line, "", f"has no column email; {_FIRST_ROW}")
    if given.lists and "lists" in columns:
        reader.fault(line, "", "has a column lists; take --list away, or remove that column")
    if len(reader) > before:
        return None
    return [name if name in OURS else "" for name in columns]


def _ours(row: Sequence[str], given: Instructions) -> list[str]:
    """Return our column for each of a header; for one that we do not know, its name."""
    mapped = {header.strip().lower(): name for name, header in given.mapped.items()}
    chosen = [*given.chosen, *[""] * len(row)]
    return [
        # unless another header is mapped to the column
        one or mapped.get(small) or (small if column_of(name) in given.mapped else column_of(name))
        for one, name, small in zip(chosen, row, lower_case(row), strict=False)
    ]


def ignored_columns(row: Sequence[str], given: Instructions) -> list[str]:
    """Return the columns of a header that we do not know, as the file writes them."""
    return [
        header.strip() or f"column {number}, which has no name"
        for number, (header, name) in enumerate(zip(row, _ours(row, given), strict=True), start=1)
        if name not in OURS
    ]


def doubt(name: str, given: Instructions) -> str:
    """Return why an unknown column cannot simply be ignored, or ""."""
    if not name or name in OURS or name in lower_case(given.ignored):
        return ""
    near = get_close_matches(name, [*OURS, *_ALIASES], n=1, cutoff=_MIN_SIMILARITY)
    if near:
        said = f"means nothing here; did you mean {_ALIASES.get(near[0], near[0])}?"
    elif _CONSENT_WORDS.search(name):
        said = (
            "may say who must not be written to, and means nothing here; map it, like"
            ' --column left="…", or take those people out.'
        )
    else:
        return ""
    return f'{said} --ignore-column "{name}" ignores it'


def _people(
    cells: dict[str, str], line: int, reader: EntryReader
) -> Iterator[Entry | SuppressedEntry]:
    parts = " ".join(filter(None, (cells.pop(part, "") for part in (FIRST_NAME, LAST_NAME))))
    cells["name"] = cells.get("name") or parts
    reason = cells.pop("suppressed", "")
    is_bare = reason and not any(cells[name] for name in cells if name != "email")
    lists, tags, left = (
        _names(cells.pop(name, ""), name, line, reader) for name in ("lists", "tags", "left")
    )
    raw = Raw(lists=lists, tags=tags, left=left, **cells)
    return people(reader, raw, reason, lambda _: line, with_subscriber=not is_bare)


def _names(cell: str, column: str, line: int, reader: EntryReader) -> tuple[str, ...]:
    if not cell:
        return ()
    names = [name.strip() for name in cell.split(";")]
    if not all(names):
        example = "vip;board" if column == "tags" else "press;supporters"
        what = "an empty tag" if column == "tags" else "an empty list"
        reader.fault(line, column, f"{cell!r} names {what}; write them like {example}")
    return tuple(filter(None, names))


People = Iterable[tuple[Subscriber, str]]
"""Subscribers, each with the consent as JSON."""

_PIECE_CHARACTERS = 1 << 16


def as_csv(people: People, strangers: Iterable[SuppressedEntry]) -> Iterator[str]:
    """The text of a CSV, in pieces. ``strangers`` are suppressed and no subscribers."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in _rows(people, strangers):
        table.writerow(map(guarded, row.values()))
        if out.tell() > _PIECE_CHARACTERS:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _rows(people: People, strangers: Iterable[SuppressedEntry]) -> Iterator[Mapping[str, str]]:
    for person, consent in people:
        given = json.loads(consent)
        row = {
            "email": person.address,
            "name": person.name,
            "lists": ";".join(person.lists),
            "language": person.language,
            "timezone": person.timezone,
            "consent_source": given.get("source") or "",
            "consent_at": given.get("at") or "",
            **person.noted,
            "tags": ";".join(person.tags),
            "paused_until": person.paused_until.isoformat() if person.paused_until else "",
            "left": ";".join(person.left),
            "suppressed": person.suppressed.value if person.suppressed else "",
        }
        if person.suppressed and not any(row[name] for name in COLUMNS[1:-1]):
            # an address with nothing but its reason would be read as a suppression without a
            # subscriber
            yield row | {"suppressed": ""}
        yield row
    for entry in strangers:
        yield dict.fromkeys(COLUMNS, "") | {
            "email": entry.address,
            "suppressed": entry.reason.value,
        }
