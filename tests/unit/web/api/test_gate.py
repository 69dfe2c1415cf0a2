"""Each request to the API must pass: a token, its scope, limits, a version, a key."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import PREFIX, Scope
from newsletter.pipeline.staff import people
from newsletter.web.api.gate import Gate
from newsletter.web.http.threads import Lane
from newsletter.web.pages import operations
from tests.api import DAN, Program, problem, program
from tests.fakes import LosesCommits
from tests.pages import Forum, forum
from tests.rows import rows

WRITE = Scope.STATEMENTS_WRITE
TEXT = {"title": "Hours", "body": "The library is open."}


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, database=migrated) as site:
        yield site


def test_a_token_works_until_it_ends_or_its_maker_is_no_admin(site: Forum) -> None:
    crm, proofs = program(site, days=30), site.services.staff.proofs
    told = crm.get("/token")
    assert (told["name"], told["by"]) == ("CRM", DAN)
    site.clock.advance(days=29, hours=23)
    assert crm.ask("GET", "/token").status == 200
    site.clock.advance(hours=1)
    assert crm.ask("GET", "/token").status == 401

    crm = program(site)
    with site.services.store.begin() as tx:
        tx.staff.put("eva@forum.example", Role.ADMIN, tx.now)
        tx.staff.put(DAN, Role.SENDER, tx.now)  # behind the back of the pipeline
    assert crm.ask("GET", "/token").status == 401
    with site.services.store.begin() as tx:
        tx.staff.put(DAN, Role.ADMIN, tx.now)
    assert crm.ask("GET", "/token").status == 200
    people.change_role(DAN, Role.SENDER, by="eva@forum.example", proofs=proofs)
    people.change_role(DAN, Role.ADMIN, by="eva@forum.example", proofs=proofs)
    assert crm.ask("GET", "/token").status == 401, "the token does not come back with the role"


def test_a_secret_is_known_to_its_holder_alone(site: Forum) -> None:
    crm = program(site)
    assert crm.secret.startswith(PREFIX)
    assert crm.secret.removeprefix(PREFIX) not in site.everything()


GIVEN = ["", "Basic ZGFuOng=", "Bearer", "Bearer x", f"Bearer {PREFIX}x", "Bearer \xe9"]


def test_without_a_token_there_is_nothing_and_too_many_tries_end(site: Forum) -> None:
    stranger = Program(site=site)
    for given in GIVEN * 10:
        answer = stranger.ask("GET", "/statements", headers={"Authorization": given})
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "desk" in problem(answer)["detail"]
    answer = stranger.ask("GET", "/statements")
    assert (answer.status, answer.headers["retry-after"]) == (429, "3600")
    assert program(site).ask("GET", "/statements").status == 200, "a token of that network works"


def test_a_token_is_told_its_limit_and_held_to_it(site: Forum) -> None:
    crm = program(site)
    answer = crm.ask("GET", "/token")
    assert answer.headers["ratelimit-policy"] == '"token";q=3000;w=60'
    assert answer.headers["ratelimit"] == '"token";r=2999;t=60'
    services = site.services
    gate = Gate(operations(services), services.store, Lane(1), limit=2)
    site.pages = Starlette(routes=gate.routes())
    site.clock.advance(seconds=60)
    answers = [crm.ask("GET", "/token") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["ratelimit"] == '"token";r=0;t=60'
    assert program(site).ask("GET", "/token").status == 200, "another token has its own"
    site.clock.advance(seconds=60)
    assert crm.ask("GET", "/token").status == 200


def test_a_page_of_another_site_gets_nothing_from_a_browser(site: Forum) -> None:
    crm = program(site)
    fields = {"Origin": "https://evil.example", "Cookie": "__Host-desk=x"}
    answer = crm.ask("GET", "/token", headers=fields)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.cookies == ()
    assert crm.ask("OPTIONS", "/token", headers=fields).status == 405


@rows(
    ["method", "path", "status"],
    [("GET", "/nowhere", 404), ("DELETE", "/token", 405), ("GET", "/statements/nothing", 404)],
)
def test_what_is_not_there_is_a_problem(site: Forum, method: str, path: str, status: int) -> None:
    answer = program(site).ask(method, path)
    assert problem(answer)["status"] == status
    assert answer.headers["cache-control"] == "no-store"
    assert (status == 405) == ("allow" in answer.headers)


@rows(
    ["body", "status", "said"],
    [
        (b"", 400, "is not JSON"),
        (b"{", 400, "is not JSON"),
        (b"[" * 60_000, 400, "is not JSON"),
        (b"9" * 5_000, 400, "is not JSON"),
        (b"x" * 70_000, 413, "Too Large"),
        ([], 422, "body must be a group of keys"),
        ({"titel": "x"}, 422, "titel means nothing here; did you mean title"),
        ({"title": 5}, 422, "title must be text, not '5'"),
        ({"lists": "press"}, 422, "lists must be a list"),
        ({"urgent": "yes"}, 422, "urgent must be true or false"),
        ({"title": "x" * 1_001}, 422, "title is longer than 1,000 characters"),
        ({"title": "\ud800"}, 422, "body"),
    ],
)
def test_a_faulty_body_is_refused_with_its_fault(
    site: Forum, body: object, status: int, said: str
) -> None:
    before = site.rows("SELECT count(*) FROM draft")
    told = problem(program(site).ask("POST", "/drafts", body))
    assert told["status"] == status
    assert said in told["detail"]
    assert ("errors" in told) == (status == 422)
    assert site.rows("SELECT count(*) FROM draft") == before


def test_a_body_is_json_and_a_query_has_no_unknown_names(site: Forum) -> None:
    crm = program(site)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert problem(crm.ask("POST", "/drafts", b"title=x", form))["status"] == 415
    for query, at in (
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("x=1", "x"),
        ("after=a&after=b", "after"),
    ):
        assert problem(crm.ask("GET", f"/statements?{query}"))["errors"][0]["at"] == at
    assert problem(crm.ask("GET", "/token?x=1"))["errors"][0]["at"] == "x"


def test_a_change_names_the_version_that_it_is_of(site: Forum) -> None:
    crm = program(site)
    made = crm.ask("POST", "/drafts", TEXT)
    assert made.status == 201
    draft = json.loads(made.body)
    path, etag = f"/drafts/{draft['key']}", made.headers["etag"]
    assert made.headers["location"] == f"/api/v1{path}"
    assert crm.ask("GET", path, headers={"If-None-Match": etag}).status == 304
    assert problem(crm.ask("PUT", path, TEXT))["status"] == 428
    for wrong, status in (('"0"', 412), ("*", 400), ("1", 400), ('W/"1"', 400), ('"1", "2"', 400)):
        answer = crm.ask("PUT", path, TEXT | {"body": "Two."}, {"If-Match": wrong})
        assert problem(answer)["status"] == status, wrong
    changed = crm.ask("PUT", path, TEXT | {"body": "Two."}, {"If-Match": etag})
    assert changed.status == 200
    assert changed.headers["etag"] != etag
    assert problem(crm.ask("PUT", path, TEXT, {"If-Match": etag}))["status"] == 412
    assert crm.get(path)["text"]["body"] == "Two."


def test_what_comes_twice_under_a_key_is_done_once(site: Forum) -> None:
    crm, key = program(site), {"Idempotency-Key": "order 66"}
    first, again = (crm.ask("POST", "/drafts", TEXT, key) for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    assert first.headers["location"] == again.headers["location"]
    assert problem(crm.ask("POST", "/drafts", TEXT | {"title": "x"}, key))["status"] == 422
    assert site.rows("SELECT count(*) FROM draft") == [(1,)]
    assert program(site).ask("POST", "/drafts", TEXT, key).status == 201, "of another token"
    assert "order 66" not in site.everything()
    site.clock.advance(days=1, seconds=1)
    assert crm.ask("POST", "/drafts", TEXT, key).headers["location"] != first.headers["location"]


def test_a_refused_request_may_come_again_and_one_that_was_cut_off_may_not(site: Forum) -> None:
    crm, key = program(site), {"Idempotency-Key": "k"}
    long = TEXT | {"title": "x" * 1_001}
    assert crm.ask("POST", "/drafts", long, key).status == 422
    assert crm.ask("POST", "/drafts", TEXT, key).status == 201
    site.change("UPDATE idempotency_key SET made = NULL")
    told = problem(crm.ask("POST", "/drafts", TEXT, key))
    assert told["status"] == 409
    assert "under way, or was cut off" in told["detail"]
    assert (
        problem(crm.ask("POST", "/drafts", TEXT, {"Idempotency-Key": "k" * 256}))["status"] == 400
    )


def test_what_may_have_been_done_is_not_done_again_under_its_key(site: Forum) -> None:
    crm, key, pages = program(site), {"Idempotency-Key": "k"}, site.pages
    lost = LosesCommits(site.services.store, answered=2)
    site.pages = Starlette(routes=Gate(operations(site.services), lost, Lane(1)).routes())  # type: ignore[arg-type]
    assert crm.ask("POST", "/drafts", TEXT, key).status == 503
    site.pages = pages
    told = problem(crm.ask("POST", "/drafts", TEXT, key))
    assert (told["status"], "was cut off" in told["detail"]) == (409, True)
    assert site.rows("SELECT count(*) FROM draft") == [(1,)]


def test_the_last_use_is_known_to_the_hour(site: Forum) -> None:
    crm = program(site)
    seen = []
    for _ in range(3):
        crm.get("/token")
        seen.append(site.rows("SELECT used_at FROM token")[0][0])
        site.clock.advance(minutes=40)
    assert seen[0] == seen[1] < seen[2]
