"""A made-up file and what a careful person reads off it."""

from dataclasses import dataclass
from datetime import date

from tools.releases.draw import Draw
from tools.releases.story import Story

SITES = (
    "Harbor County",
    "The Lantern Foundation",
    "Newsroom of Velden",
    "Larkmoor Online",
    "Tollan.gov",
    "Ashby Transit – Moving You",
    "NORTHGATE",
    "Westmark Food Bank, Inc.",
    "Pressroom",
    "Portal",
)
MENUS = (
    "HOME",
    "Get Help",
    "REPORT A PROBLEM",
    "CONTACT US",
    "Newsroom",
    "Our Team",
    "Leadership",
    "Careers",
    "Bureaus & Units",
    "Programs",
    "Events",
    "Permits & Licenses",
    "Resources",
    "Accessibility",
    "Privacy Policy",
    "Site Map",
    "Employment",
    "Executive Staff",
    "Community Outreach",
    "FAQs",
    "Forms",
    "Departments",
    "Open Data",
    "Board of Directors",
    "Annual Reports",
    "Media Kit",
    "Press Releases",
    "Podcasts",
    "Staff Directory",
    "Donate",
    "Volunteer",
    "Get Involved",
    "What We Do",
    "Who We Are",
    "Publications",
    "Terms of Use",
    "Internships",
    "Op-Eds",
)
OTHERS = (
    "Latest News",
    "Related Stories",
    "More News",
    "Recent Posts",
    "Related Articles",
    "Latest Posts",
    "You May Also Like",
    "Recent News",
    "More Headlines",
    "Other News",
    "In Other News",
    "Related Content",
)
SHARING = (
    "Share",
    "Share this",
    "Facebook",
    "Twitter",
    "Print",
    "Email",
    "LinkedIn",
    "Tweet",
    "Share on Facebook",
    "Share on Twitter",
    "Share this page",
    "Print this page",
    "Copy link",
    "WhatsApp",
    "Click to print",
)
NOTICES = (
    "We use cookies to make this site work.",
    "This website uses cookies.",
    "Accept all cookies",
    "This site uses cookies to improve your experience.",
    "Cookie settings",
    "Accept",
    "Cookie preferences",
)
COPYRIGHT = (
    "© 2024 {a}",
    "Copyright © 2023 {a}. All rights reserved.",
    "© {a} 2022. All Rights Reserved.",
    "All rights reserved.",
    "Copyright 2021 {a}",
    "© 2020–2024 {a}",
)
ENDS = (
    "###",
    "# # #",
    "-30-",
    "- 30 -",
    "ENDS",
    "Ends",
    "***",
    "– Ends –",
    "~END~",
    "[END]",
    "-END-",
    "-ENDS-",
)
"""Both parts see those of one half only."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file and its contents. ``shape`` is the row of the table that counts it."""

    seed: int
    shape: str
    file: str
    data: bytes
    title: str
    on: date | None
    prose: tuple[str, ...]
    furniture: tuple[str, ...]
    """Lines that must not be in the text."""
    embargo: bool = False


def others(draw: Draw, said: Story) -> list[str]:
    """A list of other pages, as it stands below the text: head, titles, dates."""
    lines = [draw.own(OTHERS)]
    for _ in range(draw.number(2, 4)):
        other = draw.any(said.words.titles)
        title = other.format(
            a="Kestrel Bay Council", c="Ostermere", p="Ida Brandt", t="the old mill", n="1,117"
        )
        lines.append(title[0].upper() + title[1:])
        if draw.chance(0.5):
            lines.append(f"June {draw.number(1, 28)}, 2026")
    return lines


def site_foot(draw: Draw, said: Story) -> list[str]:
    """The foot of a page: address, menu, social networks, rights."""
    lines = []
    if draw.chance(0.5):
        lines += [
            f"{draw.number(10, 990)} Jay Street",
            f"{said.city}, TL {draw.number(10000, 99000)}",
        ]
    if draw.chance(0.6):
        lines += draw.some(MENUS, 5, 14)
    if draw.chance(0.5):
        lines += draw.some(("Facebook", "Twitter", "Instagram", "YouTube"), 2, 4)
    if draw.chance(0.6):
        lines.append(draw.own(COPYRIGHT).format(a=said.agency))
    return lines


def parted(text: str, lines: int) -> list[str]:
    """A headline over so many lines, as wide as each other."""
    words = text.split()
    lines = min(lines, len(words))
    width = len(text) / lines
    out, line = [], ""
    for n, word in enumerate(words):
        line = f"{line} {word}".strip()
        left = len(words) - n - 1
        if (len(line) >= width - 4 or left < lines - len(out)) and len(out) < lines - 1:
            out.append(line)
            line = ""
    return [*out, line] if line else out


def disguised(draw: Draw, title: str) -> str:
    """A title as the same page says it elsewhere: other dashes, quotes, case or accents."""
    ways = (
        lambda text: text.replace("’", "'").replace("“", '"').replace("”", '"'),
        str.upper,
        lambda text: text.replace("–", "-").replace(" - ", " – ").replace("-", "‑"),
        lambda text: text.translate(str.maketrans("áéíóúñüöäêè", "aeiounuoaee")),
        str.title,
        lambda text: text.removesuffix("."),
        lambda text: text,
    )
    return draw.any(ways)(title)
