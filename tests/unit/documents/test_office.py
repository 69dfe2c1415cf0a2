"""Files written by LibreOffice itself: the same statement comes out of all kinds."""

from datetime import date
from pathlib import Path

import pytest

from newsletter.documents.importing import import_file
from newsletter.documents.isolated import import_isolated
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tests.rows import rows
from tools.office_files import FOLDER, KINDS, TEXTS, Text

TODAY = date(2026, 11, 3)


def imported(path: Path) -> ImportedDocument:
    return import_file(path.read_bytes(), today=TODAY, file=path.name)


@rows("text", TEXTS)
def test_the_same_statement_comes_out_of_odt_docx_pdf_and_html(text: Text) -> None:
    read = {kind: imported(FOLDER / f"{text.name}.{kind}") for kind in KINDS}
    for kind, document in read.items():
        assert (document.title, str(document.date)) == (text.title, text.date), kind
        assert (document.embargo is not None) is text.embargo, kind
    assert len({document.body for document in read.values()}) == 1, read


def test_a_table_a_quotation_a_list_and_a_link_come_through_a_pdf() -> None:
    assert "| 2024 | 1,240,500 | 1,300,000 |" in imported(FOLDER / "06-table.pdf").body
    assert "> Whoever pays for a report may read it." in imported(FOLDER / "07-quotation.pdf").body
    assert "- A lamp above each side" in imported(FOLDER / "03-list.pdf").body
    assert (
        "[the records act](https://law.example" in imported(FOLDER / "02-marks-and-link.pdf").body
    )


@pytest.mark.slow("starts a process")
def test_a_process_apart_reads_the_same_and_says_the_same_faults() -> None:
    path = FOLDER / "08-embargo.odt"
    assert import_isolated(path.read_bytes(), today=TODAY, file=path.name) == imported(path)
    with pytest.raises(InvalidInput) as here:
        import_file(b"no pdf", today=TODAY, file="a.pdf")
    with pytest.raises(InvalidInput) as there:
        import_isolated(b"no pdf", today=TODAY, file="a.pdf")
    assert there.value.faults == here.value.faults
