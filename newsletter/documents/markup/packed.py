"""Unpack archives of XML (.docx, .odt), within limits."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import etree

from newsletter.documents.release.imported import MAX_PICTURE_BYTES, DroppedLine, unusable
from newsletter.documents.release.lines import cut_text, match_key, normalise
from newsletter.domain.errors import InvalidInput

_TAG_PATTERN = re.compile(r"<[^<>]*+>")
_MAX_UNREAD_LINES = 200
_MAX_PARTS = 5_000
_MAX_XML_BYTES = 6_000_000
"""Size limit of one unpacked part: some 500 pages of text."""
_MAX_UNPACKED_BYTES = 20_000_000
"""Size limit of all unpacked XML parts."""


@dataclass(frozen=True, kw_only=True)
class ArchiveKind:
    program: str
    main: str
    """The name of the part with the text."""
    read: re.Pattern[str]
    """A pattern of the names of the parts to read. Programs leave empty files among the others."""
    advice: str
    """Advice for a broken file."""

    def parts(self, data: bytes, file: str) -> dict[str, bytes]:
        """Return name → XML of the parts. Raises InvalidInput for a broken file or a zip bomb."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = archive.namelist()
                if len(names) > _MAX_PARTS:
                    many = "has {parts} parts, far more than {program} writes"
                    raise unusable(file, many, parts=len(names), **vars(self))
                parts = _read(archive, list(filter(self.read.fullmatch, names)))
        except InvalidInput:
            raise
        except Exception as error:  # zipfile raises anything for a broken archive
            other = "is no {program} file, or a broken one; {advice}"
            raise unusable(file, other, **vars(self)) from error
        largest = max(parts, key=lambda name: len(parts[name]), default="")
        unpacked_bytes = sum(map(len, parts.values()))
        if unpacked_bytes > _MAX_UNPACKED_BYTES or len(parts.get(largest, b"")) > _MAX_XML_BYTES:
            much = "holds far more than a statement in {part}; copy the statement into a new file"
            raise unusable(file, much, part=largest)
        if self.main not in parts:
            lacks = "is no {program} file: it has no text of one in it; {advice}"
            raise unusable(file, lacks, **vars(self))
        return parts

    def picture(self, data: bytes, name: str) -> bytes:
        """Return the bytes of a picture. Raises InvalidInput, naming the picture."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as part:
                return part.read(MAX_PICTURE_BYTES + 1)
        except Exception as error:  # zipfile raises anything; a picture may also be missing
            raise unusable(name, "is not in the file, or it is broken") from error

    def tree(self, data: bytes, name: str, file: str) -> Any:
        """Parse the XML of one part. Raises InvalidInput."""
        # no entities: they read other files, or grow without end
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            broken = "is broken: {part} in it cannot be read; {advice}"
            raise unusable(file, broken, part=name, **vars(self)) from error
        # no office program writes a doctype, which entities need
        if root.getroottree().docinfo.doctype:
            typed = "is no file that {program} writes: {part} declares a type; {advice}"
            raise unusable(file, typed, part=name, **vars(self))
        return root


def _read(archive: zipfile.ZipFile, names: Sequence[str]) -> dict[str, bytes]:
    """Return name → content, up to a limit. The sizes that the archive states may be wrong."""
    parts: dict[str, bytes] = {}
    bytes_left = _MAX_UNPACKED_BYTES
    for name in names:
        if bytes_left < 0:
            break
        with archive.open(name) as part:
            # one byte more than allowed shows a part that is too large
            parts[name] = part.read(min(_MAX_XML_BYTES, bytes_left) + 1)
        bytes_left -= len(parts[name])
    return parts


def page_edges(edges: Iterable[tuple[str, str]]) -> Iterator[DroppedLine]:
    """Yield the texts of page heads or feet, each once. ``edges`` are (head or foot, text)."""
    seen: set[str] = set()
    for place, text in edges:
        if text and text not in seen:
            seen.add(text)
            yield DroppedLine(line=0, text=cut_text(text), reason=f"at the {place} of each page")


def unread_lines(root: Any, reported: Set[str], written: str) -> Iterator[DroppedLine]:
    """Yield the paragraphs of a file that are not whole in the HTML written from it.

    ``reported`` are elements whose words are no text, or counted elsewhere. Figures are not
    compared: they may be the marks of notes.
    """
    texts: dict[Any, str] = {}
    for part in root.xpath(".//text()"):
        element = part.getparent()
        around = [*([] if part.is_tail else [element]), *element.iterancestors()]
        names = [etree.QName(one).localname for one in around]
        own = next(
            (one for one, name in zip(around, names, strict=True) if name in {"p", "h"}), None
        )
        if own is not None and reported.isdisjoint(names):
            texts[own] = texts.get(own, "") + part
    written = unescape(_TAG_PATTERN.sub("", written))
    return missing_lines(texts.values(), written, "in a part of the file that is not read")


def missing_lines(texts: Iterable[str], written: str, why: str) -> Iterator[DroppedLine]:
    """Yield the texts whose letters are not in ``written``, with the reason ``why``."""
    shown, at, count = _letters(written), 0, 0
    for text in texts:
        key = _letters(text)
        # the paragraphs come in their order: most are right below the last one
        found = shown.find(key, at)
        at = found if found >= 0 else shown.find(key)
        if at < 0:
            at, count = 0, count + 1
            if count > _MAX_UNREAD_LINES:  # each was searched in the whole text
                yield DroppedLine(line=0, text="…", reason=why)
                return
            yield DroppedLine(line=0, text=cut_text(normalise(text).strip()), reason=why)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, match_key(text)))


def hidden_lines(texts: Iterable[str]) -> Iterator[DroppedLine]:
    return (DroppedLine(line=0, text=cut_text(text), reason="hidden in the file") for text in texts)
