"""Re-encode pictures, so that only their pixels remain: no metadata, and no other file inside.

The size is checked before any pixel is decoded.
"""

import base64
import binascii
import io
import warnings
from collections.abc import Callable
from dataclasses import replace

from PIL import Image, ImageOps, UnidentifiedImageError

from newsletter.documents.release.imported import (
    MAX_PICTURE_BYTES,
    DroppedLine,
    ImportedDocument,
    ImportedPicture,
    MadePicture,
    unusable,
)
from newsletter.documents.release.lines import cut_text
from newsletter.domain.errors import InvalidInput
from newsletter.domain.wording import say

_MAX_PIXELS = 24_000_000
_TOO_MANY_PIXELS = "has more than {most} million pixels; make it smaller first"
_MAX_SIDE_PIXELS = 20_000
_MAX_WIDTH_PIXELS = 1_200
"""Maximum width in pixels: twice an email's width, for sharp screens."""
_MAX_HEIGHT_PIXELS = 2_400
_TARGET_BYTES = 500_000
"""Target size in bytes, which loads fast enough on a telephone."""
_JPEG_QUALITIES = (85, 70, 50)
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif"}
_MAGIC_BYTES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF"}
_REMEDY = say("save it as PNG or JPEG and choose that")


def make_picture(data: bytes, *, file: str) -> MadePicture:
    """Re-encode a PNG, JPEG or GIF. Raises InvalidInput, naming ``file`` and what to do."""
    if len(data) > MAX_PICTURE_BYTES:
        large = "is larger than {most} MB; {advice}, smaller"
        raise unusable(file, large, most=MAX_PICTURE_BYTES // 1_000_000, advice=_REMEDY)
    kind = next((kind for head, kind in _MAGIC_BYTES.items() if data.startswith(head)), "")
    if not kind:
        raise unusable(file, "is no PNG, JPEG or GIF; {advice}", advice=_REMEDY)
    image = _open_picture(data, kind, file)
    image.thumbnail((_MAX_WIDTH_PIXELS, _MAX_HEIGHT_PIXELS), Image.Resampling.LANCZOS)
    kind, encoded = _encode(image, kind)
    width, height = image.size
    return MadePicture(kind=_MEDIA_TYPES[kind], data=encoded, width=width, height=height)


def _open_picture(data: bytes, kind: str, file: str) -> Image.Image:
    """Return the pixels, upright. Of an animation, return the first picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of bombs and broken files
            # only one decoder: Pillow has dozens, and each may have a fault
            with Image.open(io.BytesIO(data), formats=(kind,)) as image:
                width, height = image.size
                if width * height > _MAX_PIXELS or max(width, height) > _MAX_SIDE_PIXELS:
                    raise unusable(file, _TOO_MANY_PIXELS, most=_MAX_PIXELS // 1_000_000)
                image.seek(0)
                # Exif data say which side is up, and are not kept
                upright = ImageOps.exif_transpose(image)
                # the pixels as RGB or RGBA, without metadata
                has_alpha = "A" in upright.getbands() or "transparency" in upright.info
                pixels = upright.convert("RGBA" if has_alpha else "RGB")
                picture = Image.new(pixels.mode, pixels.size)
                picture.paste(pixels)
                return picture
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, Warning) as error:
        broken = "is broken and cannot be read as a picture; {advice}"
        raise unusable(file, broken, advice=_REMEDY) from error
    except Image.DecompressionBombError as error:
        raise unusable(file, _TOO_MANY_PIXELS, most=_MAX_PIXELS // 1_000_000) from error


def _encode(image: Image.Image, kind: str) -> tuple[str, bytes]:
    """Return format and bytes: PNG for a small drawing, else the best JPEG that is small enough."""
    if image.mode == "RGBA":
        png = _save(image, "PNG")
        return "PNG", png if len(png) <= _TARGET_BYTES else _fewer_colours(image)
    png = b"" if kind == "JPEG" else _save(image, "PNG")
    # so small a PNG is a drawing, which JPEG would blur
    if png and len(png) <= _TARGET_BYTES // 4:
        return "PNG", png
    for quality in _JPEG_QUALITIES:
        jpeg = _save(image, "JPEG", quality=quality, progressive=True)
        if len(jpeg) <= _TARGET_BYTES:
            break
    return ("PNG", png) if png and len(png) < len(jpeg) else ("JPEG", jpeg)


def _fewer_colours(image: Image.Image) -> bytes:
    """Return a transparent PNG of 256 colours, scaled down until it is small enough."""
    while True:
        # every Pillow has this method for transparent pixels
        png = _save(image.quantize(256, method=Image.Quantize.FASTOCTREE), "PNG")
        if len(png) <= _TARGET_BYTES:
            return png
        image.thumbnail((image.width * 3 // 4, image.height * 3 // 4), Image.Resampling.LANCZOS)


def _save(image: Image.Image, kind: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


_MIN_SIDE_PIXELS = 4
"""Minimum pixels; smaller pictures are spacers or trackers."""
_UNDESCRIBED_LABEL = "a picture without a description"


def with_encoded(document: ImportedDocument, read: Callable[[str], bytes]) -> ImportedDocument:
    """Re-encode the pictures of a document. Pictures that fail become dropped lines.

    ``read`` returns the bytes of a picture's source, or raises InvalidInput.
    """
    pictures: list[ImportedPicture] = []
    lost_lines: list[DroppedLine] = []
    for imported in document.pictures:
        name = cut_text(imported.alt or _UNDESCRIBED_LABEL)
        try:
            picture = make_picture(read(imported.source), file=name)
        except InvalidInput as error:
            why = f"a picture that was not kept: it {error.faults[0].message}"
            lost_lines.append(DroppedLine(line=0, text=name, reason=why))
            continue
        if min(picture.width, picture.height) < _MIN_SIDE_PIXELS:
            why = f"a picture of {picture.width} × {picture.height} pixels, which nobody sees"
            lost_lines.append(DroppedLine(line=0, text=name, reason=why))
            continue
        pictures.append(replace(imported, **vars(picture)))
    return replace(document, pictures=tuple(pictures), dropped=(*document.dropped, *lost_lines))


def decode_data_url(source: str) -> bytes:
    """Return the bytes of a ``data:`` address, or b"" if they are broken.

    Raises InvalidInput for an address of an email's picture.
    """
    if source.startswith("cid:"):
        raise unusable(source, "is not in the file")
    try:
        return base64.b64decode(source.partition(",")[2], validate=False)
    except binascii.Error:
        return b""
