"""Admins add, change and delete digest emails, which newsletter.yaml keeps."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml.html import document_fromstring as parsed

from newsletter.domain.campaigns.digest import Digest
from newsletter.web.desk.campaigns.digests import DigestForm
from tests.desk import Signed, Staffed, desk, words
from tests.unit.web.desk.work import WEEKLY

FORM = "/digest"
MONTHLY = WEEKLY | {"name": "monthly", "every": "month", "day": "last", "lists": ["events"]}
TYPED = {
    "title": "News to {date}",
    "every": "",
    "day": "friday",
    "at": "17:30",
    "lists": ["", "press", "events"],
    "gathers": "",
    "least": "1",
    "language": "",
    "intro": "",
}


@pytest.fixture
def room(tmp_path: Path, migrated: Path) -> Iterator[Staffed]:
    with desk(tmp_path, database=migrated, digests=[WEEKLY, MONTHLY]) as staffed:
        yield staffed


@pytest.fixture
def dan(room: Staffed) -> Signed:
    return room.as_("dan", fresh=True)


def sent(dan: Signed, **form: str | list[str]) -> list[tuple[str, str]]:
    form = TYPED | {"seen": dan.site.services.configuration.digest()} | form
    several = {key: [one] if isinstance(one, str) else one for key, one in form.items()}
    return [(key, one) for key, values in several.items() for one in values]


def digests(dan: Signed) -> Any:
    text = (dan.site.folder / "newsletter.yaml").read_text("utf-8")
    return yaml.safe_load(text).get("digests")


def test_an_admin_adds_the_first_digest_email(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated) as staffed:
        dan = staffed.as_("dan", fresh=True)
        page = parsed(dan.get(FORM).text)
        assert page.get_element_by_id("at").get("value") == "16:00"
        saved = dan.post(FORM, sent(dan, day="15", least="2", intro="What we said.\r\n\r\n*Read.*"))
        assert saved.headers["location"] == "/desk/digests?done=settings"
        assert digests(dan) == [
            {
                "name": "news-to",
                "title": "News to {date}",
                "every": "month",
                "day": 15,
                "at": "17:30",
                "lists": ["press", "events"],
                "least": 2,
                "intro": "What we said.\n\n*Read.*",
            }
        ]


def test_another_one_is_added_and_comments_stay(dan: Signed) -> None:
    file = dan.site.folder / "newsletter.yaml"
    file.write_text("# ours\n" + file.read_text("utf-8"), "utf-8")
    form = sent(dan, gathers=["", "press"], language="es")
    assert dan.post(FORM, form).status == 303
    added = digests(dan)[2]
    assert (added["gathers"], added["language"]) == (["press"], "es")
    assert file.read_text("utf-8").startswith("# ours\n")


def test_only_changed_values_are_written(dan: Signed) -> None:
    page = parsed(dan.get(f"{FORM}?digest=monthly").text)
    [day] = page.xpath("//select[@id='day']//option[@selected]")
    ticked = page.xpath("//fieldset[@id='lists']//input[@checked]/@value")
    assert (day.get("value"), ticked) == ("last", ["events"])
    monthly: dict[str, Any] = {"digest": "monthly", "title": MONTHLY["title"], "day": "last"}
    monthly |= {"at": MONTHLY["at"], "lists": ["", "events"]}
    same = dan.post(FORM, sent(dan, **monthly))
    assert same.headers["location"] == "/desk/digests"
    assert digests(dan) == [WEEKLY, MONTHLY]
    assert dan.post(FORM, sent(dan, **monthly | {"day": "monday"})).status == 303
    assert digests(dan) == [WEEKLY, MONTHLY | {"every": "week", "day": "monday"}]


def test_a_digest_email_is_deleted(dan: Signed) -> None:
    assert dan.post(FORM, sent(dan, digest="none", delete="yes")).status == 404
    assert dan.post(FORM, sent(dan, digest="weekly", delete="yes")).status == 303
    assert digests(dan) == [MONTHLY]


def test_a_fault_stands_at_its_field_and_what_was_typed_stays(dan: Signed) -> None:
    for field, value, told in (
        ("title", "", "Title: is missing"),
        ("title", "To {day}", "Title: holds a brace"),
        ("day", "tomorrow", "'tomorrow' is no day"),
        ("day", "31", "31 is no day"),
        ("at", "02:30", "'02:30' is an hour that a clock change may skip or repeat"),
        ("at", "", "Hour: is missing"),
        ("lists", "", "Lists: is missing"),
        ("least", "some", "must be a whole number"),
        ("least", "51", "must be at most 50"),
        ("language", "xx-", "language"),
    ):
        faulty = dan.post(FORM, sent(dan, **{"intro": "Typed.", field: value}))
        assert (faulty.status, told in words(faulty)) == (422, True), (field, words(faulty))
        page = parsed(faulty.text)
        assert page.get_element_by_id("intro").text.strip() == "Typed."
        faults = {one.get("id").removesuffix("-fault") for one in page.find_class("fault")}
        assert faults == {field}, field
    assert digests(dan) == [WEEKLY, MONTHLY]


def test_admins_see_the_links(dan: Signed, room: Staffed) -> None:
    room.site.services.tick.run()
    for path, link in (("/digests", FORM), ("/digests/weekly", f"{FORM}?digest=weekly")):
        assert f'href="/desk{link}"' in dan.get(path).text
        assert f'href="/desk{link}"' not in room.as_("ben").get(path).text


def test_the_form_has_each_setting_of_a_digest_email() -> None:
    assert {*DigestForm.labels, "name"} == {one.name for one in fields(Digest)}
