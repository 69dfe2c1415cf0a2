"""The link that confirms; one network posts so often an hour, and of networks little is kept."""

import json
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from newsletter.domain.delivery.transactional import RequestOutcome
from newsletter.domain.subscribers.signup import FormFault, SignUp
from newsletter.pipeline.subscribers.join import ShownConsent, SignUpRequest, ask
from newsletter.store.sql import Store
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.limits import RequestLimit
from tests.fakes import FixedClock
from tests.pages import forum
from tests.rows import rows

_OURS = "https://www.forum.example"


@pytest.mark.parametrize(
    ("email", "status", "faults"),
    [
        ("ana@example.org", 200, set()),
        ("bo@example.org", 200, set()),
        ("ana@127.0.0.1", 422, {"email"}),
    ],
)
def test_a_script_gets_the_answer_as_data_and_reads_it_on_named_sites_alone(
    tmp_path: Path, email: str, status: int, faults: set[str]
) -> None:
    with forum(tmp_path, signup={"origins": [_OURS]}) as site:
        site.subscribe("bo@example.org")
        fields = {"email": email, "list": "press"}
        headers = {"Accept": "application/json", "Origin": _OURS}

        answer = site.ask("POST", "/subscribe", form=fields, headers=headers)
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == _OURS
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["vary"] == "Origin"
        assert set(json.loads(answer.text)["faults"]) == faults
        headers["Origin"] = "https://elsewhere.example"
        other = site.ask("POST", "/subscribe", form=fields, headers=headers)
        assert "access-control-allow-origin" not in other.headers
        assert other.text == answer.text
        script = site.get("/subscribe/form.js")
        assert script.headers["content-type"].startswith("text/javascript")


@rows(
    ("headers", "door", "source"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, "", "our sign-up page"),
        ({"Sec-Fetch-Site": "same-origin"}, "archive", "our public archive"),
        ({"Origin": "https://news.forum.example"}, "archive", "our public archive"),
        ({"Origin": "https://news.forum.example"}, "", "our sign-up page"),
        ({"Origin": _OURS}, "archive", "a form on www.forum.example"),
        ({"Origin": "null", "Referer": f"{_OURS}/x"}, "page", "a form on www.forum.example"),
        ({}, "page", "our sign-up page"),
        ({}, "<b>", "a form"),
        ({}, "", "a form"),
    ],
)
def test_the_proof_of_consent_names_the_page_or_site_of_the_form(
    tmp_path: Path, headers: dict[str, str], door: str, source: str
) -> None:
    with forum(tmp_path) as site:
        fields = {"email": "ana@example.org", "list": "press", "door": door}
        site.ask("POST", "/subscribe", form=fields, headers=headers)
        assert site.rows("SELECT source FROM transactional_email") == [(source,)]


def test_who_asks_for_a_closed_list_is_told_that_staff_decide(tmp_path: Path) -> None:
    closed = {"name": "sport", "approval": True}
    with forum(tmp_path, lists=[{"name": "press"}, closed], desk={"enabled": True}) as site:
        assert site.get("/subscribe").text.count("Our team decides") == 1
        for number, lists in enumerate((["sport"], ["press", "sport"]), start=1):
            site.post("/subscribe", {"email": f"a{number}@example.org", "list": lists})
            done = site.post(f"/confirm/{site.services.links.email_token(number)}").text
            assert "once our team has decided on: sport" in done
            assert ("Lists: press" in done) == ("press" in lists)
        [(person,)] = site.rows("SELECT max(id) FROM subscriber")
        token = site.services.links.preferences_token(person, site.clock.now())
        assert site.get(f"/preferences/{token}").text.count("checked") == 2 + 1, "and no pause"


def test_a_list_that_was_closed_since_the_request_waits_for_staff(tmp_path: Path) -> None:
    with forum(tmp_path, lists=[{"name": "sport"}, {"name": "press"}]) as site:
        site.post("/subscribe", {"email": "ana@example.org", "list": ["sport", "press"]})
    with forum(tmp_path, lists=[{"name": "sport", "public": False}, {"name": "press"}]) as site:
        site.post(f"/confirm/{site.services.links.email_token(1)}")
        assert site.rows("SELECT state FROM subscription ORDER BY state DESC") == [
            ("requested",),
            ("confirmed",),
        ]


def wish(who: str, **changes: str) -> SignUpRequest:
    """A valid form with the address of this person."""
    given = {"name": "", "wording": ""} | changes
    return SignUpRequest(
        wish=SignUp(address=f"{who}@example.org", name=given["name"], lists=("press",)),
        consent=ShownConsent(words="Yes, send me news.", language="en", wording=given["wording"]),
        source="our sign-up page",
        network="",
    )


def test_each_of_the_forms_that_share_a_commit_has_an_outcome_of_its_own(store: Store) -> None:
    forms = [wish("ana"), wish("bo", wording="f" * 64), wish("ana"), wish("cy")]
    ask(forms, store=store)

    new, again = RequestOutcome.NEW, RequestOutcome.AGAIN
    assert [form.outcome for form in forms] == [new, FormFault.WORDS, again, new]


def test_a_form_that_cannot_be_stored_keeps_out_no_other_of_its_commit(store: Store) -> None:
    shared = GroupCommit[SignUpRequest](lambda forms, _: ask(forms, store=store))
    with pytest.raises(UnicodeEncodeError):
        shared.record((wish("ana"), wish("bo", name="\ud800"), wish("cy")))

    with store.read() as tx:
        addresses = tx.db.column("SELECT address FROM transactional_email ORDER BY id")
    assert addresses == ["ana@example.org", "cy@example.org"]


def test_no_form_is_answered_before_its_commit(tmp_path: Path) -> None:
    fields = [{"email": f"{name}@example.org", "list": "press"} for name in ("ana", "bo", "cy")]
    with forum(tmp_path) as site, ThreadPoolExecutor(len(fields)) as pool:
        with site.services.store.begin():
            answers = [pool.submit(site.post, "/subscribe", each) for each in fields]
            assert not wait(answers, timeout=0.2).done
        assert {answer.result().status for answer in answers} == {303}
        assert site.rows("SELECT COUNT(*) FROM transactional_email") == [(len(fields),)]


def test_a_network_posts_so_often_within_an_hour(clock: FixedClock) -> None:
    limit = RequestLimit(2, clock)

    assert [limit.is_over("8.8.8.0/24") for _ in range(4)] == [False, False, True, True]
    assert not limit.is_over("9.9.9.0/24")
    clock.advance(minutes=59, seconds=59)
    assert limit.is_over("8.8.8.0/24")
    clock.advance(seconds=1)
    assert not limit.is_over("8.8.8.0/24"), "what was turned away does not count"


def test_an_unnamed_network_has_no_limit(clock: FixedClock) -> None:
    limit = RequestLimit(1, clock)

    assert not any(limit.is_over("") for _ in range(100))


@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_jumps_locks_nobody_out(clock: FixedClock, hours: int) -> None:
    limit = RequestLimit(1, clock)
    limit.is_over("8.8.8.0/24")
    clock.advance(hours=hours)

    assert not limit.is_over("8.8.8.0/24")


def test_the_networks_that_were_quiet_longest_are_forgotten(clock: FixedClock) -> None:
    limit = RequestLimit(1, clock)
    for number in range(10_001):
        limit.is_over(f"network {number}")

    assert limit.is_over("network 1")
    assert not limit.is_over("network 0")
