"""Signing in: the people who may, those who may not, and what each learns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.credentials import codes
from newsletter.credentials.codes import hash_token
from newsletter.credentials.passwords import Busy, Passwords
from newsletter.domain.errors import Refused
from newsletter.domain.staff.account import (
    FACTOR_TIMEOUT,
    Session,
    SignInStage,
    limits_on_passwords,
)
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.pipeline.staff import people, signin
from newsletter.pipeline.staff.proofs import Client, Refusal, SignedIn
from tests.fakes import NOON
from tests.unit.pipeline.staff.office import ANA, BEN, CLEO, HERE, OTHER, PASSWORD, THERE, Office


def come_in(office: Office, address: str, password: str = PASSWORD) -> SignedIn:
    entered = office.sign_in(address, password)
    assert isinstance(entered, SignedIn), entered
    return entered


def session_of(office: Office, entered: SignedIn) -> Session:
    with office.store.read() as tx:
        found = tx.sessions.get(hash_token(entered.token))
    assert found is not None
    return found


def test_the_right_password_opens_the_desk_to_whom_it_is_enough_for(office: Office) -> None:
    office.join(ANA)
    entered = come_in(office, "  Ana@Forum.EXAMPLE ")
    assert (entered.address, entered.stage) == (ANA, SignInStage.WHOLE)
    found = session_of(office, entered)
    assert (found.browser, found.network) == ("Firefox, Linux", "203.0.113.0/24")
    assert not found.has_fresh_factor(office.clock.now())
    assert office.deeds()[-1] == (ANA, "sign-in", ANA)


def test_a_word_is_new_each_time_and_only_its_hash_is_kept(office: Office) -> None:
    first, second = office.join(ANA), come_in(office, ANA)
    assert first.token != second.token
    assert len(first.token) >= 43
    with office.store.read() as tx:
        kept = tx.sessions.list_for(ANA)
        assert {one.hash for one in kept} == {hash_token(first.token), hash_token(second.token)}


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(office: Office) -> None:
    office.join(ANA)
    for address in (ANA, BEN, "", "no address", "@", "x" * 9999, "a@\ud800.example"):
        assert office.sign_in(address, OTHER) is Refusal.WRONG
    refused = [deed for deed in office.deeds() if deed[1] == "sign-in refused"]
    assert [subject for _, _, subject in refused] == [ANA, *["an unknown address"] * 6]


def test_who_has_no_password_or_no_role_does_not_come_in(office: Office) -> None:
    office.hire(BEN, Role.ADMIN)
    office.join(ANA)
    office.dismiss(ANA)
    assert office.sign_in(BEN, "") is Refusal.WRONG
    assert office.sign_in(ANA) is Refusal.WRONG


@pytest.mark.parametrize("loses_only_the_role", [False, True])
def test_an_account_that_changes_meanwhile_lets_nobody_in(
    office: Office, *, loses_only_the_role: bool
) -> None:
    office.join(ANA)
    proofs = office.proofs

    class Slow(Passwords):
        def matches(self, password: str, hashed: str) -> bool:
            if loses_only_the_role:
                office.dismiss(ANA)
            else:
                people.disable(ANA, by=OPERATOR_NAME, proofs=proofs)
            return True

    slow = replace(proofs, passwords=Slow())
    assert signin.sign_in(ANA, PASSWORD, proofs=slow) is Refusal.WRONG


def test_who_has_a_second_factor_is_asked_for_it(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    office.clock.advance(seconds=30)
    half = come_in(office, CLEO)
    assert half.stage is SignInStage.HALF
    assert not office.is_in(half)
    assert signin.find_half_session(half.token, proofs=office.proofs) is not None
    entered = office.second(half, office.code(CLEO))
    assert isinstance(entered, SignedIn)
    assert entered.token != half.token
    assert office.is_in(entered)
    assert session_of(office, entered).has_fresh_factor(office.clock.now())
    assert signin.find_half_session(half.token, proofs=office.proofs) is None


def test_a_code_counts_once_and_so_does_the_half_way_in(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    office.clock.advance(seconds=30)
    first, other = come_in(office, CLEO), come_in(office, CLEO)
    code = office.code(CLEO)
    assert isinstance(office.second(first, code), SignedIn)
    assert office.second(first, code) is Refusal.OVER
    assert office.second(other, code) is Refusal.WRONG
    assert office.second(other, office.code(CLEO, away=-30)) is Refusal.WRONG
    assert isinstance(office.second(other, office.code(CLEO, away=30)), SignedIn)


@pytest.mark.parametrize("code", ["", "000000", "abcdef", "12345", "1234567", "١٢٣٤٥٦", "x" * 9999])
def test_what_is_no_code_is_wrong(office: Office, code: str) -> None:
    office.join(CLEO, Role.SENDER)
    office.clock.advance(minutes=1)
    assert office.second(come_in(office, CLEO), code) is Refusal.WRONG
    assert office.deeds()[-1] == ("nobody", "sign-in refused", CLEO)


def test_a_code_of_one_minute_ago_is_too_old(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    office.clock.advance(minutes=5)
    half = come_in(office, CLEO)
    assert office.second(half, office.code(CLEO, away=-60)) is Refusal.WRONG
    assert isinstance(office.second(half, f" {office.code(CLEO, away=-30)[:3]} x"), Refusal)
    spaced = office.code(CLEO, away=-30)
    assert isinstance(office.second(half, f" {spaced[:3]} {spaced[3:]} "), SignedIn)


def test_the_half_way_in_is_short_and_ends_with_the_role(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    office.clock.advance(minutes=1)
    half = come_in(office, CLEO)
    office.clock.advance(seconds=FACTOR_TIMEOUT.total_seconds())
    assert signin.find_half_session(half.token, proofs=office.proofs) is None
    assert office.second(half, office.code(CLEO)) is Refusal.OVER
    half = come_in(office, CLEO)
    office.dismiss(CLEO)
    assert office.second(half, office.code(CLEO)) is Refusal.OVER


def test_whose_second_factor_went_meanwhile_begins_again(office: Office) -> None:
    _, codes = office.enrol(office.join(ANA))
    half = come_in(office, ANA)
    with office.store.begin() as tx:
        tx.accounts.drop_factor(ANA)
    assert office.second(half, codes[0]) is Refusal.WRONG


@pytest.mark.parametrize("word", ["", "x", "\ud800"])
def test_no_half_way_in_is_made_up(office: Office, word: str) -> None:
    assert signin.find_half_session(word, proofs=office.proofs) is None
    entered = SignedIn(address=CLEO, token=word, stage=SignInStage.HALF)
    assert office.second(entered, "123456") is Refusal.OVER


def test_who_is_signed_in_is_nowhere_halfway(office: Office) -> None:
    entered = office.join(ANA)
    assert signin.find_half_session(entered.token, proofs=office.proofs) is None
    assert office.second(entered, "123456") is Refusal.OVER


def test_a_recovery_code_opens_once_and_its_owner_is_told(office: Office) -> None:
    first = office.accept(office.link(CLEO, Role.SENDER).token)
    _, codes = office.enrol(first, stage=SignInStage.ENROLLING)
    assert len(set(codes)) == 10
    half = come_in(office, CLEO)
    assert isinstance(office.second(half, codes[0].upper().replace("-", " ")), SignedIn)
    assert "recovery code was used. 9 are left." in office.told(CLEO)[-1]
    assert office.second(come_in(office, CLEO), codes[0]) is Refusal.WRONG
    with office.store.read() as tx:
        assert tx.accounts.count_unused_codes(CLEO) == 9


def test_somebody_elses_recovery_code_is_none(office: Office) -> None:
    _, codes = office.enrol(office.join(BEN))
    office.join(CLEO, Role.SENDER)
    assert office.second(come_in(office, CLEO), codes[0]) is Refusal.WRONG


def test_a_role_that_demands_a_second_factor_gets_no_further_without(office: Office) -> None:
    office.join(ANA)
    office.rules = DeskRules(second_factor=Role.WRITER)
    entered = come_in(office, ANA)
    assert entered.stage is SignInStage.ENROLLING
    assert not office.is_in(entered)
    assert office.second(entered, "123456") is Refusal.OVER


def test_a_stolen_database_computes_no_code(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    with office.store.read() as tx:
        found = tx.accounts.get(CLEO)
    assert found is not None
    other = replace(office.proofs, key=b"x" * 32)
    assert codes.secret(other.key, found.factor) != codes.secret(office.proofs.key, found.factor)


HALF_A_DAY_AGO = NOON - timedelta(hours=12)


def fail(office: Office, address: str, times: int, client: Client = HERE) -> list[object]:
    return [office.sign_in(address, OTHER, client) for _ in range(times)]


@pytest.mark.parametrize("address", [ANA, "nobody@forum.example"])
def test_the_eleventh_failure_is_not_looked_at_whoever_it_is(office: Office, address: str) -> None:
    office.join(ANA)
    assert set(fail(office, address, 10)) == {Refusal.WRONG}
    assert office.sign_in(address) is Refusal.TOO_OFTEN
    office.clock.advance(minutes=5)
    assert office.sign_in(address) is not Refusal.TOO_OFTEN


def test_what_is_right_does_not_count(office: Office) -> None:
    office.join(ANA)
    for _ in range(30):
        come_in(office, ANA)
    assert office.sign_in(ANA, OTHER) is Refusal.WRONG


def test_strangers_do_not_shut_anybody_out(office: Office) -> None:
    office.join(ANA)
    for number in range(80):
        client = Client(network=f"198.51.{number}.0/24")
        office.sign_in(ANA, OTHER, client)
    assert office.sign_in(ANA, OTHER, Client(network="192.0.2.0/24")) is Refusal.TOO_OFTEN
    assert isinstance(office.sign_in(ANA), SignedIn)  # she was here before


def test_a_network_that_tries_many_names_is_stopped(office: Office) -> None:
    office.join(ANA)
    found = [office.sign_in(f"a{number}@forum.example", OTHER, THERE) for number in range(31)]
    assert found == [Refusal.WRONG] * 30 + [Refusal.TOO_OFTEN]
    office.clock.advance(minutes=61)
    assert office.sign_in(ANA, PASSWORD, THERE) is not Refusal.TOO_OFTEN


def test_a_flood_from_everywhere_stops_strangers_alone(office: Office) -> None:
    office.join(ANA)
    with office.store.begin() as tx:
        tx.throttle.record_failure(["password"] * 600, office.clock.now())
    assert office.sign_in(BEN, OTHER, THERE) is Refusal.TOO_OFTEN
    assert isinstance(office.sign_in(ANA), SignedIn)


def test_whom_a_proxy_does_not_name_is_not_one_network(office: Office) -> None:
    found = [office.sign_in(f"a{number}@forum.example", OTHER, Client()) for number in range(40)]
    assert set(found) == {Refusal.WRONG}


def test_a_full_queue_counts_against_no_account(office: Office) -> None:
    office.join(ANA)
    full = Passwords(memory=64, passes=1, at_once=1, waiting=0, max_wait_seconds=0.001)
    proofs = replace(office.proofs, passwords=full)
    for client in (HERE, THERE):
        for _ in range(6):
            with full.queue(client.network, is_known=client is HERE), pytest.raises(Busy):
                signin.sign_in(ANA, OTHER, proofs=replace(proofs, client=client))  # no place
            with full.slot(), pytest.raises(Busy):
                signin.sign_in(ANA, OTHER, proofs=replace(proofs, client=client))  # no turn
        limits = limits_on_passwords(ANA, client.network, is_familiar=False)
        with office.store.read() as tx:
            count, now = tx.throttle.count_failures, tx.now
            assert [count(limit.key, HALF_A_DAY_AGO, now) for limit in limits] == [0] * 4


def test_a_limit_that_is_reached_while_somebody_queues_holds(office: Office) -> None:
    office.join(ANA)

    class Slow(Passwords):
        @contextmanager
        def queue(self, network: str = "", *, is_known: bool = False) -> Iterator[None]:
            fail(office, ANA, 10)
            yield

    proofs = replace(office.proofs, passwords=Slow(memory=64, passes=1))
    assert signin.sign_in(ANA, PASSWORD, proofs=proofs) is Refusal.TOO_OFTEN


def test_strangers_who_fill_the_queue_do_not_keep_the_owner_out(office: Office) -> None:
    office.join(ANA)
    passwords = Passwords(memory=64, passes=1, at_once=1, waiting=0)
    proofs = replace(office.proofs, passwords=passwords)
    elsewhere = replace(THERE, device=codes.new_device_cookie(proofs.key, ANA))
    with passwords.queue("192.0.2.0/24"):
        for client in (HERE, elsewhere):
            assert isinstance(
                signin.sign_in(ANA, PASSWORD, proofs=replace(proofs, client=client)), SignedIn
            )
        with pytest.raises(Busy):
            signin.sign_in(BEN, PASSWORD, proofs=proofs)


def test_wrong_passwords_from_an_office_lock_no_colleague_there_out(office: Office) -> None:
    office.join(ANA)
    ana = replace(HERE, device=codes.new_device_cookie(office.proofs.key, ANA))
    fail(office, ANA, 12)
    assert office.sign_in(ANA) is Refusal.TOO_OFTEN  # from a browser that she never used
    assert isinstance(office.sign_in(ANA, PASSWORD, ana), SignedIn)
    assert isinstance(office.sign_in(ANA, PASSWORD, replace(ana, network="")), SignedIn)
    assert fail(office, ANA, 11, ana)[-1] is Refusal.TOO_OFTEN  # it may not guess for ever


@pytest.mark.parametrize("spoil", [lambda one: one[:-1], lambda one: "é" + one[1:], lambda _: ""])
def test_no_browser_makes_up_that_it_was_here(office: Office, spoil: Callable[[str], str]) -> None:
    made = codes.new_device_cookie(office.proofs.key, ANA)
    assert codes.find_device(office.proofs.key, ANA, made) == made[:16]
    assert codes.find_device(office.proofs.key, BEN, made) == ""
    assert codes.find_device(b"another" * 4, ANA, made) == ""
    assert codes.find_device(office.proofs.key, ANA, spoil(made)) == ""


def test_its_owner_hears_once_a_day_that_somebody_tries(office: Office) -> None:
    office.join(ANA)
    before = len(office.told(ANA))
    for _ in range(3):
        fail(office, ANA, 12, THERE)
        office.clock.advance(minutes=6)
    told = office.told(ANA)[before:]
    assert len(told) == 1
    assert "tried several times to sign in as you, from Chrome, Mac, 198.51.100.0/24" in told[0]


def test_five_wrong_codes_are_enough_for_a_while(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    office.clock.advance(minutes=1)
    half = come_in(office, CLEO)
    assert [office.second(half, "000000") for _ in range(5)] == [Refusal.WRONG] * 5
    assert office.second(half, office.code(CLEO)) is Refusal.TOO_OFTEN
    assert "tried several times" in office.told(CLEO)[-1]
    office.clock.advance(minutes=5)
    assert isinstance(office.second(half, office.code(CLEO)), SignedIn)


def test_fifty_wrong_codes_are_enough_for_a_day(office: Office) -> None:
    office.join(CLEO, Role.SENDER)
    for _ in range(10):
        office.clock.advance(minutes=6)
        half = come_in(office, CLEO)
        for _ in range(5):
            office.second(half, "000000")
    office.clock.advance(minutes=6)
    assert office.second(come_in(office, CLEO), office.code(CLEO)) is Refusal.TOO_OFTEN
    elsewhere = Client(network="192.0.2.0/24")  # strangers count against another number
    half = office.sign_in(CLEO, PASSWORD, elsewhere)
    assert isinstance(half, SignedIn)
    assert isinstance(office.second(half, office.code(CLEO), elsewhere), SignedIn)


def test_who_signs_in_from_a_new_place_is_told(office: Office) -> None:
    office.join(ANA)
    come_in(office, ANA)
    assert office.told(ANA) == []
    office.sign_in(ANA, PASSWORD, THERE)
    assert "new to us: Chrome, Mac, 198.51.100.0/24." in office.told(ANA)[0]
    assert "It happened on Tue 24 Nov 2026, 13:00 Berlin." in office.told(ANA)[0]
    office.sign_in(ANA, PASSWORD, THERE)
    assert len(office.told(ANA)) == 1


def test_signing_in_anew_ends_what_the_browser_had(office: Office) -> None:
    first = office.join(ANA)
    done = signin.sign_in(ANA, PASSWORD, before=first.token, proofs=office.proofs)
    assert isinstance(done, SignedIn)
    assert not office.is_in(first)


def test_signing_out_ends_the_session_on_the_server(office: Office) -> None:
    entered, other = office.join(ANA), come_in(office, ANA)
    signin.sign_out(hash_token(entered.token), proofs=office.proofs)
    assert (office.is_in(entered), office.is_in(other)) == (False, True)
    assert office.deeds()[-1] == (ANA, "sign-out", ANA)
    before = len(office.deeds())
    signin.sign_out(hash_token(entered.token), proofs=office.proofs)
    assert len(office.deeds()) == before


def test_a_fresh_code_renews_the_session_for_ten_minutes(office: Office) -> None:
    entered = office.join(CLEO, Role.SENDER)
    office.clock.advance(minutes=11)
    began = session_of(office, entered).created_at
    assert not session_of(office, entered).has_fresh_factor(office.clock.now())
    stepped = signin.step_up(hash_token(entered.token), office.code(CLEO), proofs=office.proofs)
    assert isinstance(stepped, SignedIn)
    assert stepped.token != entered.token
    assert not office.is_in(entered)
    found = session_of(office, stepped)
    assert found.has_fresh_factor(office.clock.now())
    assert found.created_at == began  # it lasts no longer for that
    assert office.deeds()[-1] == (CLEO, "step-up", CLEO)
    office.clock.advance(minutes=10)
    assert not session_of(office, stepped).has_fresh_factor(office.clock.now())


def test_a_wrong_code_makes_nothing_fresh(office: Office) -> None:
    entered = office.join(CLEO, Role.SENDER)
    office.clock.advance(minutes=11)
    hashed = hash_token(entered.token)
    for said in ("000000", PASSWORD, ""):
        assert signin.step_up(hashed, said, proofs=office.proofs) is Refusal.WRONG
    assert office.deeds()[-1] == ("nobody", "step-up refused", CLEO)
    assert not session_of(office, entered).has_fresh_factor(office.clock.now())


def test_who_has_no_second_factor_shows_the_password_again(office: Office) -> None:
    entered = office.join(BEN, Role.APPROVER)
    hashed = hash_token(entered.token)
    assert signin.step_up(hashed, OTHER, proofs=office.proofs) is Refusal.WRONG
    stepped = signin.step_up(hashed, PASSWORD, proofs=office.proofs)
    assert isinstance(stepped, SignedIn)
    assert session_of(office, stepped).has_fresh_factor(office.clock.now())


def test_passwords_in_the_place_of_a_factor_have_the_limits_of_codes(office: Office) -> None:
    entered = office.join(ANA)
    hashed = hash_token(entered.token)
    found = [signin.step_up(hashed, OTHER, proofs=office.proofs) for _ in range(6)]
    assert found == [Refusal.WRONG] * 5 + [Refusal.TOO_OFTEN]
    assert signin.step_up(hashed, PASSWORD, proofs=office.proofs) is Refusal.TOO_OFTEN


def test_who_is_signed_out_cannot_step_up(office: Office) -> None:
    entered = office.join(BEN, Role.APPROVER)
    hashed = hash_token(entered.token)
    signin.sign_out(hashed, proofs=office.proofs)
    with pytest.raises(Refused, match="Sign in again"):
        signin.step_up(hashed, PASSWORD, proofs=office.proofs)


def test_who_has_no_account_has_nothing_to_show(office: Office) -> None:
    entered = office.join(BEN, Role.APPROVER)
    with office.store.begin() as tx:
        tx.accounts.remove(BEN)
    stepped = signin.step_up(hash_token(entered.token), "", proofs=office.proofs)
    assert stepped is Refusal.WRONG


def test_who_lost_the_role_cannot_step_up(office: Office) -> None:
    entered = office.join(BEN, Role.APPROVER)
    office.dismiss(BEN)
    with pytest.raises(Refused, match="not among the staff"):
        signin.step_up(hash_token(entered.token), PASSWORD, proofs=office.proofs)


def test_an_idle_session_cannot_step_up(office: Office) -> None:
    entered = office.join(BEN, Role.APPROVER)
    office.clock.advance(seconds=timedelta(hours=9).total_seconds())
    with pytest.raises(Refused, match="Sign in again"):
        signin.step_up(hash_token(entered.token), PASSWORD, proofs=office.proofs)
