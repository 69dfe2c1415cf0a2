"""Pasted text becomes Markdown, and losses on the way are reported."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from newsletter.documents.isolated import make_picture_isolated, read_pasted_isolated
from newsletter.documents.markup.pages import Pasted, read_pasted
from newsletter.domain.errors import InvalidInput
from tests.rows import rows


@rows(
    ("html", "markdown"),
    [
        ("<p>One <b>two</b> <i>three</i></p>", "One **two** *three*"),
        ("<h2>Head</h2><p>Text</p>", "## Head\n\nText"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("just words", "just words"),
        ('<a href="https://a.example/b">here</a>', "[here](https://a.example/b)"),
        ("<p>a</p><script>alert(1)</script><p>b</p>", "a\n\nb"),
        (
            "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'>"
            "<span style='mso-list:Ignore'>·</span>Item</p>",
            "- Item",
        ),
        (
            '<b id="docs-internal-guid-1" style="font-weight:normal"><p><span>Plain</span>'
            '<span style="font-weight:700"> bold</span></p></b>',
            "Plain **bold**",
        ),
        (
            '<html><head><style>.c1{font-weight:700}</style></head><body class="doc-content">'
            '<p><span class="c1">Bold</span></p></body></html>',
            "**Bold**",
        ),
    ],
)
def test_pages_word_and_google_docs_become_markdown(html: str, markdown: str) -> None:
    assert read_pasted(html).markdown == markdown


def test_the_first_line_is_no_title_and_nothing_is_furniture() -> None:
    html = "<p>FOR IMMEDIATE RELEASE</p><p>Contact: Ana</p><p>###</p>"
    assert read_pasted(html).markdown.startswith("FOR IMMEDIATE RELEASE\n\nContact: Ana")


def test_what_is_left_out_is_told() -> None:
    read = read_pasted('<p>a <img src="data:image/png;base64,AAAA" alt="A chart"> b</p>')
    assert read.markdown == "a b"
    assert len(read.left_out) == 1
    assert "A chart" in read.left_out[0]


def test_what_holds_nothing_is_refused_with_what_it_was() -> None:
    with pytest.raises(InvalidInput, match="what was pasted"):
        read_pasted("")


@pytest.mark.slow("reads in a sandbox")
def test_a_process_apart_reads_what_was_pasted_and_says_what_is_wrong() -> None:
    assert read_pasted_isolated("<p>One <b>two</b></p>") == Pasted(markdown="One **two**")
    with pytest.raises(InvalidInput, match="nested more than"):
        read_pasted_isolated("<div>" * 300 + "x")


@pytest.mark.slow("reads in a sandbox")
def test_a_process_apart_makes_a_picture_anew() -> None:
    out = io.BytesIO()
    Image.new("RGB", (6, 4)).save(out, "GIF")
    made = make_picture_isolated(out.getvalue(), file="a.gif")
    assert (made.kind, made.width, made.height) == ("image/png", 6, 4)
    assert made.data.startswith(b"\x89PNG")
    with pytest.raises(InvalidInput, match=r"a\.svg: is no PNG"):
        make_picture_isolated(b"<svg/>", file="a.svg")
    with pytest.raises(InvalidInput, match="larger than 10 MB"):
        make_picture_isolated(b"\xff\xd8\xff" + b"x" * 10_000_001, file="a.jpg")


def test_what_takes_too_long_is_cut_off_with_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="try something smaller"):
        read_pasted_isolated("<p>x</p>" * 100_000, timeout=timedelta(0))
