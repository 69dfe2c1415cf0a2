"""The place of each line of a plain text: the title, a paragraph, or left out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from markdown_it import MarkdownIt

from newsletter.documents.release.imported import ImportedDocument
from newsletter.documents.release.lines import Line, read_lines

_MARK = re.compile(r"\A(?:[•▪◦‣●○■□·*§o–-]|(?P<number>[0-9]{1,2})[.)])\s+")
_QUOTED = re.compile(r"(?:> ?)+")


def shown_blocks(markdown: str) -> list[str]:
    """The texts of the paragraphs that a reader of the Markdown sees; a table's row is one.

    An item of a list has its mark: ``- `` or ``1. ``.
    """
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    found: list[str] = []
    row: list[str] | None = None
    mark = ""
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            found.append(" ".join(filter(None, row)))
            row = None
        elif token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else "- "
        elif token.type == "inline":
            text = mark + "".join(child.content for child in token.children or [])
            mark = ""
            if row is None:
                found.append(text)
            else:
                row.append(text)
    return found


def accounted(raw: str, document: ImportedDocument) -> str:
    """The lines that each block is made of, as numbers: ``6-7 8 9-11``, the title first.

    Fails unless every word of the text is exactly once, and in its order, in the title, in a
    paragraph or in a line that was left out; inside of a line nothing may change but blanks.
    """
    left = {line.number: line for line in read_lines(raw)}
    for dropped in document.dropped:
        whole = left.pop(dropped.line)
        if whole.text != dropped.text:
            assert whole.text.startswith(dropped.text), f"line {dropped.line} was left out in part"
            rest = whole.text[len(dropped.text) :].strip()
            left[dropped.line] = Line(number=dropped.line, text=rest, gap_above=whole.gap_above)
    waiting = [left[number] for number in sorted(left)]
    blocks = [
        list(_taken(waiting, block)) for block in [document.title, *shown_blocks(document.body)]
    ]
    assert waiting == [], "some lines are in no block"
    return " ".join(map(_range, blocks))


def _taken(waiting: list[Line], block: str) -> Iterator[int]:
    rest = block
    while rest:
        assert waiting, f"nobody wrote {rest[:60]!r}"
        line = waiting.pop(0)
        start = rest.removeprefix(" ")
        quoted = _QUOTED.match(line.text)
        if quoted and not start.startswith(">"):
            line = replace(line, text=line.text[quoted.end() :])
        if rest is block and _MARK.match(start) and not start.startswith(line.text.rstrip("-")):
            line = replace(line, text=_MARK.sub(_shown, line.text))
        text = line.text if start.startswith(line.text) else line.text.removesuffix("-")
        assert start.startswith(text), f"{start[:60]!r} is not line {line.number}: {line.text!r}"
        rest = start[len(text) :]
        yield line.number


def _shown(mark: re.Match[str]) -> str:
    return f"{mark['number']}. " if mark["number"] else "- "


def _range(lines: Sequence[int]) -> str:
    return str(lines[0]) if len(lines) == 1 else f"{lines[0]}-{lines[-1]}"


def crossed_gaps(raw: str, document: ImportedDocument) -> list[int]:
    """The lines that a blank line parts from the one before, which are in one paragraph with it.

    Not those of the title: what blank lines set off together may be one headline.
    """
    lines = {line.number: line for line in read_lines(raw)}
    gaps = {number for number, line in lines.items() if line.gap_above}
    dropped = {one.line for one in document.dropped}
    found = []
    for block in accounted(raw, document).split()[1:]:
        first, _, last = block.partition("-")
        numbers = range(int(first), int(last or first) + 1)
        kept = [n for n in numbers if n in lines and n not in dropped]
        for before, after in pairwise(kept):
            parted = any(n in gaps for n in range(before + 1, after + 1))
            page_break = any(n in dropped for n in range(before + 1, after))
            if parted and not page_break:
                found.append(after)
    return found


def reasons(document: ImportedDocument) -> dict[str, int]:
    """Return the number of lines that were left out, by reason."""
    counts: dict[str, int] = {}
    for dropped in document.dropped:
        why = re.sub(r"^below '.*': ", "", dropped.reason)
        counts[why] = counts.get(why, 0) + 1
    return counts
