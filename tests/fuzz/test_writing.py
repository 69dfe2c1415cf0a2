"""Whatever is typed, pasted or sent at the desk, its pages answer; they never fail."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.desk import Staffed
from tests.desk import desk as at_the_desk
from tests.fuzz.hostile import BYTES, TEXT, hostile
from tests.unit.web.desk.writing import Desk, multipart, png
from tools.office_files import FOLDER

FIELDS = [
    *("title", "body", "summary", "subject", "lists", "language", "date", "send_at"),
    *("embargo_until", "embargo", "segment", "translation_of", "corrects", "urgent", "base", "act"),
]
ENDS = ["", ".docx", ".odt", ".pdf", ".html", ".eml", ".md", ".txt"]
GOOD = [(FOLDER / "06-table.docx").read_bytes(), png()]
TYPED = st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=8)


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory, migrated: Any) -> Iterator[Staffed]:
    with at_the_desk(tmp_path_factory.mktemp("fuzzed"), database=migrated) as staffed:
        yield staffed


@pytest.mark.slow("many requests")
@settings(hostile, max_examples=hostile.max_examples // 6)
@given(TYPED, st.sampled_from(["save", "preview", "hand-in"]))
def test_whatever_is_typed_is_kept_shown_or_refused(
    staffed: Staffed, typed: dict[str, str], act: str
) -> None:
    desk = Desk(staffed)
    kept = {name: value.encode("utf-8", "replace").decode() for name, value in typed.items()}
    base = {"base": "1", "act": act}
    answers = [
        desk.ana.post(f"{desk.at}/preview", kept),
        desk.ana.post(f"{desk.at}/edit", base | kept),
        desk.ana.get(f"{desk.at}/edit"),
        desk.ana.get(desk.at),
        desk.ana.get(f"{desk.at}/preview"),
        desk.ana.get(f"{desk.at}/download"),
        desk.ana.get(f"{desk.at}/versions"),
    ]
    assert [one.status for one in answers if one.status >= 500] == []


@pytest.mark.slow("many requests")
@settings(hostile, max_examples=hostile.max_examples // 6)
@given(st.recursive(TEXT | st.none() | st.integers(), lambda one: st.lists(one, max_size=3)), BYTES)
def test_whatever_a_script_sends_is_answered(staffed: Staffed, said: object, body: bytes) -> None:
    desk = Desk(staffed)
    sent = json.dumps({"base": said, "fields": {"title": said, "body": said}}).encode()
    for data in (sent, body):
        assert desk.ana.ask("POST", f"{desk.at}/save", body=data).status < 500


@pytest.mark.slow("a process reads each file")
@settings(hostile, max_examples=max(1, hostile.max_examples // 20))
@given(TEXT, st.sampled_from(ENDS), BYTES, st.integers(0, 20_000), st.sampled_from(GOOD))
def test_whatever_file_is_brought_is_read_or_refused(
    staffed: Staffed, name: str, end: str, data: bytes, place: int, good: bytes
) -> None:
    """Also one of another kind than it says, or with something else in its middle."""
    desk = Desk(staffed)
    plain = name.encode("utf-8", "replace").decode()
    bent = good[: place % len(good)] + data + good[place % len(good) + len(data) :]
    for brought in (data, bent):
        form = multipart({"pasted": ""}, file=(plain + end, brought))
        assert desk.ana.ask("POST", "/drafts/new", **form).status < 500
        picture = multipart({"alt": plain, "base": "1"}, picture=(plain, brought))
        assert desk.ana.ask("POST", f"{desk.at}/pictures", **picture).status < 500
