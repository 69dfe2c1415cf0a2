"""The settings of those who speak: the organisation, its press contact, what stands in From."""

from pydantic import Field

from newsletter.config.fields import Address, Line, Website
from newsletter.config.section import Section
from newsletter.domain import message


class PressContact(Section):
    """Whom journalists may call."""

    name: Line = Field(description="Who answers.", examples=["Press Office"])
    email: Address | None = Field(
        default=None, description="Their e-mail address.", examples=["press@forum.example"]
    )
    phone: Line | None = Field(
        default=None, description="Their telephone number.", examples=['"+1 202 555 0100"']
    )


class Organisation(Section):
    """Who speaks."""

    name: Line = Field(
        description="The name readers know the organisation by.", examples=["Example Forum"]
    )
    tagline: Line | None = Field(
        default=None, description="A few words under the name.", examples=["Practical answers"]
    )
    website: Website = Field(
        description="The organisation's own site.", examples=["https://forum.example"]
    )
    postal_address: Line = Field(
        description="The postal address, on one line. Laws on bulk mail ask for it in every mail.",
        examples=["1 Example Street, Washington, DC 20001"],
    )
    press_contact: PressContact | None = Field(
        default=None, description="Whom journalists may call."
    )

    def speaking(self) -> message.Organisation:
        """The organisation as messages name it."""
        return message.Organisation(
            name=self.name,
            website=self.website,
            postal_address=self.postal_address,
            tagline=self.tagline or "",
            press_contact=_contact(self.press_contact),
        )


class Sender(Section):
    """What stands in From and Reply-To."""

    name: Line = Field(description="The name in readers' inboxes.", examples=["Example Forum"])
    address: Address = Field(
        description="The address in From. Its domain must be set up with the provider.",
        examples=["news@forum.example"],
    )
    reply_to: Address | None = Field(
        default=None,
        description="Where answers go. Without it: to the address in From.",
        examples=["press@forum.example"],
    )

    def named(self) -> message.Sender:
        """The sender as messages name it."""
        return message.Sender(name=self.name, address=self.address, reply_to=self.reply_to or "")


def _contact(given: PressContact | None) -> message.PressContact | None:
    if given is None:
        return None
    return message.PressContact(name=given.name, email=given.email or "", phone=given.phone or "")
