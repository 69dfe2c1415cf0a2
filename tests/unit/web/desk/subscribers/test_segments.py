"""Admins make, count, change and delete segments, which newsletter.yaml keeps."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml.html import document_fromstring as parsed

from newsletter.domain.subscribers.audience import Entry
from newsletter.domain.subscribers.segment import SegmentRule
from newsletter.web.desk.page import words_of
from tests.desk import Signed, Staffed, desk, words

SEGMENT = "/readers/segment"
TEXAS = {"name": "texas", "list": "press", "place": ["Austin, TX", "Dallas"], "tags": ["vip"]}
LATE = {"name": "late", "list": "press", "joined_since": "2026-01-01"}
FORM = {"list": "press", "place": "Austin, TX; Dallas", "tags": "vip"}


@pytest.fixture
def room(tmp_path: Path, migrated: Path) -> Iterator[Staffed]:
    with desk(tmp_path, database=migrated, segments=[TEXAS, LATE]) as staffed:
        yield staffed


@pytest.fixture
def dan(room: Staffed) -> Signed:
    return room.as_("dan", fresh=True)


def seen(dan: Signed) -> dict[str, str]:
    return {"seen": dan.site.services.configuration.digest()}


def settings(dan: Signed) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((dan.site.folder / "newsletter.yaml").read_text("utf-8"))
    return read


def test_a_segment_is_counted_before_it_is_made(tmp_path: Path, migrated: Path) -> None:
    person = Entry(address="ana@readers.example", lists=("press",), tags=("vip",), place="Dallas")
    with desk(tmp_path, database=migrated) as staffed:
        dan = staffed.as_("dan", fresh=True)
        with dan.site.services.store.begin() as tx:
            tx.readers.upsert([person], tx.now)
        before = settings(dan)
        query = "name=texas&list=press&place=Austin,+TX;+Dallas&tags=vip"
        assert "It picks 1 person now : on press; place" in words(dan.get(f"{SEGMENT}?{query}"))
        assert settings(dan) == before
        form = FORM | {"name": "texas", "language": "", "language-2": ""} | seen(dan)
        assert dan.post(SEGMENT, form).headers["location"] == "/desk/readers?done=settings"
        assert settings(dan) == before | {"segments": [TEXAS]}


def test_only_changed_conditions_are_written(dan: Signed) -> None:
    file = dan.site.folder / "newsletter.yaml"
    before = file.read_text("utf-8")
    shown = parsed(dan.get(f"{SEGMENT}?segment=late").text).get_element_by_id("joined_since")
    assert shown.get("value") == "2026-01-01"
    texas = {"segment": "texas", **seen(dan)}
    for same in (FORM, {"list": "press"}):
        assert dan.post(SEGMENT, same | texas).headers["location"] == "/desk/readers"
    assert file.read_text("utf-8") == before
    spoken = {"place": "", "language": "es", "language-2": "pt-BR", "name": "other"}
    assert dan.post(SEGMENT, FORM | spoken | texas).status == 303
    changed = {"name": "texas", "list": "press", "tags": ["vip"], "language": ["es", "pt-BR"]}
    assert settings(dan)["segments"] == [changed, LATE]


def test_a_segment_is_deleted(dan: Signed) -> None:
    assert dan.post(SEGMENT, {"segment": "none", "delete": "yes", **seen(dan)}).status == 404
    assert dan.post(SEGMENT, {"segment": "texas", "delete": "yes", **seen(dan)}).status == 303
    assert settings(dan)["segments"] == [LATE]


def test_the_last_segment_is_deleted_with_its_key(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated, segments=[LATE]) as staffed:
        dan = staffed.as_("dan", fresh=True)
        before = settings(dan)
        assert dan.post(SEGMENT, {"segment": "late", "delete": "yes", **seen(dan)}).status == 303
        assert settings(dan) == {key: one for key, one in before.items() if key != "segments"}


def test_a_fault_stands_at_its_field_and_what_was_typed_stays(dan: Signed) -> None:
    texas = FORM | {"segment": "texas"} | seen(dan)
    added = {"name": "texas", "segment": ""}
    for form, field, told in (
        ({"tags": "Board Member"}, "tags", "'Board Member' cannot be a name"),
        ({"tags": "", "place": ""}, "", "Picks everybody on press; give it at least one"),
        ({"joined_since": "2026-02-30"}, "joined_since", "Joined since: must be a date"),
        (added | {"name": "Texas"}, "name", "Name: two are called texas"),
    ):
        faulty = dan.post(SEGMENT, texas | form)
        assert (faulty.status, told in words(faulty)) == (422, True), form
        page = parsed(faulty.text)
        assert page.get_element_by_id("place").get("value") == (texas | form)["place"]
        faults = {one.get("id").removesuffix("-fault") for one in page.find_class("fault")}
        assert faults == {field} - {""}, form
    counted = dan.get(f"{SEGMENT}?segment=texas&list=press&joined_since=2026-02-30")
    assert (counted.status, "must be a date" in words(counted)) == (422, True)


def test_who_may_change_segments_sees_the_links(dan: Signed, room: Staffed) -> None:
    assert "Change texas" in words(dan.get("/readers"))
    assert "Change texas" not in words(room.as_("cleo").get("/readers"))
    assert "in the segment texas" in words(dan.get("/readers?segment=texas"))
    assert dan.get("/readers?segment=none").status == 404
    assert dan.get(f"{SEGMENT}?segment=none").status == 404


def test_the_form_of_a_segment_has_each_condition_of_a_rule() -> None:
    assert {*words_of("segment")} == {one.name for one in fields(SegmentRule)}
