"""Where two versions of a statement differ for those who get it, passage by passage."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from newsletter.domain.statements.content import Content


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One place in which two versions differ."""

    what: str
    """The field in plain words; ``text`` for what readers read."""
    before: str
    after: str


def passages(before: Content, after: Content) -> tuple[Passage, ...]:
    """All places in which they differ: what stands around the text first, then the text.

    Empty for versions in which readers would see no difference, such as of another template.
    """
    around = (
        Passage(what=what, before=one, after=other)
        for (what, one), (_, other) in zip(_around(before), _around(after), strict=True)
        if one != other
    )
    texts = (one.as_written(one.text) for one in (before, after))
    return (*around, *_of_text(*texts))


def _around(content: Content) -> Iterator[tuple[str, str]]:
    yield "subject", content.subject
    yield "sender", f"{content.sender.name} <{content.sender.address}>"
    yield "reply address", content.sender.reply_to
    yield "lists", ", ".join(content.lists)
    yield "segment", str(content.segment or "")
    yield "language", content.language
    yield "time to send", content.send_at
    yield "end of the embargo", content.embargo_until
    yield "embargo in the text", content.embargo
    yield "corrects", content.corrects
    yield "translation of", content.translation_of


def _of_text(before: str, after: str) -> Iterator[Passage]:
    one, other = before.splitlines(), after.splitlines()
    codes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    for code, a, b, c, d in codes:
        if code != "equal":
            yield Passage(what="text", before="\n".join(one[a:b]), after="\n".join(other[c:d]))
