"""Passkeys in addition to an app: added, used once a challenge, refused, removed, with notices."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from newsletter.credentials.codes import hash_token
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import (
    CHALLENGE_LIFETIME,
    MAX_PASSKEYS,
    Passkey,
    SignInStage,
    relying_party_of,
)
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people, signin
from newsletter.pipeline.staff.account import ask_for_passkey
from newsletter.pipeline.staff.proofs import PasskeyAnswer, Refusal, SignedIn
from tests.fakes import NOON
from tests.unit.credentials.authenticator import PRESENT, Authenticator
from tests.unit.pipeline.staff.office import ANA, BEN, CLEO, OPERATOR_NAME, Office

PARTY = relying_party_of("https://news.forum.example", "Example Forum")
ELSEWHERE = relying_party_of("http://localhost:8000", "Example Forum")
assert PARTY is not None
assert ELSEWHERE is not None


def begin(office: Office, entered: SignedIn) -> dict[str, Any]:
    assert PARTY is not None
    return office.own(entered).begin_passkey(party=PARTY)


def add(
    office: Office, entered: SignedIn, said: dict[str, Any], name: str = "Laptop"
) -> SignedIn | Refusal:
    assert PARTY is not None
    return office.own(entered).add_passkey(json.dumps(said), name=name, party=PARTY)


def added(
    office: Office, entered: SignedIn, device: Authenticator, name: str = "Laptop"
) -> SignedIn:
    done = add(office, entered, device.make(begin(office, entered)), name)
    assert isinstance(done, SignedIn), done
    return done


def asked(office: Office, entered: SignedIn) -> dict[str, Any]:
    assert PARTY is not None
    found = ask_for_passkey(entered.token, party=PARTY, proofs=office.proofs)
    assert found is not None
    return found


def signed(device: Authenticator, options: dict[str, Any]) -> PasskeyAnswer:
    assert PARTY is not None
    return PasskeyAnswer(answer=json.dumps(device.sign(options)), party=PARTY)


def second(office: Office, half: SignedIn, what: PasskeyAnswer) -> SignedIn | Refusal:
    return signin.confirm_second_factor(half.token, what, proofs=office.proofs)


def half_in(office: Office) -> SignedIn:
    office.clock.advance(seconds=30)
    half = office.sign_in(CLEO)
    assert isinstance(half, SignedIn)
    return half


def theirs(office: Office, address: str = CLEO) -> list[Passkey]:
    with office.store.read() as tx:
        return tx.passkeys.list_for(address)


def last_line(office: Office) -> tuple[str, str, Mapping[str, object]]:
    with office.store.read() as tx:
        entry = tx.audit.list_newest(1)[0]
    return entry.actor, entry.action, entry.values


def test_a_passkey_ends_other_sessions_and_its_owner_is_told(office: Office) -> None:
    entered = office.join(CLEO, Role.SENDER)
    other = office.second(half_in(office), office.code(CLEO))
    assert isinstance(other, SignedIn)
    device = Authenticator()
    done = added(office, entered, device, name="  My\n laptop ")
    assert [office.is_in(one) for one in (entered, other, done)] == [False, False, True]
    [passkey] = theirs(office)
    assert (passkey.name, passkey.id, passkey.party) == ("My laptop", device.id, PARTY.id)
    assert (passkey.made_at, passkey.used_at) == (office.clock.now(), None)
    assert last_line(office) == (CLEO, "passkey", {"passkey": "My laptop"})
    assert "passkey “My laptop” was added to your account." in office.told(CLEO)[-1]


def test_without_a_name_it_is_called_after_the_browser(office: Office) -> None:
    added(office, office.join(CLEO, Role.SENDER), Authenticator(), name=" \0 ")
    assert [one.name for one in theirs(office)] == ["Firefox, Linux"]


def test_a_passkey_stands_beside_an_app_and_goes_with_it(office: Office) -> None:
    entered = office.join(ANA)
    with pytest.raises(Refused, match="Set up an authenticator app first"):
        begin(office, entered)
    entered, _ = office.enrol(entered)
    entered = added(office, entered, Authenticator())
    office.own(entered).drop_factor()
    assert theirs(office, ANA) == []
    assert "with its passkeys" in office.told(ANA)[-1]


def test_a_new_password_by_a_link_takes_passkeys_away(office: Office) -> None:
    added(office, office.join(CLEO, Role.SENDER), Authenticator())
    link = people.reset(CLEO, by=OPERATOR_NAME, proofs=office.proofs)
    office.accept(link.token)
    assert theirs(office) == []


def test_one_is_removed_by_its_owner_alone(office: Office) -> None:
    entered = added(office, office.join(CLEO, Role.SENDER), Authenticator())
    [passkey] = theirs(office)
    ben = office.join(BEN)
    with pytest.raises(NotFound):
        office.own(ben).remove_passkey(passkey.key)
    done = office.own(entered).remove_passkey(passkey.key)
    assert theirs(office) == []
    assert [office.is_in(one) for one in (entered, done)] == [False, True]
    assert last_line(office) == (CLEO, "passkey removed", {"passkey": "Laptop"})
    assert "“Laptop” was removed" in office.told(CLEO)[-1]
    with pytest.raises(NotFound):
        office.own(done).remove_passkey(passkey.key)


def test_a_challenge_to_make_one_is_used_once_and_within_minutes(office: Office) -> None:
    entered = office.join(CLEO, Role.SENDER)
    assert add(office, entered, Authenticator().make({"challenge": "AAAA"})) is Refusal.UNFIT
    said = Authenticator().make(begin(office, entered))
    office.clock.advance(seconds=CHALLENGE_LIFETIME.total_seconds())
    assert add(office, entered, said) is Refusal.UNFIT
    liar = Authenticator(origin="https://evil.example")
    options = begin(office, entered)
    assert add(office, entered, liar.make(options)) is Refusal.UNFIT
    assert last_line(office) == (CLEO, "passkey refused", {"why": "another origin"})
    assert add(office, entered, Authenticator().make(options)) is Refusal.UNFIT
    assert theirs(office) == []


def test_nobody_adds_what_somebody_has_already(office: Office) -> None:
    device = Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    entered, _ = office.enrol(office.join(ANA))
    assert add(office, entered, device.make(begin(office, entered))) is Refusal.UNFIT
    assert theirs(office, ANA) == []


def test_there_are_only_so_many(office: Office) -> None:
    entered = office.join(CLEO, Role.SENDER)
    one = Passkey(id=b"", address=CLEO, party="x", name="x", public=b"", signatures=0, made_at=NOON)
    with office.store.begin() as tx:
        for number in range(MAX_PASSKEYS):
            tx.passkeys.add(replace(one, id=bytes([number])))
    with pytest.raises(Refused, match="20 passkeys at most"):
        begin(office, entered)


def test_a_passkey_takes_the_place_of_the_code(office: Office) -> None:
    device = Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    half = half_in(office)
    device.count = 1
    done = second(office, half, signed(device, asked(office, half)))
    assert isinstance(done, SignedIn)
    assert office.is_in(done)
    with office.store.read() as tx:
        session = tx.sessions.get(hash_token(done.token))
    assert session.has_fresh_factor(office.clock.now())
    [passkey] = theirs(office)
    assert (passkey.signatures, passkey.used_at) == (1, office.clock.now())
    assert last_line(office)[2]["way"] == "with a passkey"


def test_a_signature_counts_once_and_only_for_its_session(office: Office) -> None:
    device = Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    first, other = half_in(office), half_in(office)
    what = signed(device, asked(office, first))
    asked(office, other)
    assert second(office, other, what) is Refusal.UNFIT
    assert last_line(office)[2]["why"] == "another challenge"
    assert isinstance(second(office, first, what), SignedIn)
    third = half_in(office)
    assert second(office, third, what) is Refusal.UNFIT
    assert "no challenge" in str(last_line(office)[2]["why"])


def test_a_wrong_answer_uses_the_challenge_up(office: Office) -> None:
    device = Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    half = half_in(office)
    options = asked(office, half)
    unverified = replace(device, flags=PRESENT)
    assert second(office, half, signed(unverified, options)) is Refusal.UNFIT
    assert last_line(office)[:2] == ("nobody", "sign-in refused")
    assert last_line(office)[2]["why"] == "no user verification"
    assert second(office, half, signed(device, options)) is Refusal.UNFIT
    assert isinstance(second(office, half, signed(device, asked(office, half))), SignedIn)


def test_a_challenge_is_over_after_minutes_and_a_newer_one_takes_its_place(office: Office) -> None:
    device = Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    half = half_in(office)
    before = asked(office, half)
    now = asked(office, half)
    assert second(office, half, signed(device, before)) is Refusal.UNFIT
    now = asked(office, half)
    office.clock.advance(seconds=CHALLENGE_LIFETIME.total_seconds())
    assert second(office, half, signed(device, now)) is Refusal.UNFIT


def test_somebody_elses_passkey_opens_nothing(office: Office) -> None:
    device, stranger = Authenticator(), Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    added(office, office.enrol(office.join(ANA))[0], stranger)
    half = half_in(office)
    assert second(office, half, signed(stranger, asked(office, half))) is Refusal.UNFIT
    assert last_line(office)[2]["why"] == "an unknown passkey"


def test_a_passkey_of_another_website_opens_nothing(office: Office) -> None:
    device = Authenticator(origin="http://localhost:8000", party="localhost")
    added(office, office.join(CLEO, Role.SENDER), Authenticator())
    entered = office.second(half_in(office), office.code(CLEO))
    assert isinstance(entered, SignedIn)
    assert ELSEWHERE is not None
    made = office.own(entered).begin_passkey(party=ELSEWHERE)
    done = office.own(entered).add_passkey(json.dumps(device.make(made)), name="", party=ELSEWHERE)
    assert isinstance(done, SignedIn)
    half = half_in(office)
    options = asked(office, half)
    assert len(options["allowCredentials"]) == 1
    assert second(office, half, signed(device, options)) is Refusal.UNFIT


def test_a_count_that_went_back_is_refused_and_its_owner_is_told(office: Office) -> None:
    device = Authenticator(count=7)
    added(office, office.join(CLEO, Role.SENDER), device)
    for count in (7, 3, 0):
        half = half_in(office)
        copy = replace(device, count=count)
        assert second(office, half, signed(copy, asked(office, half))) is Refusal.COPIED
        assert f"counts {count} after 7" in str(last_line(office)[2]["why"])
        assert "“Laptop” was refused: it may have been copied." in office.told(CLEO)[-1]
        office.clock.advance(minutes=6)
    half = half_in(office)
    assert isinstance(
        second(office, half, signed(replace(device, count=8), asked(office, half))), SignedIn
    )


def test_five_wrong_answers_are_enough_for_a_while(office: Office) -> None:
    device = Authenticator()
    added(office, office.join(CLEO, Role.SENDER), device)
    half = half_in(office)
    assert PARTY is not None
    for said in ("", "[]", "nonsense", "{}", "[" * 9999):
        asked(office, half)
        assert second(office, half, PasskeyAnswer(answer=said, party=PARTY)) is Refusal.UNFIT
    right = signed(device, asked(office, half))
    assert second(office, half, right) is Refusal.TOO_OFTEN
    assert "tried several times" in office.told(CLEO)[-1]


def test_a_passkey_is_a_fresh_factor_too(office: Office) -> None:
    device = Authenticator()
    entered = added(office, office.join(CLEO, Role.SENDER), device)
    office.clock.advance(minutes=11)
    what = signed(device, asked(office, entered))
    done = signin.step_up(hash_token(entered.token), what, proofs=office.proofs)
    assert isinstance(done, SignedIn)
    assert office.deeds()[-1] == (CLEO, "step-up", CLEO)
    assert not office.is_in(entered)
    again = signin.step_up(hash_token(done.token), what, proofs=office.proofs)
    assert again is Refusal.UNFIT
    assert office.deeds()[-1] == ("nobody", "step-up refused", CLEO)


def test_who_has_no_second_factor_has_no_passkey_to_show(office: Office) -> None:
    entered = office.join(BEN, Role.APPROVER)
    what = signed(Authenticator(), {"challenge": "AAAA"})
    done = signin.step_up(hash_token(entered.token), what, proofs=office.proofs)
    assert done is Refusal.UNFIT


def test_only_who_has_one_and_gave_the_password_is_asked(office: Office) -> None:
    assert PARTY is not None
    entered = office.accept(office.link(CLEO, Role.SENDER).token)
    assert entered.stage is SignInStage.ENROLLING
    for word in ("", "x", "\ud800", entered.token):
        assert ask_for_passkey(word, party=PARTY, proofs=office.proofs) is None
    done, _ = office.enrol(entered, stage=SignInStage.ENROLLING)
    assert ask_for_passkey(done.token, party=PARTY, proofs=office.proofs) is None
    added(office, done, Authenticator())
    half = half_in(office)
    assert asked(office, half)["rpId"] == PARTY.id
    office.clock.advance(minutes=10)
    assert ask_for_passkey(half.token, party=PARTY, proofs=office.proofs) is None
