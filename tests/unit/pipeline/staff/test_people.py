"""Roles of others: who may change them, and what that ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.credentials.codes import hash_token
from newsletter.credentials.passwords import Passwords
from newsletter.domain.campaigns.campaign import CampaignState, Start
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.account import LinkKind, SignInStage
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.pipeline.staff import people
from newsletter.pipeline.staff.proofs import Refusal, SignedIn
from tests.contracts.books import add_campaign
from tests.unit.pipeline.staff.office import ANA, BEN, CLEO, DAN, OTHER, PASSWORD, Office


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
    with pytest.raises(Refused, match="your own role"):
        change(office, DAN, Role.VIEWER)
    with pytest.raises(Refused, match="remove yourself"):
        people.disable(DAN, by=DAN, proofs=office.proofs)


def test_the_last_admin_stays_even_against_the_operator(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    with pytest.raises(Refused, match="last admin"):
        change(office, DAN, Role.WRITER, by=OPERATOR_NAME)
    with pytest.raises(Refused, match="last admin"):
        people.disable(DAN, by=OPERATOR_NAME, proofs=office.proofs)
    office.join(CLEO, Role.ADMIN)
    change(office, DAN, Role.WRITER, by=OPERATOR_NAME)


def test_who_is_removed_is_out_at_once_and_for_good(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    ana = office.join(ANA)
    people.disable(ANA, by=DAN, proofs=office.proofs)
    assert not office.is_in(ana)
    assert office.sign_in(ANA) is Refusal.WRONG
    assert "removed" in office.told(ANA)[-1]
    assert office.deeds()[-2] == (DAN, "remove", ANA)
    with office.proofs.store.read() as tx:
        assert tx.accounts.get(ANA) is None, "a role alone brings no password back"
    office.join(ANA, Role.VIEWER)  # until they are invited again


def demoted_and_promoted(office: Office) -> None:
    change(office, CLEO, Role.VIEWER)
    change(office, CLEO, Role.SENDER)


def removed_and_invited(office: Office) -> None:
    people.disable(CLEO, by=DAN, proofs=office.proofs)
    office.join(CLEO, Role.SENDER)


def removed_and_added(office: Office) -> None:
    people.disable(CLEO, by=OPERATOR_NAME, proofs=office.proofs)
    people.add_member(CLEO, Role.SENDER, by=OPERATOR_NAME, proofs=office.proofs)


@pytest.mark.parametrize("way", [demoted_and_promoted, removed_and_invited, removed_and_added])
def test_what_somebody_approved_or_started_does_not_come_back_with_them(
    office: Office, way: Callable[[Office], object]
) -> None:
    """Else a text that waits would go out at that moment, without an act of anybody."""
    office.join(DAN, Role.ADMIN)
    office.join(CLEO, Role.SENDER)
    with office.store.begin() as tx:
        now, went = tx.now, add_campaign(tx, "went")
        tx.campaigns.change_state(
            went, CampaignState.SENDING, expect={CampaignState.SCHEDULED}, at=now
        )
        found = tx.campaigns.get(went)
        assert found is not None
        for slug, content_hash in (("waits", "d1"), ("went", found.content_hash)):
            values = {"slug": slug, "content_hash": content_hash, "by": CLEO, "at": now}
            tx.approvals.add(Approval(channel=Channel.DESK, **values))
        tx.starts.add(Start(slug="waits", content_hash="d1", by=CLEO, at=now, count=8))
    change(office, CLEO, Role.ADMIN)  # who rises loses nothing
    with office.store.begin() as tx:
        tx.approvals.add(Approval(channel=Channel.OVERRIDE, **values | {"slug": "waits"}))
    change(office, CLEO, Role.SENDER)
    change(office, CLEO, Role.ADMIN)  # but a replaced approval took an admin
    with office.store.read() as tx:
        given, replaced = tx.approvals.list_for("waits")
        assert (given.revoked_at, replaced.revoked_at is None) == (None, False)
    change(office, CLEO, Role.SENDER)
    with office.store.read() as tx:
        assert tx.approvals.list_for("waits")[0].revoked_at is None
        assert tx.starts.list_for("waits")[0].revoked_at is None
    way(office)
    with office.store.read() as tx:
        assert tx.approvals.list_for("waits")[0].revoked_at is not None
        assert tx.starts.list_for("waits")[0].revoked_at is not None
        assert tx.approvals.list_for("went")[0].revoked_at is None


def test_links_of_before_do_not_give_it_back(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(ANA)
    link = people.reset(ANA, by=DAN, proofs=office.proofs)
    change(office, ANA, Role.VIEWER)
    with pytest.raises(NotFound):
        people.accept(link.token, name="", password=PASSWORD, proofs=office.proofs)


def test_who_has_no_account_is_mailed_nothing(office: Office) -> None:
    office.hire(BEN, Role.APPROVER)
    change(office, BEN, Role.WRITER, by=OPERATOR_NAME)
    people.disable(BEN, by=OPERATOR_NAME, proofs=office.proofs)
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
    office.hire(BEN, Role.APPROVER)
    office.link(ANA)
    assert [
        (one.address, one.name, one.role, one.has_account, one.has_factor, one.seen_at)
        for one in people.load_staff(proofs=office.proofs)
    ] == [
        (BEN, "Ben", Role.APPROVER, False, False, None),
        (CLEO, "Cleo", Role.SENDER, True, True, office.clock.now()),
    ]
    assert [
        one.address
        for one in (unused.link for unused in people.load_unused_links(proofs=office.proofs))
    ] == [ANA]


def roles(office: Office) -> dict[str, Role]:
    with office.store.read() as tx:
        return tx.staff.roles()


def accept(office: Office, word: str, password: str = PASSWORD) -> SignedIn | str:
    return people.accept(word, name="", password=password, proofs=office.proofs)


def test_an_invitation_makes_an_account_with_its_role(office: Office) -> None:
    link = office.link("Ana@Forum.example", Role.WRITER)
    assert (link.address, len(link.token)) == (ANA, 43)
    assert roles(office) == {}  # until it is accepted
    entered = office.accept(link.token, name="  Ana\tRuiz\n")
    assert entered.stage is SignInStage.WHOLE
    assert office.is_in(entered)
    assert roles(office) == {ANA: Role.WRITER}
    with office.store.read() as tx:
        assert tx.staff.names() == {ANA: "Ana Ruiz"}
    assert office.deeds() == [(OPERATOR_NAME, "invite", ANA), (ANA, "accept invitation", ANA)]


def test_to_open_a_link_spends_nothing_and_to_use_it_spends_it(office: Office) -> None:
    link = office.link(ANA)
    for _ in range(3):
        offered, _ = people.load_link(link.token, proofs=office.proofs)
    assert (offered.address, offered.role) == (ANA, Role.WRITER)
    office.accept(link.token)
    for again in (
        lambda: people.load_link(link.token, proofs=office.proofs),
        lambda: accept(office, link.token, OTHER),
    ):
        with pytest.raises(NotFound, match="does nothing any more"):
            again()
    assert isinstance(office.sign_in(ANA), SignedIn)


def test_of_two_who_use_a_link_at_once_one_wins(office: Office) -> None:
    link = office.link(ANA)
    proofs = office.proofs

    class Slow(Passwords):
        def hash(self, password: str) -> str:
            accept(office, link.token, OTHER)
            return "never"

    slow = replace(proofs, passwords=Slow())
    with pytest.raises(NotFound, match="used before"):
        people.accept(link.token, name="", password=PASSWORD, proofs=slow)
    assert isinstance(office.sign_in(ANA, OTHER), SignedIn)


def test_a_link_is_too_old_after_three_days(office: Office) -> None:
    link = office.link(ANA)
    office.clock.advance(hours=72)
    with pytest.raises(NotFound):
        accept(office, link.token)
    assert roles(office) == {}


def test_a_newer_link_takes_the_place_of_the_one_before(office: Office) -> None:
    first, second = office.link(ANA, Role.ADMIN), office.link(ANA, Role.VIEWER)
    with pytest.raises(NotFound):
        accept(office, first.token)
    office.accept(second.token)
    assert roles(office) == {ANA: Role.VIEWER}


@pytest.mark.parametrize("word", ["", "x", "x" * 43, "\ud800"])
def test_a_made_up_link_is_none(office: Office, word: str) -> None:
    with pytest.raises(NotFound):
        people.load_link(word, proofs=office.proofs)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 characters"),
        ("x" * 201, "200 characters"),
        ("password1234", "easy to guess"),
        ("aaaaaaaaaaaaaa", "easy to guess"),
        ("ana@forum.example", "easy to guess"),
    ],
)
def test_a_bad_password_is_refused_and_the_link_still_works(
    office: Office, password: str, why: str
) -> None:
    link = office.link(ANA)
    said = accept(office, link.token, password)
    assert isinstance(said, str)
    assert why in said
    office.accept(link.token)


def test_who_needs_a_second_factor_sets_it_up_before_anything_else(office: Office) -> None:
    entered = office.accept(office.link(CLEO, Role.SENDER).token)
    assert entered.stage is SignInStage.ENROLLING
    assert not office.is_in(entered)
    done, _ = office.enrol(entered, stage=SignInStage.ENROLLING)
    assert office.is_in(done)
    assert done.token != entered.token


def test_which_roles_need_a_second_factor_is_configured(office: Office) -> None:
    office.rules = DeskRules(second_factor=Role.ADMIN)
    assert office.accept(office.link(CLEO, Role.SENDER).token).stage is SignInStage.WHOLE


def test_only_admins_and_the_operator_invite(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(CLEO, Role.SENDER)
    assert office.link(ANA, by=DAN).address == ANA
    for nobody in (CLEO, "stranger@forum.example"):
        with pytest.raises(Refused, match="admin"):
            office.link(BEN, by=nobody)


def test_who_has_an_account_is_not_invited_to_another(office: Office) -> None:
    office.join(ANA)
    with pytest.raises(Refused, match="has an account already"):
        office.link(ANA, Role.ADMIN)


def test_who_was_added_by_the_operator_is_invited_to_open_an_account(office: Office) -> None:
    office.hire(BEN, Role.APPROVER)
    with pytest.raises(Refused, match="change their role first"):
        office.link(BEN, Role.ADMIN)
    office.join(BEN, Role.APPROVER)
    assert isinstance(office.sign_in(BEN), SignedIn)


@pytest.mark.parametrize(
    "other", ["ana+editor@forum.example", "ANA+x@forum.example", "\uff41na@forum.example"]
)
def test_one_mailbox_has_one_account(office: Office, other: str) -> None:
    link = office.link(ANA)
    with pytest.raises(Refused, match="one mailbox"):
        office.link(other, Role.APPROVER)
    office.accept(link.token)
    with pytest.raises(Refused, match="one mailbox"):
        office.link(other, Role.APPROVER)


def test_what_is_no_address_is_not_invited(office: Office) -> None:
    with pytest.raises(InvalidInput, match="email"):
        office.link("ana")


def test_an_invitation_can_be_withdrawn_once(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    link = office.link(ANA)
    [invitation] = [one.link for one in people.load_unused_links(proofs=office.proofs)]
    assert (invitation.address, invitation.kind) == (ANA, LinkKind.INVITATION)
    assert people.withdraw(invitation.id, by=DAN, proofs=office.proofs) == ANA
    for number in (invitation.id, 99):
        with pytest.raises(NotFound):
            people.withdraw(number, by=DAN, proofs=office.proofs)
    with pytest.raises(NotFound):
        accept(office, link.token)
    with pytest.raises(Refused):
        people.withdraw(99, by=ANA, proofs=office.proofs)


def test_a_reset_ends_sessions_at_once_and_takes_the_second_factor_away(office: Office) -> None:
    before = office.join(CLEO, Role.SENDER)
    link = people.reset(CLEO, by=OPERATOR_NAME, proofs=office.proofs)
    assert not office.is_in(before)
    entered = office.accept(link.token, OTHER, name="Somebody else")
    assert entered.stage is SignInStage.ENROLLING
    assert office.sign_in(CLEO) is Refusal.WRONG
    assert roles(office) == {CLEO: Role.SENDER}
    with office.store.read() as tx:
        assert tx.staff.names()[CLEO] == "Cleo"
        assert tx.accounts.count_unused_codes(CLEO) == 0
    assert ["password" in one for one in office.told(CLEO)[-2:]] == [True, True]
    assert "The operator has a link" in office.told(CLEO)[-2]
    assert [deed[1] for deed in office.deeds()[-3:-1]] == ["reset", "use reset link"]


def test_a_reset_link_lives_for_a_quarter_of_an_hour_and_once(office: Office) -> None:
    office.join(ANA)
    link = people.reset(ANA, by=OPERATOR_NAME, proofs=office.proofs)
    assert link.expires_at - office.clock.now() == timedelta(minutes=15)
    office.clock.advance(minutes=15)
    with pytest.raises(NotFound):
        accept(office, link.token)
    link = people.reset(ANA, by=OPERATOR_NAME, proofs=office.proofs)
    office.accept(link.token, OTHER)
    with pytest.raises(NotFound):
        accept(office, link.token)


def test_a_reset_gives_the_role_of_now(office: Office) -> None:
    office.join(ANA)
    link = people.reset(ANA, by=OPERATOR_NAME, proofs=office.proofs)
    office.hire(ANA, Role.VIEWER)
    office.accept(link.token, OTHER)
    assert roles(office) == {ANA: Role.VIEWER}
    link = people.reset(ANA, by=OPERATOR_NAME, proofs=office.proofs)
    office.dismiss(ANA)
    with pytest.raises(NotFound, match="not among the staff"):
        accept(office, link.token)


def test_nobody_resets_a_stranger_or_themselves(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    with pytest.raises(NotFound):
        people.reset(ANA, by=OPERATOR_NAME, proofs=office.proofs)
    with pytest.raises(Refused, match="your own"):
        people.reset(DAN, by=DAN, proofs=office.proofs)


def test_a_stolen_database_holds_no_link(office: Office) -> None:
    link = office.link(ANA)
    with office.store.read() as tx:
        found = tx.staff_links.find(hash_token(link.token))
        assert found is not None
        [row] = tx.db.rows("SELECT * FROM staff_link")
    assert link.token not in str(row)


def test_whoever_is_added_acts_by_commands_and_an_older_invitation_is_over(office: Office) -> None:
    people.invite(ANA, Role.ADMIN, by=OPERATOR_NAME, proofs=office.proofs)
    people.add_member(ANA, Role.WRITER, by=OPERATOR_NAME, proofs=office.proofs)
    assert office.deeds()[-1] == (OPERATOR_NAME, "user", ANA)
    with office.store.read() as tx:
        assert tx.staff.role(ANA) is Role.WRITER
        assert tx.staff_links.list_usable(office.clock.now()) == []
