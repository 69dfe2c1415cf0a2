"""Roles of others: who may change them, and what that ends."""

import pytest

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.staff import invite, people
from newsletter.pipeline.staff.proofs import OPERATOR, Denied
from tests.unit.pipeline.staff.office import ANA, BEN, CLEO, DAN, HERE, PASSWORD, Office


def change(office: Office, address: str, role: Role, by: str = DAN) -> Role:
    return people.change_role(address, role, by=by, proofs=office.proofs)


def test_another_role_ends_the_sessions_and_its_owner_is_told(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    ana = office.join(ANA)
    assert change(office, " ANA@forum.example", Role.APPROVER) is Role.WRITER
    assert not office.is_in(ana)
    assert "Your role is approver now; it was writer." in office.told(ANA)[-1]
    assert office.deeds()[-1] == (DAN, "role", ANA)
    with office.store.read() as tx:
        assert tx.staff.role(ANA) is Role.APPROVER


def test_an_admin_makes_another_one(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(ANA)
    change(office, ANA, Role.ADMIN)
    change(office, DAN, Role.WRITER, by=ANA)


def test_the_same_role_changes_nothing(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    ana = office.join(ANA)
    before = office.deeds()
    assert change(office, ANA, Role.WRITER) is Role.WRITER
    assert office.is_in(ana)
    assert office.deeds() == before


@pytest.mark.parametrize("by", [ANA, CLEO])
def test_only_admins_change_roles_and_nobody_their_own(office: Office, by: str) -> None:
    office.join(ANA)
    office.join(CLEO, Role.SENDER)
    with pytest.raises(Refused, match="takes the role admin"):
        change(office, by, Role.ADMIN, by=by)
    with pytest.raises(Refused, match="takes the role admin"):
        people.disable(ANA, by=by, proofs=office.proofs)


def test_an_admin_changes_neither_their_own_role_nor_their_account(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(CLEO, Role.ADMIN)
    with pytest.raises(Refused, match="their own role"):
        change(office, DAN, Role.VIEWER)
    with pytest.raises(Refused, match="removes themselves"):
        people.disable(DAN, by=DAN, proofs=office.proofs)


def test_the_last_admin_stays_even_against_the_operator(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    with pytest.raises(Refused, match="last admin"):
        change(office, DAN, Role.WRITER, by=OPERATOR)
    with pytest.raises(Refused, match="last admin"):
        people.disable(DAN, by=OPERATOR, proofs=office.proofs)
    office.join(CLEO, Role.ADMIN)
    change(office, DAN, Role.WRITER, by=OPERATOR)


def test_who_is_removed_is_out_at_once_and_for_good(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    ana = office.join(ANA)
    people.disable(ANA, by=DAN, proofs=office.proofs)
    assert not office.is_in(ana)
    assert office.sign_in(ANA) is Denied.WRONG
    assert "removed" in office.told(ANA)[-1]
    assert office.deeds()[-2] == (DAN, "remove", ANA)
    office.join(ANA, Role.VIEWER)  # until they are invited again


def test_links_of_before_do_not_give_it_back(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(ANA)
    link = invite.reset(ANA, by=DAN, proofs=office.proofs)
    change(office, ANA, Role.VIEWER)
    with pytest.raises(NotFound):
        invite.accept(link.word, name="", password=PASSWORD, place=HERE, proofs=office.proofs)


def test_who_has_no_account_is_mailed_nothing(office: Office) -> None:
    with office.store.begin() as tx:
        tx.staff.put(BEN, Role.APPROVER, office.clock.now())
    change(office, BEN, Role.WRITER, by=OPERATOR)
    people.disable(BEN, by=OPERATOR, proofs=office.proofs)
    assert office.told(BEN) == []


@pytest.mark.parametrize("address", [BEN, "", "nobody"])
def test_who_is_not_there_is_not_found(office: Office, address: str) -> None:
    office.join(DAN, Role.ADMIN)
    with pytest.raises(NotFound):
        change(office, address, Role.WRITER)
    with pytest.raises(NotFound):
        people.disable(address, by=DAN, proofs=office.proofs)


def test_the_team_says_who_joined_who_has_a_factor_and_who_is_invited(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    with office.store.begin() as tx:
        tx.staff.put(BEN, Role.APPROVER, office.clock.now())
    office.link(ANA)
    found = people.team(proofs=office.proofs)
    assert [
        (one.address, one.name, one.role, one.joined, one.factor, one.seen_at)
        for one in found.people
    ] == [
        (BEN, "Ben", Role.APPROVER, False, False, None),
        (CLEO, "Cleo", Role.SENDER, True, True, office.clock.now()),
    ]
    assert [one.address for one in found.invited] == [ANA]
