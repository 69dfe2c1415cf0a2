"""Cells of our own CSV: which columns there are, and what keeps them safe in a spreadsheet."""

import re

COLUMNS = (
    "email",
    "name",
    "lists",
    "language",
    "timezone",
    "consent_source",
    "consent_at",
    "place",
    "tags",
    "paused_until",
    "left",
    "suppressed",
)
FIRST_NAME, LAST_NAME = "first name", "last name"
"""Columns that are parts of a name."""
_ALIASES = {
    **dict.fromkeys(("e mail", "email address", "e mail address", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("full name", "fullname", "contact name", "display name"), "name"),
    **dict.fromkeys(("firstname", "given name", "forename"), FIRST_NAME),
    **dict.fromkeys(("lastname", "surname", "family name"), LAST_NAME),
    **dict.fromkeys(("list", "mailing list", "mailing lists"), "lists"),
    "lang": "language",
    "tag": "tags",
}
"""What spreadsheets call columns of ours; a blank stands for ``-`` and ``_`` too."""


def column_of(header: str) -> str:
    """The column that a header means, or the header in small letters where it means none."""
    plain = header.strip().lower()
    if plain in COLUMNS:
        return plain
    spaced = " ".join(plain.replace("-", " ").replace("_", " ").split())
    if spaced.replace(" ", "_") in COLUMNS:
        return spaced.replace(" ", "_")
    if spaced in (FIRST_NAME, LAST_NAME):
        return spaced
    return _ALIASES.get(spaced, plain)


SEVERAL = ("lists", "tags", "left")
"""Columns that hold any number of names, parted by ``;``."""

# What a spreadsheet may take for a formula, the wide signs of East Asian keyboards too, below any
# number of apostrophes: so that each cell has one guarded form, and each guarded form one cell.
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def guarded(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula: with an apostrophe in front if it might.

    So is a cell that begins with apostrophes and goes on like a formula; no other apostrophe means
    anything, and ``'t Hooft`` stays as it is.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell that ``guarded`` was given; what it would not have written stays as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
