"""Saved web pages, and what Word saves as one: the statement in them, and all that is left out."""

import base64
import io
from datetime import date

import pytest
from PIL import Image

from newsletter.documents.encoding import decode
from newsletter.documents.importing import import_file
from newsletter.documents.markup.pages import read_pasted
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tests.costs import grows_in_proportion
from tests.rows import rows
from tests.unit.documents.reading import shown

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
SECOND = "We remain ready to speak with everybody who wants homes that people can pay for."
TEXT = f"<p>{FIRST}</p><p>{SECOND}</p>"


def imported(page: str | bytes) -> ImportedDocument:
    data = page if isinstance(page, bytes) else page.encode()
    return import_file(data, today=TODAY, file="page.html")


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"


def read(body: str, head: str = "") -> ImportedDocument:
    return imported(page(body, head))


def reasons(document: ImportedDocument) -> dict[str, str]:
    return {one.text: one.reason for one in document.dropped}


@rows(
    "around",
    [
        "<main><article>{}</article></main>",
        "<div id=content><div class=inner>{}</div></div>",
        "<div class='elementor-widget'><section>{}</section></div>",
        "<table><tr><td>{}</td></tr></table>",
        "<form action=/ ><div>{}</div></form>",
        "<div role=main>{}</div>",
        "<div class='page has-sidebar menu-open'>{}</div>",
        "{}",
    ],
)
def test_the_statement_is_found_whatever_the_page_is_built_of(around: str) -> None:
    furniture = (
        "<header><a href=/ >Example Forum</a></header><nav><a href=/a>News</a></nav>"
        "<div class=breadcrumbs>Home / News</div>"
        "<div class='cookie-notice'>We use cookies to make this site better for you.</div>"
    )
    foot = (
        "<div class='social-share'><a href=x>Facebook</a></div><aside>Donate to us today.</aside>"
        "<div class=related-posts><p>More of our news that you may want to read as well.</p></div>"
        "<footer>Example Forum, Main Street 1</footer><script>var a = 1;</script>"
    )
    document = read(furniture + around.format(f"<h1>{TITLE}</h1>{TEXT}") + foot)

    assert document.title == TITLE
    assert document.body == f"{FIRST}\n\n{SECOND}"
    said = " ".join(reasons(document))
    for text in ("News", "Home / News", "We use cookies", "Facebook", "Donate", "Main Street 1"):
        assert text in said
    assert "var a" not in document.body + said


def test_text_of_a_reader_outside_of_the_article_is_told_of() -> None:
    document = read(
        f"<p>{SECOND}</p><article><h1>{TITLE}</h1>{TEXT}<p>{FIRST} Again.</p></article>"
    )

    assert SECOND in reasons(document)
    assert document.notes[0].startswith("1 part with running text outside of the article")


def test_nothing_hidden_is_taken() -> None:
    document = read(
        f"<h1>{TITLE}</h1>{TEXT}<p style='display: none'>Not this.</p><p hidden>Nor this.</p>"
    )

    assert document.body == f"{FIRST}\n\n{SECOND}"


def test_press_furniture_in_one_paragraph_with_line_breaks_is_told_apart() -> None:
    document = read(
        f"<h1>{TITLE}</h1><p>FOR IMMEDIATE RELEASE<br>May 3, 2024</p>{TEXT}"
        "<p>Main Street 1<br>Chicago</p><p>###</p>"
    )

    assert document.date == date(2024, 5, 3)
    assert document.body == f"{FIRST}\n\n{SECOND}\n\nMain Street 1\\\nChicago"
    assert set(reasons(document)) == {"FOR IMMEDIATE RELEASE", "May 3, 2024", "###"}


@rows(
    ("head", "body", "title"),
    [
        (f"<title>{TITLE} | Example Forum</title>", f"<h1>{TITLE}</h1>", TITLE),
        (
            f"<title>{TITLE} – Example Forum</title><meta property=og:site_name "
            "content='Example Forum'>",
            "<h1>Example Forum</h1>",
            TITLE,
        ),
        (f"<title>{TITLE} - A Report</title>", "", f"{TITLE} - A Report"),
        (f"<meta property=og:title content='{TITLE}'><title>Other</title>", "", TITLE),
        (
            f"<title>Example Forum | {TITLE}</title>",
            f"<h1>Example Forum</h1><h1>{TITLE}</h1>",
            TITLE,
        ),
        (
            f"<title>{TITLE} | Forum</title><script type=application/ld+json>"
            '[{"@type": "Article", "publisher": {"name": "Forum"}}]</script>',
            "",
            TITLE,
        ),
        ("", f"<h2>{TITLE}</h2>", TITLE),
        (f"<title>{TITLE} | Forum</title>", f"<h1>Forum</h1><h2>{TITLE}</h2>", TITLE),
        ("<title>Leaving | Forum</title>", f"<h1>{TITLE}</h1>", TITLE),
    ],
)
def test_the_title_is_the_pages_own_without_the_name_of_its_site(
    head: str, body: str, title: str
) -> None:
    assert read(f"{body}{TEXT}", head).title == title


def test_a_label_before_the_pages_title_is_not_the_title() -> None:
    for label in ("Press release", "Pressemitteilung", "بيان صحفي"):
        head = f"<title>{label}: {TITLE} - Example Forum</title>"
        document = read(f"<article><p>{label}</p><h1>{TITLE}</h1>{TEXT}</article>", head)
        assert (document.title, document.guessed) == (TITLE, False), label
        assert label not in document.body


def test_a_title_that_comes_again_far_below_cuts_nothing_off() -> None:
    head = f"<meta property=og:title content='{TITLE}'>"
    document = read(f"{TEXT}<p>{FIRST}</p><p>Read on:</p><p>{TITLE}</p>", head)

    assert (document.title, document.dropped) == (TITLE, ())
    assert document.body == f"{FIRST}\n\n{SECOND}\n\n{FIRST}\n\nRead on:\n\n{TITLE}"


def test_a_notice_above_the_title_is_not_the_text() -> None:
    notice = "This site keeps a note of what you read, so that it can be better for everybody here."
    document = read(f"<p>{notice}</p><h1>{TITLE}</h1>{TEXT}")

    assert document.body == f"{FIRST}\n\n{SECOND}"
    assert reasons(document)[notice] == "above the title"


@rows(
    ("head", "body", "day", "note"),
    [
        ("", "<p>May 3, 2024</p>", "2024-05-03", ""),
        (
            "<meta property=article:published_time content=2024-05-03T23:30:00-05:00>",
            "",
            "2024-05-03",
            "The date 2024-05-03 is from the page's data.",
        ),
        (
            "<script type=application/ld+json>"
            '{"@graph": [{"datePublished": "2024-05-03"}]}</script>',
            "",
            "2024-05-03",
            "The date 2024-05-03 is from the page's data.",
        ),
        (
            "",
            "<time itemprop=datePublished datetime=2024-05-03>on Friday</time>",
            "2024-05-03",
            "The date 2024-05-03 is from the page's mark of a time.",
        ),
        (
            "<meta property=article:published_time content=2024-05-04T01:30:00Z>",
            "<p>May 3, 2024</p>",
            "2024-05-03",
            "The text is dated 2024-05-03, and the file's own data say 2024-05-04.",
        ),
        ("<script type=application/ld+json>{broken</script>", "", "None", "No date was found"),
    ],
)
def test_the_date_is_what_readers_see_else_what_the_page_says(
    head: str, body: str, day: str, note: str
) -> None:
    document = read(f"<h1>{TITLE}</h1>{body}{TEXT}", head)

    assert str(document.date) == day
    assert not note or any(one.startswith(note) for one in document.notes)


def test_links_are_made_whole_kept_as_they_are_or_told_of() -> None:
    document = read(
        f"<h1>{TITLE}</h1>{TEXT}<p><a href='../a?utm_source=x&amp;y=1'>one</a> "
        "<a href='https://other.example/b (c)'>two</a> <a href='javascript:void(0)'>three</a> "
        "<a href='data:text/html,x'>four</a> <a href='mailto:press@forum.example'>five</a> "
        "<a href=#top>six</a> <a href='http://forum.example'>seven</a> <a href='/x'></a>.</p>",
        "<link rel=canonical href=https://forum.example/news/leaves>",
    )

    assert document.body.split("\n\n")[2] == (
        "[one](<https://forum.example/a?utm_source=x&y=1>) "
        "[two](<https://other.example/b%20(c)>) three four [five](mailto:press@forum.example) "
        "six [seven](http://forum.example) ."
    )
    assert list(reasons(document)) == ["three → javascript:void(0)", "four → data:text/html,x"]
    assert "1 link begins with http://" in document.notes[-2]


def test_a_base_outranks_the_pages_address_and_without_either_a_link_is_told_of() -> None:
    body = f"<h1>{TITLE}</h1>{TEXT}<p><a href=a.html>One</a> more.</p>"
    based = read(body, "<base href=https://forum.example/b/>")

    assert "[One](https://forum.example/b/a.html) more." in based.body
    assert read(body).body.endswith("One more.")
    assert reasons(read(body)) == {
        "One → a.html": "a relative link: the page does not say its address; its words stay"
    }


def test_every_kind_of_block_is_written_as_markdown() -> None:
    document = read(
        f"<h1>{TITLE}</h1>{TEXT}"
        "<h2>What <b>Next</b> #</h2>"
        "<ul><li>One<ul><li>Inner</li></ul></li><li><p>Two</p></li></ul>"
        "<ul><li>Other</li></ul><ol start=3><li>Three</li></ol>"
        "<blockquote><p>We had to.</p><footer>Wren Writer</footer></blockquote><hr>"
        "<pre>a  b\n c</pre><dl><dt>Term</dt><dd>Meaning</dd></dl>"
        "<p>CO<sub>2</sub>, 10<span style='vertical-align:super'>2</span>, <q>so</q>,"
        " <code>x`y</code>, <del>no</del></p>"
    )

    assert document.body.split("\n\n", 2)[2] == "\n\n".join(
        [
            "## What Next \\#",
            "- One\n  - Inner\n- Two",
            "* Other",
            "3. Three",
            "> We had to.\n>\n> Wren Writer",
            "* * *",
            "```\na  b\n c\n```",
            "Term",
            "Meaning",
            "CO₂, 10², “so”, ``x`y``, ~~no~~",
        ]
    )


def test_a_table_of_figures_stays_one_and_a_table_that_lays_out_does_not() -> None:
    figures = "<table><caption>Homes</caption><tr><th>Year<th>Built<tr><td>2023<td>5|6</table>"
    layout = f"<table><tr><td>{SECOND}</td><td><p>{FIRST}</p></td></tr></table>"
    wide = "<table><tr><td colspan=2>All</td></tr><tr><td>1</td><td>2</td></tr></table>"
    tall = "<table><tr><td>A<td>B<tr><td rowspan=2>1<td>2<tr><td>3</table>"
    stray = "<table>stray<tr><td>cell</td></tr></table>"

    def after(table: str) -> str:
        return read(f"<h1>{TITLE}</h1>{TEXT}{table}").body.split("\n\n", 2)[2]

    assert after(figures) == "Homes\n\n| Year | Built |\n| --- | --- |\n| 2023 | 5\\|6 |"
    assert after(layout) == f"{SECOND}\n\n{FIRST}"
    assert after(wide) == "| All |  |\n| --- | --- |\n| 1 | 2 |"
    assert after(tall) == "| A | B |\n| --- | --- |\n| 1 | 2 |\n|  | 3 |"
    assert sorted(after(stray).split("\n\n")) == ["cell", "stray"]


def test_footnotes_are_found_by_their_links_to_and_fro() -> None:
    document = read(
        f"<article><h1>{TITLE}</h1><p>{FIRST}<sup id=r1><a href=#n1>1</a></sup></p>"
        f"<p>{SECOND}<a id=r2 href=#n2>[2]</a></p>"
        "<ol><li id=n1>See <i>the report</i>. <a href=#r1>↩</a></li>"
        "<li id=n2><p>And this.</p><p>And that. <a href=#r2>↩</a></p></li></ol></article>"
    )

    assert document.body == (
        f"{FIRST}[^1]\n\n{SECOND}[^2]\n\n[^1]: See *the report*.\n\n"
        "[^2]: And this.\n\n    And that."
    )
    assert [kind for kind, _ in shown(document.body)] == ["p", "p", *["footnote"] * 3]


def test_a_footnote_whose_mark_was_left_out_is_told_of() -> None:
    document = read(
        "<aside>Beside.<a id=r1 href=#n1>1</a></aside>"
        f"<article><h1>{TITLE}</h1>{TEXT}<p id=n1>The note. <a href=#r1>↩</a></p></article>"
    )

    assert document.body == f"{FIRST}\n\n{SECOND}"
    assert reasons(document)["The note."] == "a footnote of what was left out"


def test_odd_and_empty_parts_lose_no_words() -> None:
    document = read(
        f"<h1>{TITLE}</h1><time>May 3, 2024</time><hr>{TEXT}<h2> </h2><blockquote></blockquote>"
        "<pre> </pre><ul>stray<li></li><li>item</li>tail</ul><ol>alone</ol>"
        "<table><thead><tr><th>A<th>B</thead><tbody><tr><td>1<td>2</tbody></table>"
        "<div role=navigation>Menu</div><p><a href='https://[x/'>broken</a> "
        "wow!<sup><a id=r1 href=#n1>1</a></sup></p>"
        "<p>[<a href='https://a.example'>so</a>] oh!<a href='https://a.example'>there</a></p>"
        "<p id=n1>Note <a href=#r1>^</a></p><hr>",
        "<meta name=date content='May 3, 2024'>",
    )

    assert document.date == date(2024, 5, 3)
    assert document.body.split("\n\n", 2)[2] == "\n\n".join(
        [
            "- stray\n\n- item\n\n  tail",
            "1. alone",
            "| A | B |\n| --- | --- |\n| 1 | 2 |",
            "broken wow! [^1]",
            "\\[[so](https://a.example)\\] oh\\![there](https://a.example)",
            "[^1]: Note",
        ]
    )
    assert "broken → https://[x/" in reasons(document)
    assert reasons(document)["Menu"] == "navigation"


def test_what_markdown_cannot_mark_is_told_of() -> None:
    document = read(
        f"<h1>{TITLE}</h1><p>{FIRST} <u>Now</u> <span style='text-decoration: underline'>and"
        f"</span> <a href=https://a.example><u>here</u></a>.</p><p>On the 5<sup>th</sup> "
        f"{SECOND} H<sub>2</sub>O</p><video src=/film.mp4 poster='/still.jpg?w=9'></video>"
    )

    assert "2 places were underlined" in "\n".join(document.notes)
    assert "1 place stood above or below the line" in "\n".join(document.notes)
    assert reasons(document)["still.jpg"].startswith("the poster of a film")


def test_pictures_and_media_are_told_of_and_captions_without_a_picture_stay() -> None:
    document = read(
        f"<h1>{TITLE}</h1><figure><img src=a.jpg alt='The board'>"
        f"<figcaption>At work</figcaption></figure>{TEXT}"
        "<p><img src='/b/c.png?x=1'><img src='data:image/png;base64,x'></p>"
        "<iframe src=https://video.example/1></iframe>"
    )

    assert document.body == f"At work\n\n{FIRST}\n\n{SECOND}"
    assert list(reasons(document)) == [
        "The board",
        "c.png",
        "https://video.example/1",
        "a picture without a description",
    ]


def test_a_picture_that_stands_in_a_page_itself_is_kept_with_its_caption() -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (6, 4), "navy").save(drawn, "GIF")
    source = "data:image/gif;base64," + base64.b64encode(drawn.getvalue()).decode()
    document = read(
        f"<h1>{TITLE}</h1><p>{FIRST}</p><figure><img src='{source}' alt='The board'>"
        f"<figcaption>At work</figcaption></figure><p>{SECOND}</p>"
    )

    [kept] = document.pictures
    assert (kept.alt, kept.caption, kept.width, kept.height) == ("The board", "At work", 6, 4)
    assert kept.note.endswith("with the caption “At work”.")
    assert document.body == f"{FIRST}\n\n{SECOND}"


WORD = f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<meta name=Generator content="Microsoft Word 15"><title>Old name of the file</title>
<!--[if gte mso 9]><xml><o:p>x</o:p></xml><![endif]--><style>p.MsoNormal {{margin:0}}</style></head>
<body><div class=WordSection1><p class=MsoTitle>{TITLE}<o:p></o:p></p>
<p class=MsoNormal><span style='font-weight:bold'>CHICAGO –</span>
{FIRST.replace(" ", chr(10), 3)}</p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>·<span>&nbsp; </span></span><![endif]>Tenants</p>
<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>o</span>of
<st1:place w:st="on">Chicago</st1:place></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>·</span>Owners</p>
<p class=MsoNormal>Between.</p>
<p class=MsoListParagraphCxSpFirst>1.<span>&nbsp;&nbsp;&nbsp; </span>Write</p>
<p class=MsoListParagraphCxSpLast>2.<span>&nbsp;&nbsp;&nbsp; </span><b>Call</b></p>
<p class=MsoQuote>We had to go.</p>
<p class=MsoNormal>{SECOND}<a href="#_ftn1" name="_ftnref1"><span>[1]</span></a></p></div>
<div style='mso-element:footnote-list'><hr size=1><div style='mso-element:footnote' id=ftn1>
<p class=MsoFootnoteText><a href="#_ftnref1" name="_ftn1"><span>[1]</span></a> See the report.</p>
</div></div></body></html>"""


def test_words_html_becomes_what_was_seen_in_word() -> None:
    document = imported(WORD.encode("cp1252"))

    assert document.title == TITLE
    assert document.body == "\n\n".join(
        [
            f"**CHICAGO –** {FIRST}",
            "- Tenants\n  - of Chicago\n- Owners",
            "Between.",
            "1. Write\n2. **Call**",
            "> We had to go.",
            f"{SECOND}[^1]",
            "[^1]: See the report.",
        ]
    )
    assert document.dropped == ()
    assert document.notes[0].startswith("It is not UTF-8")


def test_on_a_page_whose_text_is_one_line_places_are_told_in_words() -> None:
    subhead = "Members of two years’ standing will go on by themselves"
    paragraphs = (
        f"<h1>{TITLE}</h1><p>{subhead}</p>{TEXT}<p>Media contact: Jo Doe</p><nav>Menu</nav>"
    )

    one_line = read(paragraphs)
    many = read(paragraphs.replace("<p>", "\n<p>"))

    told = "\n".join(one_line.notes)
    assert f"“{subhead}” reads like a subhead" in told
    assert "“Media contact: Jo Doe” begins a contact" in told
    assert [one.line for one in one_line.dropped] == [0]
    assert "Line 2 reads like a subhead" in "\n".join(many.notes)
    assert [one.line for one in many.dropped] == [5]


def test_parts_left_out_of_a_page_on_one_line_are_told_by_their_words() -> None:
    parts = "".join(f"<div><p>{FIRST.replace('two', word)}</p></div>" for word in ("six", "ten"))
    document = read(f"<article><h1>{TITLE}</h1>{TEXT * 3}</article><div>{parts}</div>")

    [note] = [one for one in document.notes if "outside of the article" in one]
    assert "“The Example Forum left the council today after six" in note


@rows(
    ("encoding", "declared", "said"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8", "", False),
        ("utf-8-sig", "iso-8859-1", False),
        ("utf-16", "", False),
        ("cp1252", "iso-8859-1", False),
        ("cp1252", "utf-8", True),
        ("cp1252", "", True),
        ("iso8859-2", "iso-8859-2", False),
        ("utf-8", "utf-16", False),
        ("utf-8", "no-such-thing", False),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_is_in(
    encoding: str, declared: str, said: bool
) -> None:
    text = "Zoé" if "8859-2" in encoding else "“Zoé” – so"
    meta = f'<meta http-equiv=Content-Type content="text/html; charset={declared}">'
    head = meta if declared else ""
    html = f"<html><head>{head}</head><body><h1>{TITLE}</h1>{TEXT}<p>{text} ok."
    document = imported(html.encode(encoding))

    assert document.body.endswith(f"{text} ok.")
    assert any("UTF-8" in note for note in document.notes) == said


def test_what_is_valid_utf_8_is_read_so_whatever_is_declared_unless_all_of_it_is_ascii() -> None:
    assert decode("Zoé".encode(), declared=["iso-8859-1"])[0] == "Zoé"
    assert decode("日本".encode("iso2022_jp"), declared=["iso-2022-jp"])[0] == "日本"
    assert decode(b"plain", declared=["utf-16"])[0] == "plain"
    assert decode(b"Zo\xe9", declared=["utf-16", "nonsense"])[0] == "Zoé"


@rows(
    ("data", "words"),
    [
        (b"", "holds no text"),
        (b"<html><head></head><body><script>x</script></body></html>", "holds no text"),
        (b"<p>" + b"<div>" * 400 + b"deep", "nested more than 150 deep"),
        (b"%PDF-1.7", "is a PDF"),
        (b"PK\x03\x04", "is a packed file"),
        (b" " * 10_000_001, "is larger than 10 MB"),
        (f"<h1>{TITLE}</h1>".encode(), "has a title and no text below it"),
    ],
)
def test_what_is_no_page_with_a_statement_is_refused_in_a_line(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        imported(data)

    assert str(refused.value).startswith("page.html: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@rows(
    ("file", "words"),
    [
        ("a.doc", "is of an old kind of Word file"),
        ("a.rtf", "is rich text"),
        ("a.mht", "is a web archive"),
        ("a.xyz", "is of a kind that is not read; import .docx, .odt, .pdf, .eml"),
    ],
)
def test_other_kinds_of_file_are_refused_with_what_to_do(file: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        import_file(b"x", today=TODAY, file=file)


@pytest.mark.parametrize("parts", [400, pytest.param(10_000, marks=pytest.mark.faults(seconds=4))])
def test_a_large_page_is_read_with_little_work(parts: int) -> None:
    def read_whole(many: int) -> None:
        page = "".join(
            f"<div class=a><p>{n} <b>{FIRST}</b> {SECOND}</p></div>" for n in range(many)
        )
        links = "<a href=/x>y</a>" * many
        document = read(f"<nav>{links[:140_000]}</nav><h1>{TITLE}</h1>{page}")
        assert document.body.count(SECOND) == many

    assert grows_in_proportion(read_whole, parts)


@rows(
    "part",
    [
        "<noscript>Rents rose twice.</noscript>",
        "<template>Rents rose twice.</template>",
        "<p hidden>Rents rose twice.</p>",
        "<p style='display: none'>Rents rose twice.</p>",
    ],
)
def test_words_that_a_page_hides_are_told_of(part: str) -> None:
    page = f"<h1>Forum leaves the council</h1><p>{FIRST}</p>{part}<p>{FIRST}</p>"
    document = import_file(page.encode(), today=TODAY, file="page.html")
    assert "Rents" not in document.body
    assert ("Rents rose twice.", "hidden on the page") in [
        (one.text, one.reason) for one in document.dropped
    ]
    assert "Rents rose twice. (hidden on the page)" in read_pasted(page).left_out


@rows(
    ("part", "said", "why"),
    [
        ("<embed src='march.swf'>", "march.swf", "embedded media"),
        ("<p><embed src='march.swf'></p>", "march.swf", "embedded media"),
        ("<object data='march.pdf'><p>See it.</p></object>", "march.pdf", "embedded media"),
        ("<video><source src='m.mp4'><p>Old.</p></video>", "Old. m.mp4", "embedded media"),
        ("<map><area alt='The north gate' href='/n'></map>", "The north gate", "embedded media"),
        ("<march-film film='7'></march-film>", "march-film", "embedded media"),
        ("<noscript><img src='march.png'></noscript>", "march.png", "hidden on the page"),
        ("<!--[if mso]><p>Rents rose.</p><![endif]-->", "Rents rose.", "hidden on the page"),
        ("<p>Sign: <input value='Ada'></p>", "Ada", "a form"),
    ],
)
def test_parts_without_words_are_told_of(part: str, said: str, why: str) -> None:
    page = f"<h1>Forum leaves the council</h1><p>{FIRST}</p>{part}<p>{SECOND}</p>"
    document = import_file(page.encode(), today=TODAY, file="page.html")
    assert (said, why) in [(one.text, one.reason) for one in document.dropped]
    assert (FIRST in document.body, SECOND in document.body) == (True, True)
    assert any(said in one for one in read_pasted(page).left_out)


@rows(
    "part",
    [
        "<!--[if mso]><p>Forum leaves</p><style>p { color: red }</style><![endif]-->",
        "<!--[if !mso]><!--><!--<![endif]-->",
        "<noscript><img height='1' width='1' src='https://count.example/?id=7'></noscript>",
        "<p><span></span><input type='hidden' value='7'></p>",
    ],
)
def test_parts_that_say_nothing_of_their_own_are_not_told_of(part: str) -> None:
    page = f"<h1>Forum leaves the council</h1><p>{FIRST}</p>{part}<p>{SECOND}</p>"
    document = import_file(page.encode(), today=TODAY, file="page.html")
    assert (document.body, document.dropped) == (f"{FIRST}\n\n{SECOND}", ())


def test_a_date_is_apart_from_the_element_behind_it() -> None:
    head = f"<h1>{TITLE}</h1><div><time>2 July 2026</time><span>3 min read</span></div>"
    document = read(f"{head}<p>{FIRST}</p><p>In July <time>12</time>th it was.</p>")
    assert (str(document.date), document.body) == ("2026-07-02", f"{FIRST}\n\nIn July 12th it was.")
