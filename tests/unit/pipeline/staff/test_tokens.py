"""Tokens of the API: made by admins, and over with the role, the person or a word of an admin."""

from datetime import timedelta

import pytest

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import Scope, Token
from newsletter.pipeline.staff import people, tokens
from tests.unit.pipeline.staff.office import BEN, CLEO, DAN, Office

DAYS = timedelta(days=30)


def made(office: Office, by: str = DAN) -> tuple[Token, str]:
    scopes = [Scope.SUBSCRIBERS_READ]
    return tokens.make("CRM", scopes, DAYS, by=by, proofs=office.proofs)


def staffed(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(BEN, Role.ADMIN)


def test_an_admin_makes_a_token_and_gets_an_email(office: Office) -> None:
    staffed(office)
    one, secret = made(office)
    assert tokens.bearer(secret, store=office.store) == one
    with office.store.read() as tx:
        assert tx.tokens.list_newest(5)[0].used_at == office.clock.now()
        line = tx.audit.list_newest(1)[0]
    assert (line.actor, line.action) == (DAN, "make token")
    assert line.values == {"token": "CRM", "rights": ("subscribers:read",), "until": one.expires_at}
    assert office.store.clock.now() + DAYS == one.expires_at
    long, _ = tokens.make(" ", [], timedelta(days=9_999), by=DAN, proofs=office.proofs)
    assert long.name == "Without a name"
    assert long.expires_at - long.made_at == timedelta(days=365)


def test_nobody_but_an_admin_makes_or_revokes_one(office: Office) -> None:
    staffed(office)
    office.join(CLEO, Role.SENDER)
    with pytest.raises(Refused, match="takes the role admin"):
        made(office, by=CLEO)
    with pytest.raises(Refused, match="takes the role admin"):
        tokens.revoke(made(office)[0].id, by=CLEO, proofs=office.proofs)


def test_any_admin_revokes_a_token_once(office: Office) -> None:
    staffed(office)
    one, secret = made(office)
    assert tokens.revoke(one.id, by=BEN, proofs=office.proofs).by == DAN
    assert tokens.bearer(secret, store=office.store) is None
    with pytest.raises(NotFound, match="revoked already"):
        tokens.revoke(one.id, by=BEN, proofs=office.proofs)


def test_a_token_ends_with_the_account_and_with_a_lower_role(office: Office) -> None:
    staffed(office)
    _, secret = made(office)
    people.add_member(DAN, Role.ADMIN, by="operator", proofs=office.proofs)
    assert tokens.bearer(secret, store=office.store)
    people.add_member(DAN, Role.WRITER, by="operator", proofs=office.proofs)
    people.add_member(DAN, Role.ADMIN, by="operator", proofs=office.proofs)
    assert tokens.bearer(secret, store=office.store) is None
    _, secret = made(office)
    people.disable(DAN, by=BEN, proofs=office.proofs)
    assert tokens.bearer(secret, store=office.store) is None


def test_what_is_no_token_opens_nothing(office: Office) -> None:
    staffed(office)
    _, secret = made(office)
    for given in ("", secret[1:], secret + "x", secret.upper()):
        assert tokens.bearer(given, store=office.store) is None
    office.clock.advance(seconds=DAYS.total_seconds())
    assert tokens.bearer(secret, store=office.store) is None
