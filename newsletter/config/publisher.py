"""The settings of who speaks, how mails look, and what stands around their text."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from newsletter.config.fields import (
    Accent,
    Address,
    Colour,
    Ground,
    Line,
    ListName,
    PictureUrl,
    Section,
    Website,
    some,
)
from newsletter.domain.statements import brand, content


class PressContact(Section):
    """The person whom journalists may call."""

    name: Line = Field(description="The contact's name.", examples=["Press Office"])
    email: Address | None = Field(
        default=None, description="The contact's email address.", examples=["press@forum.example"]
    )
    phone: Line | None = Field(
        default=None, description="The contact's telephone number.", examples=['"+1 202 555 0100"']
    )


def _secure(address: str) -> str:
    if not address.startswith("https://"):
        raise ValueError(f"{address!r} is not encrypted; write https://")
    return address


class Elsewhere(Section):
    """One more place where the organisation speaks."""

    name: Line = Field(description="The name of the place.", examples=["Mastodon"])
    url: Annotated[Website, AfterValidator(_secure)] = Field(
        description="Its https address.", examples=["https://social.example/@forum"]
    )


class Organisation(Section):
    """The organisation that sends."""

    name: Line = Field(description="The organisation's public name.", examples=["Example Forum"])
    tagline: Line | None = Field(
        default=None, description="A few words under the name.", examples=["Practical answers"]
    )
    website: Website = Field(
        description="The organisation's own site.", examples=["https://forum.example"]
    )
    postal_address: Line = Field(
        description="The postal address, on one line. Laws on bulk email require it.",
        examples=["1 Example Street, Washington, DC 20001"],
    )
    press_contact: PressContact | None = Field(
        default=None, description="The contact for journalists."
    )
    social: tuple[Elsewhere, ...] = Field(
        default=(),
        description="Links to social media in the foot of each email and page.",
    )

    def speaking(self) -> content.Organisation:
        """The organisation as messages name it."""
        contact = self.press_contact
        return self.to(
            content.Organisation,
            press_contact=contact and contact.to(content.PressContact),
            social=tuple((place.name, place.url) for place in self.social),
        )


class Mailbox(Section):
    """A name and an address that mails come from, and where answers go."""

    name: Line = Field(description="The name in inboxes.", examples=["Example Forum"])
    address: Address = Field(
        description="The address in From. Its domain must be set up with the provider.",
        examples=["news@forum.example"],
    )
    reply_to: Address | None = Field(
        default=None,
        description="The address for answers. Without it: the address in From.",
        examples=["press@forum.example"],
    )


class Sender(Mailbox):
    """The addresses in From and Reply-To."""

    unsubscribe_inbox: Address | None = Field(
        default=None,
        description="An inbox for mail programs that unsubscribe by email, such as Apple "
        "Mail. Give each email in it to `newsletter subscribers receive-email`.",
        examples=["unsubscribe@forum.example"],
    )


class ListSender(Mailbox):
    """The sender for some lists, instead of `sender`."""

    lists: Annotated[
        tuple[ListName, ...],
        some("names no list; write one, like [press], or delete this sender"),
    ] = Field(
        description="The sender's lists. A statement's first list decides.",
        examples=[["press"]],
    )


class Logo(Section):
    """A picture in the masthead. If pictures are off, the organisation's name replaces it."""

    src: PictureUrl = Field(
        description="The picture's address on the web.",
        examples=["https://forum.example/mail-logo.png"],
    )
    width: int = Field(ge=1, le=528, description="The shown width in pixels.", examples=[180])
    height: int = Field(ge=1, le=200, description="The shown height in pixels.", examples=[48])


class Brand(Section):
    """The look of emails. Colours with too little contrast are refused; dark colours are
    computed."""

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
        description="The colour behind name and logo. If it is not white, it is the same on "
        "dark screens.",
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
        description="A picture instead of the organisation's name.",
    )


_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def _host(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is no host; write one like forum.example, without https://")
    return text.lower()


class Layout(Section):
    """The parts around the text of every statement."""

    summary: bool = Field(
        default=False,
        description="Whether the summary appears below the title. A first paragraph in "
        "italics replaces it.",
        examples=[False],
    )
    release_line: bool = Field(
        default=False,
        description='Whether "For immediate release" appears above the title, in the '
        "statement's language. Under an embargo its end appears.",
        examples=[False],
    )
    release_lists: tuple[ListName, ...] = Field(
        default=(),
        description="Only statements to no other lists have the line. Without it: all. "
        "Digest emails never have it.",
        examples=[["press"]],
    )
    end_mark: Line | None = Field(
        default=None,
        description="The mark below the text, such as `###` or `-30-`.",
        examples=['"###"'],
    )

    @field_validator("release_lists")
    @classmethod
    def _goes_with_the_line(cls, lists: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if lists and info.data.get("release_line") is False:
            raise ValueError("means nothing without release_line: true; write that too")
        return lists


class Counting(Section):
    """Parameters on links that tell your own site that a visit came from an email, not from
    whom."""

    source: Line = Field(
        description="The value of `utm_source`; `utm_medium` is always `email`.",
        examples=["newsletter"],
    )
    campaign: Line | None = Field(
        default=None,
        description="The value of `utm_campaign`. Without it: the statement's slug.",
        examples=["autumn-2026"],
    )
    hosts: Annotated[
        tuple[Annotated[str, AfterValidator(_host)], ...],
        some("names no host; write your own site's, like [forum.example]"),
    ] = Field(
        description="The hosts whose links get the parameters, with their subdomains.",
        examples=[["forum.example"]],
    )
