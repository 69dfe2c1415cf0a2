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
    """The measures and shapes of a theme, in pixels. A pair is font size and line height."""

    titles: FontFamily
    text: FontFamily
    masthead: Literal["band", "nameplate", "letterhead"]
    headline: tuple[int, int]
    phone: tuple[int, int]
    """The headline on a phone."""
    body: tuple[int, int]
    heading: tuple[int, int]
    width: int
    padding: int
    """The distance from the edge of the sheet to the text, which is 528 wide in each theme."""
    raised: bool
    """The sheet has a background of another colour around it."""
    picture: Literal["below", "above", "matted"]
    """The lead picture: below or above the headline from edge to edge, or on a mat in the text."""
    quote: Literal["centred", "bar", "indented"]
    rule: bool
    """A rule is above each section."""
    card: Literal["ruled", "filled", "outlined"]
    """The frame of the press contact."""
    banded: bool
    """Every second row of a table is tinted, and its head is filled."""
    filled: bool
    """Buttons are filled; otherwise they are outlined."""
    radius: int

    @property
    def frame_width(self) -> int:
        """Return the width of the frame around the lead picture, in pixels; 0 without a frame."""
        return 12 if self.picture == "matted" else 0

    @property
    def lead_picture_width(self) -> int:
        edges = 2 * (self.padding + self.frame_width)
        return self.width - edges if self.frame_width else self.width


_DESIGN_OF_THEME: Mapping[Theme, Design] = {
    Theme.STATEMENT: Design(
        titles="serif",
        text="serif",
        masthead="band",
        headline=(40, 46),
        phone=(30, 36),
        body=(17, 28),
        heading=(23, 30),
        width=600,
        padding=36,
        raised=True,
        picture="below",
        quote="centred",
        rule=False,
        card="ruled",
        banded=False,
        filled=True,
        radius=0,
    ),
    Theme.BRIEFING: Design(
        titles="sans",
        text="sans",
        masthead="nameplate",
        headline=(32, 38),
        phone=(26, 32),
        body=(16, 26),
        heading=(20, 26),
        width=600,
        padding=36,
        raised=True,
        picture="above",
        quote="bar",
        rule=True,
        card="filled",
        banded=True,
        filled=True,
        radius=6,
    ),
    Theme.BULLETIN: Design(
        titles="serif",
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
        rule=False,
        card="outlined",
        banded=False,
        filled=False,
        radius=4,
    ),
}
