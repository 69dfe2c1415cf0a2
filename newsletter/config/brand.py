"""The settings of a brand: how mails look."""

from pydantic import Field

from newsletter.config.fields import Accent, Colour, Ground, PictureUrl
from newsletter.config.section import Section
from newsletter.domain import brand


class Logo(Section):
    """A picture in the masthead. Where pictures are off, the organisation's name stands there."""

    src: PictureUrl = Field(
        description="Where it lies on the web; readers' mail programs fetch it from there.",
        examples=["https://forum.example/mail-logo.png"],
    )
    width: int = Field(ge=1, le=528, description="How wide it is shown, in pixels.", examples=[180])
    height: int = Field(ge=1, le=200, description="How high it is shown.", examples=[48])


class Brand(Section):
    """How mails look. What could not be read is refused; the dark colours follow by themselves."""

    accent: Accent = Field(
        default=brand.Brand.accent,
        description="The colour of links and rules, dark enough for white paper.",
        examples=['"#17505c"'],
    )
    ground: Ground = Field(
        default=brand.Brand.ground,
        description="The light colour around the sheet.",
        examples=['"#f3f1ec"'],
    )
    masthead: Colour = Field(
        default=brand.Brand.masthead,
        description="The colour behind the name and the logo. If it is not white, it is the same "
        "on dark screens, and the name is white or black on it.",
        examples=['"#ffffff"'],
    )
    headings: brand.Font = Field(
        default=brand.Brand.headings,
        description="The font of the name, the title and the headings.",
        examples=["georgia"],
    )
    text: brand.Font = Field(
        default=brand.Brand.text, description="The font of the text.", examples=["georgia"]
    )
    details: brand.Font = Field(
        default=brand.Brand.details,
        description="The font of dates, tables, contacts and the foot.",
        examples=["helvetica"],
    )
    logo: Logo | None = Field(
        default=None,
        description="A picture above the name's line; without it the name stands in letters.",
    )

    def chosen(self) -> brand.Brand:
        """What was chosen, in the words of the domain."""
        logo = self.logo and brand.Logo(**dict(self.logo))
        return brand.Brand(**dict(self) | {"logo": logo})
