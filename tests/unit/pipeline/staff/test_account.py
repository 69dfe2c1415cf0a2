"""One's own account: what changes it, what that ends, and who hears of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pyotp import TOTP

from newsletter.credentials import codes
from newsletter.credentials.codes import hash_token
from newsletter.credentials.passwords import Passwords
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import SignInStage
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff.account import OwnAccount, load_overview
from newsletter.pipeline.staff.proofs import Refusal, SignedIn
from tests.unit.pipeline.staff.office import ANA, BEN, CLEO, OTHER, PASSWORD, THERE, Office


def change(
    office: Office, entered: SignedIn, old: str = PASSWORD, new: str = OTHER
) -> SignedIn | tuple[str, str]:
    return office.own(entered).change_password(old, new)


def test_another_password_ends_all_other_sessions_and_its_owner_is_told(office: Office) -> None:
    here, there = office.join(ANA), office.sign_in(ANA)
    assert isinstance(there, SignedIn)
    changed = change(office, here)
    assert isinstance(changed, SignedIn)
    assert [office.is_in(one) for one in (here, there, changed)] == [False, False, True]
    assert "Your password was changed." in office.told(ANA)[-1]
    assert office.deeds()[-1] == (ANA, "password", ANA)
    assert office.sign_in(ANA) is Refusal.WRONG


def test_the_right_password_is_not_counted_among_the_wrong_ones(office: Office) -> None:
    entered = office.join(ANA)
    tries = [change(office, entered, new="short") for _ in range(7)]
    assert tries == [tries[0]] * 7
    assert isinstance(change(office, entered), SignedIn)


def test_a_place_becomes_known_by_a_sign_in_alone(office: Office) -> None:
    entered = office.join(ANA)
    moved = replace(office.own(entered), proofs=replace(office.proofs, client=THERE))
    assert isinstance(moved.change_password(PASSWORD, OTHER), SignedIn)
    office.sign_in(ANA, OTHER, THERE)
    assert "new to us" in office.told(ANA)[-1]


@pytest.mark.parametrize("language", ["de", ""])
def test_the_language_of_the_desk_is_ones_own_choice(office: Office, language: str) -> None:
    entered = office.join(ANA)
    office.own(entered).choose_language(language)
    with office.store.read() as tx:
        assert tx.staff.languages().get(ANA, "") == language
        assert tx.audit.list_newest(1)[0].values.get("language", "") == language
    assert office.deeds()[-1] == (ANA, "choose language", ANA)


@pytest.mark.parametrize(
    ("old", "new", "field", "why"),
    [
        (OTHER, OTHER, "old", "not your password"),
        (PASSWORD, "short", "new", "12 characters"),
        (PASSWORD, "ana@forum.example", "new", "easy to guess"),
        (PASSWORD, PASSWORD, "new", "the password that you have"),
    ],
)
def test_a_password_that_does_not_do_changes_nothing(
    office: Office, old: str, new: str, field: str, why: str
) -> None:
    entered = office.join(ANA)
    told = change(office, entered, old, new)
    assert isinstance(told, tuple)
    assert told[0] == field
    assert why in told[1]
    assert office.is_in(entered)


def test_whoever_sits_down_at_an_open_desk_guesses_five_times(office: Office) -> None:
    entered = office.join(ANA)
    for _ in range(5):
        change(office, entered, OTHER)
    told = change(office, entered)
    assert isinstance(told, tuple)
    assert "Wait 5 minutes" in told[1]


def test_of_two_changes_at_once_one_counts(office: Office) -> None:
    entered = office.join(ANA)

    class Slow(Passwords):
        def matches(self, password: str, hashed: str) -> bool:
            with office.store.begin() as tx:
                tx.accounts.change(ANA, password="another", password_at=office.clock.now())
            return True

        def hash(self, password: str) -> str:
            return "mine"

    slow = replace(office.own(entered), proofs=replace(office.proofs, passwords=Slow()))
    with pytest.raises(Refused, match="meanwhile"):
        slow.change_password(PASSWORD, OTHER)


def test_who_has_no_account_has_no_password_to_change(office: Office) -> None:
    entered = office.join(ANA)
    with office.store.begin() as tx:
        tx.accounts.remove(ANA)
    assert change(office, entered) == ("old", "This is not your password.")


def test_a_second_factor_counts_once_a_code_proved_it(office: Office) -> None:
    entered, other = office.join(ANA), office.sign_in(ANA)
    assert isinstance(other, SignedIn)
    own = office.own(entered)
    assert own.enrolment(issuer="Example Forum") == ("", "")
    without_salt = codes.secret(office.proofs.key, "")
    assert own.confirm_factor(TOTP(without_salt).at(office.clock.now())) is Refusal.WRONG
    own.begin_factor()
    secret, uri = own.enrolment(issuer="Example Forum")
    assert uri.startswith("otpauth://totp/Example%20Forum:ana%40forum.example?secret=")
    assert secret in uri
    assert load_overview(ANA, proofs=office.proofs).credential.factor_at is None
    done, _ = office.enrol(entered)
    assert [office.is_in(one) for one in (entered, other, done)] == [False, False, True]
    assert "A second factor was set up" in office.told(ANA)[-1]
    seen = load_overview(ANA, proofs=office.proofs)
    assert (seen.credential.factor_at, seen.codes_left) == (office.clock.now(), 10)


def test_a_wrong_first_code_proves_nothing_and_is_limited(office: Office) -> None:
    entered = office.join(ANA)
    own = office.own(entered)
    own.begin_factor()
    assert [own.confirm_factor("000000") for _ in range(5)] == [Refusal.WRONG] * 5
    assert own.confirm_factor(office.code(ANA, pending=True)) is Refusal.TOO_OFTEN


def test_the_code_that_proved_it_opens_nothing_again(office: Office) -> None:
    office.enrol(office.join(ANA))
    code = office.code(ANA)
    half = office.sign_in(ANA)
    assert isinstance(half, SignedIn)
    assert office.second(half, code) is Refusal.WRONG


def test_a_second_factor_goes_only_where_the_role_does_not_need_it(office: Office) -> None:
    entered, _ = office.enrol(office.join(ANA))
    done = office.own(entered).drop_factor()
    assert office.is_in(done)
    assert "was removed" in office.told(ANA)[-1]
    again = office.sign_in(ANA)
    assert isinstance(again, SignedIn)
    assert again.stage is SignInStage.WHOLE
    entered = office.join(CLEO, Role.SENDER)
    with pytest.raises(Refused, match="sender needs a second factor"):
        office.own(entered).drop_factor()


def test_new_recovery_codes_take_the_place_of_the_old_ones(office: Office) -> None:
    entered, first = office.enrol(office.join(ANA))
    made = office.own(entered).renew_codes()
    assert not set(made) & set(first)
    assert load_overview(ANA, proofs=office.proofs).codes_left == 10
    assert "New recovery codes" in office.told(ANA)[-1]


def test_recovery_codes_are_for_who_has_a_second_factor(office: Office) -> None:
    entered = office.join(ANA)
    with pytest.raises(Refused, match="set one up first"):
        office.own(entered).renew_codes()


def test_ones_own_sessions_are_listed_and_ended(office: Office) -> None:
    here, there, third = office.join(ANA), office.sign_in(ANA), office.sign_in(ANA)
    assert isinstance(there, SignedIn)
    assert isinstance(third, SignedIn)
    assert len(load_overview(ANA, proofs=office.proofs).sessions) == 3
    office.own(here).end_session(hash_token(there.token).hex()[:16])
    assert [office.is_in(one) for one in (here, there, third)] == [True, False, True]
    assert office.own(here).end_others() == 1
    assert [office.is_in(one) for one in (here, third)] == [True, False]
    assert [deed[1] for deed in office.deeds()[-2:]] == ["end session", "end sessions"]


def test_nobody_ends_somebody_elses_session(office: Office) -> None:
    ana, ben = office.join(ANA), office.join(BEN)
    for key in (hash_token(ben.token).hex()[:16], "", "0" * 16):
        with pytest.raises(NotFound):
            office.own(ana).end_session(key)
    assert office.is_in(ben)


def test_who_is_not_among_the_staff_has_no_overview(office: Office) -> None:
    with pytest.raises(NotFound):
        load_overview(ANA, proofs=office.proofs)


def test_the_overview_of_who_never_accepted_is_empty(office: Office) -> None:
    office.hire(ANA, Role.SENDER)
    seen = load_overview(ANA, proofs=office.proofs)
    assert seen.credential is None
    assert seen.requires_factor


ACTS: list[Callable[[OwnAccount], object]] = [
    lambda own: own.change_password(PASSWORD, OTHER),
    lambda own: own.begin_factor(),
    lambda own: own.enrolment(issuer="x"),
    lambda own: own.confirm_factor("1"),
    lambda own: own.drop_factor(),
    lambda own: own.renew_codes(),
    lambda own: own.end_session("x"),
    lambda own: own.end_others(),
]


@pytest.mark.parametrize("act", ACTS)
def test_whose_session_ended_meanwhile_changes_nothing(
    office: Office, act: Callable[[OwnAccount], object]
) -> None:
    entered = office.join(ANA)
    half = office.accept(office.link(CLEO, Role.SENDER).token)
    with office.store.begin() as tx:
        tx.sessions.end(hash_token(entered.token))
    for one in (entered, half):
        before = len(office.deeds())
        with pytest.raises(Refused, match="Sign in again"):
            act(office.own(one))
        assert len(office.deeds()) == before
