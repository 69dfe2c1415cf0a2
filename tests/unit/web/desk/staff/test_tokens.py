"""The page of tokens: a secret is shown once, and what is missing in the form is said."""

import re

from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.desk import Staffed, address_of, words

FORM = {"name": "CRM", "scope": ["subscribers:read", "events:read"], "days": "90"}


def test_a_secret_is_shown_once_and_then_revoked(staffed: Staffed) -> None:
    dan = staffed.as_("dan", fresh=True)
    assert "There are no tokens" in words(dan.get("/tokens"))
    page = dan.post("/tokens", FORM)
    assert page.status == 200
    [secret] = re.findall(r'<code id="token">(newsletter_[\w-]{43})</code>', page.text)
    fields = {"Authorization": f"Bearer {secret}"}
    assert staffed.site.get("/api/v1/token", headers=fields).status == 200
    shown = dan.get("/tokens")
    assert secret not in shown.text
    assert "subscribers:read" in words(shown)
    assert "Never" not in words(shown)
    [path] = re.findall(r'action="/desk(/tokens/\d+/revoke)"', shown.text)
    assert dan.post(path).headers["location"] == "/desk/tokens?done=token-revoked"
    assert "Revoked on" in words(dan.get("/tokens"))
    assert dan.post(path).status == 404
    assert staffed.site.get("/api/v1/token", headers=fields).status == 401


def test_the_tokens_of_a_person_end_with_their_role(staffed: Staffed) -> None:
    page = staffed.as_("dan", fresh=True).post("/tokens", FORM)
    [secret] = re.findall(r'<code id="token">(newsletter_[\w-]{43})</code>', page.text)
    proofs = staffed.site.services.staff.proofs
    with proofs.store.begin() as tx:
        tx.staff.put(address_of("ana"), Role.ADMIN, tx.now)
    for role in (Role.SENDER, Role.ADMIN):  # a new role does not revive them
        people.change_role(address_of("dan"), role, by=OPERATOR_NAME, proofs=proofs)
    fields = {"Authorization": f"Bearer {secret}"}
    assert staffed.site.get("/api/v1/token", headers=fields).status == 401


def test_a_form_says_what_it_lacks_and_keeps_what_it_has(staffed: Staffed) -> None:
    page = staffed.as_("dan", fresh=True).post("/tokens", {"name": " ", "scope": "events:read"})
    assert page.status == 422
    for fault in ("Name the program that uses it", "Choose how long it works"):
        assert fault in words(page)
    assert re.search(r'value="events:read" checked', page.text)
    page = staffed.as_("dan", fresh=True).post("/tokens", {"name": "CRM", "days": "30"})
    assert "Choose what it may do" in words(page)
