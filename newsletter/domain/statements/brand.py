"""The look of emails: an organisation's choices, and the colours that follow from them.

Text stays readable: a colour with too little contrast is refused, and dark colours are computed
from the light ones. Contrast is that of WCAG 2.2 (relative luminance, 1 to 21).
"""

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from newsletter.domain.setting import PictureUrl, Rule, setting

READABLE = 4.5
"""The least contrast of text to its ground: WCAG 2.2, 1.4.3, level AA."""
_CLEAR = 8.5
"""The contrast that worked-out colours have: well above level AAA, for links in long texts."""

_HEADER, _DESK_TEXT = 9.0, 7.0
"""The contrast to white of the desk's header, and of its accent, which is also read on its tint."""

_HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_WHITE = "#ffffff"
_INK = "#22262b"
_QUIET = "#5b6168"
_DARK_SHEET = "#1a1e22"
_SOFTEST = 0.45


class Font(Enum):
    """Fonts that readers' machines have, each with its substitutes."""

    GEORGIA = "georgia"
    """A serif made for screens."""
    TIMES = "times"
    """The serif of newspapers."""
    PALATINO = "palatino"
    """A wide serif, for short texts."""
    HELVETICA = "helvetica"
    """A plain sans serif, with Arial as its substitute."""
    VERDANA = "verdana"
    """A wide sans serif that stays clear when small."""
    TAHOMA = "tahoma"
    """A narrow sans serif that stays clear when small."""
    TREBUCHET = "trebuchet"
    """A friendly sans serif."""

    @property
    def stack(self) -> str:
        """The font stack for CSS."""
        return _STACKS[self]


_STACKS = {
    Font.GEORGIA: "Georgia, 'Times New Roman', Times, serif",
    Font.TIMES: "'Times New Roman', Times, serif",
    Font.PALATINO: "Palatino, 'Palatino Linotype', 'Book Antiqua', Georgia, serif",
    Font.HELVETICA: "'Helvetica Neue', Helvetica, Arial, sans-serif",
    Font.VERDANA: "Verdana, Geneva, sans-serif",
    Font.TAHOMA: "Tahoma, Verdana, Geneva, sans-serif",
    Font.TREBUCHET: "'Trebuchet MS', Tahoma, Arial, sans-serif",
}


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """All colours of an email in one scheme, as #rrggbb."""

    ground: str
    sheet: str
    ink: str
    quiet: str
    quote: str
    line: str
    accent: str
    on_accent: str
    masthead: str
    edge: str
    """The rule above the masthead."""
    name: str
    tagline: str


def contrast(one: str, other: str) -> float:
    """The contrast of two colours: 1 for the same, 21 for black and white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def colour(text: str) -> str:
    """A colour as mails write it, in small letters. Raises ValueError, saying what to write."""
    if not _HEX.fullmatch(text):
        raise ValueError(
            f'{text!r} is no colour that every mail program knows; write it like "#17505c":'
            " in quotes, # and six digits or letters a to f"
        )
    return text.lower()


def accent(text: str) -> str:
    """A colour that links on white may have. Raises ValueError with one that is dark enough."""
    return _readable(text, _WHITE, 0.0, "too light to be read on white", "dark enough")


def ground(text: str) -> str:
    """A colour on which the foot can be read. Raises ValueError with one that is light enough."""
    objection = "too dark for the small grey words at the foot"
    return _readable(text, _QUIET, 1.0, objection, "light enough")


def _readable(text: str, against: str, end: float, objection: str, remedy: str) -> str:
    given = colour(text)
    ratio = contrast(given, against)
    if ratio >= READABLE:
        return given
    near = _towards(given, end, against, READABLE)
    raise ValueError(
        f"{text!r} is {objection} (contrast {_shown(ratio)}, and text needs {READABLE});"
        f' "{near}" is {remedy}'
    )


def _not_a_comment(value: Any) -> Any:
    """Without quotes, YAML takes a colour for a comment, and the key has no value."""
    if value is None:
        raise ValueError(
            'has no value: YAML takes # for a comment; put the colour in quotes, like "#17505c"'
        )
    return value


_HEX_FORM = {"pattern": "^#[0-9a-fA-F]{6}$"}
_WRITTEN = Annotated[str, Rule(_not_a_comment, first=True)]
Colour = Annotated[_WRITTEN, Rule(colour, schema=_HEX_FORM)]
"""A colour, as ``#`` and six digits in base sixteen."""
Accent = Annotated[_WRITTEN, Rule(accent, schema=_HEX_FORM)]
"""A colour that can be read on white."""
Ground = Annotated[_WRITTEN, Rule(ground, schema=_HEX_FORM)]
"""A colour on which grey words can be read."""


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A picture in the masthead. If pictures are off, the organisation's name replaces it."""

    src: PictureUrl = setting(
        "The picture's address on the web.", "https://forum.example/mail-logo.png"
    )
    width: int = setting("The shown width in pixels.", 180, ge=1, le=528)
    height: int = setting("The shown height in pixels.", 48, ge=1, le=200)


@dataclass(frozen=True, kw_only=True)
class Brand:
    """The look of emails. Colours with too little contrast are refused; dark colours are
    computed."""

    accent: Accent = setting(
        "The colour of links and rules, dark enough for white paper.",
        '"#17505c"',
        default="#17505c",
    )
    ground: Ground = setting("The light colour around the sheet.", '"#f3f1ec"', default="#f3f1ec")
    masthead: Colour = setting(
        "The colour behind name and logo. If it is not white, it is the same on dark screens.",
        '"#ffffff"',
        default=_WHITE,
    )
    headings: Font = setting(
        "The font of the name, the title and the headings.", "georgia", default=Font.GEORGIA
    )
    text: Font = setting("The font of the text.", "georgia", default=Font.GEORGIA)
    details: Font = setting(
        "The font of dates, tables, contacts and the foot.", "helvetica", default=Font.HELVETICA
    )
    logo: Logo | None = setting("A picture instead of the organisation's name.", default=None)


def light(brand: Brand) -> Scheme:
    """The colours on a light screen."""
    banner = brand.masthead != _WHITE
    # the clearest ink: white or black always reaches 4.5
    inks = (_WHITE, _INK, "#000000")
    on_banner = max(inks, key=lambda ink: contrast(ink, brand.masthead))
    return Scheme(
        ground=brand.ground,
        sheet=_WHITE,
        ink=_INK,
        quiet=_QUIET,
        quote="#3d444b",
        line=_mixed(brand.ground, _INK, 0.09),
        accent=brand.accent,
        on_accent=_WHITE,
        masthead=brand.masthead,
        edge=brand.masthead if banner else brand.accent,
        name=on_banner if banner else brand.accent,
        tagline=on_banner if banner else _QUIET,
    )


def dark(brand: Brand) -> Scheme:
    """The colours on a dark screen.

    A masthead with a colour of its own, or with a logo, stays as it is: the logo was made for it.
    """
    bright = _towards(brand.accent, 1.0, _DARK_SHEET, _CLEAR, softened=True)
    stays = brand.masthead != _WHITE or brand.logo is not None
    before = light(brand)
    return Scheme(
        ground="#111417",
        sheet=_DARK_SHEET,
        ink="#e7e4de",
        quiet="#a6acb2",
        quote="#cfd2d4",
        line="#353b41",
        accent=bright,
        on_accent="#111417",
        masthead=brand.masthead if stays else _DARK_SHEET,
        edge=before.edge if stays else bright,
        name=before.name if stays else bright,
        tagline=before.tagline if stays else "#a6acb2",
    )


_DESK_DARK = "#161d20"
"""The sheet of the desk on a dark screen."""


def desk_colours(brand: Brand) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the colours of the desk on a light and on a dark screen, by the names of its style
    sheet. Texts in them have a contrast of 5.5 or more, whatever the accent."""
    header = _towards(brand.accent, 0.0, _WHITE, _HEADER)
    deep, night = _towards(brand.accent, 0.0, _WHITE, _DESK_TEXT), _mixed(header, "#000000", 0.35)
    bright = _towards(brand.accent, 1.0, _DESK_DARK, _CLEAR, softened=True)
    light = {
        "brand": header,
        "brand-line": _mixed(header, _WHITE, 0.5),
        "brand-pill": _mixed(header, _WHITE, 0.13),
        "accent": deep,
        "accent-hover": _mixed(deep, "#000000", 0.25),
        "accent-soft": _mixed(_WHITE, deep, 0.12),
        "stage": brand.ground,
    }
    dark = {
        "brand": night,
        "brand-line": _mixed(night, _WHITE, 0.4),
        "brand-pill": _mixed(night, _WHITE, 0.13),
        "accent": bright,
        "on-accent": _mixed(bright, "#000000", 0.85),
        "accent-hover": _mixed(bright, _WHITE, 0.35),
        "accent-soft": _mixed(_DESK_DARK, bright, 0.16),
        "stage": "#0b0f11",
    }
    return light, dark


def _towards(given: str, end: float, against: str, least: float, *, softened: bool = False) -> str:
    """Return the same hue, made lighter (``end`` 1) or darker (0) until the contrast is enough."""
    red, green, blue = (part / 255 for part in _parts(given))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if softened:
        saturation = min(saturation, _SOFTEST)  # a full colour glares on a dark ground
    steps = (lightness + (end - lightness) * step / 100 for step in range(101))
    tried = (_written(colorsys.hls_to_rgb(hue, step, saturation)) for step in steps)
    return next(one for one in tried if contrast(one, against) >= least)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    red, green, blue = (here + (there - here) * share for here, there in pairs)
    return _written((red / 255, green / 255, blue / 255))


def _luminance(given: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(given))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parts(given: str) -> tuple[int, int, int]:
    return int(given[1:3], 16), int(given[3:5], 16), int(given[5:7], 16)


def _written(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _shown(ratio: float) -> str:
    """Cut, not rounded: 4.49 must not look like enough."""
    return f"{int(ratio * 10) / 10}"
