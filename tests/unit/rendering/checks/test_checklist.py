"""The finished HTML and text, point by point of what mail programs need."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from html.parser import HTMLParser

from newsletter.domain.delivery.transactional import EmailText
from newsletter.domain.statements.brand import Brand, dark_scheme, light_scheme
from newsletter.domain.statements.content import Content, ListTitle
from newsletter.domain.themes import Theme
from newsletter.rendering.checks.guards import Page
from newsletter.rendering.mail.inlining import inline
from newsletter.rendering.markdown.plaintext import count_columns
from tests.rows import rows
from tests.unit.rendering.examples import (
    ARCHIVE,
    BLOCK_MAILS,
    EMBER,
    HARBOUR,
    HOUSE,
    MAILS,
    NEWS,
    STATEMENT,
    UNSUBSCRIBE,
    arabic,
    render,
    render_letter,
    render_test_mail,
)


class Elements(HTMLParser):
    """Every element with its attributes, and where elements were left open."""

    VOID = frozenset({"meta", "br", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.stack: list[str] = []
        self.parents: list[str] = []
        self.mistakes: list[str] = []
        self.feed(html)
        self.close()
        self.mistakes += self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.parents.append(self.stack[-1] if self.stack else "")
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.mistakes.append(f"/{tag}")

    def of(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.found if tag in tags]


@dataclass(frozen=True)
class Made:
    """One of the example mails, made when it is first looked at."""

    name: str

    @cached_property
    def content(self) -> Content:
        return ALL[self.name]()

    @cached_property
    def elements(self) -> Elements:
        return Elements(self.content.html)

    @cached_property
    def kept(self) -> str:
        """The styles that stay in the head."""
        heads = re.findall(r'<style data-premailer="ignore">(.*?)</style>', self.content.html, re.S)
        return "".join(heads)

    @cached_property
    def styles(self) -> list[str]:
        return [found["style"] for _, found in self.elements.found if "style" in found]


ALL = MAILS | BLOCK_MAILS
MADE = {name: Made(name) for name in ALL}
each_mail = rows("mail", [MADE[name] for name in MAILS])
every_mail = rows("mail", MADE.values())
"""Those with the blocks that plain Markdown has no mark for, too."""


@every_mail
def test_the_html_is_whole_and_inlining_again_changes_nothing(mail: Made) -> None:
    assert mail.content.html.startswith("<!DOCTYPE html>\n<html")
    assert mail.elements.mistakes == []
    assert inline(mail.content.html) == mail.content.html


@each_mail
def test_language_and_direction_stand_on_html_and_on_the_wrapper(mail: Made) -> None:
    wrapper = mail.elements.of("div")[0]
    for attributes in (mail.elements.of("html")[0], wrapper):
        assert (attributes["lang"], attributes["dir"]) == ("en", "ltr")
    assert wrapper["role"] == "article"


@each_mail
def test_the_head_has_charset_first_and_every_meta_mail_programs_want(mail: Made) -> None:
    metas = mail.elements.of("meta")
    assert metas[0] == {"charset": "utf-8"}
    named = {meta["name"]: meta["content"] for meta in metas[1:]}
    assert named["viewport"] == "width=device-width, initial-scale=1"
    assert named["x-apple-disable-message-reformatting"] == ""
    assert named["color-scheme"] == named["supported-color-schemes"] == "light dark"
    assert "telephone=no" in named["format-detection"]


def test_the_title_is_the_subject() -> None:
    html = render(subject="Forum & friends resign").html
    assert "<title>Forum &amp; friends resign</title>" in html


@each_mail
def test_outlook_gets_its_resolution_and_exact_lines_in_one_comment(mail: Made) -> None:
    comment = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", mail.content.html, re.S)[0]
    for wanted in ("<o:PixelsPerInch>96<", "<o:AllowPNG/>", "mso-line-height-rule:exactly"):
        assert wanted in comment
    outside = re.sub(r"<!--.*?-->", "", mail.content.html, flags=re.S)
    assert "xmlns:o" not in outside


@every_mail
def test_styles_stand_only_in_the_head_and_all_of_it_is_small(mail: Made) -> None:
    assert len(mail.content.html.encode()) < 20_000
    assert "<style" not in mail.content.html.partition("</head>")[2]
    assert 0 < len(mail.kept.encode()) < 8192
    assert len(mail.elements.of("style")) == 1


@each_mail
def test_no_at_rule_stands_in_another_and_nothing_is_imported(mail: Made) -> None:
    assert set(re.findall(r"@[a-z-]+", mail.kept)) == {"@media"}
    depth = 0
    for character in mail.kept:
        depth += (character == "{") - (character == "}")
        assert character != "@" or depth == 0
    assert mail.elements.of("link") == []


@each_mail
def test_important_is_written_with_a_blank_and_never_inline(mail: Made) -> None:
    assert (
        len(re.findall("!important", mail.kept))
        == len(re.findall(r"(?<=\S) !important[;}]", mail.kept))
        > 9
    )
    assert not any("!" in style for style in mail.styles)


@every_mail
def test_layout_tables_say_so_and_data_tables_have_scopes(mail: Made) -> None:
    layout = [table for table in mail.elements.of("table") if "role" in table]
    data = [table for table in mail.elements.of("table") if "role" not in table]
    assert len(layout) >= 3
    assert len(data) == 1
    for table in layout:
        assert table["role"] == "presentation"
        assert [table[name] for name in ("cellpadding", "cellspacing")] == ["0"] * 2
    assert [head["scope"] for head in mail.elements.of("th")] == ["col"] * 3


@each_mail
def test_every_row_stands_in_a_written_body_or_head(mail: Made) -> None:
    above = [
        parent
        for (tag, _), parent in zip(mail.elements.found, mail.elements.parents, strict=True)
        if tag == "tr"
    ]
    assert set(above) == {"tbody", "thead"}


@each_mail
def test_the_column_is_600_wide_for_outlook_too(mail: Made) -> None:
    wide = 528 if "#8a1c3b" in mail.content.html else 600  # a letter is narrower
    assert f"max-width:{wide}px;table-layout:fixed" in mail.content.html
    ghost = f'<!--[if mso]><table role="presentation" align="center" width="{wide}"'
    assert mail.content.html.count(ghost) == 1


@every_mail
def test_conditional_comments_are_balanced_comments(mail: Made) -> None:
    html = mail.content.html
    opened = len(re.findall(r"<!--\[if !?mso\]>", html))
    assert opened == html.count("<![endif]-->") >= 3
    assert "<![if" not in html
    for comment in re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html, re.DOTALL):
        assert comment.count("<thead>") == comment.count("</thead>")


BANNED = ("flex", "grid", "position:", "float", "margin:auto", "background-image", "url(", "-moz-")


@every_mail
def test_styles_use_nothing_that_outlook_drops_and_no_margin_is_negative(mail: Made) -> None:
    assert [style for style in mail.styles if any(one in style for one in BANNED)] == []
    assert not any(re.search(r"margin[a-z-]*:[^;]*-\d", style) for style in mail.styles)


@every_mail
def test_every_block_of_text_has_its_line_height_in_pixels(mail: Made) -> None:
    for tag, attributes in mail.elements.found:
        if tag in {"h1", "h2", "h3", "th"} or "font-size" in attributes.get("style", ""):
            line = re.search(r"line-height:\d+px|font:[a-z ]*\d+px/\d+px", attributes["style"])
            assert line or tag == "code", tag
        style = attributes.get("style", "")
        assert not ("font:" in style and re.search(r"font-|line-height", style)), style


@every_mail
def test_an_image_has_its_width_and_scales(mail: Made) -> None:
    images = mail.elements.of("img")
    if mail.name in MAILS:
        assert images[-1]["src"] == "https://forum.example/hearing.jpg"
        assert images[-1]["alt"] == "A hearing room with an empty chair"
        assert images[-1]["width"] == "528"
    else:
        assert {one["width"] for one in images} >= {"528", "508"} & {"600", "504"}
    for one in images:
        assert "height" not in one  # it would hold a hole open where pictures are off
        if one["src"] == "https://forum.example/logo.png" and one["width"] == "48":
            assert one["alt"] == "E"  # the name stands beside it
            continue
        assert one["alt"]
        width = f"max-width:{one['width']}px"
        for style in ("display:block", "width:100%", width):
            assert style in one["style"]


def test_text_from_right_to_left_is_mirrored() -> None:
    html = render(**vars(arabic())).html
    elements = Elements(html)
    for attributes in (elements.of("html")[0], elements.of("div")[0]):
        assert (attributes["lang"], attributes["dir"]) == ("ar", "rtl")
    assert "border-width:0 3px 0 0" in elements.of("blockquote")[0]["style"]
    assert "margin:0 22px 18px 0" in elements.of("ul")[0]["style"]
    sides = [cell["align"] for cell in elements.of("td") if "align" in cell]
    assert Counter(sides)["left"] == 1  # of a figure, at the end
    assert "left" not in "".join(a.get("style", "") for _, a in elements.found)
    assert "italic" not in html


def test_latin_words_in_arabic_text_are_isolated() -> None:
    html = render(**vars(arabic())).html
    assert '<span dir="ltr">1 Example Street, Washington, DC 20001</span>' in html
    assert '<span dir="ltr">press, supporters</span>' in html
    assert "21 سبتمبر 2011" in html


def test_a_date_is_in_the_language_of_its_statement_where_our_own_words_are_not() -> None:
    assert "21 בספטמבר 2011" in render(language="he").html
    assert "September 21, 2011" in render(language="en-US").html


def test_english_words_in_another_language_are_marked_as_english() -> None:
    html = render(language="fi").html
    assert '<p class="label" lang="en" dir="ltr"' in html
    assert 'lang="en"' not in render(language="es").html


@each_mail
def test_colours_have_six_digits_and_nothing_is_computed(mail: Made) -> None:
    style = "".join(
        re.findall(r"style=(?:\"[^\"]*\"|'[^']*')|<style.*?</style>", mail.content.html)
    )
    colours = re.findall(r"#[0-9a-fA-F]+\b", style)
    assert colours
    assert {len(colour) for colour in colours} == {7}
    assert not re.search(r"\b(?:rgba?|hsla?|var|calc)\(", style)


@each_mail
def test_the_preheader_comes_first_and_is_hidden_without_tricks(mail: Made) -> None:
    inside = mail.content.html.partition("<body")[2]
    block = re.search(r'<div style="([^"]*)">([^<]*)</div>', inside)
    assert block
    assert block[1] == "display:none;mso-hide:all"
    assert block[2].startswith(STATEMENT.summary + "\u00a0\u200c")
    assert len(block[2]) < 120
    assert inside.index(block[0]) < inside.index("<table")
    assert mail.content.html.count("display:none") == 1


@each_mail
def test_links_are_underlined_and_absolute(mail: Made) -> None:
    links = mail.elements.of("a")
    assert len(links) > 9
    for link in links:
        if link["href"].startswith("#"):
            assert f'id="{link["href"][1:]}"' in mail.content.html
            continue
        assert "text-decoration:underline" in link["style"]
        assert re.match(r"https://|mailto:|tel:", link["href"])


@each_mail
def test_apple_may_not_restyle_what_it_detects(mail: Made) -> None:
    assert "date=no" in mail.elements.of("meta")[2]["content"]
    assert "[" not in mail.kept  # a program drops the whole sheet for an attribute selector


@each_mail
def test_one_h1_and_no_level_is_skipped(mail: Made) -> None:
    levels = [int(tag[1]) for tag, _ in mail.elements.found if re.fullmatch("h[1-6]", tag)]
    assert levels == [1, 2, 3, 3]
    assert mail.elements.of("ul")
    assert mail.elements.of("ol")


@each_mail
def test_dark_mode_has_a_colour_for_every_colour_of_the_light_one(mail: Made) -> None:
    dark = mail.kept.partition("prefers-color-scheme:dark")[2]
    for hook in (".page", ".sheet", ".masthead", ".dateline", ".body a", ".small a"):
        assert hook in dark


def test_a_logo_stands_for_the_name_and_says_it_where_pictures_are_off() -> None:
    html = render(publisher=HARBOUR).html
    logo = Elements(html).of("img")[0]
    assert (logo["src"], logo["alt"]) == ("https://forum.example/logo.png", "Example Forum")
    assert logo["width"] == "220"
    masthead = html.partition('class="band side masthead"')[2].partition("</td>")[0]
    assert f"background-color:{light_scheme('#1a4fa0').band}" in masthead
    assert "font:bold 24px/32px Verdana" in masthead
    assert ">Example Forum<" not in masthead


def test_without_a_logo_the_initial_stands_beside_the_name_and_is_not_read_aloud() -> None:
    html = render(publisher=EMBER).html
    assert re.search(r'<p class="initial" aria-hidden="true"[^>]*>E</p>', html)
    assert 'class="initial"' not in render().html  # a band has the name alone


def test_a_list_has_its_own_theme_and_title_and_the_first_of_a_statement_decides() -> None:
    lists = (
        ListTitle(name="press", title="press"),
        ListTitle(name="weekly", title="The week", theme=Theme.BRIEFING),
    )
    publisher = replace(HOUSE, lists=lists)
    plate, band = (
        render(publisher=publisher, lists=one) for one in (("weekly", "press"), ("press",))
    )
    assert re.search(r'<p class="name"[^>]*>The week</p>', plate.html)
    assert re.search(r'<p class="name"[^>]*>Example Forum</p>', band.html)
    assert "border-top:8px" in plate.html
    assert "border-top:8px" not in band.html


def test_a_brands_fonts_and_colours_are_used_and_no_others() -> None:
    html = render(publisher=HARBOUR).html
    for plain in ("Georgia", "Helvetica", "#17505c", light_scheme("#17505c").ground):
        assert plain not in html
    for own in ("Verdana,Geneva", "#1a4fa0", light_scheme("#1a4fa0").ground):
        assert own in html


@rows("color", ["#ffcc00", "#101010", "#e8e8e8"])
def test_a_colour_that_could_not_be_read_is_corrected(color: str) -> None:
    html = render(publisher=replace(HOUSE, brand=Brand(color=color))).html
    assert light_scheme(color).accent in html
    assert dark_scheme(color).accent in html


def test_an_embargo_stands_above_the_title_in_both_parts() -> None:
    content = MAILS["harbour, with an embargo"]()
    told = "Not for publication before 21 September 2011, 14:00 EDT"
    for part in (" ".join(Page(content.html).text.split()), content.text):
        assert part.index(told) < part.index("Jane Doe")
        assert part.count(told) == 1
    assert "Not for publication" not in render().text


def test_a_correction_says_so_and_leads_to_what_it_corrects() -> None:
    content = MAILS["ember, a correction"]()
    original = "https://news.forum.example/archive/forum-joins"
    assert f'<a href="{original}"' in content.html
    for part in (Page(content.html).text, content.text):
        assert part.index("This corrects a statement that we sent you.") < part.index("Jane Doe")
    assert original in content.text.splitlines()
    assert "This corrects" not in render().text


def test_a_test_mail_says_so_first_and_is_otherwise_the_mail() -> None:
    content, real = render_test_mail(), render()
    told = "This is a test email. Nobody else received it, and its links don’t unsubscribe anyone."
    assert " ".join(content.text.split()).startswith(told)
    assert content.text.endswith(real.text)
    assert Page(content.html).text.index(told) < Page(content.html).text.index("Practical answers")
    assert "test email" not in real.html + real.text


ANSWERS = [says for says in EmailText if says not in {EmailText.NEWS, EmailText.REPORT}]
"""Emails that people requested, or about their account."""


_NAMES_LISTS = {EmailText.CONFIRMATION, EmailText.ADMITTED, EmailText.DECLINED}


@rows("says", ANSWERS)
@rows("language", ["en", "es", "de", "fr", "pt", "fi", "ar"])
def test_a_letter_holds_its_readers_own_link_and_nothing_that_leaves_a_list(
    language: str, says: EmailText
) -> None:
    content = render_letter(says, language=language)
    url = "https://news.forum.example/confirm/abc123"
    elements = Elements(content.html)
    assert elements.mistakes == []
    assert elements.of("a")[0]["href"] == url
    assert url in content.text.splitlines()
    for part in (Page(content.html).text, content.text):
        assert "1 Example Street, Washington, DC 20001" in part
        assert ("press, supporters" in part) == (says in _NAMES_LISTS)
    assert "Press contact" not in content.html
    assert "NLMERGE" not in content.html + content.text
    assert dict(content.headers)["Auto-Submitted"] == "auto-generated"
    assert {name for name, _ in content.headers} == {
        *("Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress")
    }
    if language == "en":
        assert inline(content.html) == content.html


def test_news_for_staff_have_a_link_for_each_event_and_one_to_choose_them() -> None:
    content = render_letter(EmailText.NEWS)
    elements = Elements(content.html)
    links = [*(one.url for one in NEWS), "https://news.forum.example/confirm/abc123"]
    assert elements.mistakes == []
    hrefs = [one["href"] for one in elements.of("a")]
    assert (hrefs[:2], hrefs[-1]) == (links[:2], links[2])
    assert [line for line in content.text.splitlines() if line.startswith("https://")][:3] == links
    assert content.subject == "Waiting for approval: Library hours have to stay, and 1 more"
    for part in (Page(content.html).text, content.text):
        said = " ".join(part.split())
        assert "Waiting for approval" in said
        assert "Next: you or Ben can approve it." in said
        assert "Budget <2027>" in said
        assert "1 Example Street, Washington, DC 20001" in said
    assert inline(content.html) == content.html


def test_each_letter_says_something_else_in_each_language() -> None:
    languages = ["en", "es", "de", "fr", "pt", "ar"]
    letters = [render_letter(says, language=code) for says in ANSWERS for code in languages]

    assert len({letter.subject for letter in letters}) == len(letters)
    assert len({Page(letter.html).text for letter in letters}) == len(letters)


def test_the_button_of_a_letter_needs_no_styles_to_have_its_colour() -> None:
    elements = Elements(render_letter(publisher=HARBOUR).html)
    (cell,) = [cell for cell in elements.of("td") if cell.get("class") == "press-here"]
    assert cell["bgcolor"] == "#1a4fa0"
    assert "mso-padding-alt:13px 26px" in cell["style"]
    link = elements.of("a")[0]["style"]
    for style in ("display:inline-block", "color:#ffffff", "padding:13px 26px"):
        assert style in link


@each_mail
def test_the_way_out_and_the_archive_stand_in_both_parts(mail: Made) -> None:
    for url in (UNSUBSCRIBE, ARCHIVE):
        assert f'href="{url}"' in mail.content.html
        assert url in mail.content.text.splitlines()


SAID = (
    *("Example Forum", "Practical answers", "21 September 2011", "Press Office"),
    *("Example Forum resigns from the task force on fair detention", "press@forum.example"),
    *("+1 202 555 0100", "at least one of Example Forum’s lists: press, supporters."),
    *("Preferences", "1 Example Street, Washington, DC 20001", "Read on the web"),
    "Unsubscribe",
)


@each_mail
def test_both_parts_say_who_speaks_why_and_how_to_leave(mail: Made) -> None:
    # a nameplate has the title of its list in place of the tagline
    plate = {"Practical answers"} if mail.name == "morning" else set()
    text, html = " ".join(mail.content.text.split()), Page(mail.content.html).text
    text = text.replace("The week, supporters", "press, supporters")
    html = html.replace("The week, supporters", "press, supporters")
    assert [words for words in SAID if words not in text] == []
    assert {words for words in SAID if words not in html} == plate


@each_mail
def test_marks_stand_only_where_gaps_are_and_no_placeholder_is_left(mail: Made) -> None:
    assert mail.content.html.count("NLMERGE") == mail.content.html.count(UNSUBSCRIBE) == 2
    assert mail.content.text.count("NLMERGE") == mail.content.text.count(UNSUBSCRIBE) == 2
    assert "NLMERGE" not in mail.content.subject
    for part in (mail.content.html, mail.content.text, mail.content.subject):
        assert not re.search(r"\{\{|\{%|%7B%7B", part)


@each_mail
def test_every_link_of_the_html_is_in_the_text(mail: Made) -> None:
    for link in mail.elements.of("a"):
        if not link["href"].startswith(("tel:", "#")):
            assert link["href"].removeprefix("mailto:") in mail.content.text
    assert "tel:+12025550100" in mail.content.text


@every_mail
def test_the_text_has_no_invisible_characters_and_short_lines(mail: Made) -> None:
    assert not re.search("[\u00ad\u200b-\u200d\u2060\ufe0e\ufeff]", mail.content.text)
    for line in mail.content.text.splitlines():
        assert count_columns(line) <= 72 or "https://" in line
        assert line == line.rstrip()
    assert mail.content.text.endswith("\n")
