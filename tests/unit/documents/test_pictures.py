"""Pictures: only pixels are kept; too many, and other files, are refused."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from newsletter.documents.pictures import make_picture
from newsletter.domain.errors import InvalidInput
from tests.rows import rows


def image(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), "navy")


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.effect_noise((width, height), 90).convert(mode)


def saved(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_each_kind_that_mails_show_is_made_anew(subtests: pytest.Subtests) -> None:
    for kind, becomes in (("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "png")):
        with subtests.test(kind=kind):
            made = make_picture(saved(image(), kind), file="a")
            assert (made.width, made.height) == (60, 40)
            assert made.kind == f"image/{becomes}"
            assert opened(made.data).size == (60, 40)


def test_what_a_camera_wrote_beside_the_pixels_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "Camera of Ana", {1: "N", 2: (52.0, 30.0, 0.0)}
    made = make_picture(saved(image(), "JPEG", exif=exif), file="a.jpg")
    assert (made.width, made.height) == (40, 60)
    assert b"Camera" not in made.data
    assert dict(opened(made.data).getexif()) == {}


def test_what_is_written_into_a_png_or_behind_its_end_is_gone() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>", zip=False)
    data = saved(image(), "PNG", pnginfo=notes) + b"PK\x03\x04<?php evil(); ?>"
    made = make_picture(data, file="a.png")
    assert b"script" not in made.data
    assert b"php" not in made.data


@pytest.mark.slow("encodes large pictures")
def test_a_wide_picture_is_made_as_wide_as_a_mail_needs_it() -> None:
    made = make_picture(saved(noise(2000, 1000), "JPEG"), file="a.jpg")
    assert (made.width, made.height, made.kind) == (1200, 600, "image/jpeg")
    assert len(made.data) <= 500_000


@pytest.mark.slow("encodes large pictures")
def test_a_picture_that_is_clear_in_parts_stays_so_and_becomes_small() -> None:
    clear = noise(800, 800, "RGBA")
    clear.putalpha(noise(800, 800, "L"))
    made = make_picture(saved(clear, "PNG", compress_level=1), file="a.png")
    assert made.width < 800, "it had to become smaller"
    assert made.kind == "image/png"
    assert len(made.data) <= 500_000
    assert opened(made.data).convert("RGBA").getextrema()[3][0] < 255


@pytest.mark.slow("encodes large pictures")
def test_a_picture_that_is_heavy_whatever_its_quality_comes_as_small_as_it_can() -> None:
    made = make_picture(saved(noise(1200, 1700), "PNG", compress_level=1), file="a.png")
    assert made.kind == "image/jpeg"
    assert len(made.data) > 500_000


def test_drawings_with_few_colours_stay_png_where_that_is_smaller() -> None:
    drawn = image(1200, 1200)
    for x in range(0, 1200, 3):
        drawn.putpixel((x, (x * 7) % 1200), (255, 255, 255))
    assert make_picture(saved(drawn, "PNG"), file="a.png").kind == "image/png"


def test_of_a_picture_that_moves_the_first_is_kept() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    made = make_picture(data, file="a.gif")
    assert getattr(opened(made.data), "n_frames", 1) == 1


def bomb() -> bytes:
    """A small file that says it is 30,000 times 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@rows(
    ("data", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "is no PNG, JPEG or GIF"),
        (b"<html><script>alert(1)</script>", "is no PNG, JPEG or GIF"),
        (saved(image(), "WEBP"), "is no PNG, JPEG or GIF"),
        (saved(image(), "BMP"), "is no PNG, JPEG or GIF"),
        (b"", "is no PNG, JPEG or GIF"),
        (b"\x89PNG\r\n\x1a\n<svg/>", "is broken"),
        (b"GIF89a/*<script>*/=1", "is broken"),
        (saved(noise(60, 40), "JPEG")[:300], "is broken"),
        (saved(noise(60, 40), "PNG")[:200], "is broken"),
        (bomb(), "24 million pixels"),
        (saved(image(20_001, 1), "PNG"), "24 million pixels"),
        (saved(image(6000, 5000, "1"), "PNG"), "24 million pixels"),
        (b"\xff\xd8\xff" + b"\0" * 10_000_001, "is larger than 10 MB"),
    ],
)
def test_what_is_no_picture_or_too_much_is_refused_with_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        make_picture(data, file="a.png")
