"""The pictures that a file holds, made anew, for whoever imports it to keep."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace

from newsletter.documents.markup.inlines import shortened
from newsletter.documents.pictures import make_picture
from newsletter.documents.release.imported import Dropped, ImportedDocument, ImportedPicture
from newsletter.domain.errors import InvalidInput

_NAMELESS = "a picture without a description"


def illustrated(document: ImportedDocument, read: Callable[[str], bytes]) -> ImportedDocument:
    """The document with its pictures made anew; those that cannot be are told of.

    ``read`` gives the bytes at a picture's source, and raises InvalidInput where there are none.
    """
    made: list[ImportedPicture] = []
    lost: list[Dropped] = []
    for one in document.pictures:
        name = shortened(one.alt or _NAMELESS)
        try:
            picture = make_picture(read(one.source), file=name)
        except InvalidInput as error:
            why = f"a picture that was not kept: it {error.faults[0].message}"
            lost.append(Dropped(line=0, text=name, why=why))
            continue
        width, height = picture.width, picture.height
        one = replace(one, kind=picture.kind, data=picture.data, width=width, height=height)
        made.append(one)
    return replace(document, pictures=tuple(made), dropped=(*document.dropped, *lost))


def embedded(source: str) -> bytes:
    """The bytes of a picture that stands in a page itself. Nothing where they are broken."""
    try:
        return base64.b64decode(source.partition(",")[2], validate=False)
    except binascii.Error:
        return b""
