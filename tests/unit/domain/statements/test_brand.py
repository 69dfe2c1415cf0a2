"""Whatever colour is chosen, text stays readable, in the light and in the dark."""

import colorsys
import re
from collections.abc import Callable
from dataclasses import fields

import pytest

from newsletter.domain.statements import brand
from newsletter.domain.statements.brand import (
    FONT_STACKS,
    Logo,
    Sans,
    Scheme,
    Serif,
    contrast,
    dark_scheme,
    desk_colors,
    light_scheme,
)
from newsletter.domain.themes import Theme
from tests.rows import rows

TEXTS = {
    "sheet": ("ink", "quiet", "accent"),
    "ground": ("ink", "quiet", "accent"),
    "tint": ("ink", "quiet", "accent"),
    "band": ("on_band",),
    "accent": ("on_accent",),
}
"""Ground → what is written on it."""


def hues() -> list[str]:
    """Colours of all hues, from pale to deep."""
    return [
        "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue / 12, l, s))
        for hue in range(12)
        for l in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)  # noqa: E741
        for s in (0.0, 0.5, 1.0)
    ]


def test_black_on_white_has_the_greatest_contrast_and_a_colour_none_to_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#17505c", "#17505c") == 1
    # the grey that is known as just readable on white
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@rows("scheme", [light_scheme, dark_scheme])
def test_whatever_is_chosen_is_readable(scheme: Callable[[str], Scheme]) -> None:
    for color in (*hues(), "#000000", "#ffffff"):
        made = scheme(color)
        for ground, inks in TEXTS.items():
            for ink in inks:
                ratio = contrast(getattr(made, ink), getattr(made, ground))
                assert ratio >= 4.5, (ink, ground, color)
        assert contrast(made.on_band, made.band) >= 9


def test_a_colour_that_is_readable_stays_and_its_band_is_the_same_in_the_dark() -> None:
    assert light_scheme("#17505c").accent == "#17505c"
    assert dark_scheme("#17505c").band == light_scheme("#17505c").band


def test_a_grey_colour_gives_greys() -> None:
    for scheme in (light_scheme("#444444"), dark_scheme("#444444")):
        for one in fields(scheme):
            value = getattr(scheme, one.name)
            assert value[1:3] == value[3:5] == value[5:7]


@rows("theme", Theme)
def test_in_each_theme_the_text_is_as_wide_as_tables_are_measured(theme: Theme) -> None:
    design = theme.design
    assert design.width - 2 * design.padding == 528
    assert design.lead_picture_width == (504 if design.frame_width else design.width)


@rows(("width", "height", "wide"), [(96, 96, False), (72, 48, False), (180, 48, True)])
def test_a_wide_logo_is_a_word_mark(width: int, height: int, wide: bool) -> None:
    assert Logo(src="https://forum.example/a.png", width=width, height=height).is_wide == wide


def test_the_dark_accent_keeps_its_hue() -> None:
    given, shown = (
        colorsys.rgb_to_hls(*(int(one[at : at + 2], 16) / 255 for at in (1, 3, 5)))
        for one in ("#8a1c3b", dark_scheme("#8a1c3b").accent)
    )
    assert given[0] == pytest.approx(shown[0], abs=0.02)
    assert shown[1] > given[1]


def test_every_colour_is_written_with_six_small_digits() -> None:
    for look in (light_scheme, dark_scheme):
        scheme = look("#1a4fa0")
        for field in fields(scheme):
            assert re.fullmatch("#[0-9a-f]{6}", getattr(scheme, field.name))


@rows("text", ["red", "#123", "#12345g", "17505c", "rgb(1,2,3)", "#17505c "])
def test_what_is_no_colour_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match='write it like "#17505c"'):
        brand.parse_color(text)


def test_capitals_are_no_other_colour() -> None:
    assert brand.parse_color("#17505C") == "#17505c"


def test_every_font_has_a_stack_that_ends_with_a_family_all_programs_have() -> None:
    for font in (*Serif, *Sans):
        assert re.search(r", (?:sans-)?serif$", FONT_STACKS[font])


def test_the_desk_is_readable_in_every_colour_of_an_organisation() -> None:
    for one in hues():
        for scheme, on_brand, on_accent, sheet in zip(
            desk_colors(one),
            ("#ffffff", "#ebf0f1"),
            ("#ffffff", ""),
            ("#ffffff", "#161d20"),
            strict=True,
        ):
            pairs = [
                (on_brand, scheme["brand"]),
                (on_brand, scheme["brand-pill"]),
                (scheme.get("on-accent", on_accent), scheme["accent"]),
                (scheme["accent"], sheet),
                (scheme["accent"], scheme["accent-soft"]),
            ]
            assert [pair for pair in pairs if contrast(*pair) < 5.5] == [], one
