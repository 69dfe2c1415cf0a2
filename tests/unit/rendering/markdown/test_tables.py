"""Tables: measured, kept whole, and turned into records where there is no room."""

import re

from hypothesis import given
from hypothesis import strategies as some

from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import to_text
from newsletter.rendering.markdown.tables import PHONE_WIDTH, SHEET_WIDTH, Fits, Table, tables_in
from tests.properties import examples
from tests.rows import rows

MIDDLING = """\
| County | Held before | Held now | Change | Budget |
|:-------|------------:|:--------:|-------:|-------:|
| Adams | 1,240,500 | 810,000 | –33 % | $1,240,500 |
| Bristol | 312,000 | 290,100 | –7 % | $912,000 |
"""
TOO_WIDE = """\
| Organisation | Responsibility | Representative | Recommendations | Acknowledgement | |
|---|---|---|---|---|--:|
| *Administration* | Transportation | Superintendent | Incomprehensibility | 1,204 | $1 |
| Department | Housing | [Jane](https://a.example) | None | 1990–1995 | $2 |
"""


def html(body: str) -> str:
    return to_html(read_markdown(body, "en"))


def table_of(body: str) -> Table:
    return next(tables_in(read_markdown(body, "en")))


def test_a_small_table_fits_everywhere() -> None:
    table = table_of("| County | Held now | Change |\n|---|--:|--:|\n| Adams | 810,000 | –33 % |")
    assert table.fits is Fits.EVERYWHERE
    assert table.width_needed <= PHONE_WIDTH


def test_a_middling_table_fits_on_desks() -> None:
    table = table_of(MIDDLING)
    assert table.fits is Fits.ON_DESKTOPS
    assert PHONE_WIDTH < table.width_needed <= SHEET_WIDTH


def test_a_bold_line_above_a_table_is_its_title() -> None:
    table = "| Ward | 2026 |\n|---|--:|\n| Quayside | 1,391 |"
    title = '<p class="head"><strong>Homes let</strong></p>'
    assert title in html(f"Before.\n\n**Homes let**\n\n{table}")
    for other in ("**Homes** let", "# **Homes let**", ""):
        assert 'class="head"' not in html(f"{other}\n\n{table}")
    assert 'class="head"' not in html("**Homes let**")


def test_the_source_of_a_table_stands_small_below_it() -> None:
    table = "| Ward | Homes |\n|---|--:|\n| Quayside | 1,204 |\n"
    for source in ("Source: the register.", "*Quelle: das Register.*", "المصدر: السجل"):
        shown = html(f"{table}\n{source}")
        assert '<table class="sourced narrow">' in shown
        assert 'class="source">' in shown
    for other in ("Sources say so.", "The source: a register."):
        assert 'class="source' not in html(f"{table}\n{other}")
    assert 'class="source' not in html("Source: the register.")


def test_an_empty_cell_has_no_label_on_a_phone() -> None:
    heads = ("The ward of the council", "Its officer in the year 2026", "Homes", "Rooms", "Beds")
    table = f"|{'|'.join(heads)}|\n|{'---|' * 5}\n|Quayside||1,204|7,390|9,100|\n"
    shown = html(table)
    assert '<table class="wide">' in shown
    assert "Homes:</span>" in shown
    assert "2026:</span>" not in shown
    broad = "".join(f"|{head} of Northmere, 1,204,300,000,000" for head in heads)
    assert "2026 of Northmere, 1,204,300,000,000:</span>" not in html(
        f"{broad}|\n|{'---|' * 5}\n|Quayside||1,204|7,390|9,100|\n"
    )


def test_a_table_of_long_words_fits_nowhere() -> None:
    assert table_of(TOO_WIDE).fits is Fits.NOWHERE
    assert table_of(TOO_WIDE).width_needed > SHEET_WIDTH


@rows(
    ("figure", "shown"),
    [
        ("61 %", "61&nbsp;%"),
        ("$1.2 million", "$1.2&nbsp;million"),
        ("1 240 500", "1 240 500"),
        ("12 of 40", "12 of 40"),
        ("**61 %**", "<strong>61&nbsp;%</strong>"),
    ],
)
def test_a_figure_and_its_unit_stay_together(figure: str, shown: str) -> None:
    assert f">{shown}</td>" in html(f"| a | b |\n|---|---|\n| x | {figure} |")


@rows("figure", ["1990–1995", "–33 %", "2019-2020"])
def test_a_dash_in_a_figure_lets_nothing_go(figure: str) -> None:
    assert f'<td nowrap="" class="last">{figure}</td>'.replace(" %", "&nbsp;%") in html(
        f"| a | b |\n|---|---|\n| x | {figure} |"
    )


def test_from_right_to_left_a_figure_keeps_its_sign_in_front() -> None:
    for language, shown in {"ar": '<span dir="ltr">–33&nbsp;%</span>', "en": "–33&nbsp;%"}.items():
        tokens = read_markdown("| a | b |\n|---|--:|\n| مليون 3 | –33 % |", language)
        assert f">{shown}</td>" in to_html(tokens)
        assert ">مليون 3</td>" in to_html(tokens)
        assert to_text(tokens).text.endswith("–33 %")


def test_the_text_part_keeps_the_blanks_that_were_written() -> None:
    assert to_text(read_markdown("| a | b |\n|---|---|\n| x | 61 % |", "en")).text.endswith("61 %")


def test_each_cell_of_a_wide_table_says_what_it_is() -> None:
    shown = html(MIDDLING)
    assert '<table class="wide">' in shown
    assert '<td class="to-left first">Adams</td>' in shown
    assert '<td class="to-right"><span class="named">Held before:</span> 1,240,500</td>' in shown


def test_word_gets_the_heads_of_a_wide_table_for_itself() -> None:
    shown = html(MIDDLING)
    assert shown.count("<th ") == 10
    assert "<!--[if !mso]><!--><thead" in shown
    assert (
        re.sub(r"<!--\[if mso\]>.*?<!\[endif\]-->", "", shown, flags=re.DOTALL).count("<th ") == 5
    )


def test_a_table_that_fits_nowhere_is_a_paragraph_for_each_row() -> None:
    shown = html(TOO_WIDE)
    assert "<table" not in shown
    assert shown.count('<p class="record">') == 2
    assert '<p class="record"><strong><em>Administration</em></strong><br>' in shown
    assert (
        '<span class="named">Representative:</span> <a href="https://a.example">Jane</a>' in shown
    )
    assert '<span class="whole">1990–1995</span>' in shown
    assert shown.strip().endswith("<br>\n$2</p>")


def test_the_text_part_knows_nothing_of_pixels() -> None:
    assert to_text(read_markdown(MIDDLING, "en")).text.split("\n")[0] == (
        "County   Held before  Held now  Change      Budget"
    )


@examples(100)
@given(
    some.lists(
        some.lists(some.text("0123456789,.$%– aW", max_size=12), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_stands_in_a_table_is_in_its_html(cells: list[list[str]]) -> None:
    lines = ["| a | b | c |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in cells)]
    shown = re.sub(r"<[^>]*>", "", html("\n".join(lines))).replace("&nbsp;", " ")
    plain = "".join(shown.split()).replace("…", "...")
    for row in cells:
        for cell in row:
            assert "".join(cell.split()) in plain
