"""The look of emails: the settings, and the colours derived from them.

All colours are derived from one, and corrected until text is readable on light and dark screens.
A contrast is that of WCAG 2.2: a ratio of relative luminances from 1 to 21.
"""

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from newsletter.domain.setting import PictureUrl, Rule, setting
from newsletter.domain.themes import Theme
from newsletter.domain.wording import invalid

MIN_CONTRAST = 4.5
"""The minimum contrast of text to its background: WCAG 2.2, 1.4.3, level AA."""
_ACCENT_CONTRAST = 8.5
"""The contrast of the accent to a dark background: above level AAA, for links in long texts."""
_BAND_CONTRAST = 9.0
"""The contrast of the masthead's band to white: above level AAA, for small text too."""

_HEADER_CONTRAST, _DESK_CONTRAST = 9.0, 7.0
"""The contrast to white of the desk's header, and of its accent."""

_HEX_COLOR_PATTERN = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_WHITE = "#ffffff"
_MAX_SATURATION, _DESK_SATURATION = 0.8, 0.45
"""The maximum saturation of the accent on a dark screen, in emails and at the desk."""


class Serif(Enum):
    """A serif font stack of fonts that readers' machines have."""

    GEORGIA = "georgia"
    """A serif made for screens."""
    TIMES = "times"
    """The serif of newspapers."""
    PALATINO = "palatino"
    """A wide serif, for short texts."""


class Sans(Enum):
    """A sans serif font stack of fonts that readers' machines have."""

    HELVETICA = "helvetica"
    """A plain sans serif, with Arial as its substitute."""
    TREBUCHET = "trebuchet"
    """A friendly sans serif."""
    VERDANA = "verdana"
    """A wide sans serif that stays clear when small."""


FONT_STACKS: Mapping[Serif | Sans, str] = {
    Serif.GEORGIA: "Georgia, 'Times New Roman', serif",
    Serif.TIMES: "'Times New Roman', Times, serif",
    Serif.PALATINO: "Palatino, 'Palatino Linotype', 'Book Antiqua', Georgia, serif",
    Sans.HELVETICA: "Helvetica, Arial, sans-serif",
    Sans.TREBUCHET: "'Trebuchet MS', Tahoma, Arial, sans-serif",
    Sans.VERDANA: "Verdana, Geneva, sans-serif",
}
"""Font → its font stack in CSS."""


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """All colours of an email in one scheme, as #rrggbb."""

    ground: str
    sheet: str
    tint: str
    """The background of captions, notices and every second row."""
    ink: str
    quiet: str
    line: str
    accent: str
    on_accent: str
    band: str
    """The background of the masthead and of table heads: one colour, as Gmail cannot change it."""
    on_band: str = _WHITE


def contrast(color: str, other: str) -> float:
    """Return the contrast of two colours: 1 for the same, 21 for black and white."""
    lighter, darker = sorted((_luminance(color), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def parse_color(text: str) -> str:
    """Return ``#rrggbb`` in lower case. Raises ValueError, which says what to write."""
    if not _HEX_COLOR_PATTERN.fullmatch(text):
        raise invalid(
            '{text!r} is no color that every mail program knows; write it like "#17505c":'
            " in quotes, # and six digits or letters a to f",
            text=text,
        )
    return text.lower()


def _require_quoted(value: Any) -> Any:
    """Refuse an empty value: without quotes, YAML reads a colour as a comment."""
    if value is None:
        raise invalid(
            'has no value: YAML takes # for a comment; put the color in quotes, like "#17505c"'
        )
    return value


_HEX_SCHEMA = {"pattern": "^#[0-9a-fA-F]{6}$"}
_ColorText = Annotated[str, Rule(_require_quoted, first=True)]
Color = Annotated[_ColorText, Rule(parse_color, schema=_HEX_SCHEMA)]
"""A colour, as ``#`` and six hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class Logo:
    """The logo in the masthead: a square one next to the name, a wide one in place of the name."""

    src: PictureUrl = setting(
        "The picture's address on the web.", "https://forum.example/mail-logo.png"
    )
    width: int = setting("The shown width in pixels.", 180, ge=1, le=528)
    height: int = setting("The shown height in pixels.", 48, ge=1, le=200)

    @property
    def is_wide(self) -> bool:
        """Return whether the logo replaces the name."""
        return self.width > 1.5 * self.height


@dataclass(frozen=True, kw_only=True)
class Brand:
    """The look of emails and pages."""

    color: Color = setting("The organization's color.", '"#17505c"', default="#17505c")
    theme: Theme = setting(
        "The theme of emails: `statement`, `briefing` or `bulletin`. A list can have its own.",
        "statement",
        default=Theme.STATEMENT,
    )
    serif: Serif = setting("The serif font.", "georgia", default=Serif.GEORGIA)
    sans: Sans = setting("The sans serif font.", "helvetica", default=Sans.HELVETICA)
    logo: Logo | None = setting("A picture in the masthead.", default=None)


def light_scheme(color: str) -> Scheme:
    ground = _neutral(color, 0.94, 0.27)
    return Scheme(
        ground=ground,
        sheet=_WHITE,
        tint=_neutral(color, 0.955, 0.45),
        ink=_neutral(color, 0.11, 0.18),
        quiet=_neutral(color, 0.345, 0.11),
        line=_neutral(color, 0.85, 0.2),
        accent=_reach_contrast(color, 0.0, ground, MIN_CONTRAST),
        on_accent=_WHITE,
        band=_reach_contrast(color, 0.0, _WHITE, _BAND_CONTRAST),
    )


def dark_scheme(color: str) -> Scheme:
    sheet = _neutral(color, 0.106, 0.11)
    return Scheme(
        ground=_neutral(color, 0.07, 0.11),
        sheet=sheet,
        tint=_neutral(color, 0.145, 0.135),
        ink=_neutral(color, 0.927, 0.3),
        quiet=_neutral(color, 0.68, 0.13),
        line=_neutral(color, 0.24, 0.12),
        accent=_reach_contrast(color, 1.0, sheet, _ACCENT_CONTRAST, saturation=_MAX_SATURATION),
        on_accent=_neutral(color, 0.08, 0.6),
        band=light_scheme(color).band,
    )


_DESK_DARK = "#161d20"
"""The sheet of the desk on a dark screen."""


def desk_colors(color: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the colours of the desk on a light and on a dark screen, by their names in CSS.

    The contrast of text is at least 5.5 for any colour.
    """
    header = _reach_contrast(color, 0.0, _WHITE, _HEADER_CONTRAST)
    deep = _reach_contrast(color, 0.0, _WHITE, _DESK_CONTRAST)
    night = _mix(header, "#000000", 0.35)
    bright = _reach_contrast(color, 1.0, _DESK_DARK, _ACCENT_CONTRAST, saturation=_DESK_SATURATION)
    day = {
        "brand": header,
        "brand-line": _mix(header, _WHITE, 0.5),
        "brand-pill": _mix(header, _WHITE, 0.13),
        "accent": deep,
        "accent-hover": _mix(deep, "#000000", 0.25),
        "accent-soft": _mix(_WHITE, deep, 0.12),
        "stage": light_scheme(color).ground,
    }
    evening = {
        "brand": night,
        "brand-line": _mix(night, _WHITE, 0.4),
        "brand-pill": _mix(night, _WHITE, 0.13),
        "accent": bright,
        "on-accent": _mix(bright, "#000000", 0.85),
        "accent-hover": _mix(bright, _WHITE, 0.35),
        "accent-soft": _mix(_DESK_DARK, bright, 0.16),
        "stage": "#0b0f11",
    }
    return day, evening


def _reach_contrast(
    color: str, end: float, against: str, min_contrast: float, *, saturation: float = 1.0
) -> str:
    """Return the colour, made lighter (``end`` 1) or darker (0) until the contrast is reached.

    ``saturation`` is the maximum saturation.
    """
    hue, lightness, pure = _hls(color)
    steps = (lightness + (end - lightness) * step / 100 for step in range(101))
    tries = (_as_hex(colorsys.hls_to_rgb(hue, step, min(pure, saturation))) for step in steps)
    return next(shade for shade in tries if contrast(shade, against) >= min_contrast)


def _neutral(color: str, lightness: float, saturation: float) -> str:
    """Return a colour of this hue, lightness and saturation; a grey for a grey."""
    hue, _, pure = _hls(color)
    return _as_hex(colorsys.hls_to_rgb(hue, lightness, saturation * min(1.0, 2 * pure)))


def _hls(color: str) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in _channels(color))
    return colorsys.rgb_to_hls(red, green, blue)


def _mix(color: str, other: str, ratio: float) -> str:
    pairs = zip(_channels(color), _channels(other), strict=True)
    red, green, blue = (start + (end - start) * ratio for start, end in pairs)
    return _as_hex((red / 255, green / 255, blue / 255))


def _luminance(color: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _channels(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _as_hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
