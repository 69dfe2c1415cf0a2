"""Differences between two versions of a text, or of the emails made from them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from html import unescape

from newsletter.domain.statements.content import Content
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.wording import say

_MAX_WORDS = 2_000
"""Longer passages are not compared word by word."""
_MIN_SHARED_WORD_RATIO = 0.5
"""Passages with a smaller share of common words are not compared word by word."""

_PREVIEW_PATTERN = re.compile(r'<div style="display:none[^<>]*>([^<>]*)<')
_PICTURE_PATTERN = re.compile(r'<img\b[^<>]*?\bsrc="([^"<>]*)"')


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference between two texts, in one field or passage."""

    what: str
    """The name of the field; for two emails, in words."""
    before: str
    after: str

    @property
    def runs(self) -> list[tuple[str, str]]:
        """Return runs of words as (tag, text): ``same``, ``out`` (removed) or ``in`` (added).

        Passages with little in common are one removed and one added run.
        """
        left, right = (re.findall(r"\S+\s*", text) for text in (self.before, self.after))
        stripped = [[word.strip() for word in words] for words in (left, right)]
        matcher = SequenceMatcher(None, stripped[0], stripped[1], autojunk=False)
        full_texts = [("out", self.before.strip()), ("in", self.after.strip())]
        if max(len(left), len(right)) > _MAX_WORDS or matcher.ratio() < _MIN_SHARED_WORD_RATIO:
            return [run for run in full_texts if run[1]]
        runs = []
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            removed, added = "".join(left[i1:i2]), "".join(right[j1:j2])
            runs += [("same", added)] if tag == "equal" else [("out", removed), ("in", added)]
        return [run for run in runs if run[1]]


def compare_drafts(before: DraftText, after: DraftText) -> tuple[Difference, ...]:
    """Return the differences between two draft texts: fields first, then runs of paragraphs."""
    differences = [
        Difference(what=name, before=_as_text(value), after=_as_text(getattr(after, name)))
        for name, value in vars(before).items()
        if name != "body" and value != getattr(after, name)
    ]
    for one, other in _pair_paragraphs(before.body, after.body):
        if one != other:
            pair = ("\n\n".join(one), "\n\n".join(other))
            differences.append(Difference(what="body", before=pair[0], after=pair[1]))
    return tuple(differences)


def merge_texts(theirs: DraftText, mine: DraftText) -> DraftText:
    """Return one text with the different paragraphs of both, those of ``theirs`` first.

    Of the other fields ``theirs`` counts, and ``mine`` if it is empty.
    """
    paragraphs = [
        paragraph
        for one, other in _pair_paragraphs(theirs.body, mine.body)
        for paragraph in (one if one == other else [*one, *other])
    ]
    fields = {
        name: getattr(mine, name) for name, value in vars(theirs).items() if value in {"", ()}
    }
    return replace(theirs, **fields | {"body": "\n\n".join(paragraphs)})


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _pair_paragraphs(one: str, other: str) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Return pairs of runs of paragraphs, in turn equal and different."""
    left, right = _paragraphs(one), _paragraphs(other)
    # autojunk would ignore paragraphs that a long text repeats
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return [(left[i1:i2], right[j1:j2]) for _, i1, i2, j1, j2 in codes]


def _paragraphs(text: str) -> list[str]:
    return [one for one in re.split(r"\n(?:[ \t]*\n)+", text.strip("\n")) if one.strip()]


def compare_contents(before: Content, after: Content) -> tuple[Difference, ...]:
    """Return the differences between two emails: sender, lists and the like, then the text."""
    envelope = (
        Difference(what=what, before=one, after=other)
        for (what, one), (_, other) in zip(_envelope(before), _envelope(after), strict=True)
        if one != other
    )
    texts = (one.as_written(one.text) for one in (before, after))
    return (*envelope, *_compare_lines(*texts))


def _envelope(content: Content) -> Iterator[tuple[str, str]]:
    html = content.as_written(content.html)
    previews, pictures = (each.findall(html) for each in (_PREVIEW_PATTERN, _PICTURE_PATTERN))
    yield say("subject"), content.subject
    yield say("preview text"), unescape("".join(previews[:1])).rstrip("\u00a0\u200c")
    yield say("sender"), f"{content.sender.name} <{content.sender.address}>"
    yield say("reply address"), content.sender.reply_to
    yield say("lists"), ", ".join(content.lists)
    yield say("segment"), str(content.segment or "")
    yield say("language"), content.language
    yield say("time to send"), content.send_at
    yield say("end of the embargo"), content.embargo_until
    yield say("embargo in the text"), content.embargo
    yield say("corrects"), content.corrects
    yield say("translation of"), content.translation_of
    yield say("pictures"), unescape(" ".join(pictures))


def _compare_lines(before: str, after: str) -> Iterator[Difference]:
    one, other = before.splitlines(), after.splitlines()
    codes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    for code, i1, i2, j1, j2 in codes:
        if code != "equal":
            yield Difference(
                what=say("text"), before="\n".join(one[i1:i2]), after="\n".join(other[j1:j2])
            )
