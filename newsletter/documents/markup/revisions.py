"""What people left in a file while they worked on it together: changes and comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Element = Any

_COMMENT = re.compile(r"#?(?:cmnt(?:_ref)?\d+|_?mso(?:com|anchor)_\d+)")
_COMMENT_PART = re.compile(r"mso-element:\s*comment", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Review:
    """The traces of a review, as counts."""

    inserted: int = 0
    deleted: int = 0
    comments: int = 0
    formulas: int = 0

    def notes(self) -> Iterator[str]:
        """What to tell the person who imports."""
        if self.inserted or self.deleted:
            yield (
                f"It has tracked changes: {_count(self.inserted, 'insertion')} taken as text, "
                f"{_count(self.deleted, 'deletion')} left out. Is that what was agreed?"
            )
        if self.comments:
            yield f"It has {_count(self.comments, 'comment')}, left out."
        if self.formulas:
            yield f"It has {_count(self.formulas, 'formula')}, left out: write them as text."


def take_review(root: Element) -> Review:
    """Take comments and tracked deletions out of a page that Word or Google Docs saved."""
    tracked = [one for one in root.iter("ins", "del") if one.get("datetime") or one.get("cite")]
    deleted = [one for one in tracked if one.tag == "del"]
    marks = [one for one in root.iter("a") if _COMMENT.fullmatch(one.get("href") or "")]
    comments = {_number(one) for one in marks}
    parts = [one for one in root.iter("div") if _COMMENT_PART.search(one.get("style") or "")]
    for one in marks:
        if _is_back(one):
            parts += _comment(one)
    for one in [*deleted, *parts, *marks]:
        if one.getparent() is not None:
            one.drop_tree()
    return Review(
        inserted=len(tracked) - len(deleted), deleted=len(deleted), comments=len(comments)
    )


def _comment(back: Element) -> Iterator[Element]:
    """What holds a comment: a part that begins with the link back, else the paragraph."""
    for part in back.iterancestors("div"):
        if next(part.iter("a")) is back:
            yield part
    yield from list(back.iterancestors("p"))[:1]


def _number(mark: Element) -> str:
    return re.sub(r"\D", "", mark.get("href"))


def _is_back(mark: Element) -> bool:
    """Whether a link leads from a comment to its place in the text."""
    return "ref" in mark.get("href") or "anchor" in mark.get("href")


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
