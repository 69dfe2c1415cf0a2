"""Why a reader gets a mail, as its foot says: what they subscribed to, or which list has them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from newsletter.domain.statements.content import Publisher
from newsletter.rendering.mail.details import isolated

_GAP = re.compile(r"\{(lists|organisation)\}")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A sentence with gaps, and what fills them."""

    sentence: str
    filling: Mapping[str, str]

    @property
    def text(self) -> str:
        """As plain text."""
        return _GAP.sub(lambda gap: self.filling[gap[1]], self.sentence)

    def html(self, direction: str) -> Markup:
        """As HTML; ``direction`` is that of the sentence."""
        shown = {name: isolated(said, direction) for name, said in self.filling.items()}
        filled = _GAP.sub(lambda gap: shown[gap[1]], str(escape(self.sentence)))
        return Markup(filled)  # noqa: S704 - each part of it was escaped


def why(house: Publisher, lists: Sequence[str], words: Mapping[str, str]) -> Reason:
    """Why somebody gets what goes to these lists.

    One content goes to all. So it says that people subscribed only where every list is one that
    they can subscribe to, and of several lists that they are on at least one.
    """
    known = {one.name: one for one in house.lists}
    joined = all(name in known and known[name].joinable for name in lists)
    many = "one" if len(lists) == 1 else "many"
    titles = [known[name].title if name in known else name for name in lists]
    return Reason(
        sentence=words[f"why_{many}" if joined else f"why_on_{many}"],
        filling={"lists": ", ".join(titles), "organisation": house.organisation.name},
    )
