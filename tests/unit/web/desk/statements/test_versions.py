"""The versions of a text, as the desk shows them."""

import pytest

from tests.desk import words
from tests.unit.web.desk.writing import Desk


def test_each_version_is_listed_with_who_wrote_it_and_who_handed_it_in(desk: Desk) -> None:
    desk.keep(desk.ben, act="hand-in", body="Ben's.")
    desk.keep(body="Aside.", base=1)
    page = words(desk.ana.get(f"{desk.at}/versions"))
    assert "3 versions." in page
    assert "Ana wrote it" in page
    assert "Ben wrote it. Submitted by Ben" in page
    assert "Ana wrote it while somebody else changed the text; it was kept beside" in page
    assert "Current version" in page
    assert "Restore" not in words(desk.staffed.as_("vera").get(f"{desk.at}/versions"))


def test_a_version_shows_what_changed_since_and_comes_back_as_one_more(desk: Desk) -> None:
    first = desk.draft.version.number
    desk.keep(desk.ben, body="Ben's.")
    page = words(desk.ana.get(f"{desk.at}/versions/{first}"))
    assert "1 thing changed since" in page
    assert "Ben's." in page
    answer = desk.ana.post(f"{desk.at}/versions/{first}/restore")
    assert answer.headers["location"] == f"/desk{desk.at}/edit?done=restored"
    assert [one.text.body for one in desk.versions()] == ["", "Ben's.", ""]
    now = desk.draft.version.number
    assert "Current version" in words(desk.ana.get(f"{desk.at}/versions/{now}"))
    assert "restored an earlier version" in words(desk.ana.get(f"{desk.at}/versions"))


def test_a_version_of_another_text_is_not_found(desk: Desk) -> None:
    number = desk.draft.version.number
    other = Desk(desk.staffed)
    # people count the versions of each text from one
    assert "Version 1 Tue" in words(other.ana.get(f"{other.at}/versions"))
    at = other.draft.version.number
    assert "Version 1, Tue" in words(other.ana.get(f"{other.at}/versions/{at}"))
    assert desk.ana.get(f"{other.at}/versions/{number}").status == 404
    assert desk.ana.post(f"{other.at}/versions/{number}/restore").status == 404
    for wrong in ("x", "0", "-1", "²", "9" * 4400):
        assert desk.ana.get(f"{desk.at}/versions/{wrong}").status == 404


@pytest.mark.slow("sixty versions")
def test_many_versions_come_page_by_page(desk: Desk) -> None:
    for number in range(60):
        desk.staffed.site.clock.advance(minutes=6)
        services = desk.staffed.site.services
        text = desk.draft.version.text
        services.statements.writer(desk.ana.address).save(
            desk.key, desk.draft.revision, type(text)(**vars(text) | {"body": f"{number}"})
        )
    first = desk.staffed.as_("ana").get(f"{desk.at}/versions")
    assert first.text.count('class="name"') == 50
    assert "?page=2" in first.text
    second = desk.ana.get(f"{desk.at}/versions?page=2")
    assert second.text.count('class="name"') == 11
    assert "?page=1" in second.text
    assert desk.ana.get(f"{desk.at}/versions?page=x").text.count('class="name"') == 50


@pytest.mark.slow("reads in a sandbox")
def test_a_text_that_was_brought_in_says_so(desk: Desk) -> None:
    answer = desk.ana.post("/drafts/new", {"pasted": "Library opens earlier\n\nIt opens at 8 now."})
    at = answer.headers["location"].removeprefix("/desk").partition("/edit")[0]
    assert "Ana imported it" in words(desk.ana.get(f"{at}/versions"))
