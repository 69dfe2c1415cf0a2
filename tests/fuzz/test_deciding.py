"""Whatever is typed into the desk's pages that decide, they answer, and decide nothing by it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.hostile import TEXT, hostile
from tests.unit.web.desk.deciding import SLUG, Room, room

HERE = f"/statements/{SLUG}"
POSTS = [
    *(f"{HERE}/{act}" for act in ("review", "send-back", "start", "time", "override")),
    *("/campaigns/1/unknown", "/campaigns/1/pause", "/campaigns/²/cancel"),
]
FIELDS = [
    *("digest", "despite", "no_embargo", "shown", "typed", "reason", "why", "when", "at", "right"),
    "way",
]
TELLING = [
    "now",
    "at",
    "written",
    "12",
    "9" * 400,
    "2026-11-25T09:00",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "has",
]


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, migrated: Any) -> Iterator[Room]:
    with room(tmp_path_factory.mktemp("deciding"), migrated) as found:
        yield found


@settings(hostile, max_examples=hostile.max_examples // 6)
@given(st.data())
def test_each_form_answers_and_nothing_is_decided(at: Room, data: st.DataObject) -> None:
    value = st.one_of(TEXT, st.sampled_from(TELLING))
    form = data.draw(st.dictionaries(st.sampled_from(FIELDS), value, max_size=6))
    form = {name: text.encode("utf-8", "replace").decode() for name, text in form.items()}
    dan = at.as_("dan", fresh=True)
    path = data.draw(st.sampled_from(POSTS))
    assert dan.post(path, form).status in {303, 400, 404, 409, 422}
    assert at.approvals == []
    assert at.starts == []
    for page in ("review", "start"):
        assert dan.get(f"{HERE}/{page}").status == 200
