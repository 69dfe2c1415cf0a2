"""The brands that mails are judged in: the plain style, and two made of settings alone.

The two are those of docs/operations.md; a test holds them together.
"""

from newsletter.domain.statements.brand import Brand, Font, Logo
from newsletter.domain.statements.content import Organisation, PressContact, Publisher, Sender

DOMAIN = "forum.example"
TIMEZONE = "America/New_York"

BRANDS = {
    "plain": Brand(),
    "banner": Brand(
        accent="#1a4fa0",
        ground="#eef2f8",
        masthead="#12305f",
        headings=Font.TREBUCHET,
        text=Font.VERDANA,
        details=Font.VERDANA,
        logo=Logo(src="https://forum.example/mail-logo.png", width=220, height=56),
    ),
    "serif": Brand(accent="#8a1c3b", ground="#f7f2f3", headings=Font.PALATINO),
}
PLAIN = "plain"


def publisher_in(brand: str = PLAIN) -> Publisher:
    """A made-up organisation in one of the brands."""
    organisation = Organisation(
        name="Example Forum",
        website=f"https://{DOMAIN}",
        postal_address="1 Example Street, Washington, DC 20001",
        tagline="Practical answers",
        press_contact=PressContact(
            name="Press Office", email=f"press@{DOMAIN}", phone="+1 202 555 0100"
        ),
    )
    return Publisher(
        organisation=organisation,
        sender=Sender(name=organisation.name, address=f"news@{DOMAIN}", reply_to=f"press@{DOMAIN}"),
        public_url=f"https://news.{DOMAIN}",
        timezone=TIMEZONE,
        brand=BRANDS[brand],
    )
