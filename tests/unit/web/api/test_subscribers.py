"""Subscribers by a token: a form on a website, and a CRM."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.staff.token import Scope
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from tests.api import Program, problem, program
from tests.contracts.books import audited
from tests.pages import Forum, forum
from tests.rows import rows

ANA, BEN = "ana@readers.example", "ben@readers.example"
NEW = {"address": ANA, "lists": ["press"], "agreed": "at the fair in May"}


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, database=migrated) as site:
        yield site


def seen(person: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{person["version"]}"'}


def test_a_person_is_added_once_with_the_consent_that_is_named(site: Forum) -> None:
    crm = program(site)
    first = crm.post("/subscribers", NEW | {"name": "Ana", "tags": ["donor"]})
    again = crm.post("/subscribers", NEW | {"lists": ["events"]})
    assert (first["id"], first["lists"], first["name"]) == (again["id"], ["press"], "Ana")
    assert (again["lists"], again["tags"]) == (["events", "press"], ["donor"])
    assert crm.post("/subscribers/find", {"address": ANA.upper()}) == again
    with site.services.store.read() as tx:
        consent = tx.consents.find_recorded(first["id"])
    assert consent.source == "added by dan@forum.example: at the fair in May, by the token CRM"


@rows(
    ["change", "at"],
    [
        ({"address": "ana"}, "address"),
        ({"lists": []}, "lists"),
        ({"lists": ["Press!"]}, "lists[0]"),
        ({"agreed": ""}, "agreed"),
        ({"agreed": "x" * 201}, "agreed"),
        ({"language": "English"}, "language"),
        ({"timezone": "Mars"}, "timezone"),
        ({"tags": ["a b"]}, "tags[0]"),
        ({"name": "a\nb"}, "name"),
        ({"suppressed": None}, "suppressed"),
    ],
)
def test_what_is_wrong_with_a_person_is_said(site: Forum, change: dict[str, Any], at: str) -> None:
    told = problem(program(site).ask("POST", "/subscribers", NEW | change))
    assert (told["status"], [one["at"] for one in told["errors"]]) == (422, [at])
    assert site.rows("SELECT count(*) FROM subscriber") == [(0,)]


def test_a_list_that_is_not_there_is_not_found_and_not_made(site: Forum) -> None:
    told = problem(program(site).ask("POST", "/subscribers", NEW | {"lists": ["pres"]}))
    assert told["status"] == 404
    assert told["detail"] == (
        "there is no list 'pres'; did you mean press? there are: events, press"
    )
    assert site.rows("SELECT count(*) FROM list WHERE name = 'pres'") == [(0,)]


def test_a_change_is_of_the_person_who_was_seen(site: Forum) -> None:
    crm = program(site)
    person = crm.post("/subscribers", NEW | {"name": "Ana", "place": "Austin"})
    path = f"/subscribers/{person['id']}"
    changed = crm.ask("PUT", path, {"name": "Ana Ruiz"}, seen(person))
    assert changed.status == 200
    assert problem(crm.ask("PUT", path, {"name": "X"}, seen(person)))["status"] == 412
    now = crm.get(path)
    assert (now["name"], now["place"]) == ("Ana Ruiz", "")
    assert changed.headers["etag"] == f'"{now["version"]}"'
    site.change("UPDATE subscription SET state = 'ended'")
    assert problem(crm.ask("PUT", path, {"name": "X"}, seen(now)))["status"] == 412


def test_an_address_is_changed_exported_and_erased(site: Forum) -> None:
    crm = program(site)
    path = f"/subscribers/{crm.post('/subscribers', NEW)['id']}"
    assert crm.post(f"{path}/address", {"address": BEN})["address"] == BEN
    assert BEN in str(crm.post(f"{path}/data"))
    assert crm.ask("DELETE", path).status == 204
    for method, deed in (("GET", ""), ("DELETE", ""), ("POST", "/data")):
        assert problem(crm.ask(method, path + deed))["status"] == 404
    assert problem(crm.ask("POST", "/subscribers", NEW | {"address": BEN}))["status"] == 409
    acts = [(one.action, one.values.get("channel")) for one in audited(site.services.store)]
    through = f"through token {crm.number}, CRM"
    assert acts[-4:] == [(deed, through) for deed in ("add", "change address", "data", "forget")]


def test_subscribers_are_listed_in_pages_by_list_and_words(site: Forum) -> None:
    crm = program(site)
    site.subscribe(*(f"{name}@readers.example" for name in "abcde"))
    site.subscribe("z@readers.example", lists=["events"])
    found, more = [], "0"
    while more is not None:
        page = crm.get(f"/subscribers?list=press&limit=2&after={more}")
        found += [one["address"][0] for one in page["items"]]
        more = page["next"]
    assert found == list("edcba")
    assert [one["address"][0] for one in crm.get("/subscribers?words=z@")["items"]] == ["z"]
    assert crm.ask("GET", "/subscribers?list=nothing").status == 404
    assert problem(crm.ask("GET", "/subscribers?after=x"))["errors"][0]["at"] == "after"


def test_lists_and_segments_are_as_the_settings_have_them(tmp_path: Path) -> None:
    segment = {"name": "texas", "list": "press", "place": "Texas"}
    with forum(tmp_path, segments=[segment]) as site:
        site.subscribe(ANA, lists=["secret"])
        crm = program(site)
        lists = [(one["name"], one["title"], one["public"]) for one in crm.get("/lists")["items"]]
        assert lists == [
            ("events", "Events", True),
            ("press", "Press releases", True),
            ("secret", "secret", False),
        ]
        [shown] = crm.get("/segments")["items"]
        assert (shown["name"], shown["list"], shown["place"]) == ("texas", "press", ["Texas"])


SIGN_UP = {
    "address": ANA,
    "lists": ["press"],
    "language": "es",
    "visitor": "8.8.4.4",
    "source": "the form on our website",
}


def asked(site: Forum) -> list[tuple[Any, ...]]:
    return site.rows(
        "SELECT address, language, source FROM transactional_email WHERE kind = 'join'"
    )


def test_a_visitor_gets_one_link_and_the_program_learns_nothing(site: Forum) -> None:
    form = program(site, Scope.SIGN_UPS)
    answers = [form.ask("POST", "/sign-ups", SIGN_UP) for _ in range(2)]
    site.subscribe(BEN)
    answers.append(form.ask("POST", "/sign-ups", SIGN_UP | {"address": BEN}))
    assert {(one.status, one.body) for one in answers} == {(202, b"")}
    assert asked(site) == [
        (ANA, "es", "the form on our website"),
        (BEN, "es", "the form on our website"),
    ]
    assert site.lists_of() == ["press"], "it is ben's"
    assert form.ask("GET", "/subscribers").status == 403


@rows(
    ["change", "at"],
    [
        ({"address": ""}, "address"),
        ({"address": "postmaster@readers.example"}, "address"),
        ({"lists": ["nothing"]}, "lists"),
        ({"wording": "f" * 64}, "wording"),
    ],
)
def test_a_form_that_is_refused_says_why(site: Forum, change: dict[str, Any], at: str) -> None:
    told = problem(program(site).ask("POST", "/sign-ups", SIGN_UP | change))
    assert (told["status"], [one["at"] for one in told["errors"]]) == (422, [at])
    assert asked(site) == []


def test_a_program_that_filled_in_the_form_gets_no_email(site: Forum) -> None:
    assert program(site).ask("POST", "/sign-ups", SIGN_UP | {"trap": "x"}).status == 202
    assert asked(site) == []


def test_visitors_of_one_network_are_limited(site: Forum) -> None:
    form = program(site)
    for number in range(20):
        one = SIGN_UP | {"address": f"a{number}@readers.example"}
        assert form.ask("POST", "/sign-ups", one).status == 202
    answer = form.ask("POST", "/sign-ups", SIGN_UP)
    assert (problem(answer)["status"], answer.headers["retry-after"]) == (429, "3600")
    assert form.ask("POST", "/sign-ups", SIGN_UP | {"visitor": "9.9.9.9"}).status == 202


def test_a_suppression_keeps_its_reason(site: Forum) -> None:
    entry = SuppressedEntry(address=ANA, reason=SuppressionReason.COMPLAINED)
    with site.services.store.begin() as tx:
        tx.readers.suppress([entry], tx.now, "a test")
    assert program(site).ask("POST", "/suppressions", {"address": ANA}).status == 204
    assert site.rows("SELECT reason FROM suppression") == [("complained",)]
    assert Program(site=site).ask("POST", "/suppressions", {"address": ANA}).status == 401
