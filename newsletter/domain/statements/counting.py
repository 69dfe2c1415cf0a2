"""How an email counts opens and clicks: by addresses that are the same for all its readers."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from html import unescape

from newsletter.domain.wording import say

KEY_DIGITS = 16
"""Hexadecimal digits of an email's key: who has no such email cannot guess its addresses."""
MISLEADING = say(
    "These numbers mislead: Apple Mail opens every email by itself, other programs hide that they"
    " opened one, scanners click, and one person counts several times. They are counted without"
    " telling who."
)
_LINK_PATTERN = re.compile(r'(<a\b[^<>]*? href=")(https?://[^"<>]*)(?=")')


class Counted(Enum):
    """A number that an email collects, without its readers."""

    OPENS = "opens"
    """How often the picture at the end of the email is loaded."""
    CLICKS = "clicks"
    """How often its links are followed."""


@dataclass(frozen=True, kw_only=True)
class Counting:
    """The addresses by which an email counts. They are the same for all its readers."""

    address: str
    """The beginning of each address. A slash and a number follow; 0 is the picture."""
    opens: bool
    clicks: bool
    links: tuple[str, ...] = ()
    """The links as they are in HTML. The first has the number 1."""

    @property
    def key(self) -> str:
        """Return the email's part of the address."""
        return self.address.rpartition("/")[2]

    @property
    def targets(self) -> dict[int, str]:
        """Return number → address of each link, and 0 → "" if the picture counts."""
        picture = {0: ""} if self.opens else {}
        return picture | {number: unescape(link) for number, link in enumerate(self.links, 1)}

    def add_to(self, html: str) -> str:
        """Return the HTML with links that count, and with the picture at its end."""
        places = {link: f"{self.address}/{number}" for number, link in enumerate(self.links, 1)}
        html = _LINK_PATTERN.sub(lambda link: link[1] + places.get(link[2], link[2]), html)
        before, end, after = html.rpartition("</body>")
        return f"{before}{self._picture}{end}{after}"

    def remove_from(self, html: str) -> str:
        """Return the HTML as it was before ``add_to``."""
        before, *others = html.replace(self._picture, "").split(f'"{self.address}/')
        parts = (other.partition('"') for other in others)
        links = (f'"{self.links[int(number) - 1]}"{after}' for number, _, after in parts)
        return "".join([before, *links])

    @property
    def _picture(self) -> str:
        picture = f'<img src="{self.address}/0" width="1" height="1" alt="" style="display:block">'
        return picture if self.opens else ""


def counting_of(html: str, counted: Collection[Counted], *, own: str, address: str) -> Counting:
    """Return how an email counts. Links to ``own`` pages, such as to unsubscribe, never count."""
    clicks = Counted.CLICKS in counted
    links = dict.fromkeys(link[2] for link in _LINK_PATTERN.finditer(html)) if clicks else {}
    return Counting(
        address=address,
        opens=Counted.OPENS in counted,
        clicks=clicks,
        links=tuple(link for link in links if not f"{link}/".startswith(f"{own}/")),
    )
