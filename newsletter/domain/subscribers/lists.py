"""Lists of subscribers: their names, titles and settings."""

from dataclasses import dataclass
from typing import Annotated

from newsletter.domain.setting import Line, pattern_rule, setting
from newsletter.domain.themes import Theme

LIST_NAME = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
ListName = Annotated[
    str,
    pattern_rule(
        LIST_NAME,
        "cannot be a name; write small letters and digits, with - or _ between them, like press"
        " or new-york",
        f"^{LIST_NAME}$",
    ),
]


@dataclass(frozen=True, kw_only=True)
class PublicList:
    """A list, with the title that readers see and the conditions of joining it."""

    name: ListName = setting("The name that statements use.", "press")
    title: Line = setting(
        "The title for subscribers. Without it: the name.", "Press releases", default=""
    )
    about: Line = setting(
        "One sentence about its emails.", "What we say in public, on the day.", default=""
    )
    public: bool = setting(
        "Whether people may subscribe by themselves. Otherwise staff add them.",
        False,
        default=True,
    )
    approval: bool = setting(
        "Whether staff decide at the desk on each request to join.", True, default=False
    )
    archive: bool = setting(
        "Whether the archive shows what goes to it. Statements that go only to lists without"
        " archive have no page.",
        False,
        default=True,
    )
    theme: Theme | None = setting(
        "The theme of its emails. Without it: that of all emails. A statement's first list"
        " decides.",
        "briefing",
        default=None,
    )

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)
