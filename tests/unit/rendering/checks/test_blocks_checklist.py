"""The blocks in a finished mail, point by point of what mail programs need."""

import re
from functools import cache

from newsletter.domain.statements.content import Content
from tests.rows import rows
from tests.unit.rendering.checks.test_checklist import Elements
from tests.unit.rendering.examples import BLOCK_MAILS, EMBER, HOUSE, MORNING, render

each_mail = rows("mail", list(BLOCK_MAILS))


@cache
def made(mail: str) -> Content:
    return BLOCK_MAILS[mail]()


def html_of(mail: str) -> str:
    return made(mail).html


def kept(html: str) -> str:
    return "".join(re.findall(r'<style data-premailer="ignore">(.*?)</style>', html, re.DOTALL))


def test_word_has_a_table_for_the_columns() -> None:
    ghosts = "".join(
        re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html_of("blocks"), re.DOTALL)
    )
    elements = Elements(ghosts.partition("</style>")[2])
    assert elements.mistakes == []
    assert [cell["width"] for cell in elements.of("td") if "width" in cell] == ["254", "20", "254"]


@each_mail
def test_buttons_have_their_colour_without_styles(mail: str) -> None:
    pressed = [
        cell
        for cell in Elements(html_of(mail)).of("td")
        if "press-here" in cell.get("class", "").split()
    ]
    assert len(pressed) == 2
    assert all(re.fullmatch("#[0-9a-f]{6}", cell["bgcolor"]) for cell in pressed)


@each_mail
def test_links_are_underlined_but_on_buttons(mail: str) -> None:
    links = Elements(html_of(mail)).of("a")
    plain = [link["href"] for link in links if "text-decoration:underline" not in link["style"]]
    assert plain == ["https://forum.example/report", "https://youtu.be/a"]


@each_mail
def test_what_is_hidden_is_the_preview_line_and_the_heads_on_a_telephone(mail: str) -> None:
    html = re.sub(r"<style.*?</style>", "", html_of(mail), flags=re.DOTALL)
    assert len(re.findall("display: ?none", html)) == 2
    assert "table-header-group !important" in kept(html_of(mail))


@each_mail
def test_no_rule_of_the_styles_is_nested(mail: str) -> None:
    styles = kept(html_of(mail))
    assert re.findall(r"@media \(([^:]*)", styles) == [
        "max-width",
        "min-width",
        "prefers-color-scheme",
    ]


def test_a_mail_without_such_blocks_has_no_rules_for_them() -> None:
    assert "min-width" not in render("Text.").html


def test_from_right_to_left_all_of_it_is_mirrored() -> None:
    html = html_of("blocks, right to left")
    styles = "".join(found.get("style", "") for _, found in Elements(html).found)
    assert not re.search(r"(?:padding|margin)-left", styles)
    assert "margin:0 0 18px 20px" in styles
    assert "italic" not in html


def test_a_lead_picture_stands_where_the_theme_says() -> None:
    body = '![Hall](https://a.example/a.jpg#1200x600 "The hall.")\n\nText.'
    found = {}
    for publisher in (HOUSE, MORNING, EMBER):
        html = render(body, publisher=publisher).html.partition("<body")[2]
        [width] = re.findall(r'alt="Hall" width="(\d+)"', html)
        found[publisher.brand.theme.value] = (html.index("<h1") < html.index("Hall"), width)
        # the caption is on the same ground, and a cell of the layout around both
        assert re.search(r'class="(?:sheet )?lead"(?:(?!</td>).)*The hall', html, re.DOTALL)
    assert found == {
        "statement": (True, "600"),
        "briefing": (False, "600"),
        "bulletin": (True, "504"),
    }
