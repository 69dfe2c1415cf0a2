"""Markdown → visual editor → Markdown: readers get the same mail, and nothing is lost silently."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.markdown.blocks import in_parts, split_blocks
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from tests.node import Answering, answering
from tests.properties import examples
from tests.rows import rows

ROOT = Path(__file__).parents[4]
KINDS = {
    **{kind: kind for kind in ("button", "video", "standfirst", "pull", "quoted", "downloads")},
    "columns": "columns",
    "end": "end",
    "edge": "lead",
}
"""The renderer's word for a block, and the editor's."""
CORPORA = [ROOT / "tests/corpus/markdown", ROOT.parent / "shared/corpus/markdown"]

pytestmark = pytest.mark.slow("Node is started, and Markdown is read by two parsers")


@pytest.fixture(scope="module")
def editor() -> Iterator[Answering]:
    with answering("roundtrip.js") as asked:
        yield asked


class Seen(HTMLParser):
    """Blocks, and each letter with its marks, as readers see them; not the order of the marks."""

    MARKS = frozenset({"em", "strong", "s", "a", "code"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[object] = []
        self._set: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr":
            return  # where a long word may break, which goes by how it was spelled
        if tag in self.MARKS and self.seen[-1:] != ["<pre>"]:
            self._set.append((tag, str(attrs)))
        else:
            self.seen.append((f"<{tag}>", str(attrs), self._how()) if attrs else f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.MARKS and any(mark[0] == tag for mark in self._set):
            at = max(at for at, mark in enumerate(self._set) if mark[0] == tag)
            del self._set[at]
        else:
            if tag == "code" and self.seen[-1] == ("\n", self._how()):
                self.seen.pop()  # the end of the last line, which shows nothing
            self.seen.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.seen += [(letter, self._how()) for letter in data]

    def _how(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(set(self._set)))


def mail(body: str) -> list[object]:
    """Return the visible mail that this body becomes."""
    return Seen(to_html(read_markdown(body, "en"))).seen


def kinds(body: str) -> list[str]:
    """More than a paragraph, a list or a quotation, by the renderer's word."""
    parts = in_parts(read_markdown(body, "en"), 600)
    found = []
    for span in split_blocks([*parts.above, *parts.lead, *parts.rest]):
        first = span.tokens[0]
        kind = KINDS.get(str(first.attrs.get("class") or span.kind), "")
        found += [kind] if kind and first.nesting == 1 else []
    return found


def assert_the_same_mail(editor: Answering, body: str) -> dict[str, Any]:
    """Were each block touched, readers would see the same; were none, no byte would change."""
    found: dict[str, Any] = editor(body)
    if "markdown" in found:
        assert mail(found["markdown"]) == mail(body), found["markdown"]
        assert found["kinds"] == kinds(body)
        assert found["kept"] == body.replace("\r\n", "\n").replace("\r", "\n")
    else:
        assert 1 <= found["line"] <= body.count("\n") + body.count("\r") + 1
        assert found["what"]
    return found


@pytest.mark.parametrize("name", [path.name for corpus in CORPORA for path in corpus.glob("*.md")])
def test_real_statements_are_held_whole(editor: Answering, name: str) -> None:
    body = next(corpus / name for corpus in CORPORA if (corpus / name).exists()).read_text("utf-8")
    assert "markdown" in assert_the_same_mail(editor, body)


@rows(
    ("written", "again"),
    [
        ("A *b* **c** ~~d~~ `e`", "A *b* **c** ~~d~~ `e`"),
        ("_a_ __b__", "*a* **b**"),
        ("2 * 3 * 4, snake_case, a & b", "2 * 3 * 4, snake_case, a & b"),
        (r"1986\. It was \"so\" &nbsp;", r"1986\. It was \"so\" &nbsp;"),
        ("One line\nand another  \nand one more", "One line\nand another\\\nand one more"),
        ("Title\n===\n\nPart\n---\n\n### Small ###", "# Title\n\n## Part\n\n### Small"),
        ("Title\nof two lines\n===", "Title\nof two lines\n==="),
        ("* a\n* b\n\n- c", "- a\n- b\n\n* c"),
        ("1. a\n2. b\n   - c\n\n4) d", "1. a\n2. b\n   - c\n\n4) d"),
        ("- a\n\n- b", "- a\n\n- b"),
        ("> a\n> > b", "> a\n>\n> > b"),
        ("***", "___"),
        ("    code", "```\ncode\n```"),
        ("~~~ py\n```\n~~~", "````py\n```\n````"),
        ("a|b\n-|:-:\n`x\\|y`|", "| a | b |\n| --- | :-: |\n| `x\\|y` |  |"),
        ("![A *b*](https://e.org/p.png#9x9 'C')", '![A *b*](https://e.org/p.png#9x9 "C")'),
        ("[a][r] <https://e.org>\n\n[r]: https://e.org/a", "[a](https://e.org/a) <https://e.org>"),
        ("A[^1] ^[b *c*]\n\n[^1]: d\n\n    e", "A[^1] ^[b *c*]\n\n[^1]: d\n\n    e"),
        ("<b>no HTML</b>", "<b>no HTML</b>"),
        ("Dear {name|friend},", "Dear {name|friend},"),
        ("**[Read it](https://e.org/a)**", "**[Read it](https://e.org/a)**"),
        ("[**Read it**](https://e.org/a)", "**[Read it](https://e.org/a)**"),
        ("[**Read** **it**](https://e.org/a)", "[**Read** **it**](https://e.org/a)"),
        ("*A [standfirst](https://e.org).*", "*A [standfirst](https://e.org).*"),
        ("> Words.\n>\n> -- Jane", "> Words.\n>\n> -- Jane"),
        ("* [Kit](https://e.org/a.zip) (ZIP, 1 MB)", "- [Kit](https://e.org/a.zip) (ZIP, 1 MB)"),
        ("[![A](https://e.org/p.png#9x9)](https://youtu.be/b)",) * 2,
        ("| a |\n|---|\n| {name\\|friend} |", "| a |\n| --- |\n| {name\\|friend} |"),
    ],
)
def test_the_editor_writes_markdown_as_people_do(
    editor: Answering, written: str, again: str
) -> None:
    assert assert_the_same_mail(editor, written)["markdown"] == f"{again}\n"


@rows(
    ("written", "line", "what"),
    [
        ("a\n\nb [](https://e.org)", 3, "a link without text"),
        ("a\nb \u2028", 2, "an invisible character"),
        ("- a\n\n  [^1]: b\n\n[^1]", 3, "a footnote that is written down inside of a list"),
        ("a\n\n" + "> " * 25 + "b", 3, "lists or quotations that lie too deep"),
        ("a\n*b _c_*", 2, "bold or italic text inside of the same"),
        ("```\n\n```", 1, "a block of code that is only an empty line"),
    ],
)
def test_what_the_editor_cannot_hold_is_named_with_its_line(
    editor: Answering, written: str, line: int, what: str
) -> None:
    found = editor(written)
    assert found["line"] == line
    assert found["what"].startswith(what)


WORDS = st.sampled_from(
    [
        *["word", "it's", '"so"', "a--b", " -- ", "...", "1986.", "2)", "é", "„“", "<b>", "&amp;"],
        *["&nbsp;", "https://e.org/a_b_c?x=1&copy=2", "<https://e.org/é>", "<a@e.org>", "[^1]"],
        *["[l](https://e.org)", '[t](https://e.org/a(b) "Ti\\"t")', "^[a *note*]", "`co`"],
        *["![alt *x*](https://e.org/p.png#9x9 'Cap')", "`` a`b ``", "\\*", '\\"', "\\", "~~s~~"],
        *["_e_", "*e*", "**s**", "***b***", "*", "**", "_", "__", "~~", "`", "[", "]", "(", "!"],
        *["{name|friend}", "\\{name|a}", "{name|", "|", "#", ":", "  ", "\t", "\\\n", "  \n"],
    ]
)
SIGNS = st.text("ab *_~`[]()!\\.-#>|&<", max_size=4)
LINES = st.lists(st.one_of(WORDS, st.just(" "), SIGNS), max_size=8).map("".join)
STARTS = st.sampled_from(
    [
        *["", "", "", "- ", "* ", "+ ", "1. ", "7) ", "> ", "# ", "### ", "    ", "  ", "   "],
        *["[^1]: ", "| ", "---", "===", "***", "```", "~~~ x", "|--|:-:|", "| a | b |", "\t"],
        *["[r]: https://e.org", "[r]"],
    ]
)
TEXTS = st.lists(st.tuples(st.lists(STARTS, max_size=3).map("".join), LINES), max_size=9).map(
    lambda lines: "\n".join(map("".join, lines))
)


@examples(200)
@given(TEXTS)
def test_what_the_editor_makes_of_a_text_is_the_same_mail(editor: Answering, body: str) -> None:
    assert_the_same_mail(editor, body)
