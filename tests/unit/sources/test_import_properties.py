"""Documents made at random: no word is lost, no paragraph joined or parted, whatever is in it."""

import html
from datetime import date
from random import Random

import pytest

from newsletter.sources.document import import_document
from newsletter.sources.docx import import_docx
from newsletter.sources.imported import ImportedDocument
from newsletter.sources.pages import import_page
from newsletter.sources.written import import_markdown
from tests.unit.sources.accounting import accounted, crossed_gaps
from tests.unit.sources.reading import plain, shown
from tests.unit.sources.word_files import docx, paragraph, run

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
WORDS = [
    *("council", "housing", "report", "hearing", "people", "home", "street", "winter"),
    *("budget", "2024", "50", "1.", "2)", "-", "+", "*", "_x_", "a_b", "snake_case", "#1"),
    *("#", "##", ">", "[x]", "(y)", "<b>", "&", "&amp;", "&copy;", "`code`", "\\", "|"),
    *("||", "~", "~~", "~~~", "!", "!!", "^", ":", ";", "=", "==", "---", "***", "“Yes,”"),
    *(
        "‘no’",
        "don't",
        '"straight"',
        "5*3",
        "**b**",
        "[a](b)",
        "![i](j)",
        "[^1]",
        "https://forum.example/a_b",
    ),
    *("é", "ß", "漢字", "€", "§", "…", "–", "—", "a\u00adb", "x\u200by", "http:", "100%"),
    *(
        "$5",
        "@home",
        "mailto:",
        "10\u00a0000",
        "<!--",
        "C++",
        "{x}",
        "~a~",
    ),
]
MARKS = ("", "", "", "", "b", "i", "b i", "s", "a", "a b", "code")


def made(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same each time, which is the point


def phrase(source: Random) -> list[tuple[str, str, str]]:
    """Words of a paragraph: each with its marks, and what stands behind it."""
    count = source.randint(1, 14)
    return [
        (source.choice(WORDS), source.choice(MARKS), source.choice((" ", " ", " ", "")))
        for _ in range(count)
    ] + [("said the chair of the council", "", ".")]


def words_of(parts: list[tuple[str, str, str]]) -> str:
    text = "".join(word + behind for word, _, behind in parts)
    return plain(text.replace("\u00ad", "").replace("\u200b", ""))


def as_html(parts: list[tuple[str, str, str]], source: Random) -> str:
    out = ""
    for word, marks, behind in parts:
        text = html.escape(word) + (behind if source.random() < 0.4 else "")
        after = "" if text.endswith(behind) and behind and text != html.escape(word) else behind
        for mark in marks.split():
            href = ' href="https://forum.example/(x)?a=1&amp;b_c_=2"' if mark == "a" else ""
            text = f"<{mark}{href}>{text}</{mark}>"
        out += text + after
    return out


def page_of(blocks: list[str]) -> bytes:
    body = "\n".join(blocks)
    return (
        f"<html><head><meta charset=utf-8></head><body><main><h1>{TITLE}</h1><p>{FIRST}</p>\n"
        f"{body}<p>{FIRST}</p></main></body></html>"
    ).encode()


def bare(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(kind, plain(text)) for kind, text in found if kind != "hr"]


def random_blocks(source: Random) -> tuple[list[str], list[tuple[str, str]]]:
    blocks, expected = [], []
    for _ in range(source.randint(1, 6)):
        kind = source.choice(("p", "p", "p", "h2", "ul", "ol", "blockquote", "table"))
        if kind in {"ul", "ol"}:
            items = [phrase(source) for _ in range(source.randint(1, 4))]
            inside = "".join(f"<li>{as_html(one, source)}</li>" for one in items)
            blocks.append(f"<{kind}>{inside}</{kind}>")
            expected += [("li", words_of(one)) for one in items]
        elif kind == "table":
            cells = [phrase(source)[-4:] for _ in range(4)]
            shapes = [f"<td>{as_html(one, source)}</td>" for one in cells]
            rows = f"<tr>{shapes[0]}{shapes[1]}</tr><tr>{shapes[2]}{shapes[3]}</tr>"
            blocks.append(f"<table>{rows}</table>")
            kinds = ("th", "th", "td", "td")
            expected += [(tag, words_of(one)) for tag, one in zip(kinds, cells, strict=True)]
        else:
            parts = phrase(source)
            inside = as_html(parts, source)
            blocks.append(
                f"<{kind}>{f'<p>{inside}</p>' if kind == 'blockquote' else inside}</{kind}>"
            )
            expected.append((kind, words_of(parts)))
    return blocks, expected


def assert_shown(document: ImportedDocument, expected: list[tuple[str, str]]) -> None:
    assert document.title == TITLE
    assert document.dropped == ()
    assert bare(shown(document.body)) == [("p", FIRST), *expected, ("p", FIRST)]


@pytest.mark.parametrize("seed", range(400))
def test_a_page_shows_the_same_words_in_the_same_blocks(seed: int) -> None:
    blocks, expected = random_blocks(made(seed))
    assert_shown(import_page(page_of(blocks), today=TODAY, file="page.html"), expected)


@pytest.mark.parametrize("seed", range(60))
def test_a_word_file_shows_the_same_words_in_the_same_paragraphs(seed: int) -> None:
    source = made(seed)
    texts = [phrase(source) for _ in range(source.randint(1, 8))]
    body = [paragraph(run(TITLE), style="Title"), paragraph(run(FIRST))]
    for parts in texts:
        runs = [
            run(word, bold="b" in marks, italic="i" in marks) + (run(behind) if behind else "")
            for word, marks, behind in parts
        ]
        body.append(paragraph(*runs))
    document = import_docx(docx(*body, paragraph(run(FIRST))), today=TODAY, file="a.docx")

    assert_shown(document, [("p", words_of(parts)) for parts in texts])


@pytest.mark.parametrize("seed", range(60))
def test_what_was_written_as_markdown_stays_as_it_was(seed: int) -> None:
    blocks, _ = random_blocks(made(seed))
    body = import_page(page_of(blocks), today=TODAY, file="page.html").body
    again = import_markdown(f"# {TITLE}\n\n{body}\n".encode(), today=TODAY, file="a.md")

    assert (again.title, again.dropped, again.body) == (TITLE, (), body)


@pytest.mark.parametrize("seed", range(200))
def test_a_page_of_scraps_is_read_or_refused_in_words(seed: int) -> None:
    source = made(seed)
    tags = (
        "p",
        "div",
        "ul",
        "li",
        "ol",
        "table",
        "tr",
        "td",
        "b",
        "i",
        "a",
        "h1",
        "h2",
        "pre",
        "br",
    )
    scraps = [f"<{source.choice(('', '/'))}{source.choice(tags)}>" for _ in range(60)]
    words = [f"word{n}" for n in range(60)]
    text = "".join(part for pair in zip(scraps, words, strict=True) for part in pair)
    document = import_page(
        f"<h1>{TITLE}</h1><p>{FIRST}</p>{text}".encode(), today=TODAY, file="page.html"
    )
    seen = " ".join(text for _, text in shown(document.body))
    left_out = " ".join(one.text for one in document.dropped)

    assert [word for word in words if word not in seen and word not in left_out] == []


def random_lines(source: Random) -> str:
    """Lines as pages, mails and PDFs break them: whole, wrapped, with labels, marks and tabs."""
    lines = [TITLE, "", "May 3, 2024", ""]
    for _ in range(source.randint(1, 12)):
        text = "".join(word + behind for word, _, behind in phrase(source))
        width = source.choice((20, 40, 70, 500))
        while text.strip():
            lines.append(text[:width] + source.choice(("", "", "", "\u00ad", "-", " ")))
            text = text[width:]
        lines += source.choice(
            ([], [""], [""], ["Contact:"], ["a\tb", "c\td"], ["Page 2"], ["###"])
        )
    return "\n".join([*lines, FIRST])


@pytest.mark.parametrize("seed", range(300))
def test_each_word_of_a_plain_text_is_in_one_place_and_no_gap_is_closed(seed: int) -> None:
    raw = random_lines(made(seed))
    document = import_document(raw, today=TODAY)

    assert accounted(raw, document)
    assert crossed_gaps(raw, document) == []
