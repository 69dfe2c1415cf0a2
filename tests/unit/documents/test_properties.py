"""Documents made at random: no word is lost, no paragraph joined or parted, whatever is in it."""

import html
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.documents.markup.docx import import_docx
from newsletter.documents.markup.pages import import_page
from newsletter.documents.plain_text import import_document, import_markdown
from newsletter.documents.release.imported import ImportedDocument
from tests.properties import examples
from tests.unit.documents.accounting import accounted, crossed_gaps
from tests.unit.documents.reading import plain, shown
from tests.unit.documents.word_files import docx, paragraph, run

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
WORDS = [
    *("council", "housing", "report", "hearing", "people", "home", "street", "winter"),
    *("budget", "2024", "50", "1.", "2)", "-", "+", "*", "_x_", "a_b", "snake_case", "#1"),
    *("#", "##", ">", "[x]", "(y)", "<b>", "&", "&amp;", "&copy;", "`code`", "\\", "|"),
    *("||", "~", "~~", "~~~", "!", "!!", "^", ":", ";", "=", "==", "---", "***", "“Yes,”"),
    *("‘no’", "don't", '"straight"', "5*3", "**b**", "[a](b)", "![i](j)", "[^1]"),
    *("https://forum.example/a_b", "é", "ß", "漢字", "€", "§", "…", "–", "—", "a\u00adb"),
    *("x\u200by", "http:", "100%", "$5", "@home", "mailto:", "10\u00a0000", "<!--", "C++"),
    *("{x}", "~a~"),
]
MARKS = ("", "", "", "", "b", "i", "b i", "s", "a", "a b", "code")
TAGS = ("p", "div", "ul", "li", "ol", "table", "tr", "td", "b", "i", "a", "h1", "h2", "pre", "br")

Word = tuple[str, str, str, bool]
"""A word, its marks, what stands behind it, and whether that stands inside of the marks."""
Block = tuple[str, list[tuple[str, list[Word]]]]
"""The HTML of a block, and the kind and words of each text in it."""

LAST: Word = ("said the chair of the council", "", ".", False)
word = st.tuples(
    st.sampled_from(WORDS),
    st.sampled_from(MARKS),
    st.sampled_from((" ", " ", " ", "")),
    st.booleans(),
)
phrase = st.lists(word, min_size=1, max_size=14).map(lambda words: [*words, LAST])
# three numbers may be a telephone number, and a table with one a letterhead
cell = st.lists(word, min_size=1, max_size=2).map(lambda words: [*words, LAST])


def words_of(parts: list[Word]) -> str:
    text = "".join(text + behind for text, _, behind, _ in parts)
    return plain(text.replace("\u00ad", "").replace("\u200b", ""))


def as_html(parts: list[Word]) -> str:
    out = ""
    for text, marks, behind, inside in parts:
        one = html.escape(text) + (behind if inside else "")
        for mark in marks.split():
            href = ' href="https://forum.example/(x)?a=1&amp;b_c_=2"' if mark == "a" else ""
            one = f"<{mark}{href}>{one}</{mark}>"
        out += one + ("" if inside else behind)
    return out


def a_list(kind: str, items: list[list[Word]]) -> Block:
    inside = "".join(f"<li>{as_html(one)}</li>" for one in items)
    return f"<{kind}>{inside}</{kind}>", [("li", one) for one in items]


def a_table(cells: list[list[Word]]) -> Block:
    one, two, three, four = (f"<td>{as_html(each)}</td>" for each in cells)
    made = f"<table><tr>{one}{two}</tr><tr>{three}{four}</tr></table>"
    return made, list(zip(("th", "th", "td", "td"), cells, strict=True))


def a_text(kind: str, parts: list[Word]) -> Block:
    inside = f"<p>{as_html(parts)}</p>" if kind == "blockquote" else as_html(parts)
    return f"<{kind}>{inside}</{kind}>", [(kind, parts)]


block = st.one_of(
    st.builds(a_text, st.sampled_from(("p", "p", "h2", "blockquote")), phrase),
    st.builds(a_list, st.sampled_from(("ul", "ol")), st.lists(phrase, min_size=1, max_size=4)),
    st.builds(a_table, st.lists(cell, min_size=4, max_size=4)),
)
blocks = st.lists(block, min_size=1, max_size=6)


def page_of(written: list[Block]) -> bytes:
    body = "\n".join(made for made, _ in written)
    return (
        f"<html><head><meta charset=utf-8></head><body><main><h1>{TITLE}</h1><p>{FIRST}</p>\n"
        f"{body}<p>{FIRST}</p></main></body></html>"
    ).encode()


def bare(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(kind, plain(text)) for kind, text in found if kind != "hr"]


def assert_shown(document: ImportedDocument, expected: list[tuple[str, str]]) -> None:
    assert document.title == TITLE
    assert document.dropped == ()
    assert bare(shown(document.body)) == [("p", FIRST), *expected, ("p", FIRST)]


@examples(40)
@given(blocks)
def test_a_page_shows_the_same_words_in_the_same_blocks(written: list[Block]) -> None:
    expected = [(kind, words_of(parts)) for _, texts in written for kind, parts in texts]
    assert_shown(import_page(page_of(written), today=TODAY, file="page.html"), expected)


@examples(15)
@given(st.lists(phrase, min_size=1, max_size=8))
def test_a_word_file_shows_the_same_words_in_the_same_paragraphs(texts: list[list[Word]]) -> None:
    body = [paragraph(run(TITLE), style="Title"), paragraph(run(FIRST))]
    for parts in texts:
        runs = [
            run(text, bold="b" in marks, italic="i" in marks) + (run(behind) if behind else "")
            for text, marks, behind, _ in parts
        ]
        body.append(paragraph(*runs))
    document = import_docx(docx(*body, paragraph(run(FIRST))), today=TODAY, file="a.docx")

    assert_shown(document, [("p", words_of(parts)) for parts in texts])


@examples(20)
@given(blocks)
def test_what_was_written_as_markdown_stays_as_it_was(written: list[Block]) -> None:
    body = import_page(page_of(written), today=TODAY, file="page.html").body
    again = import_markdown(f"# {TITLE}\n\n{body}\n".encode(), today=TODAY, file="a.md")

    assert (again.title, again.dropped, again.body) == (TITLE, (), body)


@examples(40)
@given(st.lists(st.tuples(st.sampled_from(("", "/")), st.sampled_from(TAGS)), max_size=60))
def test_a_page_of_scraps_is_read_whole_or_says_what_it_left_out(
    tags: list[tuple[str, str]],
) -> None:
    scraps = [(f"<{end}{tag}>", f"word{number:02}") for number, (end, tag) in enumerate(tags)]
    text = "".join(scrap + text for scrap, text in scraps)
    document = import_page(
        f"<h1>{TITLE}</h1><p>{FIRST}</p>{text}".encode(), today=TODAY, file="page.html"
    )
    seen = " ".join(text for _, text in shown(document.body))
    left_out = " ".join(one.text for one in document.dropped)

    assert [text for _, text in scraps if text not in seen and text not in left_out] == []


def broken(parts: list[Word], width: int, end: str, below: list[str]) -> list[str]:
    """A phrase in lines as pages, mails and PDFs break it: with labels, marks and tabs."""
    text, lines = "".join(text + behind for text, _, behind, _ in parts), []
    while text.strip():
        lines.append(text[:width] + end)
        text = text[width:]
    return lines + below


lines_of_text = st.builds(
    broken,
    phrase,
    st.sampled_from((20, 40, 70, 500)),
    st.sampled_from(("", "", "", "\u00ad", "-", " ")),
    st.sampled_from(([], [""], [""], ["Contact:"], ["a\tb", "c\td"], ["Page 2"], ["###"])),
)


@examples(50)
@example(
    [
        ["council council said", " the chair of the co", "uncil."],
        ["council said the cha-", "ir of the council.-", ""],
        ["council said the cha", "ir of the council."],
    ]
)
@example(
    [
        ["council."],
        ["1. said the chair of", " the council."],
        ["§ said the chair of", "the council."],
    ]
)
@example([["* said the chair", "* 2) said the chair"]])
@example([["council", "> said the chair of the council.", "> said the chair of", "the council."]])
@given(st.lists(lines_of_text, min_size=1, max_size=12))
def test_each_word_of_a_plain_text_is_in_one_place_and_no_gap_is_closed(
    texts: list[list[str]],
) -> None:
    lines = [TITLE, "", "May 3, 2024", "", *(line for text in texts for line in text), FIRST]
    raw = "\n".join(lines)
    document = import_document(raw, today=TODAY)

    assert accounted(raw, document)
    assert crossed_gaps(raw, document) == []
