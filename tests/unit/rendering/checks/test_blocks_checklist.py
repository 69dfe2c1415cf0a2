"""The blocks in a finished mail, point by point of what mail programs need."""

import re
from functools import cache

from newsletter.domain.statements.content import Content
from newsletter.rendering.mail.inlining import inline
from newsletter.rendering.markdown.plaintext import columns
from tests.rows import rows
from tests.unit.rendering.checks.test_checklist import Elements
from tests.unit.rendering.examples import BLOCK_MAILS, render

each_mail = rows("mail", list(BLOCK_MAILS))


@cache
def made(mail: str) -> Content:
    return BLOCK_MAILS[mail]()


def html_of(mail: str) -> str:
    return made(mail).html


def kept(html: str) -> str:
    return "".join(re.findall(r'<style data-premailer="ignore">(.*?)</style>', html, re.DOTALL))


@each_mail
def test_every_element_is_closed_and_inlining_again_changes_nothing(mail: str) -> None:
    html = html_of(mail)
    assert Elements(html).mistakes == []
    assert inline(html) == html


@each_mail
def test_layout_tables_say_so_and_the_table_of_data_has_scopes(mail: str) -> None:
    elements = Elements(html_of(mail))
    layout = [table for table in elements.of("table") if "role" in table]
    assert len(elements.of("table")) == len(layout) + 1
    for table in layout:
        assert table["role"] == "presentation"
        assert [table[name] for name in ("cellpadding", "cellspacing", "border")] == ["0"] * 3
    assert [head["scope"] for head in elements.of("th")] == ["col"] * 3


@each_mail
def test_comments_for_outlook_are_balanced(mail: str) -> None:
    html = html_of(mail)
    opened = len(re.findall(r"<!--\[if !?mso\]>", html))
    assert opened == html.count("<![endif]-->")
    assert "<![if" not in html
    for comment in re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html, re.DOTALL):
        assert comment.count("<thead>") == comment.count("</thead>")


def test_word_has_a_table_for_the_columns() -> None:
    ghosts = "".join(
        re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html_of("blocks"), re.DOTALL)
    )
    elements = Elements(ghosts.partition("</style>")[2])
    assert elements.mistakes == []
    assert [cell["width"] for cell in elements.of("td") if "width" in cell] == ["254", "20", "254"]


@each_mail
def test_every_text_has_its_line_height_and_no_margin_is_negative(mail: str) -> None:
    for tag, attributes in Elements(html_of(mail)).found:
        style = attributes.get("style", "")
        assert not re.search(r"margin[a-z-]*:[^;]*-\d", style)
        if "font-size" in style:
            assert re.search(r"line-height:\d+px", style), tag


@each_mail
def test_a_picture_has_both_sizes_and_scales(mail: str) -> None:
    pictures = Elements(html_of(mail)).of("img")
    assert {one["width"] for one in pictures} >= {"600", "528", "508"}
    for one in pictures:
        for style in ("display:block", "width:100%", f"max-width:{one['width']}px", "height:auto"):
            assert style in one["style"]
        assert one["alt"]
        assert one["height"]


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
def test_styles_stay_small_and_no_rule_is_nested(mail: str) -> None:
    styles = kept(html_of(mail))
    assert len(styles.encode()) < 8192
    assert re.findall(r"@media \(([^:]*)", styles) == [
        "max-width",
        "min-width",
        "prefers-color-scheme",
    ]
    assert len(html_of(mail).encode()) < 20_000


def test_a_mail_without_such_blocks_has_no_rules_for_them() -> None:
    assert "min-width" not in render("Text.").html


def test_from_right_to_left_all_of_it_is_mirrored() -> None:
    html = html_of("blocks, right to left")
    styles = "".join(found.get("style", "") for _, found in Elements(html).found)
    assert not re.search(r"(?:border|padding|margin)-left", styles)
    assert "padding-right: 20px" in kept(html)
    assert "italic" not in html


def test_what_stands_above_a_lead_picture_keeps_close_to_it() -> None:
    led = render("![Hall](https://a.example/a.jpg#1200x600)\n\nText.").html
    assert re.search(r'class="sheet body over"[^>]*padding:30px 36px 0;', led)
    assert ".over {padding: 24px 22px 0 !important;}" in kept(led)
    assert "sheet body over" not in render("Text.").html


@each_mail
def test_the_text_part_has_short_lines_and_nothing_invisible(mail: str) -> None:
    text = made(mail).text
    for line in text.splitlines():
        assert columns(line) <= 72 or "https://" in line
    assert not set("\u00ad\u200b\u2060\ufe0e\ufeff") & set(text)
