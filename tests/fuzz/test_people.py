"""Whatever a file of subscribers holds, it is read, or refused by name; never half."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.subscribers import FORMAT_NAMES, PLAIN_FORMAT, read_people
from tests.fuzz.hostile import BYTES, TEXT, hostile

ROOT = Path(__file__).parents[2]
EXPORTS = sorted((ROOT / "tests/acceptance/exports").rglob("*.csv"))
YAML = (ROOT / "subscribers.example.yaml").read_bytes()
OURS = b"email,name,lists,language,timezone,consent_source,consent_at\n"
TOOLS = sorted(set(FORMAT_NAMES) - {PLAIN_FORMAT})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


def read(path: Path, data: bytes, kind: str) -> None:
    """A second reading equals the first, and everybody has an address."""
    path.write_bytes(data)
    lists = () if kind == PLAIN_FORMAT else ("press",)
    with suppress(InvalidInput):
        file = read_people(path, Instructions(kind=kind, lists=lists))
        found = [person for _, person in file.people]
        assert all(isinstance(one, Entry | SuppressedEntry) and one.address for one in found)
        for entry in found:
            entry.address.encode()


@hostile
@given(BYTES, TEXT, st.sampled_from(TOOLS))
def test_anything_at_all(folder: Path, data: bytes, cell: str, kind: str) -> None:
    row = f'ana@example.org,"{cell}",press\n'.encode("utf-8", "replace")
    for name in ("people.csv", "people.txt", "people.zip"):
        read(folder / name, data, kind)
    for name in ("people.csv", "people.yaml"):
        read(folder / name, data, PLAIN_FORMAT)
    read(folder / "people.csv", OURS + row + data, PLAIN_FORMAT)


@settings(hostile, max_examples=hostile.max_examples // 2)
@given(st.data())
def test_files_that_were_good_before_somebody_changed_them(
    folder: Path, data: st.DataObject
) -> None:
    pieces = st.lists(st.tuples(st.integers(0, 4000), BYTES), min_size=1, max_size=3)
    changes = data.draw(pieces)
    path = data.draw(st.sampled_from(EXPORTS))
    for name, good, kind in (
        ("people.yaml", YAML, PLAIN_FORMAT),
        ("people.csv", path.read_bytes(), "auto"),
    ):
        spoilt = good
        for place, put in changes:
            at = place % (len(spoilt) + 1)
            spoilt = spoilt[:at] + put + spoilt[at + len(put) // 2 :]
        read(folder / name, spoilt, kind)
