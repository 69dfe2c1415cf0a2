"""Drafts by a token: written, submitted, and approved by staff at the desk alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Role
from newsletter.pipeline.statements.approve import ApprovalRequest
from tests.api import DAN, problem, program
from tests.contracts.books import audited
from tests.pages import Forum, forum

TEXT = {"title": "Hours", "body": "The library is open.", "lists": ["press"]}


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    rules = {"author_may_approve": False}
    with forum(tmp_path, database=migrated, approvals=rules) as site:
        yield site


def submitted(site: Forum) -> tuple[Any, dict[str, Any]]:
    crm = program(site)
    draft = crm.post("/drafts", TEXT)
    seen = {"If-Match": f'"{draft["version"]}"'}
    return crm, crm.post(f"/drafts/{draft['key']}/submit", headers=seen)


def approve(site: Forum, by: str) -> None:
    shown = site.services.campaigns.current_terms("hours")
    asked = ApprovalRequest(slug="hours", by=by, shown=shown, despite="a test")
    site.services.statements.approve(asked)


def test_a_submitted_draft_is_a_statement_that_waits_for_a_person(site: Forum) -> None:
    crm, draft = submitted(site)
    assert (draft["slug"], draft["submitted"], draft["ahead"]) == ("hours", True, False)
    shown = crm.get("/statements/hours")
    assert (shown["state"], shown["approved"], shown["campaign"]) == ("review", False, None)
    assert shown["release_at"] is None
    assert crm.get("/statements")["items"] == [shown]
    with pytest.raises(Refused, match="wrote"):
        approve(site, DAN)
    approve(site, "ed@forum.example")
    shown = crm.get("/statements/hours")
    assert (shown["approved"], bool(shown["release_at"])) == (True, True)


def test_a_token_takes_no_approval_away(site: Forum) -> None:
    crm, draft = submitted(site)
    approve(site, "ed@forum.example")
    path = f"/drafts/{draft['key']}"
    seen = {"If-Match": f'"{draft["version"]}"'}
    changed = crm.ask("PUT", path, TEXT | {"body": "It is closed."}, seen)
    assert changed.status == 200
    answer = crm.ask("POST", f"{path}/submit", headers={"If-Match": changed.headers["etag"]})
    assert problem(answer)["status"] == 409
    assert crm.get("/statements/hours")["approved"] is True


def test_the_audit_log_says_who_by_which_token(site: Forum) -> None:
    crm, _ = submitted(site)
    lines = [(one.actor, one.action, one.values) for one in audited(site.services.store)][-2:]
    through = f"through token {crm.number}, CRM"
    assert lines == [
        (DAN, "write", {"channel": through}),
        (DAN, "submit", {"number": 1, "channel": through}),
    ]


def test_a_faulty_draft_is_kept_and_not_submitted(site: Forum) -> None:
    crm = program(site)
    made = crm.ask("POST", "/drafts", {"title": "", "send_at": "whenever"})
    answer = crm.ask(
        "POST",
        f"{made.headers['location'].removeprefix('/api/v1')}/submit",
        headers={"If-Match": made.headers["etag"]},
    )
    assert {one["at"] for one in problem(answer)["errors"]} == {"title", "body", "send_at"}


def test_what_others_write_meanwhile_is_kept(site: Forum) -> None:
    crm = program(site)
    made = crm.ask("POST", "/drafts", TEXT)
    path = made.headers["location"].removeprefix("/api/v1")
    with site.services.store.begin() as tx:
        tx.staff.put("ana@forum.example", Role.WRITER, tx.now)
    from newsletter.domain.statements.draft import DraftText

    typed = DraftText(title="Hours", body="It is closed.", lists=("press",))
    site.services.statements.writer("ana@forum.example").save(path.rpartition("/")[2], 1, typed)
    for deed, body in (("", TEXT), ("/submit", None)):
        method = "POST" if deed else "PUT"
        answer = crm.ask(method, path + deed, body, {"If-Match": made.headers["etag"]})
        assert problem(answer)["status"] == 412
    assert crm.get(path)["changed_by"] == "ana@forum.example"


def test_statements_are_listed_in_pages(site: Forum) -> None:
    crm = program(site)
    for name in ("c", "a", "b"):
        draft = crm.post("/drafts", TEXT | {"title": name})
        seen = {"If-Match": f'"{draft["version"]}"'}
        crm.post(f"/drafts/{draft['key']}/submit", headers=seen)
    first = crm.get("/statements?limit=2")
    rest = crm.get(f"/statements?limit=2&after={first['next']}")
    assert [one["slug"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None
