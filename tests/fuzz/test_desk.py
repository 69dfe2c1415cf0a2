"""The desk answers every request, of strangers and of staff."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.web.desk.page import PROOF_FIELD
from newsletter.web.desk.request import Route
from newsletter.web.pages import desk_routes
from tests.desk import OURS, Staffed, desk
from tests.fuzz.hostile import TEXT, hostile
from tests.unit.pipeline.staff.office import hash_cheaply

FIELDS = [
    *("email", "password", "code", "next", "again", "name", "role", "old", "new", PROOF_FIELD),
    *("passkey", "made"),
    *("title", "text", "slug", "reason", "count", "at", "base", "version", "digest"),
]


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Staffed]:
    with desk(tmp_path_factory.mktemp("desk") / "fuzzed", database=migrated) as staffed:
        hash_cheaply(staffed.site.services)
        yield staffed


def filled(route: Route, part: str) -> str:
    return re.sub(r"\{[^}]*\}", lambda _: quote(part, safe=""), route.path)


VALUES = st.one_of(
    TEXT, st.sampled_from(["/desk", "admin", "1", "²", "-1", "9" * 400, "a@b.example"])
)
CARRIED = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXT), lambda inner: st.lists(inner, max_size=2)
)


@pytest.mark.slow("every route of the desk, with all that it takes")
@settings(hostile, max_examples=max(1, hostile.max_examples // 10))
@given(st.data())
def test_each_route_answers_whatever_is_sent(staffed: Staffed, data: st.DataObject) -> None:
    part = data.draw(st.one_of(TEXT, st.sampled_from(["dan@forum.example", "1", "news"])))
    part = part.encode("utf-8", "replace").decode()
    form: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5))
    if data.draw(st.booleans()):
        carried = {"action": data.draw(VALUES), "fields": {"x": data.draw(CARRIED)}}
        form["again"] = json.dumps(carried)
    form = {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
    who = data.draw(st.sampled_from(["vera", "cleo", "dan", ""]))
    for route in desk_routes(staffed.site.services):
        path = filled(route, part)
        if who:
            asked = staffed.as_(who, fresh=True)
            answer = asked.ask(route.method, path, **({"form": form} if form else {}))
        else:
            answer = staffed.site.ask(
                route.method, f"/desk{path}", headers=dict(OURS), form=form or None
            )
        assert answer.status < 500, f"{route.method} {path} {form!r}"
        assert "Traceback" not in answer.text
