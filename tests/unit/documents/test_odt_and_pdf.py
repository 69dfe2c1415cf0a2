"""OpenDocument texts and PDF files that no office program writes: refused in words, or read."""

import io
import zipfile
from contextlib import suppress
from datetime import date

import pytest
from PIL import Image

from newsletter.documents.importing import import_file
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tests.rows import rows
from tools.office_files import FOLDER

TODAY = date(2026, 11, 27)
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in {
        "office": "office",
        "text": "text",
        "style": "style",
        "table": "table",
        "draw": "drawing",
        "fo": "xsl-fo-compatible",
        "svg": "svg-compatible",
        "form": "form",
    }.items()
)


def odt(body: str, *, styles: str = "", before: str = "", page: str = "") -> bytes:
    content = (
        f"{before}<office:document-content {_NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    sheet = f"<office:document-styles {_NAMES}>{page}</office:document-styles>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", content)
        archive.writestr("styles.xml", sheet)
        archive.writestr("Configurations2/accelerator/current.xml", "")  # as pandoc writes it
    return packed.getvalue()


def imported(data: bytes, file: str = "statement.odt") -> ImportedDocument:
    return import_file(data, today=TODAY, file=file)


TITLE = '<text:p text:style-name="Title">Forum leaves the council</text:p>'


def test_marks_notes_breaks_and_spans_are_kept() -> None:
    styles = (
        '<style:style style:name="B"><style:text-properties fo:font-weight="bold"/></style:style>'
        '<style:style style:name="I"><style:text-properties fo:font-style="italic"/></style:style>'
    )
    body = (
        f"{TITLE}<text:p>{FIRST}<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>See the report.</text:p></text:note-body></text:note></text:p>"
        '<text:p>So<text:s text:c="2"/>it <text:span text:style-name="B">was</text:span><text:tab/>'
        '<text:span text:style-name="I">said</text:span>.</text:p>'
    )
    document = imported(odt(body, styles=styles))
    assert document.title == "Forum leaves the council"
    assert document.body.split("\n\n") == [
        f"{FIRST}[^1]",
        "So it **was** *said*.",
        "[^1]: See the report.",
    ]


def test_what_is_struck_out_stays_so_and_what_is_hidden_is_left_out_and_told_of() -> None:
    styles = (
        '<style:style style:name="S"><style:text-properties'
        ' style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="H"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="T" style:parent-style-name="H"/>'
    )
    body = (
        f'{TITLE}<text:p>{FIRST} <text:span text:style-name="S">Never.</text:span>'
        '<text:span text:style-name="H">Ask Ada</text:span></text:p>'
        '<text:p text:style-name="T">Embargoed until Monday.</text:p><text:p>We stay.</text:p>'
    )
    document = imported(odt(body, styles=styles))

    assert document.body == f"{FIRST} ~~Never.~~\n\nWe stay."
    assert [(one.text, one.reason) for one in document.dropped] == [
        ("Ask Ada", "hidden in the file"),
        ("Embargoed until Monday.", "hidden in the file"),
    ]
    assert document.embargo is not None


@rows(
    ("part", "said", "why"),
    [
        ('<draw:frame draw:name="Chart"><draw:object/></draw:frame>', "Chart", "embedded media"),
        (
            "<text:p><draw:frame><draw:plugin/><svg:desc>A film</svg:desc></draw:frame></text:p>",
            "A film",
            "embedded media",
        ),
        (
            '<text:p><text:hidden-text text:is-hidden="true" text:string-value="Ask Ada"/>'
            "</text:p>",
            "Ask Ada",
            "hidden in the file",
        ),
        (
            '<text:p><text:hidden-paragraph text:is-hidden="true"/>Ask Ada</text:p>',
            "Ask Ada",
            "hidden in the file",
        ),
        (
            '<text:section text:display="none"><text:p>Ask Ada</text:p></text:section>',
            "Ask Ada",
            "hidden in the file",
        ),
    ],
)
def test_objects_and_hidden_parts_are_told_of(part: str, said: str, why: str) -> None:
    document = imported(odt(f"{TITLE}<text:p>{FIRST}</text:p>{part}<text:p>We stay.</text:p>"))
    assert document.body == f"{FIRST}\n\nWe stay."
    assert [(one.text, one.reason) for one in document.dropped] == [(said, why)]


def test_a_cell_with_only_a_value_and_each_cell_of_a_long_row_are_kept() -> None:
    cells = "".join(f'<table:table-cell office:value="{n}"/>' for n in range(60))
    table = f"<table:table>{f'<table:table-row>{cells}</table:table-row>' * 2}</table:table>"
    document = imported(odt(f"{TITLE}<text:p>{FIRST}</text:p>{table}"))
    assert document.body.split() == [*FIRST.split(), *map(str, range(60)), *map(str, range(60))]


def test_changes_comments_and_heads_of_pages_are_told_of() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:insertion/></text:changed-region>"
        "<text:changed-region><text:deletion><text:p>No longer said.</text:p></text:deletion>"
        f"</text:changed-region></text:tracked-changes>{TITLE}"
        f"<text:p>{FIRST}<office:annotation><text:p>Really?</text:p></office:annotation></text:p>"
    )
    page = "<style:header><text:p>DRAFT of the press office</text:p></style:header>"
    document = imported(odt(body, page=page))
    assert "No longer said" not in document.body
    assert "Really" not in document.body
    said = " ".join(document.notes)
    assert "1 insertion taken as text, 1 deletion left out" in said
    assert "1 comment, left out" in said
    assert ("DRAFT of the press office", "at the head of each page") in [
        (one.text, one.reason) for one in document.dropped
    ]


def test_an_embargo_in_a_text_box_is_seen() -> None:
    box = (
        "<text:p><draw:frame><draw:text-box><text:p>EMBARGOED until 3 December 2026</text:p>"
        "</draw:text-box></draw:frame></text:p>"
    )
    assert imported(odt(f"{box}{TITLE}<text:p>{FIRST}</text:p>")).embargo is not None


def test_form_fields_of_an_opendocument_text_are_told_of() -> None:
    fields = (
        '<form:textarea form:current-value="Ada Osei"/><form:textarea/>'
        '<form:checkbox form:label="Agreed" form:current-state="checked"/>'
    )
    form = f"<office:forms><form:form>{fields}</form:form></office:forms>"
    document = imported(odt(f"{form}{TITLE}<text:p>{FIRST}</text:p>"))

    assert [(one.text, one.reason) for one in document.dropped] == [
        ("Ada Osei", "in a form field of the file"),
        ("Agreed: checked", "in a form field of the file"),
    ]


def test_a_picture_without_words_is_told_of() -> None:
    frame = (
        "<text:p><draw:frame><draw:image/><svg:desc>The council</svg:desc></draw:frame></text:p>"
    )
    document = imported(odt(f"{TITLE}<text:p>{FIRST}</text:p>{frame}"))
    assert any("The council" in one.text for one in document.dropped)


def test_a_picture_of_the_file_is_kept() -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (6, 4), "navy").save(drawn, "PNG")
    frame = (
        "<text:p><draw:frame><draw:image xlink:href='Pictures/1.png' "
        "xmlns:xlink='http://www.w3.org/1999/xlink'/><svg:desc>The council</svg:desc>"
        "</draw:frame></text:p>"
    )
    packed = io.BytesIO(odt(f"{TITLE}<text:p>{FIRST}</text:p>{frame}"))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("Pictures/1.png", drawn.getvalue())

    [kept] = imported(packed.getvalue()).pictures
    assert (kept.alt, kept.width, kept.height) == ("The council", 6, 4)


BOMB = "<!DOCTYPE a [<!ENTITY b 'c'>]>"


@rows(
    ("data", "file", "said"),
    [
        (b"PK\x03\x04", "a.odt", "is no LibreOffice file"),
        (b"text", "a.odt", "is no LibreOffice file"),
        (odt(TITLE, before=BOMB), "a.odt", "declares a type"),
        (odt(""), "a.odt", "no text"),
        (odt("x" * 7_000_000), "a.odt", "far more than a statement"),
        (odt(TITLE), "a.docx", "is no Word file"),
        (odt(TITLE), "a.txt", "packed file"),
        (b"%PDF-1.7\n", "a.txt", "is a PDF"),
        (b"%PDF-1.7\nnonsense", "a.pdf", "is no PDF"),
        (b"", "a.pdf", "is no PDF"),
        ((FOLDER / "01-plain.pdf").read_bytes()[:9_000], "a.pdf", "PDF"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(data: bytes, file: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        imported(data, file)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_no_pdf_brings_along_is_said() -> None:
    said = " ".join(imported((FOLDER / "06-table.pdf").read_bytes(), "a.pdf").notes)
    assert "Pictures are not taken from it" in said
    assert "underlined or raised" in said


def pdf(*pages: list[tuple[int, int, str]]) -> bytes:
    """Return a PDF of lines, each with its place from the left and the foot of the page."""
    kids = " ".join(f"{n} 0 R" for n in range(4, 4 + 2 * len(pages), 2))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for lines in pages:
        drawn = " ".join(f"BT /F1 11 Tf {x} {y} Td ({text}) Tj ET" for x, y, text in lines)
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {len(objects) + 2} 0 R>>"
        )
        objects.append(f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream")
    body = "\n".join(f"{n} 0 obj {one} endobj" for n, one in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}\ntrailer <</Root 1 0 R>>\n%%EOF".encode()


def test_what_a_browser_prints_around_its_pages_is_left_out() -> None:
    head = [(30, 820, "11/24/26, 2:00 AM"), (250, 820, "Forum Leaves the Council")]
    address = (30, 20, "https://forum.example/a")
    sentence = "The Example Forum left the council today after two years of work on homes"
    first = [*head, (40, 760, "Forum Leaves the Advisory Council on Housing")]
    first += [
        (40, 700, f"{sentence} and said so"),
        (40, 686, "in a letter of its chair to the mayor."),
    ]
    second = [
        *head,
        (40, 760, "It remains ready to speak with all who want homes that people can pay."),
    ]
    for pages in (
        [[*first, address, (540, 20, "1/2")], [*second, address, (540, 20, "2/2")]],
        [[(30, 820, "11/24/26, 2:00 AM Forum Leaves"), *first[2:], address, (540, 20, "1/1")]],
    ):
        document = imported(pdf(*pages), "a.pdf")
        assert document.title == "Forum Leaves the Advisory Council on Housing"
        assert document.body.startswith(sentence)
        for around in ("forum.example", "/2", "/1", "2:00", "Leaves"):
            assert around not in document.body


def test_form_fields_and_comments_of_a_pdf_are_told_of() -> None:
    title = (40, 760, "Forum Leaves the Advisory Council on Housing")
    notes = (
        "<</Subtype/Widget/T(Speaker)/V(Ada Osei)>>"
        "<</Subtype/Widget/Parent<</T(Agreed)/V/Yes>>>>"
        "<</Subtype/Widget/T(Left empty)>>"
        "<</Subtype/FreeText/Contents(EMBARGOED until 3 December 2026)>>"
        "<</Subtype/Text/Contents<FEFF0052006500610064003F>>>"
        "<</Subtype/Link/Contents(To the report)>>"
    )
    drawn = pdf([title, (40, 720, FIRST)]).replace(
        b"/Contents 5", f"/Annots[{notes}]/Contents 5".encode()
    )
    document = imported(drawn, "a.pdf")

    assert [(one.text, one.reason) for one in document.dropped] == [
        ("Speaker: Ada Osei", "in a form field of the PDF"),
        ("Agreed: Yes", "in a form field of the PDF"),
        ("EMBARGOED until 3 December 2026", "in a comment of the PDF"),
        ("Read?", "in a comment of the PDF"),
    ]
    assert document.embargo is not None


def test_a_page_that_was_put_into_a_page_is_read() -> None:
    """A stamp or a booklet is made so: what the page draws is another page."""
    title, text = (40, 760, "Forum Leaves the Advisory Council on Housing"), (40, 720, FIRST)
    drawn = pdf([title, text]).replace(b"/Contents 5", b"/Contents 6")
    drawn = drawn.replace(b"<</Font", b"<</XObject<</X 5 0 R>>/Font", 1)
    form = b"<</Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Length"
    drawn = drawn.replace(b"<</Length", form)
    page = b"6 0 obj <</Length 5>>stream\n/X Do\nendstream endobj\ntrailer"
    document = imported(drawn.replace(b"trailer", page), "a.pdf")

    assert (document.title, document.body) == (title[2], FIRST)


def test_a_cut_or_bent_pdf_never_raises_anything_else() -> None:
    whole = (FOLDER / "06-table.pdf").read_bytes()
    read = 0
    for place in range(0, len(whole), len(whole) // 15):
        bent = whole[:place] + b"\x00\xff<<>>" + whole[place + 6 :]
        with suppress(InvalidInput):
            read += bool(imported(bent, "a.pdf").title)
    assert read > 2


def test_a_foot_of_several_lines_leaves_the_sentence_that_goes_on_over_the_page() -> None:
    told = "Families wrote to us about rents last winter and most of them had waited for an answer"
    foot = [(40, 50, "Example Forum - press@forum.example - 555 0100")]
    first = [(40, 780, "Example Forum"), (40, 720, "Forum Leaves the Advisory Council on Housing")]
    first += [(40, 680, told), *foot, (250, 36, "Page 1 of 2")]
    second = [(40, 780, "Example Forum"), (40, 760, "that never came, however often they asked.")]
    document = imported(pdf(first, [*second, *foot, (250, 36, "Page 2 of 2")]), "a.pdf")

    assert document.body == f"{told} that never came, however often they asked."
    assert {one.text for one in document.dropped} >= {foot[0][2], "Page 1 of 2", "Example Forum"}


def test_a_last_line_that_differs_by_a_number_from_page_to_page_is_text() -> None:
    told = "The Forum visited each street, wrote down what it saw, and counted the homes in"
    rests = [f"street {n}." for n in (31, 44, 9)]
    pages = [
        [(40, 700, f"{word}. {told}"), (40, 686, rest), (40, 30, f"Example Forum, page {n}")]
        for n, (word, rest) in enumerate(zip(("First", "Then", "Last"), rests, strict=True), 1)
    ]
    title = (40, 760, "Forum Leaves the Advisory Council on Housing")
    document = imported(pdf([title, *pages[0]], *pages[1:]), "a.pdf")

    assert [rest for rest in rests if rest not in document.body] == []
    assert "page" not in document.body


def test_a_line_that_begins_with_a_day_continues_its_paragraph() -> None:
    told = "The Forum asks all who want to come to write to the press office by letter before"
    lines = [(40, 700, told), (40, 686, "30. November, and says that it cannot answer later ones.")]
    title = (40, 760, "Forum Leaves the Advisory Council on Housing")
    document = imported(pdf([title, *lines]), "a.pdf")

    assert document.body == f"{told} {lines[1][2]}"


def test_most_lines_of_a_text_may_end_paragraphs() -> None:
    full = "The Example Forum left the council today after two years of work on homes that"
    short = [
        f"It left in the year {n}, as its own members had asked it to do at the meeting"
        for n in range(6)
    ]
    placed = [(40, 700, full), (40, 686, "people can pay."), (40, 658, full), (40, 644, "so.")]
    placed += [(40, 616 - 28 * n, text) for n, text in enumerate(short)]
    document = imported(pdf([(40, 760, "Forum Leaves the Advisory Council"), *placed]), "a.pdf")

    assert document.body == "\n\n".join([f"{full} people can pay.", f"{full} so.", *short])


def test_the_words_of_a_justified_line_are_no_cells() -> None:
    told = [(40, 700, FIRST[:80]), (40, 686, "for all."), (40, 640, "Nine towns asked")]
    told += [(40, 626, "Nine towns asked"), (40, 612, "for one bridge.")]
    data = pdf([(40, 760, "Forum Leaves the Advisory Council"), *told[:2]], told[2:])
    spaced = data.replace(b"(Nine", b"30 Tw (Nine").replace(b"(for one", b"0 Tw (for one")

    assert imported(spaced, "a.pdf").body.endswith(
        "Nine towns asked Nine towns asked for one bridge."
    )


def test_the_first_line_of_a_paragraph_may_be_indented() -> None:
    full = "The Example Forum left the council today after two years of work on homes that"
    lines = [
        (52, 700, full),
        (40, 678, f"{full} so"),
        (40, 656, "people can pay."),
        (52, 634, full),
    ]
    document = imported(pdf([(40, 780, "Forum Leaves the Advisory Council"), *lines]), "a.pdf")

    assert document.body == f"{full} {full} so people can pay.\n\n{full}"


def test_a_dash_amid_a_sentence_is_no_item() -> None:
    full = "The Example Forum left the council today after two years of work on homes that"
    lines = [(40, 700, full), (40, 686, "- as it said - people can pay.")]
    document = imported(pdf([(40, 760, "Forum Leaves the Advisory Council"), *lines]), "a.pdf")

    assert document.body == f"{full} - as it said - people can pay."


def test_an_end_mark_between_dashes_is_no_item() -> None:
    told = "The Forum asks all who want to come to write to the press office by letter."
    title = (40, 760, "Forum Leaves the Advisory Council on Housing")
    document = imported(pdf([title, (40, 700, told), (40, 650, "- 30 -")]), "a.pdf")

    assert document.body == told


def test_a_foot_at_the_top_of_a_page_does_not_continue_a_signature() -> None:
    told = "The Forum asks all who want to come to write to the press office by letter."
    title = (40, 760, "Forum Leaves the Advisory Council on Housing")
    signed = "Wren Writer and all of the other members of the board of the Example Forum"
    foot = (40, 760, "Registered office: 4 Quay Road, Northport NP1 2QQ")
    document = imported(pdf([title, (40, 700, told), (40, 60, signed)], [foot]), "a.pdf")

    assert document.body == f"{told}\n\n{signed}"


def test_lines_with_much_space_between_them_are_one_paragraph_and_items_go_on() -> None:
    full = "The Example Forum left the council today after two years of work on homes that"
    lines = [
        full,
        full,
        "people can pay.",
        "",
        "- " + full,
        full,
        "people can pay.",
        "",
        full,
        "so.",
    ]
    placed = [
        (52 if n in (5, 6) else 40, 700 - 26 * n, text) for n, text in enumerate(lines) if text
    ]
    title = (40, 780, "Forum Leaves the Advisory Council on Housing")
    document = imported(pdf([title, *placed]), "a.pdf")

    whole = f"{full} {full} people can pay."
    assert document.body == f"{whole}\n\n- {whole}\n\n{full} so."


def test_a_label_beside_a_date_a_split_word_and_a_foot_of_many_numbers_are_told_apart() -> None:
    foot = "35 Elm St, Apt 2, Ashby 10118, Tel 1 212 555 0100, p {} of 2"
    told = "Mayors of the Upper and Lower Penny asked again for a long-"
    first = [(40, 760, "PRESS RELEASE"), (400, 740, "3 May 2024"), (40, 700, "Two Towns Ask for")]
    first += [(40, 686, "a Bridge"), (40, 650, told), (40, 636, "term plan and for an In- and")]
    first += [(40, 622, "Outbound lane."), (40, 30, foot.format(1))]
    document = imported(
        pdf(first, [(40, 700, f"{told}awaited plan."), (40, 30, foot.format(2))]), "a.pdf"
    )

    assert document.date == date(2024, 5, 3)
    assert "a long-term plan and for an In- and Outbound lane." in document.body
    assert "Elm St" not in document.body


def test_the_lines_of_a_shape_are_paragraphs_before_the_one_that_holds_it() -> None:
    inner = "<draw:custom-shape><text:p>Inner words of the box</text:p></draw:custom-shape>"
    lines = f"<text:p>1 Example Street{inner}</text:p><text:p>10115 Berlin</text:p>"
    box = f"<draw:custom-shape>{lines}</draw:custom-shape>"
    holder = f"<text:p><text:span>{box}</text:span>Forum resigns.</text:p>"
    document = imported(odt(f"<text:p>A first line.</text:p>{holder}"))
    words = f"{document.title} {document.body}"
    assert [words.count(one) for one in ("Inner words", "1 Example Street", "10115")] == [1, 1, 1]
    assert "Berlin\n\nForum resigns" in document.body


def test_a_text_box_is_read_and_words_that_are_not_read_are_told_of() -> None:
    box = (
        "<draw:frame><draw:text-box><text:p>Rents rose twice.</text:p></draw:text-box></draw:frame>"
    )
    contents = "<text:table-of-content><text:p>Where to look 4</text:p></text:table-of-content>"
    body = f"{TITLE}<text:p>{FIRST}</text:p><text:p>It {box}left.</text:p>{contents}"
    document = imported(odt(body))
    assert document.body == f"{FIRST}\n\nRents rose twice.\n\nIt left."
    assert [(one.text, one.reason) for one in document.dropped] == [
        ("Where to look 4", "in a part of the file that is not read")
    ]
