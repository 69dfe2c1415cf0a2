"""Links of staff: they end with the role of their maker; an admin's are mailed to their owner."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.credentials.passwords import Passwords
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import SignInStage
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from newsletter.pipeline.staff.proofs import Client, Refusal, SignedIn
from tests.contracts.books import audited
from tests.unit.pipeline.staff.office import ANA, BEN, CLEO, DAN, HERE, OTHER, PASSWORD, Office
from tests.unit.pipeline.staff.test_people import accept, roles


def _demoted(office: Office) -> None:
    people.change_role(BEN, Role.SENDER, by=DAN, proofs=office.proofs)


def _removed(office: Office) -> None:
    people.disable(BEN, by=DAN, proofs=office.proofs)


def _removed_by_the_operator(office: Office) -> None:
    people.disable(BEN, by=OPERATOR_NAME, proofs=office.proofs)


def _past_the_program(office: Office) -> None:
    """The row alone changes: what decides is the role of the moment."""
    office.hire(BEN, Role.SENDER)


LOST = [_demoted, _removed, _removed_by_the_operator, _past_the_program]


@pytest.mark.parametrize("lose", LOST)
def test_links_end_when_their_maker_loses_the_role(
    office: Office, lose: Callable[[Office], None]
) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(BEN, Role.ADMIN)
    office.join(ANA)
    people.invite("b2@other.example", Role.ADMIN, by=BEN, proofs=office.proofs)
    people.reset(ANA, by=BEN, proofs=office.proofs)
    people.invite(CLEO, Role.WRITER, by=DAN, proofs=office.proofs)
    words = [office.mailed(address) for address in ("b2@other.example", ANA)]
    cleo = office.mailed(CLEO)
    lose(office)
    for word in words:
        with pytest.raises(NotFound):
            people.load_link(word, proofs=office.proofs)
        with pytest.raises(NotFound):
            accept(office, word)
    assert office.accept(cleo).address == CLEO
    assert roles(office).get("b2@other.example") is None


def test_a_link_is_not_accepted_when_its_maker_loses_the_role_meanwhile(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(BEN, Role.ADMIN)
    people.invite(ANA, Role.ADMIN, by=BEN, proofs=office.proofs)
    word, proofs = office.mailed(ANA), office.proofs

    class Slow(Passwords):
        def hash(self, password: str) -> str:
            _demoted(office)
            return "never"

    with pytest.raises(NotFound):
        people.accept(word, name="", password=PASSWORD, proofs=replace(proofs, passwords=Slow()))
    assert ANA not in roles(office)


def test_a_link_does_not_come_back_with_the_role(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(BEN, Role.ADMIN)
    people.invite(ANA, Role.ADMIN, by=BEN, proofs=office.proofs)
    word = office.mailed(ANA)
    _demoted(office)
    people.change_role(BEN, Role.ADMIN, by=DAN, proofs=office.proofs)
    with pytest.raises(NotFound):
        accept(office, word)


@pytest.mark.parametrize("lose", LOST[:3])
def test_what_somebody_was_setting_up_ends_with_the_role(
    office: Office, lose: Callable[[Office], None]
) -> None:
    office.join(DAN, Role.ADMIN)
    before = office.join(BEN, Role.ADMIN)
    office.own(before).begin_factor()
    code = office.code(BEN, pending=True)
    office.clock.advance(minutes=1)
    half = office.sign_in(BEN)
    assert isinstance(half, SignedIn)
    lose(office)
    assert not office.is_in(before)
    assert office.second(half, code) is Refusal.OVER
    with pytest.raises(Refused, match="signed out"):
        office.own(before).confirm_factor(code)


def test_an_admins_link_is_mailed_to_its_owner_and_told_to_nobody_else(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    link = people.invite(BEN, Role.APPROVER, by=DAN, proofs=office.proofs)
    assert link.token == ""
    assert office.told(BEN) == [
        f"Dan ({DAN}) invites you as approver."
        " The link works once, until Fri 27 Nov 2026, 13:00 Berlin."
    ]
    [unused] = people.load_unused_links(proofs=office.proofs)
    assert unused.works
    assert unused.email is not None
    assert (unused.email.address, unused.email.state) == (BEN, MessageState.WAITING)
    office.accept(office.mailed(BEN))
    assert people.load_unused_links(proofs=office.proofs) == []
    again = people.reset(BEN, by=DAN, proofs=office.proofs)
    assert again.token == ""
    assert "lets you in again as approver" in office.told(BEN)[-1]
    office.accept(office.mailed(BEN), OTHER)


def test_the_log_says_whether_a_link_was_printed_or_mailed(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.link(ANA)
    office.link(BEN, by=DAN)
    lines = [one.values for one in audited(office.store, "invite")]
    assert [(one["role"], one["link"]) for one in lines] == [
        ("admin", "the link was printed"),
        ("writer", "the link was printed"),
        ("writer", "the link is mailed to its owner"),
    ]


def test_a_link_that_ended_unused_is_shown_for_three_days(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(ANA)
    people.reset(ANA, by=DAN, proofs=office.proofs)
    office.clock.advance(minutes=16)
    assert [one.works for one in people.load_unused_links(proofs=office.proofs)] == [False]
    office.clock.advance(days=3)
    assert people.load_unused_links(proofs=office.proofs) == []


def test_nobody_is_mailed_links_without_end(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    for _ in range(5):
        office.link(ANA, by=DAN)
    with pytest.raises(Refused, match="5 links were mailed"):
        office.link(ANA, by=DAN)
    office.clock.advance(minutes=61)
    office.link(ANA, by=DAN)
    assert len(office.told(ANA)) == 6


def forgot(office: Office, address: str, client: Client = HERE) -> None:
    people.request_reset(address, proofs=replace(office.proofs, client=client))


def test_a_forgotten_password_is_set_by_a_mailed_link_and_the_factor_stays(office: Office) -> None:
    before = office.join(CLEO, Role.SENDER)
    forgot(office, CLEO)
    assert office.told(CLEO)[-1] == (
        f"Cleo ({CLEO}) asked for a new password."
        " The link works once, until Tue 24 Nov 2026, 13:15 Berlin."
    )
    assert office.is_in(before), "asking ends nothing"
    word = office.mailed(CLEO)
    entered = office.accept(word, OTHER)
    assert entered.stage is SignInStage.HALF
    assert not office.is_in(before)
    assert office.told(CLEO)[-1].startswith("A link that you asked for was used, with a password")
    office.clock.advance(minutes=1)
    assert isinstance(office.second(entered, office.code(CLEO)), SignedIn)
    with pytest.raises(NotFound):
        accept(office, word)


def test_a_link_for_a_forgotten_password_is_too_old_after_a_quarter_of_an_hour(
    office: Office,
) -> None:
    office.join(ANA)
    forgot(office, ANA)
    word = office.mailed(ANA)
    office.clock.advance(minutes=15)
    with pytest.raises(NotFound):
        accept(office, word)


def test_no_stranger_ends_a_link_or_floods_a_mailbox(office: Office) -> None:
    office.join(DAN, Role.ADMIN)
    office.join(ANA)
    people.reset(ANA, by=DAN, proofs=office.proofs)
    word = office.mailed(ANA)
    forgot(office, ANA)
    assert people.load_link(word, proofs=office.proofs)[0].address == ANA
    told = len(office.told(ANA))
    for _ in range(8):
        office.clock.advance(minutes=16)
        forgot(office, ANA)
    assert len(office.told(ANA)) - told < 8


def test_whoever_asks_learns_nothing_and_nobody_without_an_account_gets_a_link(
    office: Office,
) -> None:
    with office.store.begin() as tx:
        tx.staff.put(BEN, Role.WRITER, tx.now)  # acts by commands alone
    for address in (BEN, "stranger@forum.example", "no address"):
        forgot(office, address)
    with office.store.read() as tx:
        assert tx.staff_links.list_usable(tx.now) == []
    assert [one.subject for one in audited(office.store)][-3:] == ["no account"] * 3


def test_one_network_asks_for_so_many_links_only(office: Office) -> None:
    for number in range(25):
        forgot(office, f"person{number}@forum.example")
    assert len([one for one in office.deeds() if one[1] == "forgotten password"]) == 20
