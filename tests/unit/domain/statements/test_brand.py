"""Every permitted colour stays readable, in the light and in the dark."""

import colorsys
import re
from dataclasses import fields

import pytest

from newsletter.domain.statements import brand
from newsletter.domain.statements.brand import (
    Brand,
    Font,
    Logo,
    Scheme,
    contrast,
    dark,
    desk_colours,
    light,
)
from tests.rows import rows

LOGO = Logo(src="https://forum.example/logo.png", width=180, height=48)
TEXTS = {
    "sheet": ("ink", "quiet", "quote", "accent"),
    "ground": ("quiet", "ink", "accent"),
    "masthead": ("name", "tagline"),
    "accent": ("on_accent",),
}
"""Ground → the colours on it. A correction's notice has that ground, too."""


def hues() -> list[str]:
    """Colours of all hues, from pale to deep."""
    return [
        "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue / 12, l, s))
        for hue in range(12)
        for l in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)  # noqa: E741
        for s in (0.0, 0.5, 1.0)
    ]


def accepted(check: object, colours: list[str]) -> list[str]:
    found = []
    for one in colours:
        try:
            found.append(check(one))  # type: ignore[operator]
        except ValueError:
            continue
    return found


def assert_readable(scheme: Scheme) -> None:
    for ground, inks in TEXTS.items():
        for ink in inks:
            ratio = contrast(getattr(scheme, ink), getattr(scheme, ground))
            assert ratio >= 4.5, (ink, ground, scheme)


def test_black_on_white_has_the_greatest_contrast_and_a_colour_none_to_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#17505c", "#17505c") == 1
    # the grey that is known as just readable on white
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_the_plain_style_is_readable_in_both_schemes() -> None:
    assert_readable(light(Brand()))
    assert_readable(dark(Brand()))


def test_whatever_is_accepted_is_readable_in_both_schemes() -> None:
    accents, grounds = accepted(brand.accent, hues()), accepted(brand.ground, hues())
    assert len(accents) > 60
    assert len(grounds) > 20
    for one in accents:
        for look in (light, dark):
            assert_readable(look(Brand(accent=one, ground="#ffffff")))
    for mast in hues():
        for logo in (None, LOGO):
            for look in (light, dark):
                assert_readable(look(Brand(masthead=mast, logo=logo)))


def test_a_masthead_with_a_colour_or_a_logo_is_the_same_in_the_dark() -> None:
    for chosen in (Brand(masthead="#12305f"), Brand(logo=LOGO)):
        assert dark(chosen).masthead == light(chosen).masthead
        assert dark(chosen).name == light(chosen).name
        assert dark(chosen).edge == light(chosen).edge
    assert dark(Brand()).masthead == dark(Brand()).sheet


def test_the_dark_accent_keeps_its_hue() -> None:
    given, shown = (
        colorsys.rgb_to_hls(*(int(one[at : at + 2], 16) / 255 for at in (1, 3, 5)))
        for one in ("#8a1c3b", dark(Brand(accent="#8a1c3b")).accent)
    )
    assert given[0] == pytest.approx(shown[0], abs=0.02)
    assert shown[1] > given[1]


def test_every_colour_is_written_with_six_small_digits() -> None:
    for look in (light, dark):
        scheme = look(Brand(accent="#1a4fa0", ground="#eef2f8", masthead="#12305f"))
        for field in fields(scheme):
            assert re.fullmatch("#[0-9a-f]{6}", getattr(scheme, field.name))


@rows("text", ["red", "#123", "#12345g", "17505c", "rgb(1,2,3)", "#17505c "])
def test_what_is_no_colour_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match='write it like "#17505c"'):
        brand.colour(text)


def test_capitals_are_no_other_colour() -> None:
    assert brand.colour("#17505C") == "#17505c"


@rows(
    ("check", "text", "against"),
    [
        (brand.accent, "#ffcc00", "#ffffff"),
        (brand.accent, "#ffffff", "#ffffff"),
        (brand.ground, "#334455", "#5b6168"),
        (brand.ground, "#000000", "#5b6168"),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_that_can(
    check: object, text: str, against: str
) -> None:
    with pytest.raises(ValueError, match=r"and text needs 4\.5") as caught:
        check(text)  # type: ignore[operator]
    proposed = re.findall('"(#[0-9a-f]{6})"', str(caught.value))
    assert contrast(proposed[-1], against) >= 4.5
    assert check(proposed[-1]) == proposed[-1]  # type: ignore[operator]


def test_a_contrast_that_is_nearly_enough_is_not_shown_as_enough() -> None:
    with pytest.raises(ValueError, match=r"contrast 4\.4,"):
        brand.accent("#777777")


def test_every_font_has_a_stack_that_ends_with_a_family_all_programs_have() -> None:
    for font in Font:
        assert re.search(r", (?:sans-)?serif$", font.stack)


def test_the_desk_is_readable_in_every_colour_of_an_organisation() -> None:
    for one in accepted(brand.accent, hues()):
        for scheme, on_brand, on_accent, sheet in zip(
            desk_colours(Brand(accent=one)),
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
