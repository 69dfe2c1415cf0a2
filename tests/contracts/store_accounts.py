"""Contract: a store keeps accounts: credentials, sessions, invitations, failures."""

from dataclasses import replace
from datetime import timedelta

from newsletter.domain.staff.account import (
    FACTOR_TIMEOUT,
    IDLE_TIMEOUT,
    SESSION_LIFETIME,
    Credential,
    LinkKind,
    Passkey,
    Session,
    SignInStage,
    StaffLink,
)
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import Scope, Token
from newsletter.store.sql import Store
from tests.fakes import NOON

ANA, BEN = "ana@forum.example", "ben@forum.example"
LATER = NOON + timedelta(hours=1)
SESSION = Session(
    hash=b"h" * 32,
    address=ANA,
    created_at=NOON,
    seen_at=NOON,
    stepped_up_at=NOON,
    browser="Firefox, Linux",
    network="203.0.113.0/24",
)
PASSKEY = Passkey(
    id=b"1",
    address=ANA,
    party="forum.example",
    name="Laptop",
    public=b"key",
    signatures=7,
    made_at=NOON,
    used_at=NOON,
)
INVITATION = StaffLink(
    id=0,
    kind=LinkKind.INVITATION,
    address=ANA,
    role=Role.WRITER,
    by="operator",
    made_at=NOON,
    expires_at=LATER,
)


class AccountsContract:
    def test_a_calendar_is_found_by_its_last_address_alone(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "$argon2id$1", NOON)
            tx.accounts.change(ANA, feed=b"first")
            tx.accounts.change(ANA, feed=b"second")
            found = [tx.accounts.find_calendar_owner(hash) for hash in (b"first", b"second")]
            tx.accounts.change(ANA, feed=None)
            assert found == [None, ANA]
            assert tx.accounts.find_calendar_owner(b"second") is None

    def test_an_identity_is_that_of_one_account_until_this_is_opened_again(
        self, store: Store
    ) -> None:
        issuer = "https://id.forum.example"
        with store.begin() as tx:
            for address in (ANA, BEN):
                tx.accounts.open(address, "$argon2id$1", NOON)
            tx.accounts.change(ANA, issuer=issuer, subject="1")
            tx.accounts.change(BEN, issuer="https://other.example", subject="1")
            assert tx.accounts.find_by_identity(issuer, "1") == ANA
            tx.accounts.change(ANA, issuer=issuer, subject="2")
            assert [tx.accounts.find_by_identity(issuer, subject) for subject in ("1", "2")] == [
                None,
                ANA,
            ]
            tx.accounts.open(ANA, "$argon2id$2", LATER)
            assert tx.accounts.find_by_identity(issuer, "2") is None
            assert tx.accounts.find_by_identity("", "") is None

    def test_an_account_is_what_was_opened(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.accounts.get(ANA) is None
            tx.accounts.open(ANA, "$argon2id$1", NOON)
            tx.accounts.change(ANA, password="$argon2id$2", password_at=LATER)
            tx.accounts.open(BEN, "$argon2id$3", NOON)
        with store.read() as tx:
            known = Credential(address=ANA, password="$argon2id$2", password_at=LATER)
            assert tx.accounts.get(ANA) == known
            assert set(tx.accounts.all()) == {ANA, BEN}

    def test_a_second_factor_counts_once_it_was_proved(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "x", NOON)
            assert not tx.accounts.confirm_factor(ANA, 7, NOON)
            tx.accounts.change(ANA, pending="salt")
            prepared = tx.accounts.get(ANA)
            assert tx.accounts.confirm_factor(ANA, 7, NOON)
            proved = tx.accounts.get(ANA)
        assert (prepared.pending, prepared.has_factor) == ("salt", False)
        assert (proved.factor, proved.pending, proved.factor_at) == ("salt", "", NOON)
        assert proved.has_factor

    def test_a_step_of_time_counts_once_and_none_before_it(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "x", NOON)
            assert [tx.accounts.use_step(ANA, step) for step in (5, 5, 4, 6)] == [
                True,
                False,
                False,
                True,
            ]

    def test_a_recovery_code_is_used_once_and_is_its_owners(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "x", NOON)
            tx.accounts.renew_codes(ANA, [b"1", b"2"])
            assert not tx.accounts.use_code(BEN, b"1", NOON)
            assert tx.accounts.use_code(ANA, b"1", NOON)
            assert not tx.accounts.use_code(ANA, b"1", NOON)
            assert tx.accounts.count_unused_codes(ANA) == 1
            tx.accounts.renew_codes(ANA, [b"3"])
            assert not tx.accounts.use_code(ANA, b"2", NOON)

    def test_what_is_opened_anew_or_dropped_has_no_second_factor(self, store: Store) -> None:
        with store.begin() as tx:
            for again in (tx.accounts.drop_factor, lambda one: tx.accounts.open(one, "y", NOON)):
                tx.accounts.open(ANA, "x", NOON)
                tx.accounts.change(ANA, pending="salt")
                tx.accounts.confirm_factor(ANA, 7, NOON)
                tx.accounts.renew_codes(ANA, [b"1"])
                again(ANA)
                found = tx.accounts.get(ANA)
                assert (found.factor, found.factor_step, found.factor_at) == ("", 0, None)
                assert tx.accounts.count_unused_codes(ANA) == 0

    def test_a_passkey_is_kept_used_and_removed(self, store: Store) -> None:
        later = replace(PASSKEY, id=b"2", made_at=LATER)
        with store.begin() as tx:
            assert tx.passkeys.add(PASSKEY)
            assert not tx.passkeys.add(replace(PASSKEY, address=BEN))
            assert tx.passkeys.add(later)
            assert tx.passkeys.list_for(ANA) == [later, PASSKEY]
            assert tx.passkeys.list_for(BEN) == []
            tx.passkeys.use(PASSKEY.id, 8, LATER)
            assert tx.passkeys.remove(b"2")
            assert not tx.passkeys.remove(b"2")
            assert tx.passkeys.list_for(ANA) == [replace(PASSKEY, signatures=8, used_at=LATER)]

    def test_passkeys_go_with_the_factor_they_stand_beside(self, store: Store) -> None:
        with store.begin() as tx:
            for gone in (
                tx.accounts.drop_factor,
                tx.accounts.remove,
                lambda one: tx.accounts.open(one, "y", NOON),
            ):
                tx.accounts.open(ANA, "x", NOON)
                tx.passkeys.add(PASSKEY)
                tx.passkeys.add(replace(PASSKEY, id=b"b", address=BEN))
                gone(ANA)
                assert tx.passkeys.list_for(ANA) == []
                assert len(tx.passkeys.list_for(BEN)) == 1

    def test_what_is_removed_is_gone(self, store: Store) -> None:
        with store.begin() as tx:
            tx.accounts.open(ANA, "x", NOON)
            tx.accounts.renew_codes(ANA, [b"1"])
            tx.throttle.add_network(ANA, "n", NOON)
            assert tx.accounts.remove(ANA)
            assert not tx.accounts.remove(ANA)
            assert tx.accounts.get(ANA) is None
            assert tx.accounts.count_unused_codes(ANA) == 0
            assert not tx.throttle.knows_network(ANA, "n", NOON)

    def test_staff_can_be_removed_and_admins_are_counted(self, store: Store) -> None:
        with store.begin() as tx:
            tx.staff.put(ANA, Role.ADMIN, NOON)
            tx.staff.put(BEN, Role.WRITER, NOON)
            assert tx.staff.remove(ANA)
            assert not tx.staff.remove(ANA)
            assert tx.staff.roles() == {BEN: Role.WRITER}

    def test_a_transaction_sees_its_own_changes_of_the_staff(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.staff.roles() == {}
            tx.staff.put(ANA, Role.ADMIN, NOON)
            tx.staff.put(BEN, Role.WRITER, NOON)
            assert tx.staff.languages() == {}
            tx.staff.change(ANA, language="fr")
            assert tx.staff.languages() == {ANA: "fr"}
            tx.staff.remove(BEN)
            assert tx.staff.roles() == {ANA: Role.ADMIN}
            assert tx.staff.role(BEN) is None


class SessionsContract:
    def test_a_session_is_found_by_its_hash_as_it_was_kept(self, store: Store) -> None:
        half = replace(SESSION, hash=b"i", stage=SignInStage.HALF, stepped_up_at=None)
        with store.begin() as tx:
            tx.sessions.begin(SESSION)
            tx.sessions.begin(half)
        with store.read() as tx:
            assert tx.sessions.get(SESSION.hash) == SESSION
            assert tx.sessions.list_for(ANA) == [SESSION]
            assert tx.sessions.list_for(BEN) == []
            assert tx.sessions.get(b"") is None

    def test_who_has_to_show_a_second_factor_is_not_signed_in(self, store: Store) -> None:
        with store.begin() as tx:
            tx.sessions.begin(SESSION)
            for stage in (SignInStage.HALF, SignInStage.ENROLLING):
                half = replace(SESSION, hash=stage.value.encode(), stage=stage)
                tx.sessions.begin(half)
                assert tx.sessions.get(half.hash) is None
                assert tx.sessions.find_incomplete(half.hash) == half
            assert tx.sessions.find_incomplete(SESSION.hash) is None

    def test_a_session_that_was_used_says_when(self, store: Store) -> None:
        with store.begin() as tx:
            tx.sessions.begin(SESSION)
            tx.sessions.record_use(SESSION.hash, LATER)
            assert tx.sessions.get(SESSION.hash) == replace(SESSION, seen_at=LATER)

    def test_what_was_asked_is_answered_once_and_the_last_counts(self, store: Store) -> None:
        with store.begin() as tx:
            tx.sessions.begin(SESSION)
            assert tx.sessions.take_challenge(SESSION.hash) is None
            assert tx.sessions.take_challenge(b"nobody") is None
            tx.sessions.store_challenge(SESSION.hash, "first", NOON)
            tx.sessions.store_challenge(SESSION.hash, "second", LATER)
            assert tx.sessions.take_challenge(SESSION.hash) == ("second", LATER)
            assert tx.sessions.take_challenge(SESSION.hash) is None

    def test_one_all_others_or_everybodys_can_be_ended(self, store: Store) -> None:
        with store.begin() as tx:
            for hashed, address in ((b"1", ANA), (b"2", ANA), (b"3", ANA), (b"4", BEN)):
                tx.sessions.begin(replace(SESSION, hash=hashed, address=address))
            assert tx.sessions.end(b"1")
            assert not tx.sessions.end(b"1")
            assert tx.sessions.end_all(ANA, except_hash=b"3") == 1
            assert [one.hash for one in tx.sessions.list_for(ANA)] == [b"3"]
            tx.generation.invalidate_copy("older", NOON)
            assert tx.sessions.list_for(ANA) == tx.sessions.list_for(BEN) == []

    def test_what_is_over_is_forgotten(self, store: Store) -> None:
        now = NOON + SESSION_LIFETIME
        kept = replace(SESSION, created_at=now - SESSION_LIFETIME / 2, seen_at=now)
        others = [
            replace(kept, hash=b"1", created_at=NOON),
            replace(kept, hash=b"2", seen_at=now - IDLE_TIMEOUT),
            replace(kept, hash=b"3", stage=SignInStage.HALF, created_at=now - FACTOR_TIMEOUT),
        ]
        with store.begin() as tx:
            for one in (kept, *others):
                tx.sessions.begin(one)
            assert tx.sessions.clear(now) == 3
            assert tx.sessions.list_for(ANA) == [kept]
            assert [one.is_alive(now) for one in (kept, *others)] == [True, False, False, False]


class InvitationsContract:
    def test_an_invitation_is_found_by_its_hash_and_its_number(self, store: Store) -> None:
        with store.begin() as tx:
            number = tx.staff_links.add(INVITATION, b"h")
            kept = replace(INVITATION, id=number)
            assert tx.staff_links.find(b"h") == kept
            assert tx.staff_links.get(number) == kept
            assert tx.staff_links.find(b"i") is None
            assert tx.staff_links.get(number + 1) is None
            assert tx.staff_links.list_usable(NOON) == [kept]
            assert tx.staff_links.list_usable(LATER) == []

    def test_it_is_used_once_and_in_time(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.staff_links.add(INVITATION, b"1")
            assert not tx.staff_links.use(first, LATER)
            assert tx.staff_links.use(first, NOON)
            assert not tx.staff_links.use(first, NOON)
            assert not tx.staff_links.withdraw(first, NOON)
            found = tx.staff_links.get(first)
            assert (found.used_at, found.is_usable(NOON)) == (NOON, False)

    def test_a_new_one_withdraws_the_one_before(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.staff_links.add(INVITATION, b"1")
            other = tx.staff_links.add(replace(INVITATION, address=BEN), b"2")
            second = tx.staff_links.add(INVITATION, b"3")
            assert not tx.staff_links.use(first, NOON)
            assert [one.id for one in tx.staff_links.list_usable(NOON)] == [second, other]
            assert tx.staff_links.withdraw(other, NOON)
            assert not tx.staff_links.use(other, NOON)
            tx.staff_links.withdraw_all(NOON, address=ANA)
            assert tx.staff_links.list_usable(NOON) == []
            third = tx.staff_links.add(INVITATION, b"4")
            tx.generation.invalidate_copy("older", NOON)
            assert not tx.staff_links.use(third, NOON)


TOKEN = Token(
    id=0,
    name="CRM",
    by=ANA,
    scopes=(Scope.EVENTS_READ, Scope.SUBSCRIBERS_READ),
    made_at=NOON,
    expires_at=LATER,
)


class TokensContract:
    def test_a_token_is_found_by_its_hash_and_revoked_once(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.tokens.add(TOKEN, b"1")
            second = tx.tokens.add(replace(TOKEN, by=BEN), b"2")
            assert tx.tokens.find(b"1") == first == replace(TOKEN, id=first.id)
            assert tx.tokens.list_newest(1) == [second]
            tx.tokens.use(first.id, LATER)
            revoked = replace(first, used_at=LATER, revoked_at=LATER)
            assert tx.tokens.revoke(first.id, LATER) == revoked
            assert tx.tokens.revoke(first.id, NOON) is None
            tx.tokens.revoke_by(ANA, NOON)
            assert tx.tokens.list_newest(2) == [second, revoked]
            tx.tokens.revoke_by(BEN, LATER)
            third = tx.tokens.add(TOKEN, b"3")
            tx.generation.invalidate_copy("older", LATER)
            assert [one.revoked_at for one in tx.tokens.list_newest(5)] == [LATER] * 3
            assert not third.is_valid(LATER)

    def test_a_request_is_known_by_its_key_for_a_day(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.tokens.note_request(1, b"k", b"r", NOON) is None
            assert tx.tokens.note_request(2, b"k", b"r", NOON) is None
            assert tx.tokens.note_request(1, b"k", b"s", LATER) == (b"r", None)
            tx.tokens.note_result(1, b"k", "{}")
            assert tx.tokens.note_request(1, b"k", b"s", LATER) == (b"r", "{}")
            tx.tokens.forget(1, b"k")
            assert tx.tokens.note_request(1, b"k", b"s", NOON) is None
            assert (
                tx.tokens.note_request(2, b"k", b"s", NOON + timedelta(days=1, seconds=1)) is None
            )


class ThrottleContract:
    def test_failures_are_counted_by_what_they_count_against(self, store: Store) -> None:
        with store.begin() as tx:
            tx.throttle.record_failure(["a", "b"], NOON)
            tx.throttle.record_failure(["a"], LATER)
            before = NOON - timedelta(seconds=1)
            count = tx.throttle.count_failures
            assert [count(one, before, LATER) for one in ("a", "b", "c")] == [2, 1, 0]
            assert count("a", NOON, LATER) == count("a", before, NOON) == 1
            numbers = tx.throttle.record_failure(["b", "c"], LATER)
            tx.throttle.delete_failures(numbers)
            assert [count(one, before, LATER) for one in ("b", "c")] == [1, 0]

    def test_failures_are_forgotten_after_a_day(self, store: Store) -> None:
        with store.begin() as tx:
            tx.throttle.record_failure(["a"], NOON)
            tx.throttle.record_failure(["b"], NOON + timedelta(days=1, seconds=1))
            assert tx.throttle.count_failures("a", NOON - timedelta(days=9), NOON) == 0

    def test_a_network_is_known_for_its_person_and_for_a_while(self, store: Store) -> None:
        with store.begin() as tx:
            tx.throttle.add_network(ANA, "n", NOON - timedelta(days=80))
            tx.throttle.add_network(ANA, "n", NOON)
            assert tx.throttle.knows_network(ANA, "n", NOON + timedelta(days=89))
            assert not tx.throttle.knows_network(ANA, "n", NOON + timedelta(days=91))
            assert not tx.throttle.knows_network(BEN, "n", NOON)
            assert not tx.throttle.knows_network(ANA, "m", NOON)
