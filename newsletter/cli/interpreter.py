"""Holes in versions of Python that reach what this program does, and the versions without them.

Source: the records of the CVE program, most of them by the Python Software Foundation
(CVEProject/cvelistV5, ``cves/YEAR/…/CVE-….json``: affected, lessThan); for CVE-2024-6923, whose
record names no version of a series, the changelogs of 3.11.10 and 3.12.5. Only holes in what we use
count: email, urllib.parse and zipfile; but not CVE-2026-1299, which needs a kind of header field
(``LiteralHeader``) that we do not write, and CVE-2025-11468, which needs comments in addresses,
which we do not take.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Hole:
    """A known weakness, and from which patch level on each series is without it."""

    name: str
    about: str
    mended: Mapping[tuple[int, int], int]
    """A series that is not named never had it, or was mended before its first version."""

    def is_in(self, version: Version) -> bool:
        """Whether this version has it."""
        return version[2] < self.mended.get(version[:2], 0)


HOLES = (
    Hole(
        name="CVE-2023-24329",
        about="an address with a blank before it is read as another",
        mended={(3, 11): 4},
    ),
    Hole(
        name="CVE-2024-11168",
        about="a host in brackets that is none is taken",
        mended={(3, 11): 4},
    ),
    Hole(
        name="CVE-2024-0450",
        about="a small zip file unpacks to any size",
        mended={(3, 11): 8, (3, 12): 2},
    ),
    Hole(
        name="CVE-2024-6923",
        about="a line break in a header field of a mail is written as it is",
        mended={(3, 11): 10, (3, 12): 5},
    ),
    Hole(
        name="CVE-2025-0938",
        about="a host with brackets inside is taken",
        mended={(3, 11): 12, (3, 12): 9, (3, 13): 2},
    ),
)


def holes_in(version: Version) -> tuple[Hole, ...]:
    """The known ones that a version has."""
    return tuple(hole for hole in HOLES if hole.is_in(version))


def mended_by(version: Version) -> str:
    """The first version of the same series that has none of them."""
    patch = max((hole.mended.get(version[:2], 0) for hole in HOLES), default=0)
    return f"{version[0]}.{version[1]}.{patch}"
