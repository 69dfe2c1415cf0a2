"""Names and writes the files of statements."""

import re
import unicodedata
from itertools import chain, count
from pathlib import Path

from newsletter.domain.errors import InvalidInput, Refused
from newsletter.domain.statements.statement import MAX_SLUG_CHARS

_LATIN_OF_LETTER = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
)
_DRAFT_STATUS_PATTERN = re.compile(rb"(?P<key>^\s*[\"']?status[\"']?\s*:\s*)[\"']?draft\b[\"']?")
_FALLBACK_SLUG = "statement"
_MAX_TITLE_CHARS = 1_000
"""The characters of a title that count. Decomposing stacked accents takes quadratic time."""
_APOSTROPHE_PATTERN = re.compile(r"(?<=\w)['’](?=\w)")


def slugify(title: str) -> str:
    """Return a slug for a title: ASCII words joined by ``-``, cut between words.

    A title without a Latin letter gives ``statement``, and its number.
    """
    lower = _APOSTROPHE_PATTERN.sub("", title[:_MAX_TITLE_CHARS].lower())
    plain = unicodedata.normalize("NFKD", lower.translate(_LATIN_OF_LETTER))
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower())
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:MAX_SLUG_CHARS]
        if len(longer) > MAX_SLUG_CHARS:
            break
        slug = longer
    # commands read a number as that of a campaign
    return f"{_FALLBACK_SLUG}-{slug}"[:MAX_SLUG_CHARS] if slug.isdigit() else slug or _FALLBACK_SLUG


def path_for_title(folder: Path, title: str) -> Path:
    """Return the path of a new statement: its title's slug.

    Titles without a Latin letter have the same slug, so a number follows if it is taken.
    """
    slug = slugify(title)
    path = folder / f"{slug}.md"
    if re.search("[a-z]", slug.removeprefix(_FALLBACK_SLUG)):
        return path
    numbered_paths = (folder / f"{slug}-{number}.md" for number in count(2))
    return next(candidate for candidate in chain([path], numbered_paths) if not candidate.exists())


def write_new(path: Path, data: bytes) -> None:
    """Write a new file. Raises Refused if it exists, InvalidInput if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        what = f"{path} exists already and is left as it is"
        raise Refused(f"{what}; choose another slug, or move that file away first") from error
    except OSError as error:
        message = f"cannot be written: {error.strerror}; check the folder and its permissions"
        raise InvalidInput.at(str(path), message) from error


def mark_for_review(path: Path, line: int) -> None:
    """Change ``status: draft`` on this line (from 1) of a statement file to ``status: review``.

    Raises Refused if the line is another, and InvalidInput if the file cannot be written.
    """
    try:
        path = path.resolve()  # replacing a link would leave the file as it is
        lines = path.read_bytes().splitlines(keepends=True)
        if not 1 <= line <= len(lines) or not _DRAFT_STATUS_PATTERN.search(lines[line - 1]):
            raise Refused(f"{path} does not say status: draft; write status: review into it")
        lines[line - 1] = _DRAFT_STATUS_PATTERN.sub(rb"\g<key>review", lines[line - 1])
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(b"".join(lines))
        part.chmod(path.stat().st_mode)
        part.replace(path)
    except OSError as error:
        message = f"cannot be written: {error.strerror}; write status: review into it"
        raise InvalidInput.at(str(path), message) from error
