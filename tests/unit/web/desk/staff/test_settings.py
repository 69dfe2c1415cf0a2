"""Admins see the settings with their lines, and no secret, and change those of a press office."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml.html import document_fromstring as parsed

from newsletter.domain.errors import StoreUnavailable
from tests.desk import Signed, desk, words
from tests.interrupted import Fuse, watched
from tests.pages import SETTINGS

CHAT = {"kind": "slack", "name": "press-room", "url": "https://chat.example/hush-hush"}
LISTS = [{"name": "press", "title": "Press releases"}]


def test_an_admin_sees_each_setting_its_line_and_no_secret(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated, notices=[CHAT], lists=LISTS) as staffed:
        written = (staffed.site.folder / "newsletter.yaml").read_text("utf-8").splitlines()
        page = staffed.as_("dan").get("/settings")
        said = words(page)
        title = written.index("  title: Press releases") + 1
        assert f"Press releases Line {title} " in said
        assert (
            "How often newsletter looks for new statements and due work schedule.poll 5s Default"
            in said
        )
        secret = next(no for no, line in enumerate(written, start=1) if "hush" in line)
        assert f"********** Line {secret} " in said
        assert "hush" not in page.text


LOOK = "/settings/look"


def form(who: Signed) -> dict[str, str]:
    """Return what the form of the page holds, as a browser would send it."""
    found = parsed(who.get(LOOK).text).get_element_by_id("text")
    return {name: value or "" for name, value in found.form_values()}


@pytest.fixture
def dan(tmp_path: Path, migrated: Path) -> Iterator[Signed]:
    contact = {"name": "Press", "email": "press@forum.example"}
    organisation = {**SETTINGS["organisation"], "press_contact": contact}
    with desk(tmp_path, database=migrated, organisation=organisation) as staffed:
        yield staffed.as_("dan", fresh=True)


def written(dan: Signed) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((dan.site.folder / "newsletter.yaml").read_text("utf-8"))
    return read


def test_what_an_admin_saves_is_in_the_file_and_in_the_audit_log(dan: Signed) -> None:
    changes = {
        "organisation.name": "Forum of Examples",
        "organisation.press_contact.name": "",
        "organisation.press_contact.email": "",
        "brand.color": "#8a1c3b",
    }
    before = written(dan)
    assert dan.post(LOOK, form(dan)).headers["location"] == "/desk/settings/look"
    answer = dan.post(LOOK, form(dan) | changes)
    assert answer.headers["location"] == "/desk/settings/look?done=settings"
    now = written(dan)
    assert now["organisation"]["name"] == "Forum of Examples"
    assert "press_contact" not in now["organisation"]
    assert now["brand"] == {"color": "#8a1c3b"}
    for key in before.keys() - {"organisation"}:
        assert now[key] == before[key]
    [entry] = dan.site.rows("SELECT actor, detail FROM audit WHERE action = 'change settings'")
    assert entry[0] == dan.address
    assert "organisation.name: Forum of Examples" in entry[1]
    assert '"removed": ["organisation.press_contact"' in entry[1]
    # this process still has the old ones, and a service starts again by itself
    assert dan.site.services.configuration.is_superseded()
    page = dan.get(LOOK)
    assert "Forum of Examples" in page.text
    assert "Settings were changed at the desk a moment ago" in words(page)
    assert "A restart is needed" not in words(page)
    again = dan.post(LOOK, form(dan) | {"organisation.name": "Another"})
    assert again.status == 409
    assert written(dan) == now


def test_only_what_the_form_changes_is_written(dan: Signed) -> None:
    before = (dan.site.folder / "newsletter.yaml").read_bytes()
    assert dan.post(LOOK, form(dan)).status == 303
    assert dan.post(LOOK, {"seen": form(dan)["seen"]}).status == 303
    assert (dan.site.folder / "newsletter.yaml").read_bytes() == before
    assert not dan.site.services.configuration.is_superseded()
    assert dan.site.rows("SELECT 1 FROM audit WHERE action = 'change settings'") == []


GROUPS = "desk.test_groups"


def test_an_admin_names_groups_of_addresses_for_test_emails_one_in_a_line(dan: Signed) -> None:
    typed = (
        "Newsroom: ana@forum.example\r\n\r\nBoard : chair@home.example\r\n"
        "Newsroom: Editor@Paper.example"
    )
    assert dan.post(LOOK, form(dan) | {GROUPS: typed}).status == 303
    groups = written(dan)["desk"]["test_groups"]
    newsroom = ["ana@forum.example", "Editor@Paper.example"]
    assert groups == {"Newsroom": newsroom, "Board": ["chair@home.example"]}
    assert "desk.test_groups" in dan.site.rows("SELECT detail FROM audit")[-1][0]


def test_a_fault_names_the_group(dan: Signed) -> None:
    typed = "Newsroom: ana@forum.example\r\nThe Board: chair@home.example, dee"
    faulty = words(dan.post(LOOK, form(dan) | {GROUPS: typed}))
    assert "Groups for test emails: 'The Board': 'dee' is not an address" in faulty


def test_a_group_that_is_there_is_shown_kept_and_removed(tmp_path: Path, migrated: Path) -> None:
    rules = {"test_groups": {"Board": ["chair@home.example"]}}
    with desk(tmp_path, database=migrated, desk=rules) as staffed:
        dan = staffed.as_("dan", fresh=True)
        assert form(dan)[GROUPS].strip() == "Board: chair@home.example"
        assert dan.post(LOOK, form(dan)).status == 303
        assert written(dan)["desk"]["test_groups"] == rules["test_groups"]
        assert dan.post(LOOK, form(dan) | {GROUPS: ""}).status == 303
        assert written(dan)["desk"]["test_groups"] == {}


def change_the_file(dan: Signed) -> dict[str, str]:
    asked = form(dan)
    file = dan.site.folder / "newsletter.yaml"
    file.write_text(file.read_text("utf-8").replace("undo_window: 0s", "undo_window: 9m"), "utf-8")
    return asked


def look_at_other_settings(dan: Signed) -> dict[str, str]:
    return form(dan) | {"seen": "another"}


def keep_the_file_from_the_service(dan: Signed) -> dict[str, str]:
    asked = form(dan)
    file = dan.site.folder / "newsletter.yaml"
    (dan.site.folder / "elsewhere").mkdir()
    (dan.site.folder / "elsewhere" / ".newsletter.yaml.part").mkdir()
    file.rename(dan.site.folder / "elsewhere" / "newsletter.yaml")
    file.symlink_to("elsewhere/newsletter.yaml")
    return asked


def keep_the_note_of_the_saved_settings_from_it(dan: Signed) -> dict[str, str]:
    (dan.site.folder / "var" / "settings.saved").mkdir()
    return form(dan)


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (change_the_file, "Restart the service to use the change"),
        (look_at_other_settings, "have changed since you opened the page"),
        (keep_the_file_from_the_service, ".yaml cannot be written"),
        (keep_the_note_of_the_saved_settings_from_it, ".saved cannot be written"),
    ],
)
def test_nothing_is_saved_over_what_somebody_else_changed(
    dan: Signed, deed: Callable[[Signed], dict[str, str]], reason: str
) -> None:
    asked = deed(dan)
    before = written(dan)
    answer = dan.post(LOOK, asked | {"organisation.name": "Another"})
    assert answer.status == 409
    assert reason in words(answer)
    assert 'value="Another"' in answer.text, "nothing is typed twice"
    assert "Save changes" in words(answer)
    assert written(dan) == before
    assert dan.site.rows("SELECT 1 FROM audit WHERE action = 'change settings'") == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("organisation.name", "", "Name: is missing; write it like name: "),
        ("organisation.website", "forum", "is not a web address"),
        ("brand.color", "red", "is no color that every mail program knows"),
        ("brand.theme", "loud", "Theme: must be "),
        ("brand.logo.width", "9000", "Logo: width in pixels: must be at most 528, not 9000."),
        (GROUPS, "Board: chair", "Groups for test emails: Board: 'chair' "),
        (GROUPS, "Board", "Groups for test emails: Board: has no address or more than five"),
        (GROUPS, f"Board: {' '.join(f'a{n}@home.example' for n in range(6))}", "more than five"),
        ("language", "${PATH}", "'$${PATH}' is not a language code"),
    ],
)
def test_a_fault_is_told_beside_its_field_and_nothing_is_saved(
    dan: Signed, field: str, value: str, said: str
) -> None:
    before = written(dan)
    logo = {"brand.logo.src": "https://forum.example/logo.png", "brand.logo.height": "48"}
    extra = logo if "logo" in field else {}
    answer = dan.post(LOOK, form(dan) | extra | {field: value})
    assert answer.status == 422
    assert said in words(answer)
    assert f'id="{field}-fault"' in answer.text
    assert written(dan) == before
    shown = dan.post(f"{LOOK}/mail", form(dan) | extra | {field: value})
    assert said in words(shown)


def test_an_email_shows_the_look_before_it_is_saved(dan: Signed) -> None:
    before = written(dan)
    wanted = form(dan) | {"brand.color": "#8a1c3b", "organisation.tagline": "Try me"}
    answer = dan.post(f"{LOOK}/mail?view=dark", wanted)
    assert "#8a1c3b" in answer.text
    assert "Try me" in words(answer)
    assert "Try me" not in words(dan.get(f"{LOOK}/mail"))
    assert written(dan) == before


def test_the_settings_of_several_machines_are_changed_by_their_operator(dan: Signed) -> None:
    vars(dan.site.services.staff.files)["_settings"] = dan.site.services.settings.model_copy(
        update={"engine": "procrastinate"}
    )
    assert "Several machines send" in words(dan.get(LOOK))
    answer = dan.post(LOOK, form(dan) | {"organisation.name": "Another"})
    assert answer.status == 409
    assert written(dan)["organisation"]["name"] == "Example Forum"


def test_the_page_counts_the_approvals_that_a_change_ends(dan: Signed) -> None:
    assert "approved and not sent yet" not in words(dan.get(LOOK))
    dan.site.agree("later", send_at="2099-01-01 09:00")
    assert "One statement is approved and not sent yet." in words(dan.get(LOOK))


def test_what_could_not_be_entered_in_the_audit_log_is_not_in_the_file(dan: Signed) -> None:
    services, before = dan.site.services, written(dan)
    full = watched(services.store, within=Fuse(1, StoreUnavailable("the disk is full")).burn)
    with pytest.raises(StoreUnavailable):
        services.staff.files.save(
            {"organisation.name": "Another"},
            by=dan.address,
            expected_digest=services.configuration.digest(),
            store=full,
        )
    assert written(dan) == before
    assert not services.configuration.is_superseded()
