"""A picture of a text at the desk, and what stands for it in the text."""

import re
from dataclasses import dataclass
from datetime import datetime

PICTURE_NAME = r"[a-z0-9]{26}"
"""128 random bits in letters and digits."""
DECORATION = ",decoration"
"""Behind the size in a picture's address: it says nothing, so nobody has to read it out."""
_MARKS = re.compile(r"([\\\[\]*_`<>])")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that lies at the desk, made anew from what somebody gave."""

    name: str
    draft: str
    """The key of the text that it was brought for."""
    kind: str
    """Its media type."""
    width: int
    height: int
    alt: str
    """What it shows, for those who do not see it; empty where it is decoration."""
    by: str
    at: datetime

    def address(self, public_url: str) -> str:
        """Where mails load it from, with the size that it has there."""
        mark = "" if self.alt else DECORATION
        return f"{public_url}/media/{self.name}#{self.width}x{self.height}{mark}"

    def markdown(self, public_url: str) -> str:
        """What stands for it in a text."""
        alt = _MARKS.sub(r"\\\1", " ".join(self.alt.split()))
        return f"![{alt}]({self.address(public_url)})"
