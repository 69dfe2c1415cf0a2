"""The brands that mails are judged in: the plain style, and two made of settings alone.

The two are those of docs/operations.md; a test holds them together.
"""

from newsletter.domain.statements.brand import Brand, Font, Logo

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
