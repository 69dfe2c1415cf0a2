"""The four ways to correct or withdraw a statement that went out, taken by a person."""

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from tests.desk import address_of, words
from tests.pages import kept_after
from tests.unit.web.desk.campaigns.test_campaign import here, send_to_five
from tests.unit.web.desk.deciding import SLUG, Room, room


def cancel(at: Room) -> None:
    cleo = at.as_("cleo")
    at.press(cleo, cleo.get(f"{here(at)}/cancel"), f"/desk{here(at)}/cancel")


kept = kept_after(room, send_to_five, cancel)
"""Twelve readers, five of whom have it; the rest was cancelled."""


def public(at: Room) -> str:
    return words(at.site.get(f"/archive/{SLUG}"))


def test_the_doors_stand_on_the_report_and_on_the_statement(at: Room) -> None:
    cleo = at.as_("cleo")
    assert "Correct or withdraw" in words(cleo.get(here(at)))
    assert "Correct or withdraw" in words(cleo.get(f"/statements/{SLUG}"))
    assert "Correct or withdraw" in words(cleo.get(f"{here(at)}/people"))
    page = cleo.get(f"{here(at)}/amend")
    assert f'href="/desk/drafts/new?corrects={SLUG}"' in page.text
    assert "7 people did not get it. This takes the role admin. Ask Dan." in words(page)
    for who in ("vera", "ana", "ben"):
        assert "Correct or withdraw" not in words(at.as_(who).get(here(at)))


def test_a_note_stands_on_the_web_page_with_its_date(at: Room) -> None:
    cleo, before = at.as_("cleo"), at.site.get("/feed.atom").text
    at.clock.advance(minutes=1)
    answer = cleo.post(f"{here(at)}/note", {"note": "It opens at <ten>."})
    assert answer.headers["location"] == f"/desk{here(at)}/amend?done=noted"
    assert "24 November 2026 It opens at <ten>." in public(at)
    assert "The library opens at nine." in public(at)
    assert "It opens at <ten>." in words(cleo.get(f"{here(at)}/amend"))
    assert at.site.get("/feed.atom").text != before
    assert at.deeds()[-1] == (address_of("cleo"), "annotate")


def test_a_text_is_taken_off_the_web_with_a_reason_and_put_back(at: Room) -> None:
    cleo, note = at.as_("cleo"), f"{here(at)}/note"
    assert "library" in words(at.site.get("/search?q=mill"))
    done = cleo.post(note, {"kind": "withdrawn", "withdrawn": "The hours are wrong."})
    assert done.headers["location"] == f"/desk{here(at)}/amend?done=off-the-web"
    assert "The hours are wrong." in public(at)
    assert "was withdrawn on 24 November 2026" in public(at)
    told = "took its text off the web on Tue 24 Nov 2026, 07:06 New York: “The hours are wrong.”"
    statement = f"/statements/{SLUG}"
    assert told in words(at.as_("vera").get(statement))
    for path in (f"/archive/{SLUG}", "/feed.atom", "/feed.rss", "/feed.json", "/search?q=nine"):
        assert "opens at nine" not in at.site.get(path).text, path
    twice = cleo.post(note, {"kind": "withdrawn", "withdrawn": "Again."})
    assert (twice.status, "is off the web already" in words(twice)) == (409, True)
    back = cleo.post(note, {"kind": "restored"})
    assert back.headers["location"] == f"/desk{here(at)}/amend?done=on-the-web"
    assert "The library opens at nine." in public(at)
    assert "The hours are wrong." not in public(at)
    assert "withdrawn" not in public(at)
    assert told not in words(at.as_("vera").get(statement))


def test_a_note_says_something_readable(at: Room) -> None:
    cleo, note = at.as_("cleo"), f"{here(at)}/note"
    for kind, said in (("note", ""), ("withdrawn", " "), ("note", "x" * 1001), ("note", "a\x07")):
        answer = cleo.post(note, {"kind": kind, kind: said})
        assert answer.status == 422
        assert "Write between 1 and 1,000 visible characters" in words(answer)


def test_those_who_did_not_get_it_get_it_by_an_admin_with_a_fresh_factor(at: Room) -> None:
    address, dan = f"/desk{here(at)}/reopen", at.as_("dan", fresh=True)
    page = dan.get(f"{here(at)}/amend")
    assert "Send it to 7 people" in words(page)
    assert at.press(at.as_("dan"), page, address).status == 401
    dan = at.as_("dan", fresh=True)
    assert at.press(at.as_("cleo", fresh=True), page, address).status == 403
    assert at.press(dan, page, address, shown="").status == 409
    answer = at.press(dan, page, address)
    assert answer.headers["location"] == f"/desk{here(at)}?done=reopened"
    assert at.campaign.state is CampaignState.SENDING
    assert "withdrawn" not in public(at)
    at.hand_over()
    assert at.campaign.counts == Counts(accepted=12)
    assert at.campaign.state is CampaignState.SENT
    assert "Everybody may have it, or left before." in words(dan.get(f"{here(at)}/amend"))
    twice = at.press(dan, page, address)
    assert (twice.status, "is not sent again" in words(twice)) == (409, True)
    assert at.deeds().count((address_of("dan"), "reopen")) == 1
