"""Word files: parts that are kept, parts that are reported, and files that are refused."""

import io
import zipfile
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any

import pytest
from lxml import etree
from PIL import Image

from newsletter.documents.importing import import_file
from newsletter.documents.markup.packed import unread_lines
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tests.costs import grows_in_proportion, holding
from tests.rows import rows
from tests.unit.documents.reading import shown
from tests.unit.documents.word_files import docx, link, paragraph, picture, run, table

TODAY = date(2026, 11, 24)
TITLE = "Forum Leaves the Advisory Council"
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
SECOND = "We remain ready to speak with everybody who wants homes that people can pay for."


def imported(data: bytes, file: str = "statement.docx") -> ImportedDocument:
    return import_file(data, today=TODAY, file=file)


def statement(*parts: str, **more: Any) -> ImportedDocument:
    return imported(docx(paragraph(run(TITLE), style="Title"), *parts, **more))


def refusal(data: bytes, file: str = "statement.docx") -> str:
    with pytest.raises(InvalidInput) as refused:
        imported(data, file)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_headings_marks_links_lists_tables_and_quotations_are_kept() -> None:
    document = statement(
        paragraph(run("May 3, 2024")),
        paragraph(run("CHICAGO –", bold=True), run(" " + FIRST), link("rId1", run("Read on."))),
        paragraph(),
        paragraph(run("What Happens Next"), style="Heading2"),
        paragraph(run("Tenants"), numbered="1"),
        paragraph(run("in the city"), numbered="1", level=1),
        paragraph(run("Owners"), numbered="1"),
        paragraph(run("Write"), numbered="2"),
        paragraph(run("Call"), numbered="2"),
        paragraph(run("We had to go."), style="Quote"),
        table(("Year", "Homes"), ("2023", "5")),
        paragraph(run(SECOND, italic=True)),
        links={"rId1": "https://forum.example/a?utm_source=mail"},
    )

    assert (document.title, document.date) == (TITLE, date(2024, 5, 3))
    assert document.body == "\n\n".join(
        [
            f"**CHICAGO –** {FIRST}[Read on.](<https://forum.example/a?utm_source=mail>)",
            "## What Happens Next",
            "- Tenants\n  - in the city\n- Owners",
            "1. Write\n2. Call",
            "> We had to go.",
            "| Year | Homes |\n| --- | --- |\n| 2023 | 5 |",
            f"*{SECOND}*",
        ]
    )
    assert [one.text for one in document.dropped] == ["May 3, 2024"]


def test_a_footnote_stands_below_the_text_and_its_mark_in_it() -> None:
    mark = '<w:r><w:footnoteReference w:id="{}"/></w:r>'
    document = statement(
        paragraph(run(FIRST), mark.format(1), run(" More."), mark.format(2)),
        paragraph(run(SECOND)),
        footnotes=("See the report.", "The report of 2024."),
    )

    assert document.body == "\n\n".join(
        [f"{FIRST}[^1] More.[^2]", SECOND, "[^1]: See the report.", "[^2]: The report of 2024."]
    )
    assert shown(document.body)[-2:] == [
        ("footnote", "See the report."),
        ("footnote", "The report of 2024."),
    ]


def test_tracked_changes_and_comments_are_told_of_by_number() -> None:
    document = statement(
        paragraph(
            run(FIRST),
            f"<w:ins>{run(' It was put in.')}</w:ins>",
            "<w:del><w:r><w:delText>It was taken out.</w:delText></w:r></w:del>",
            "<w:del><w:r><w:delText>This too.</w:delText></w:r></w:del>",
            '<w:r><w:commentReference w:id="0"/></w:r>',
        )
    )

    assert document.body == f"{FIRST} It was put in."
    assert document.notes[:2] == (
        "It has tracked changes: 1 insertion taken as text, 2 deletions left out. "
        "Is that what was agreed?",
        "It has 1 comment, left out.",
    )


def test_what_word_shows_to_nobody_is_left_out_and_told_of() -> None:
    hidden = '<w:r><w:rPr><w:vanish{}/></w:rPr><w:t xml:space="preserve">{}</w:t></w:r>'
    document = statement(
        paragraph(run(FIRST), hidden.format("", " Ask Ada"), hidden.format("", " first.")),
        paragraph(run("Embargoed until Monday."), style="Unseen"),
        paragraph(run("A note."), hidden.format(' w:val="0"', "We stay."), style="UnseenToo"),
    )

    assert document.body == f"{FIRST}\n\nWe stay."
    assert [one.text for one in document.dropped if one.reason == "hidden in the file"] == [
        "Ask Ada first.",
        "Embargoed until Monday.",
        "A note.",
    ]
    assert document.embargo is not None


def test_words_of_fields_are_read_and_words_that_are_not_read_are_told_of() -> None:
    field = f"<w:fldSimple w:instr='DATE'>{run('May 3, 2024')}</w:fldSimple>"
    turned = f"<w:bdo w:val='ltr'>{run('We wait.')}</w:bdo>"
    unknown = f"<w:later>{run('A new kind of box.')}</w:later>"
    document = statement(
        paragraph(field), paragraph(run(FIRST), turned), paragraph(unknown), paragraph(run(SECOND))
    )
    assert (document.date, document.body) == (date(2024, 5, 3), f"{FIRST}We wait.\n\n{SECOND}")
    lost = document.dropped[0]
    assert lost.text == "A new kind of box."
    assert lost.reason == "in a part of the file that is not read"


def test_words_that_word_draws_and_choices_in_forms_are_told_of() -> None:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    chart = (
        f'<c:chart xmlns:c="{drawing}/chart" xmlns:a="{drawing}/main"><a:t>Rents since 2020</a:t>'
        "<c:pt><c:v>Leeds</c:v></c:pt><c:pt><c:v>43</c:v></c:pt></c:chart>"
    )
    diagram = f'<d:pt xmlns:d="x" xmlns:a="{drawing}/main"><a:t>Embargoed until noon</a:t></d:pt>'
    entries = '<w:listEntry w:val="Draft"/><w:listEntry w:val="Final"/>'
    document = statement(
        paragraph(run(FIRST)),
        paragraph(
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked w:val="1"/>'
            "</w:checkBox></w:ffData></w:fldChar></w:r>"
            "<w:r><w:instrText>FORMCHECKBOX </w:instrText></w:r>"
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            run(" The board has agreed to this statement."),
            f'<w:r><w:ffData><w:ddList><w:result w:val="1"/>{entries}</w:ddList></w:ffData></w:r>',
            '<w:r><w:pict><v:textpath xmlns:v="v" string="Now"/></w:pict></w:r>',
        ),
        '<w:altChunk r:id="rIdOther"/>',
        extra={
            "word/charts/chart1.xml": chart.encode(),
            "word/diagrams/data1.xml": diagram.encode(),
        },
    )

    assert document.body == f"{FIRST}\n\n☒ The board has agreed to this statement."
    assert [(one.text, one.reason) for one in document.dropped] == [
        ("another document", "put into the file"),
        ("Now", "drawn as WordArt"),
        ("Rents since 2020 Leeds 43", "in a chart or a diagram"),
        ("Embargoed until noon", "in a chart or a diagram"),
        ("Final", "chosen in a form"),
    ]
    assert document.embargo is not None


def test_a_file_of_which_little_is_read_is_compared_in_linear_time() -> None:
    def compare(many: int) -> None:
        root = etree.fromstring(f"<body>{'<p>No such words as these.</p>' * many}</body>")
        written = "<p>Other words, which were read from the file.</p>" * many
        assert [*unread_lines(root, frozenset(), written)][-1].text == "…"

    assert grows_in_proportion(compare, 16_000)


def test_underlined_words_are_told_of() -> None:
    lined = '<w:r><w:rPr><w:u w:val="single"/></w:rPr><w:t>Now</w:t></w:r>'
    document = statement(paragraph(lined, run(FIRST)))

    assert document.body == f"Now{FIRST}"
    assert "1 place was underlined" in "\n".join(document.notes)


def test_pictures_formulas_and_the_head_of_each_page_are_told_of() -> None:
    document = statement(
        paragraph(run(FIRST), picture("The board at its table")),
        paragraph(run(SECOND), "<m:oMath xmlns:m='urn:m'/>"),
        header="Example Forum, Main Street 1",
    )

    assert [(one.line, one.text, one.reason) for one in document.dropped] == [
        (0, "Example Forum, Main Street 1", "at the head of each page"),
        (
            0,
            "The board at its table",
            "a picture that was not kept: it is no PNG, JPEG or GIF; save it as PNG or JPEG and "
            "choose that",
        ),
    ]
    assert document.pictures == ()
    assert "It has 1 formula, left out: write them as text." in document.notes


def test_a_picture_is_made_anew_and_says_where_it_stood() -> None:
    media = io.BytesIO()
    Image.new("RGB", (6, 4), "navy").save(media, "PNG")
    document = statement(
        paragraph(run(FIRST)),
        paragraph(picture("The board & its “table”")),
        paragraph(run(SECOND)),
        media=media.getvalue(),
    )

    [kept] = document.pictures
    assert (kept.alt, kept.kind, kept.width, kept.height) == (
        "The board & its “table”",
        "image/png",
        6,
        4,
    )
    assert kept.data.startswith(b"\x89PNG")
    assert kept.note == f"It stood behind “…{FIRST[-40:]}”."
    assert (document.body, document.dropped) == (f"{FIRST}\n\n{SECOND}", ())


@rows("target", ["../../secret.png", "file:///etc/passwd", "media/none.png", "styles.xml"])
def test_a_picture_that_lies_elsewhere_is_not_opened(target: str) -> None:
    whole = docx(paragraph(run(TITLE), style="Title"), paragraph(run(FIRST), picture("A board")))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    relations = "word/_rels/document.xml.rels"
    parts[relations] = parts[relations].replace(b"media/a.png", target.encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)

    document = imported(packed.getvalue())

    assert document.pictures == ()
    assert [one.text for one in document.dropped] == ["A board"]


def test_press_furniture_is_found_as_in_plain_text() -> None:
    document = imported(
        docx(
            paragraph(run("FOR IMMEDIATE RELEASE")),
            paragraph(run("Contact: Wren Writer, wren@forum.example")),
            paragraph(run(TITLE, bold=True)),
            paragraph(run("May 3, 2024")),
            paragraph(run(FIRST)),
            paragraph(run("• typed by hand")),
            paragraph(run("• and again")),
            paragraph(run("– one")),
            paragraph(run("– two")),
            paragraph(run("1. first")),
            paragraph(run("2. second")),
            paragraph(run("– alone")),
            paragraph(run(SECOND)),
            paragraph(run("###")),
        )
    )

    assert (document.title, document.date) == (TITLE, date(2024, 5, 3))
    lists = "- typed by hand\n- and again\n\n* one\n* two\n\n1. first\n2. second"
    assert document.body == f"{FIRST}\n\n{lists}\n\n– alone\n\n{SECOND}"
    assert [(one.line, one.reason) for one in document.dropped] == [
        (1, "for immediate release"),
        (2, "a contact above the text"),
        (4, "the date"),
        (11, "the mark of the end"),
    ]


def test_the_only_bold_line_above_the_text_is_the_title() -> None:
    name, title = "Stichting Kind aan Zet", "Open brief aan de burgemeesters"
    head = (paragraph(run(name)), paragraph(run("1 oktober 2026")))
    text = (paragraph(run("Geachte burgemeesters,")), paragraph(run(FIRST)))
    document = imported(docx(*head, paragraph(run(title, bold=True)), *text))
    assert (document.title, document.date) == (title, date(2026, 10, 1))
    assert any("taken for the title" in note for note in document.notes)


def test_of_two_titles_of_one_rank_the_name_of_an_office_is_none() -> None:
    document = imported(
        docx(
            paragraph(run("Example Forum"), style="Heading1"),
            paragraph(run(TITLE), style="Heading1"),
            paragraph(run(FIRST)),
        )
    )

    assert document.title == TITLE
    assert "Line 2 was taken for the title; look whether it is." in document.notes


def without(data: bytes, name: str, text: bytes | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        if text is not None:
            new.writestr(name, text)
    return out.getvalue()


GOOD = docx(paragraph(run(TITLE), style="Title"), paragraph(run(FIRST)))
BOMB = docx(extra={"word/huge.xml": b"<a>" + b" " * 7_000_000 + b"</a>"})
ENTITY = b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"


@rows(
    ("data", "words"),
    [
        (b"", "is no Word file, or a broken one"),
        (b"Only words.", "is no Word file, or a broken one"),
        (GOOD[: len(GOOD) // 2], "is no Word file, or a broken one"),
        (without(GOOD, "word/document.xml"), "is no Word file: it has no text of one in it"),
        (without(GOOD, "word/document.xml", b"<w:document"), "word/document.xml in it cannot"),
        (without(GOOD, "word/document.xml", ENTITY), "word/document.xml declares a type"),
        (without(GOOD, "_rels/.rels", b"<a/>"), ""),
        (docx(paragraph(run(TITLE)), paragraph(run(FIRST)), extra={"customXml/a.xml": b""}), ""),
        (without(GOOD, "word/document.xml", b"<a/>"), "its parts do not fit together"),
        (BOMB, "holds far more than a statement in word/huge.xml"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is of an old kind of Word file"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "is locked with a password",
        ),
        (docx(paragraph()), "holds no text"),
    ],
)
def test_what_is_no_readable_word_file_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    if words:
        assert refusal(data).startswith("statement.docx: ")
        assert words in refusal(data)
    else:
        assert imported(data).title == TITLE


def test_a_part_that_lies_about_its_size_is_not_unpacked_whole() -> None:
    data = docx(extra={"word/huge.xml": b" " * 30_000_000})
    size = (30_000_000).to_bytes(4, "little")
    with holding() as cost:
        refusal(data.replace(size, (100).to_bytes(4, "little")))
    assert cost.peak < 15_000_000


def many_parts(count: int) -> bytes:
    large = b" " * 5_900_000
    return docx(extra={f"word/part{n}.xml": large for n in range(count)})


def test_a_file_of_many_parts_is_refused_after_the_first_that_are_too_much() -> None:
    data = many_parts(12)
    with holding() as cost:
        assert "holds far more than a statement" in refusal(data)
    assert cost.peak < 40_000_000


@pytest.mark.faults(seconds=7)
def test_a_file_of_many_parts_that_unpack_to_gigabytes_is_refused_in_little_memory() -> None:
    data = many_parts(200)
    with holding() as cost:
        assert "holds far more than a statement" in refusal(data)
    assert cost.peak < 60_000_000


def test_a_file_of_countless_parts_is_refused() -> None:
    many = {f"part{n}": b"" for n in range(5_001)}
    assert "parts, far more than Word writes" in refusal(docx(extra=many))


def test_any_byte_of_a_word_file_may_be_wrong_and_nothing_breaks() -> None:
    for at in range(0, len(GOOD), 31):
        data = GOOD[:at] + bytes([GOOD[at] ^ 0xFF]) + GOOD[at + 1 :]
        with suppress(InvalidInput):
            assert imported(data).body


@pytest.mark.parametrize(
    "paragraphs", [400, pytest.param(4_000, marks=pytest.mark.faults(seconds=7))]
)
def test_a_word_file_with_large_pictures_is_read_with_little_work(paragraphs: int) -> None:
    @cache
    def file(many: int) -> bytes:
        runs = [paragraph(run(f"{n} {FIRST}")) for n in range(many)]
        noise = bytes(range(256)) * 20_000
        with io.BytesIO(docx(paragraph(run(TITLE), style="Title"), *runs)) as packed:
            with zipfile.ZipFile(packed, "a", zipfile.ZIP_STORED) as archive:
                archive.writestr("word/media/b.png", noise)
            return packed.getvalue()

    def read_whole(many: int) -> None:
        assert imported(file(many)).body.count("The Example Forum") == many

    assert len(file(paragraphs)) > 5_000_000
    assert len(file(paragraphs // 4)) > 5_000_000
    assert grows_in_proportion(read_whole, paragraphs)
