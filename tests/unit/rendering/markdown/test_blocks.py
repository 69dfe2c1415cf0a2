"""Blocks, told by what an author writes anyway; and what looks like one, and is not."""

from markdown_it.token import Token

from newsletter.rendering.markdown.blocks import in_parts
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import PlainBody, to_text
from tests.rows import rows
from tests.unit.rendering.examples import render

PICTURE = "https://a.example/b.jpg"


def tokens_of(body: str, language: str = "en") -> list[Token]:
    return read_markdown(body, language)


def html(body: str, language: str = "en") -> str:
    return to_html(tokens_of(body, language)).strip()


def text(body: str, language: str = "en") -> PlainBody:
    return to_text(tokens_of(body, language))


def test_a_paragraph_that_is_one_bold_link_is_a_button() -> None:
    shown = html("**[Read the *report*](https://a.example/r)**")
    assert shown.startswith('<table role="presentation" class="button" cellpadding="0"')
    assert '<td class="press-here"><a href="https://a.example/r">' in shown
    assert "Read the <em>report</em></a>" in shown
    assert "<strong>" not in shown


def test_the_text_part_has_the_address_of_a_button_below_its_words() -> None:
    body = text("Before.\n\n**[Read the report](https://a.example/r)**")
    assert body.text == "Before.\n\nRead the report:\nhttps://a.example/r"
    assert body.links == ()


@rows(
    "written",
    [
        "[Read](https://a.example)",
        "**[Read](https://a.example)** now",
        "Now **[Read](https://a.example)**",
        "**Now [Read](https://a.example)**",
        "**[A](https://a.example) [B](https://b.example)**",
        f"**[![A]({PICTURE})](https://a.example)**",
        "- **[Read](https://a.example)**",
        "> **[Read](https://a.example)**",
    ],
)
def test_what_is_more_than_one_bold_link_is_no_button(written: str) -> None:
    assert "press-here" not in html(written)


@rows(
    "written",
    [
        "> We leave.\n>\n> — Jane Doe, director",
        "> We leave.\n> — Jane Doe, director",
        "> We leave.\n> -- Jane Doe, director",
        "> We leave.\n> --- Jane Doe, director",
        "> We leave.\n> – Jane Doe, director",
        "> We leave.\n> ―Jane Doe, director",
        "> We leave.  \n> — Jane Doe, director",
    ],
)
def test_a_quotation_whose_last_line_begins_with_a_dash_has_an_author(written: str) -> None:
    assert html(written) == (
        '<blockquote class="pull">\n<p>We leave.</p>\n'
        '<p class="by">— Jane Doe, director</p>\n</blockquote>'
    )
    assert text(written).text == "> We leave.\n>\n> — Jane Doe, director"


def test_a_long_quotation_is_not_set_large() -> None:
    assert '<blockquote class="quoted">' in html(f"> {'We leave. ' * 30}\n> — Jane Doe")


@rows(
    "written",
    [
        "> We leave.",
        "> We leave.\n> Jane Doe",
        "> — Jane Doe",
        "> We leave.\n>\n> - Jane Doe",
        "> We — leave.",
        ">",
        "> # We leave",
        "> We leave.\n> **— Jane**",
    ],
)
def test_a_quotation_without_a_dashed_line_has_none(written: str) -> None:
    assert 'class="by"' not in html(written)


def test_an_author_may_be_a_link() -> None:
    assert '<p class="by">— Jane, <a href="https://a.example">Forum</a></p>' in html(
        "> We leave.\n> — Jane, [Forum](https://a.example)"
    )


FILES = """\
- [Press kit](https://a.example/kit.zip) (ZIP, 12 MB)
- [Report](https://a.example/report.PDF?v=2)
"""


def test_a_list_of_files_is_a_list_of_downloads() -> None:
    rows = html(FILES).split('<div role="listitem">')
    assert rows[0] == '<div class="downloads" role="list">\n'
    assert '<span class="badge">ZIP</span> ' in rows[1]
    assert '">Press kit</a><br><span class="kind" dir="auto">12 MB</span></td>' in rows[1]
    assert '<span class="badge">PDF</span> ' in rows[2]
    assert '">Report</a></td>' in rows[2], "nothing is known of it but its kind"
    assert text(FILES).text == "- Press kit [1] (ZIP, 12 MB)\n- Report [2] (PDF)"


@rows(
    "written",
    [
        "- [Page](https://a.example/page)",
        "- [Kit](https://a.example/kit.zip)\n- [Page](https://a.example/page)",
        "- [Kit](https://a.example/kit.zip) and more",
        "- See [Kit](https://a.example/kit.zip)",
        "- [Kit](https://a.example/kit.zip)\n  - [Kit](https://a.example/kit.zip)",
        "- [Kit](https://a.example/kit.zip)\n\n  More.",
        "- [Kit](https://a.example/kit.zip) (*big*)",
        "1. [Kit](https://a.example/kit.zip)",
        "-\n- [Kit](https://a.example/kit.zip)",
    ],
)
def test_a_list_of_anything_else_stays_a_list(written: str) -> None:
    assert "downloads" not in html(written)


FILM = f'[![The hall]({PICTURE}#1280x720 "Watch the hearing (3:42)")](https://youtu.be/abc)'


def test_a_picture_that_leads_to_a_film_says_that_it_plays() -> None:
    shown = html(FILM)
    assert shown.startswith('<table role="presentation" class="video" width="100%"')
    assert (
        f'<a href="https://youtu.be/abc"><img src="{PICTURE}" alt="The hall" width="528"' in shown
    )
    assert '<td class="press-here play"><a href="https://youtu.be/abc">▶\ufe0e Watch the' in shown
    assert "caption" not in shown
    assert text(FILM).text == "[The hall]\n▶ Watch the hearing (3:42):\nhttps://youtu.be/abc"


@rows(
    ("language", "words"),
    [
        ("en-US", "▶\ufe0e Watch the video"),
        ("de", "▶\ufe0e Video ansehen"),
        ("ar", "◀\ufe0e شاهد الفيديو"),
        ("fi", "▶\ufe0e The hall"),
    ],
)
def test_without_a_title_the_words_are_those_of_the_language(language: str, words: str) -> None:
    film = f"[![The hall]({PICTURE})](https://a.example/film.mp4)"
    assert f">{words}</a>" in render(film, language=language).html


@rows(
    "address", ["https://a.example/page", "https://notyoutube.com/a", "https://[youtu.be/a", "#a"]
)
def test_a_picture_that_leads_elsewhere_is_a_picture(address: str) -> None:
    assert 'class="video"' not in html(f"[![The hall]({PICTURE})]({address})")


COLUMNS = f"""\
| For tenants | |
|---|---|
| ![Keys]({PICTURE}#508x300) Call us any time; a *lawyer* answers. | Register by 1 March. |
"""


def test_a_table_of_one_row_of_prose_is_two_columns() -> None:
    shown = html(COLUMNS)
    assert shown.startswith('<table role="presentation" class="columns" width="100%"')
    assert '<div class="half">\n<p class="head"><strong>For tenants</strong></p>' in shown
    assert '<p class="figure"><img' in shown
    assert "<p>Call us any time; a <em>lawyer</em> answers.</p>" in shown
    assert '<div class="half second">\n<p>Register by 1 March.</p>' in shown
    assert shown.count("<!--[if mso]>") == 3
    assert text(COLUMNS).text == (
        "*For tenants*\n\n[Keys]\n\nCall us any time; a _lawyer_ answers.\n\nRegister by 1 March."
    )


@rows(
    "written",
    [
        "| Adams | Bristol |\n|---|---|\n| 1,204 | 312 |",
        f"| a | b | c |\n|---|---|---|\n| {'words ' * 20} | b | c |",
        f"| a | b |\n|---|---|\n| {'words ' * 20} | b |\n| c | d |",
    ],
)
def test_a_table_of_figures_or_of_more_rows_stays_a_table(written: str) -> None:
    assert 'class="columns"' not in html(written)


def test_a_picture_in_the_head_of_a_column_stays_with_its_words() -> None:
    shown = html(f"| Our ![A]({PICTURE}) | |\n|---|---|\n| {'words ' * 20} | b |")
    assert f'<p class="head"><strong>Our <img src="{PICTURE}"' in shown


def test_a_picture_alone_may_be_a_column() -> None:
    shown = html(f"| | |\n|---|---|\n| ![A]({PICTURE}) | ![B]({PICTURE}) |")
    assert shown.count('<p class="figure"><img') == 2


@rows(
    ("title", "shown"),
    [
        ("The chair.", "The chair."),
        ("The chair. Photo: Ana Ruiz", 'The chair. <span class="credit">Photo: Ana Ruiz</span>'),
        ("The chair (Photo: Ana)", 'The chair (<span class="credit">Photo: Ana)</span>'),
        ("Photo by Ana Ruiz", '<span class="credit">Photo by Ana Ruiz</span>'),
        ("The chair. © Ana Ruiz", 'The chair. <span class="credit">© Ana Ruiz</span>'),
        ("La silla. Foto: Ana Ruiz", 'La silla. <span class="credit">Foto: Ana Ruiz</span>'),
        ("A photo of the chair.", "A photo of the chair."),
    ],
)
def test_a_caption_knows_who_is_credited(title: str, shown: str) -> None:
    written = f'![A chair]({PICTURE} "{title}")'
    assert f'<p class="caption">{shown}</p>' in html(written)
    assert text(written).text == f"[A chair]\n\n{title}"


def test_a_picture_in_a_list_has_its_caption_too() -> None:
    assert '<p class="caption">B.</p>' in html(f'- ![A]({PICTURE} "B.")\n\n- c')


@rows(
    "written",
    [
        f"Before ![A]({PICTURE}#300x200) after.",
        f"Before\n![A]({PICTURE}#300x200)\nafter.",
        f"Before  \n![A]({PICTURE}#300x200)  \nafter.",
    ],
)
def test_a_picture_in_a_paragraph_stands_between_two(written: str) -> None:
    shown = html(written)
    assert shown.startswith('<p>Before</p>\n<p class="pic"><img ')
    assert shown.endswith("</p>\n<p>after.</p>")
    assert text(written).text == "Before\n\n[A]\n\nafter."


def test_two_pictures_in_a_paragraph_have_a_caption_each() -> None:
    shown = html(f'![A]({PICTURE} "One.")\n![B]({PICTURE} "Two.")')
    assert shown.count('<p class="figure"><img') == 2
    assert shown.index("One.") < shown.index('alt="B"') < shown.index("Two.")


@rows("written", [f"**![A]({PICTURE}) b**", f"[![A]({PICTURE}) b](https://a.example)", "a `b` c"])
def test_what_holds_its_picture_is_not_parted(written: str) -> None:
    assert html(written).count("<p") == 1


def test_a_first_paragraph_in_italics_is_a_standfirst() -> None:
    assert html("*What it **says**.*\n\nMore.") == (
        '<p class="standfirst">What it <strong>says</strong>.</p>\n<p>More.</p>'
    )
    assert text("*What it says.*\n\nMore.").text == "What it says.\n\nMore."


@rows("written", ["More.\n\n*What it says.*", "*a* b *c*", "*a* b", f"*![A]({PICTURE})*", "**a**"])
def test_no_other_paragraph_is_one(written: str) -> None:
    assert "standfirst" not in html(written)


@rows("mark", ["###", "# # #", "### ###"])
def test_signs_alone_are_the_end_and_no_empty_heading(mark: str) -> None:
    assert html(f"Text.\n\n{mark}") == '<p>Text.</p>\n<p class="end" role="separator">###</p>'
    assert text(f"Text.\n\n{mark}").text == "Text.\n\n###"


@rows(
    ("body", "above", "lead"),
    [
        (f"![A]({PICTURE}#1200x600)\n\nText.", 0, 3),
        (f'![A]({PICTURE}#1200x600 "B.")\n\nText.', 0, 6),
        (f"*First.*\n\n![A]({PICTURE}#600x480)\n\nText.", 3, 3),
        (f"![A]({PICTURE}#500x300)\n\nText.", 0, 0),
        (f"![A]({PICTURE}#900x900)\n\nText.", 0, 0),
        (f"![A]({PICTURE})\n\nText.", 0, 0),
        (f"Text.\n\n![A]({PICTURE}#1200x600)", 0, 0),
        ("*First.*", 0, 0),
        ("", 0, 0),
    ],
)
def test_a_broad_picture_at_the_beginning_leads(body: str, above: int, lead: int) -> None:
    tokens = tokens_of(body)
    parts = in_parts(tokens, 600)
    assert (len(parts.above), len(parts.lead)) == (above, lead)
    assert len(parts.above) + len(parts.lead) + len(parts.rest) == len(tokens)


def test_a_lead_picture_is_as_wide_as_its_place_and_has_its_caption_with_it() -> None:
    parts = in_parts(tokens_of(f'![A]({PICTURE}#1200x600 "B.")\n\nText.'), 504)
    assert 'width="504" style' in to_html(parts.lead)
    assert to_html(parts.lead).startswith('<p class="edge">')
    assert to_html(parts.lead).endswith('<p class="caption">B.</p>\n')
    assert to_html(parts.rest) == "<p>Text.</p>\n"
