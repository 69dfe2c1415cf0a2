"""Runs of words with their marks into a line of Markdown that shows exactly these words."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from newsletter.sources.lines import ordinary
from newsletter.sources.paragraphs import escape_start, escape_words

BOLD, ITALIC, STRUCK = "**", "*", "~~"
_ORDER = (BOLD, ITALIC, STRUCK)
_DEFINITION = re.compile(r"(\[\^\w+\]):")


@dataclass(frozen=True, kw_only=True)
class Run:
    """Words that are marked alike."""

    text: str
    marks: frozenset[str] = frozenset()
    href: str = ""
    code: bool = False
    """Shown as it is, like source; it carries no marks."""
    literal: str = ""
    """Markdown in place of words: the mark of a footnote."""
    ends_line: bool = False
    """A line break, with no words of its own."""


def lines_of(runs: Iterable[Run]) -> list[list[Run]]:
    """Cut runs at line breaks and make their blanks ordinary. An empty line has no runs."""
    lines: list[list[Run]] = []
    for ends, group in groupby(runs, key=lambda run: run.ends_line):
        if ends:
            lines.extend([] for _ in list(group)[1:])
        else:
            lines.append(_tidy(group))
    return lines


def words(line: Sequence[Run]) -> str:
    """The words of a line alone."""
    return ordinary("".join(run.text for run in line)).strip()


def markdown(line: Sequence[Run], *, marked: bool = True) -> str:
    """Write a line that begins a line of Markdown; unmarked, its bold and the like are left out."""
    settled = _settled(line if marked else [_bare(run) for run in line])
    text = _inner(settled)
    first = settled[0] if settled else Run(text="")
    if not (first.marks or first.href or first.literal or first.code):
        text = escape_start(text)
    return _DEFINITION.sub(r"\1\\:", text, count=1) if text.startswith("[^") else text


def _bare(run: Run) -> Run:
    return replace(run, marks=frozenset(), code=False)


def _inner(line: Sequence[Run]) -> str:
    out = ""
    for href, group in groupby(line, key=lambda run: run.href):
        runs = list(group)
        if not href:
            out += _marked(runs, out)
            continue
        lead = " " if runs[0].text.startswith(" ") else ""
        trail = " " if runs[-1].text.endswith(" ") else ""
        text = _marked(runs, "[").strip()
        out = _guarded(out + lead) + (f"[{text}]({_destination(href)}){trail}" if text else "")
    return ordinary(out).strip()


def _guarded(before: str) -> str:
    """Keep a ``!`` or ``^`` before a link from making an image or a note of it."""
    return before[:-1] + "\\" + before[-1] if before.endswith(("!", "^")) else before


def _destination(href: str) -> str:
    address = re.sub(r"&(?=#?\w+;)", r"\\&", href)
    return f"<{address}>" if re.search(r"[()\\*_]", address) else address


def _tidy(runs: Iterable[Run]) -> list[Run]:
    """One blank between words, none around the line, and neighbours alike in one run."""
    out: list[Run] = []
    for run in runs:
        text = ordinary(run.text)
        if not run.literal and (not out or out[-1].text.endswith(" ")):
            text = text.lstrip(" ")
        if not text and not run.literal:
            continue
        if out and not run.literal and not out[-1].literal and _same(out[-1], run):
            out[-1] = replace(out[-1], text=out[-1].text + text)
        else:
            out.append(replace(run, text=text))
    while out and not out[-1].literal and not out[-1].text.strip():
        out.pop()
    if out and not out[-1].literal:
        out[-1] = replace(out[-1], text=out[-1].text.rstrip(" "))
    return out


def _same(one: Run, other: Run) -> bool:
    return one.marks == other.marks and one.href == other.href and one.code == other.code


# --- marks that Markdown would not see --------------------------------------------------------


def _settled(line: Sequence[Run]) -> list[Run]:
    """Take marks off where Markdown would show them as stars: beside letters, on blanks."""
    tilde = any("~" in run.text for run in line)
    runs = [_bare(run) if run.literal or not run.text.strip() else run for run in line]
    runs = [_with_possible_marks(run, tilde) for run in runs]
    runs = [part for run in runs for part in _blanks_apart(run)]
    for index in range(len(runs) - 1):
        before, after = runs[index : index + 2]
        touching = not before.text.endswith(" ") and not after.text.startswith(" ")
        if touching and before.marks and after.marks and before.marks != after.marks:
            runs[index + 1] = replace(after, marks=before.marks & after.marks)
    return _merged([part for n in range(len(runs)) for part in _edges_apart(runs, n)])


def _with_possible_marks(run: Run, tilde: bool) -> Run:
    """Code carries no marks, and a line with a tilde of its own none that are made of tildes."""
    taken = run.marks if run.code else {STRUCK} if tilde else set()
    return replace(run, marks=run.marks - taken)


def _merged(runs: Iterable[Run]) -> list[Run]:
    out: list[Run] = []
    for run in runs:
        if out and not run.literal and not out[-1].literal and _same(out[-1], run):
            out[-1] = replace(out[-1], text=out[-1].text + run.text)
        else:
            out.append(run)
    return out


def _blanks_apart(run: Run) -> list[Run]:
    if run.literal or not (run.marks or run.code):
        return [run]
    core = run.text.strip(" ")
    at = run.text.index(core) if core else 0
    parts = [run.text[:at], core, run.text[at + len(core) :]]
    cut = [_bare(run), run, _bare(run)]
    return [replace(one, text=text) for one, text in zip(cut, parts, strict=True) if text]


def _edges_apart(runs: Sequence[Run], n: int) -> list[Run]:
    """Move punctuation at the edge of marked words out of them where a letter touches it."""
    run = runs[n]
    if run.literal or not run.marks:
        return [run]
    before = runs[n - 1].text[-1:] if n else ""
    after = runs[n + 1].text[:1] if n + 1 < len(runs) else ""
    begin = _edge(run.text) if _is_letter(before) else 0
    lead, text = run.text[:begin], run.text[begin:]
    end = len(text) - (_edge(text[::-1]) if _is_letter(after) else 0)
    text, trail = text[:end], text[end:]
    parts = [(lead, _bare(run)), (text, run), (trail, _bare(run))]
    return [replace(one, text=piece) for piece, one in parts if piece]


def _edge(text: str) -> int:
    """How many characters of punctuation a text begins with, with the blanks behind them."""
    at = 0
    while at < len(text) and (_is_mark(text[at]) or (at and text[at] == " ")):
        at += 1
    return at


def _is_letter(character: str) -> bool:
    return bool(character) and not character.isspace() and not _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _code(text: str) -> str:
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _marked(runs: Sequence[Run], before: str) -> str:
    """The runs of one link, or outside of any; ``before`` is what the line holds already."""
    out = ""
    for marks, group in groupby(runs, key=lambda run: run.marks):
        text = ""
        for run in group:
            if run.literal.startswith("[") and (before + out + text).endswith(("!", "^")):
                text += " "
            text += run.literal or (_code(run.text) if run.code else escape_words(run.text))
        order = [mark for mark in _ORDER if mark in marks]
        out += "".join(order) + text + "".join(reversed(order))
    return out
