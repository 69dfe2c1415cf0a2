"""Markdown into safe HTML that suits a mail."""

import re

from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from tests.rows import rows


def html(body: str, language: str = "en") -> str:
    return to_html(read_markdown(body, language)).strip()


def test_emphasis_strikethrough_and_code_are_marked_up() -> None:
    assert html("*a* **b** ~~c~~ `d`") == (
        "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"
    )


def test_501c3_keeps_its_letter() -> None:
    assert html("A 501(c)(3) body (r) (tm) +-") == "<p>A 501(c)(3) body (r) (tm) +-</p>"


@rows(
    ("written", "shown"),
    [
        ("1990--1995", "1990–1995"),
        ("so -- it is", "so – it is"),
        ("so---it is", "so—it is"),
        ("and so on...", "and so on…"),
        ("a ---- b", "a ---- b"),
        ("newsletter --force", "newsletter --force"),
        ("`a -- b...`", "<code>a -- b...</code>"),
    ],
)
def test_dashes_and_ellipses_are_set_well_but_not_in_code(written: str, shown: str) -> None:
    assert html(written) == f"<p>{shown}</p>"


def test_an_address_that_is_its_own_text_keeps_its_dashes() -> None:
    assert ">https://a.example/b--c</a>" in html("<https://a.example/b--c> and")
    assert ">b–c</a>" in html("[b--c](https://a.example/b--c)")


@rows(
    ("language", "shown"),
    [
        ("en", "“a ‘b’ c”"),
        ("en-GB", "“a ‘b’ c”"),
        ("de", "„a ‚b‘ c“"),
        ("es", "«a “b” c»"),
        ("fi", "“a ‘b’ c”"),
    ],
)
def test_quotes_are_those_of_the_language(language: str, shown: str) -> None:
    assert html("\"a 'b' c\"", language) == f"<p>{shown}</p>"


@rows(("times", "opening"), [(500, "‘a’"), (501, "'a'")])
def test_a_paragraph_of_more_marks_than_anybody_writes_keeps_them_straight(
    times: int, opening: str
) -> None:
    assert html("'a' " * times).startswith(f"<p>{opening}")


def test_french_quotes_keep_their_blank() -> None:
    assert html('"a"', "fr").replace("&nbsp;", "\u00a0") == "<p>«\u00a0a\u00a0»</p>"


def test_headings_start_below_the_title_and_skip_no_level() -> None:
    body = (
        "##### a\n\n# b\n\n#### c\n\n###### d\n\n####### no\n\n## e\n\n### f\n\n#### g\n\n##### h"
    )
    assert re.findall(r"<h(\d)>(\w)", html(body)) == [
        ("2", "a"),
        ("2", "b"),
        ("3", "c"),
        ("4", "d"),
        ("3", "e"),
        ("4", "f"),
        ("4", "g"),
        ("4", "h"),
    ]


def test_footnotes_and_their_marks_lead_to_each_other() -> None:
    shown = html("One[^a] and two^[Inline.] and one again[^a].\n\n[^a]: Note *one*.")
    assert 'One<sup><a id="r-en-1" href="#n-en-1">[1]</a></sup> and two<sup><a id=' in shown
    assert 'and one again<sup><a href="#n-en-1">[1]</a></sup>.' in shown
    assert '<div class="notes" role="list">' in shown
    assert (
        '<div role="listitem" id="n-en-1"><p><a href="#r-en-1">[1]</a> Note <em>one</em>.' in shown
    )


@rows(
    ("body", "shown"),
    [
        ("هذا بيان.", '<p dir="rtl" class="rtl">'),
        ("## هذا بيان", '<h2 dir="rtl" class="rtl">'),
        ("- هذا بيان", '<li><span dir="rtl">'),
        ("The word بيان is Arabic.", "<p>The"),
        ("12 %", "<p>12"),
    ],
)
def test_what_runs_the_other_way_has_its_own_direction(body: str, shown: str) -> None:
    assert shown in html(body)


def test_of_an_arabic_table_the_side_that_is_written_as_left_is_the_right_one() -> None:
    shown = to_html(read_markdown("|a|b|\n|:-|-:|\n|1|2|", "ar"))
    assert re.findall(r'<td class="(\w+)', shown) == ["right", "left"]


def test_a_link_within_the_text_becomes_plain_text() -> None:
    assert html("See [the *list*](#list), [more](https://a.example/#b).") == (
        '<p>See the <em>list</em>, <a href="https://a.example/#b">more</a>.</p>'
    )


def test_table_cells_carry_their_side_as_a_class_and_heads_a_scope() -> None:
    shown = html("|a|b|c|\n|-|:-:|-:|\n|1|2|3|")
    assert '<th scope="col">a</th>' in shown
    assert 'class="center"' in shown
    assert '<td class="right last">3</td>' in shown
    assert "style" not in shown


def test_a_lone_image_gets_its_title_as_caption() -> None:
    shown = html('![A chair](https://a.example/b.jpg#300x200 "Empty.")\n\nText.')
    assert 'src="https://a.example/b.jpg" alt="A chair" width="300"' in shown
    assert 'style="max-width:300px' in shown
    assert '<p class="caption">Empty.</p>\n<p>Text.</p>' in shown


def test_an_image_without_a_size_fills_the_column() -> None:
    shown = html("![A chair](https://a.example/b.jpg) and text")
    assert 'width="528"' in shown
    assert "height" not in shown
    assert "caption" not in shown


def test_a_description_is_words_without_markdown() -> None:
    assert 'alt="A big &amp; empty chair"' in html(
        "![A *big* &amp; empty chair](https://a.example)"
    )


def test_an_image_larger_than_the_column_is_made_to_fit() -> None:
    assert 'width="528" style' in html("![A](https://a.example/b.jpg#1056x528)")


def test_code_is_shown_as_it_is_and_code_languages_are_ignored() -> None:
    assert html("```html\n<b>&\n```") == "<pre><code>&lt;b&gt;&amp;\n</code></pre>"
    assert html("    a  b") == "<pre><code>a  b\n</code></pre>"


def test_numbering_keeps_its_start() -> None:
    assert html("4. a\n5. b").startswith('<ol start="4">')


def test_what_no_rule_foresaw_does_not_pass_the_allow_list() -> None:
    tokens = read_markdown("[a](javascript:alert) ![b](data:image/png;base64,AA)", "en")
    assert "javascript" not in to_html(tokens)
    assert "data:" not in to_html(tokens)


@rows("body", ["[" * 5000, "*" * 5000, "> " * 3000 + "a", "`" * 5001, "|" * 3000, "[^a]: " * 1000])
def test_malicious_nesting_ends_soon(body: str) -> None:
    assert isinstance(html(body), str)
