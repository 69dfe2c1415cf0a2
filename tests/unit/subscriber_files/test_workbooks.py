"""Workbooks are read in a sandbox, as the table that they would be as CSV."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.subscribers import read_people
from newsletter.subscriber_files.workbooks import as_table, read_workbook

ANA, BEN = "ana@readers.example", "ben@readers.example"
HEADER = ["E-mail", "Name", "Consent at", ""]
A_DAY, AN_HOUR = 45363, 45363.5
"""12 March 2024, as a workbook has it, and noon."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKED = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(*sheets: list[list[object]], hidden: int = -1) -> bytes:
    """A workbook; in it texts are as they are, and each number is a time."""
    out, names = io.BytesIO(), [f"Sheet {number}" for number, _ in enumerate(sheets, start=1)]
    kinds = f'<Relationship Id="s" Type="{_LINKS}/styles" Target="styles.xml"/>'
    entries = ""
    with zipfile.ZipFile(out, "w") as packed:
        for number, sheet in enumerate(sheets):
            state = ' state="hidden"' if number == hidden else ""
            entries += (
                f'<sheet name="{names[number]}" sheetId="{number + 1}"{state} r:id="r{number}"/>'
            )
            kinds += (
                f'<Relationship Id="r{number}" Type="{_LINKS}/worksheet" Target="{number}.xml"/>'
            )
            rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in sheet)
            packed.writestr(
                f"xl/{number}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            )
        about = f'<Relationship Id="b" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/>'
        packed.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKED}">{about}</Relationships>')
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{entries}</sheets></workbook>',
        )
        packed.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="22"/></cellXfs></styleSheet>',
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKED}">{kinds}</Relationships>',
        )
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c s="0"><v>{value}</v></c>'


@pytest.mark.slow("starts a process")
def test_a_workbook_is_read_like_the_table_that_it_holds(tmp_path: Path) -> None:
    rows = [HEADER, [ANA, "Ana\nRuiz", A_DAY, ""], [], [BEN, "Ben, B.", AN_HOUR, ""]]
    path = tmp_path / "press.xlsx"
    path.write_bytes(workbook(rows, [[]]))
    source = as_table(path)
    read = read_people(source, Instructions(lists=["press"], agreed="the congress"))
    ana, ben = read.people
    assert (ana[1].name, ana[0]) == ("Ana Ruiz", "press.xlsx:2")
    assert ana[1].consent is not None
    assert ana[1].consent.at == datetime(2024, 3, 12, tzinfo=UTC)
    assert (ben[1].name, ben[0]) == ("Ben, B.", "press.xlsx:4")
    assert ben[1].consent is not None
    assert ben[1].consent.at == datetime(2024, 3, 12, 12, tzinfo=UTC)
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest(), "of the very file"


@pytest.mark.slow("starts a process")
def test_a_file_that_is_no_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "press.xlsx"
    path.write_bytes(b"email\nana@readers.example\n")
    with pytest.raises(InvalidInput, match="cannot be read as a workbook; open it and save it"):
        as_table(path)


def test_one_sheet_alone_is_read_and_a_hidden_or_empty_one_is_none() -> None:
    people, more = [["email"], [ANA]], [["email"], [BEN]]
    for book in (workbook([[]], people), workbook(more, people, hidden=0)):
        assert read_workbook(book, "p.xlsx") == f"email\n{ANA}\n"
    with pytest.raises(InvalidInput, match="has the sheets Sheet 1, Sheet 2; keep the one with"):
        read_workbook(workbook(more, people), "p.xlsx")
    with pytest.raises(InvalidInput, match=r"p\.xlsx: is empty"):
        read_workbook(workbook([[]]), "p.xlsx")


def test_a_number_stays_one_and_columns_without_content_are_left_out() -> None:
    book = workbook([["email", "place", "", ""], [ANA, "20001", "", ""]])
    assert read_workbook(book, "p.xlsx") == f"email,place\n{ANA},20001\n"
