"""The themes of emails, as data for style sheets and templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

FontFamily = Literal["serif", "sans"]


class Theme(Enum):
    """The visual theme of emails."""

    STATEMENT = "statement"
    """Authority: a band in the organisation's colour, large serifs, a centred quotation."""
    BRIEFING = "briefing"
    """Digests and pictures: a nameplate, sans serifs, rules between sections."""
    BULLETIN = "bulletin"
    """A letter: a letterhead on plain paper, a picture within the text, an outlined button."""

    @property
    def design(self) -> "Design":
        return _DESIGN_OF_THEME[self]


@dataclass(frozen=True, kw_only=True)
class Design:
    """The measures and shapes of a theme, in pixels. A pair is font size and line height.

    The defaults are those of the theme ``statement``.
    """

    titles: FontFamily = "serif"
    text: FontFamily = "serif"
    masthead: Literal["band", "nameplate", "letterhead"] = "band"
    headline: tuple[int, int] = 40, 46
    phone: tuple[int, int] = 30, 36
    body: tuple[int, int] = 17, 28
    heading: tuple[int, int] = 23, 30
    width: int = 600
    padding: int = 36
    """The distance from the edge of the sheet to the text, which is 528 wide in each theme."""
    raised: bool = True
    """The sheet has a background of another colour around it."""
    picture: Literal["below", "above", "matted"] = "below"
    """The lead picture: below or above the headline from edge to edge, or on a mat in the text."""
    quote: Literal["centred", "bar", "indented"] = "centred"
    rule: bool = False
    """A rule is above each section."""
    contents: bool = False
    """A long digest lists the titles of its statements before them."""
    card: Literal["ruled", "filled", "outlined"] = "ruled"
    """The frame of the press contact."""
    banded: bool = False
    """Every second row of a table is tinted, and its head is filled."""
    filled: bool = True
    """Buttons are filled; otherwise they are outlined."""
    radius: int = 0

    @property
    def frame_width(self) -> int:
        """Return the width of the frame around the lead picture, in pixels; 0 without a frame."""
        return 12 if self.picture == "matted" else 0

    @property
    def lead_picture_width(self) -> int:
        return self.width - 2 * (self.padding + self.frame_width) * bool(self.frame_width)


_DESIGN_OF_THEME: Mapping[Theme, Design] = {
    Theme.STATEMENT: Design(),
    Theme.BRIEFING: Design(
        titles="sans",
        text="sans",
        masthead="nameplate",
        headline=(32, 38),
        phone=(26, 32),
        body=(16, 26),
        heading=(20, 26),
        picture="above",
        quote="bar",
        rule=True,
        contents=True,
        card="filled",
        banded=True,
        radius=6,
    ),
    Theme.BULLETIN: Design(
        text="sans",
        masthead="letterhead",
        headline=(29, 36),
        phone=(25, 32),
        body=(16, 26),
        heading=(18, 26),
        width=528,
        padding=0,
        raised=False,
        picture="matted",
        quote="indented",
        card="outlined",
        filled=False,
        radius=4,
    ),
}
