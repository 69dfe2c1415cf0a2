"""Admins change groups of settings by a form that is built from the settings' types."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml.html import document_fromstring as parsed

from newsletter.config.loading import load
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape
from newsletter.web.desk.page import words_of
from newsletter.web.desk.staff.settings import find_groups
from tests.desk import Answer, Signed, desk, words

CHANGE = "/settings/change"


@pytest.fixture
def dan(tmp_path: Path, migrated: Path) -> Iterator[Signed]:
    with desk(tmp_path, database=migrated) as staffed:
        yield staffed.as_("dan", fresh=True)


def form(dan: Signed, group: str) -> dict[str, str]:
    """Return what the form holds, as a browser would send it."""
    [found, *_] = parsed(dan.get(f"{CHANGE}?group={group}").text).xpath("//form[.//@name='seen']")
    return {name: value or "" for name, value in found.form_values()}


def save(dan: Signed, group: str, **changes: str) -> Answer:
    return dan.post(CHANGE, form(dan, group) | {f"{group}.{k}": v for k, v in changes.items()})


def seen(dan: Signed) -> dict[str, str]:
    return {"seen": dan.site.services.configuration.digest()}


def written(dan: Signed) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((dan.site.folder / "newsletter.yaml").read_text("utf-8"))
    return read


def test_the_page_of_all_settings_leads_to_each_group_with_its_values(dan: Signed) -> None:
    page = parsed(dan.get("/settings").text)
    groups = [link.rpartition("=")[2] for link in page.xpath("//a/@href") if CHANGE in link]
    assert groups == ["", "layout", "utm", "lists", "signup", "schedule"]
    for group in groups:
        values = form(dan, group)
        assert dan.post(CHANGE, values).headers["location"] == "/desk/settings"
        assert len(values) > 3, values
    assert not dan.site.rows("SELECT 1 FROM audit WHERE action = 'change settings'")


def test_each_group_of_settings_has_a_plain_heading(dan: Signed) -> None:
    shapes = Shape(type=Settings).keys.items()
    nested = {
        key for key, one in shapes if one.kinds or one.keys or one.items.kinds or one.items.keys
    }
    assert nested <= words_of("groups").keys()
    headings = parsed(dan.get("/settings").text).xpath("//summary/text()")
    assert {"General", "Link parameters", "Sign-up form"} <= {*headings}
    title = parsed(dan.get(f"{CHANGE}?group=utm", headers={"Accept-Language": "de"}).text)
    assert title.xpath("//h1")[0].text_content() == "Link-Parameter"


@pytest.mark.parametrize(
    ("group", "changes", "stored"),
    [
        (
            "layout",
            {"release_line": "true", "release_lists": "press"},
            {"release_line": True, "release_lists": ["press"]},
        ),
        (
            "signup",
            {"enabled": "false", "most_per_hour": "60"},
            {"enabled": False, "most_per_hour": 60},
        ),
        ("schedule", {"undo_window": "2m"}, {"undo_window": "2m"}),
        (
            "utm",
            {"source": "mail", "hosts": "forum.example, shop.example"},
            {"source": "mail", "hosts": ["forum.example", "shop.example"]},
        ),
    ],
)
def test_what_is_saved_is_in_the_file_with_its_type(
    dan: Signed, group: str, changes: dict[str, str], stored: dict[str, Any]
) -> None:
    before = written(dan)
    assert save(dan, group, **changes).headers["location"] == "/desk/settings?done=settings"
    after = written(dan)
    assert after.pop(group) == before.pop(group, {}) | stored
    assert after == before


def test_a_group_without_any_value_is_removed(tmp_path: Path, migrated: Path) -> None:
    utm = {"source": "mail", "hosts": ["forum.example"]}
    with desk(tmp_path, database=migrated, utm=utm) as staffed:
        dan = staffed.as_("dan", fresh=True)
        faulty = save(dan, "utm", source="")
        assert faulty.status == 422
        assert "utm.source-fault" in faulty.text
        assert save(dan, "utm", source="", hosts="").status == 303
        assert "utm" not in written(dan)


def test_a_form_without_any_value_removes_no_setting_of_the_operator(
    tmp_path: Path, migrated: Path
) -> None:
    schedule = {"start": "sender", "undo_window": "2m"}
    with desk(tmp_path, database=migrated, schedule=schedule) as staffed:
        dan = staffed.as_("dan", fresh=True)
        assert save(dan, "schedule", poll="", undo_window="").status == 303
        assert written(dan)["schedule"] == {"start": "sender"}


def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(dan: Signed) -> None:
    posted = form(dan, "signup") | {"signup.most_per_hour": "many", "signup.origins": ""}
    answer = dan.post(CHANGE, posted, headers={"Accept-Language": "de"})
    page = parsed(answer.text)
    assert answer.status == 422
    assert page.get_element_by_id("signup.most_per_hour").value == "many"
    fault = page.get_element_by_id("signup.most_per_hour-fault").text_content()
    assert fault.startswith("Muss eine ganze Zahl sein"), "a capital in each language"
    assert "signup" not in written(dan)


def test_a_list_that_only_staff_fill_is_one_choice(dan: Signed) -> None:
    names = [one["name"] for one in written(dan)["lists"]]
    assert dan.post(CHANGE, form(dan, "lists") | {"lists[0].public": "false"}).status == 303
    now = written(dan)["lists"]
    assert [one["name"] for one in now] == names
    assert now[0]["public"] is False


def test_a_workspace_with_default_lists_alone_gets_its_first_titled_list(
    tmp_path: Path, migrated: Path
) -> None:
    with desk(tmp_path, database=migrated, lists=[]) as staffed:
        dan = staffed.as_("dan", fresh=True)
        dan.post(CHANGE, form(dan, "lists") | {"lists[0].name": "board", "lists[0].public": "true"})
        [press, board] = written(dan)["lists"]
        assert press == {"name": "press"}
        assert board == {"name": "board", "public": True}


def test_a_new_list_is_added_and_is_for_staff_only_unless_its_form_says_so(dan: Signed) -> None:
    dan.site.subscribe("kim@example.org", lists=["board"])
    page = dan.get(f"{CHANGE}?group=lists")
    assert "<h2>press</h2>" not in page.text, "a list is headed by its title"
    assert "default_lists" not in page.text, "a hint names no key of the file"
    assert "To give one of these lists a title, enter its name: board." in words(page)
    new = {"lists[2].name": "board", "lists[2].title": "The board", "lists[1].title": "Meetings"}
    assert dan.post(CHANGE, form(dan, "lists") | new).status == 303
    lists = written(dan)["lists"]
    assert [one["title"] for one in lists] == ["Press releases", "Meetings", "The board"]
    assert lists[2] == {"name": "board", "title": "The board", "public": False}


def test_a_new_list_gets_a_free_name_of_its_title(dan: Signed) -> None:
    assert "lists[2].name" not in form(dan, "lists"), "no list waits for its title"
    assert dan.post(CHANGE, form(dan, "lists") | {"lists[2].title": "Press!"}).status == 303
    assert written(dan)["lists"][2] == {"name": "press-2", "title": "Press!", "public": False}


@pytest.mark.parametrize("new", [{"about": "Untitled"}, {"name": "press"}])
def test_a_new_list_with_a_fault_is_not_added(dan: Signed, new: dict[str, str]) -> None:
    before = written(dan)
    posted = form(dan, "lists") | {f"lists[2].{key}": value for key, value in new.items()}
    assert dan.post(CHANGE, posted).status == 422
    assert written(dan) == before


@pytest.mark.parametrize("group", ["approvals", "provider", "desk", "database", "nothing"])
def test_settings_of_the_operator_have_no_form(dan: Signed, group: str) -> None:
    assert dan.get(f"{CHANGE}?group={group}").status == 404
    values = form(dan, "layout") | {"group": group, f"{group}.required": "9"}
    assert dan.post(CHANGE, values).status == 404


def test_a_field_of_another_group_changes_nothing(dan: Signed) -> None:
    strange = {
        "approvals.author_may_approve": "true",
        "lists[0].name": "other",
        "schedule.start": "approval",
    }
    before = written(dan)
    assert dan.post(CHANGE, form(dan, "layout") | strange).status == 303
    assert written(dan) == before


def test_each_group_holds_only_what_its_pattern_names(dan: Signed) -> None:
    settings = load(dan.site.folder / "newsletter.yaml", {})
    keys = [key for keys in find_groups(settings).values() for key in keys]
    assert len(keys) == len(set(keys))
    groups = {key.partition(".")[0] for key in keys} - {"count", "timezone", "language"}
    assert not groups & {"approvals", "desk", "provider", "database", "sender", "public_url"}


def delete(dan: Signed, name: str) -> Answer:
    return dan.post(CHANGE, {"group": "lists", "delete": name, **seen(dan)})


def test_a_list_without_a_history_is_deleted_and_named_in_the_audit_log(dan: Signed) -> None:
    before = written(dan)["lists"]
    page = dan.get(f"{CHANGE}?group=lists")
    [button] = parsed(page.text).xpath("//button[@name='delete']")
    assert button.get("value") == before[1]["name"]
    assert button.get("form") == "deletion", "Enter in a field saves"
    assert delete(dan, before[1]["name"]).headers["location"] == "/desk/settings?done=settings"
    assert written(dan)["lists"] == before[:1]
    [[line]] = dan.site.rows("SELECT detail FROM audit WHERE action = 'change settings'")
    assert f"lists: {before[1]['name']}" in line


def test_a_list_with_a_history_stays_also_if_it_began_after_the_page(dan: Signed) -> None:
    before, name = written(dan), written(dan)["lists"][1]["name"]
    dan.site.subscribe("kim@example.org", lists=[name])
    with dan.site.services.store.begin() as tx:
        tx.choices.leave(tx.readers.find("kim@example.org").id, [name], tx.now)
    answer = delete(dan, name)
    assert answer.status == 409
    assert "has readers or statements by now" in words(answer)
    assert written(dan) == before
    page = dan.get(f"{CHANGE}?group=lists")
    assert not parsed(page.text).xpath("//button[@name='delete']")
    assert "To close it to sign-ups, choose No below" in words(page)


def test_a_list_that_other_settings_name_says_where(tmp_path: Path, migrated: Path) -> None:
    lists = [{"name": "board"}]
    sender = {"name": "Board", "address": "board@forum.example", "lists": ["board"]}
    with desk(tmp_path, database=migrated, lists=lists, senders=[sender]) as staffed:
        page = words(staffed.as_("dan", fresh=True).get(f"{CHANGE}?group=lists"))
        assert "Before you can delete this list, take it out under: Other senders." in page
