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
