"""An uploaded file is searched for one address, whatever its columns mean."""

import io
import zipfile

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.subscriber_files.encodings import MemoryFile
from newsletter.subscriber_files.isolated import find_here
from tests.rows import rows

ANA = "ana@example.org"


def packed(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", data)
    return file.getvalue()


@rows(
    ("name", "data", "is_named"),
    [
        ("a.csv", b"mail\n" + ANA.encode(), True),
        ("a.csv", b"mail;x\n1;'ANA@Example.org'", True),
        ("a.csv", f"mail\nJörg <{ANA}>".encode("utf-16"), True),
        ("a.csv", "mail\nJörg,".encode("latin-1") + ANA.encode(), True),
        ("a.yaml", b"subscribers:\n  - {email: ana@example.org}", True),
        ("a.zip", packed(b"mail,x\nbo@example.org,\nana@example.org,1"), True),
        ("a.csv", b"mail\ndiana@example.org\nana@example.org.example\nana@\n@example.org", False),
        ("a.csv", b"", False),
        ("a.zip", packed(b"mail\nbo@example.org"), False),
    ],
)
def test_a_file_names_an_address_in_any_cell_and_encoding(
    name: str, data: bytes, is_named: bool
) -> None:
    assert find_here(MemoryFile(name=name, data=data), ANA) is is_named


def test_a_broken_archive_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot be unpacked"):
        find_here(MemoryFile(name="a.zip", data=b"PK"), ANA)
