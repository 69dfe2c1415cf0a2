"""Contract: a store keeps statements, content, approvals, staff, times and the audit log."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.domain.delivery.restore_guard import HoldKind, Mark
from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.staff.audit import AuditHead
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Sender
from newsletter.domain.statements.statement import (
    Approval,
    Channel,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.domain.subscribers.audience import Entry
from newsletter.store.sql import Store
from newsletter.store.staff.audit import TEXT_TAKEN_BACK
from tests.contracts.books import add_campaign, content
from tests.fakes import NOON

FULL = Statement(
    slug="resignation",
    title="Forum resigns — “at once”",
    body="# Why\n\nBecause of 🕊, and\r\nother\tthings.\n",
    lists=("press", "supporters"),
    language="pt-BR",
    date=date(2011, 9, 21),
    summary="One line.",
    subject="Resignation",
    author="writer@forum.example",
    progress=Progress.APPROVED,
    approved_by=("ed@forum.example", "flo@forum.example"),
    send_at=datetime(2011, 9, 21, 14, 0),  # noqa: DTZ001 - a wall time
    embargo_until=datetime(2011, 9, 21, 12, 30, tzinfo=UTC),
    translation_of="renuncia",
    corrects="earlier",
    urgent=True,
    digest="weekly",
    despite="The date is set tonight",
    origin="statements/resignation.md",
    places=(("title", 2), ("body", 9)),
)
BARE = Statement(slug="bare", title="Bare", body="", lists=(), language="en")


def yes(by: str, channel: Channel = Channel.COMMAND, content_hash: str = "d1") -> Approval:
    return Approval(slug="resignation", content_hash=content_hash, by=by, at=NOON, channel=channel)


class RecordsContract:
    def test_a_yes_comes_back_with_the_warnings_over_which_it_was_given(self, store: Store) -> None:
        over = replace(
            yes("ed@x.example"),
            not_before=NOON + timedelta(hours=1),
            despite="Why — so",
            warnings=("weekday", "link-text"),
        )
        with store.begin() as tx:
            tx.approvals.add(over)
        with store.read() as tx:
            assert tx.approvals.list_for("resignation") == [over]

    def test_slugs_are_found_by_how_they_begin(self, store: Store) -> None:
        with store.begin() as tx:
            for number, slug in enumerate(("forum", "forum-fr", "for_m", "other")):
                statement = replace(BARE, slug=slug)
                stored = StoredStatement(
                    statement=statement, content_hash="d", fingerprint="f", present=slug != "forum"
                )
                tx.statements.put(stored, NOON + timedelta(minutes=number))
        with store.read() as tx:
            assert tx.statements.find_slugs("forum", 5) == ["forum-fr", "forum"]
            assert tx.statements.find_slugs("for_", 5) == ["for_m"]
            assert {*tx.statements.all_slugs()} == {"for_m", "forum", "forum-fr", "other"}
            assert [tx.statements.has_slug(each) for each in ("forum", "for")] == [True, False]
            assert tx.statements.find_slugs("", 2) == ["other", "for_m"]
            assert tx.statements.find_slugs("F", 5) == []

    def test_a_statement_comes_back_as_it_was_put(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        for statement in [FULL, BARE]:
            with subtests.test(statement=statement):
                stored = StoredStatement(statement=statement, content_hash="d1", fingerprint="f1")
                with store.begin() as tx:
                    tx.statements.put(stored, NOON)
                with store.read() as tx:
                    assert tx.statements.get(statement.slug) == stored
                    assert stored in tx.statements.all()

    def test_putting_a_statement_again_replaces_it(self, store: Store) -> None:
        first = StoredStatement(statement=FULL, content_hash="d1", fingerprint="f1")
        gone = replace(first, present=False, content_hash="")
        with store.begin() as tx:
            tx.statements.put(first, NOON)
            tx.statements.put(gone, NOON)
            assert tx.statements.all() == [gone]

    def test_statements_come_in_the_order_of_their_slugs(self, store: Store) -> None:
        with store.begin() as tx:
            for slug in ("b", "c", "a"):
                one = StoredStatement(
                    statement=replace(BARE, slug=slug), content_hash="", fingerprint=""
                )
                tx.statements.put(one, NOON)
            assert [one.statement.slug for one in tx.statements.all()] == ["a", "b", "c"]

    def test_what_was_never_stored_is_not_found(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.statements.get("nothing") is None
            assert tx.statements.get_content("nothing") is None
            assert tx.statements.all() == []
            assert tx.approvals.list_for("nothing") == []
            assert tx.schedules.get("nothing") is None
            assert tx.staff.roles() == {}

    def test_content_comes_back_with_the_digest_it_is_kept_under(self, store: Store) -> None:
        kept = replace(content("Ünïcode 🕊"), text="a\r\nb\n", headers=(("A", "1"), ("A", "2")))
        with store.begin() as tx:
            content_hash = tx.statements.store_content(kept, NOON)
            assert tx.statements.store_content(kept, NOON) == content_hash
        with store.read() as tx:
            found = tx.statements.get_content(content_hash)
        assert found == kept
        assert content_hash == kept.content_hash() == found.content_hash()

    def test_content_comes_back_though_a_rule_for_settings_would_refuse_it_today(
        self, store: Store
    ) -> None:
        odd = replace(content(), sender=Sender(name="a\nb", address="no address", reply_to=""))
        with store.begin() as tx:
            content_hash = tx.statements.store_content(odd, NOON)
            assert tx.statements.get_content(content_hash) == odd

    def test_approvals_are_kept_in_the_order_they_came(self, store: Store) -> None:
        given = [yes("flo@forum.example"), yes("ed@forum.example", Channel.FRONT_MATTER)]
        with store.begin() as tx:
            for approval in given:
                tx.approvals.add(approval)
            tx.approvals.add(replace(given[0], slug="other"))
        with store.read() as tx:
            assert tx.approvals.list_for("resignation") == given

    @pytest.mark.parametrize(
        ("by", "channel", "taken"),
        [
            (None, None, [0, 1, 2]),
            ("ed@forum.example", None, [0, 1]),
            (None, Channel.FRONT_MATTER, [1]),
            ("ed@forum.example", Channel.COMMAND, [0]),
            ("nobody@forum.example", None, []),
            ("flo@forum.example", Channel.FRONT_MATTER, []),
        ],
    )
    def test_revoking_takes_back_what_was_named_and_nothing_else(
        self, store: Store, by: str | None, channel: Channel | None, taken: list[int]
    ) -> None:
        later = NOON + timedelta(hours=1)
        with store.begin() as tx:
            tx.approvals.add(yes("ed@forum.example"))
            tx.approvals.add(yes("ed@forum.example", Channel.FRONT_MATTER))
            tx.approvals.add(yes("flo@forum.example"))
            tx.approvals.add(replace(yes("ed@forum.example"), slug="other"))
            assert tx.approvals.revoke("resignation", later, by, channel, actor="ed") == len(taken)
            revoked = [one.revoked_at for one in tx.approvals.list_for("resignation")]
            assert revoked == [later if place in taken else None for place in range(3)]
            assert tx.approvals.list_for("other")[0].revoked_at is None
            again = later + timedelta(hours=1)
            assert tx.approvals.revoke("resignation", again, by, channel, actor="ed") == 0
            assert [one.revoked_at for one in tx.approvals.list_for("resignation")] == revoked

    def test_what_was_withdrawn_with_its_text_is_known_from_what_a_person_revoked(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            for reason in ("", TEXT_TAKEN_BACK):
                tx.approvals.add(yes("ed@forum.example"))
                tx.approvals.revoke("resignation", NOON, actor="ed", reason=reason)
            tx.approvals.add(yes("flo@forum.example"))
            [withdrawn] = tx.approvals.withdrawn("resignation")
            assert withdrawn == tx.approvals.list_for("resignation")[1]
            assert tx.approvals.withdrawn("other") == []

    def test_a_member_of_staff_has_the_role_that_was_given_last(self, store: Store) -> None:
        with store.begin() as tx:
            tx.staff.put("ed@forum.example", Role.WRITER, NOON)
            tx.staff.put("flo@forum.example", Role.ADMIN, NOON)
            tx.staff.put("ed@forum.example", Role.APPROVER, NOON)
            assert tx.staff.roles() == {
                "ed@forum.example": Role.APPROVER,
                "flo@forum.example": Role.ADMIN,
            }

    def test_a_set_time_can_be_changed_and_taken_back(self, store: Store) -> None:
        with store.begin() as tx:
            tx.schedules.put("resignation", NOON)
            tx.schedules.put("resignation", NOON + timedelta(days=1))
            assert tx.schedules.get("resignation") == NOON + timedelta(days=1)
            tx.schedules.put("resignation", None)
            assert tx.schedules.get("resignation") is None
            tx.schedules.put("resignation", None)

    def test_holds_of_both_kinds_stand_beside_each_other_until_released(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.hold.reasons() == {}
            tx.hold.put(HoldKind.STOP, "stopped by ed")
            tx.hold.put(HoldKind.RESTORE_GUARD, "restored")
            tx.hold.put(HoldKind.STOP, "stopped by flo")
        with store.begin() as tx:
            both = {HoldKind.RESTORE_GUARD: "restored", HoldKind.STOP: "stopped by flo"}
            assert tx.hold.reasons() == both
            tx.hold.release(HoldKind.RESTORE_GUARD)
            tx.hold.release(HoldKind.RESTORE_GUARD)
        with store.read() as tx:
            assert tx.hold.reasons() == {HoldKind.STOP: "stopped by flo"}

    def test_a_new_database_is_in_no_epoch_and_counts_from_nothing(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.generation.mark() == Mark(generation="", claims=0)

    def test_an_epoch_is_renewed_with_its_count(self, store: Store) -> None:
        for mark in (Mark(generation="a" * 32, claims=7), Mark(generation="b" * 32, claims=2**40)):
            with store.begin() as tx:
                tx.generation.renew(mark)
            with store.read() as tx:
                assert tx.generation.mark() == mark

    def test_in_doubt_no_number_is_given_again_once_for_the_same_evidence(
        self, store: Store
    ) -> None:
        def given() -> tuple[int, int]:
            with store.begin() as tx:
                count = tx.campaigns.count()
                tx.readers.upsert([Entry(address=f"r{count}@example.org", lists=("a",))], NOON)
                person = tx.readers.find(f"r{count}@example.org")
                return person.id, add_campaign(tx, f"c{count}")

        assert given() == (1, 1)
        with store.begin() as tx:
            tx.generation.invalidate_copy("missing", NOON)
        person, campaign = given()
        assert person > 1_000_000
        assert campaign > 1000
        assert given() == (person + 1, campaign + 1)
        with store.begin() as tx:
            tx.generation.invalidate_copy("missing", NOON)
        assert given() == (person + 2, campaign + 2)
        with store.begin() as tx:
            tx.generation.invalidate_copy("another", NOON)
        assert given()[0] > person + 1_000_000

    def test_deeds_are_numbered_from_one_and_come_back_as_they_were(self, store: Store) -> None:
        deeds = [("ed", "approve", "s", "d1"), ("scheduler", "start", "s", "to 5 — “ü”")]
        for actor, action, subject, detail in deeds:
            store.clock.advance(milliseconds=1)
            with store.begin() as tx:
                tx.audit.enter(actor, action, subject, why=detail)
        with store.read() as tx:
            lines = tx.audit.list_newest(None)[::-1]
            assert tx.audit.verify() == AuditHead(number=2, digest=lines[1].digest)
            assert [tx.audit.digest(number) for number in (2, 3)] == [lines[1].digest, ""]
        assert [(one.actor, one.action, one.subject, one.values["why"]) for one in lines] == deeds
        assert [(one.number, one.at) for one in lines] == [
            (1, NOON + timedelta(milliseconds=1)),
            (2, NOON + timedelta(milliseconds=2)),
        ]
        assert lines[0].digest != lines[1].digest

    def test_an_empty_log_is_whole(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.audit.verify() == AuditHead(number=0, digest="")

    def test_a_block_that_fails_leaves_nothing(self, store: Store) -> None:
        class Stopped(BaseException):
            """An exception that no handler of errors catches."""

        def write_and_stop() -> None:
            with store.begin() as tx:
                tx.staff.put("ed@forum.example", Role.ADMIN, NOON)
                tx.audit.enter(actor="ed", action="add", subject="ed", detail="")
                raise Stopped

        with pytest.raises(Stopped):
            write_and_stop()
        with store.read() as tx:
            assert tx.staff.roles() == {}
            assert tx.audit.list_newest(None)[::-1] == []

    def test_a_reader_sees_one_picture_while_somebody_else_writes(self, store: Store) -> None:
        with store.read() as before:
            assert before.staff.roles() == {}
            with store.begin() as tx:
                tx.staff.put("ed@forum.example", Role.ADMIN, NOON)
            assert before.staff.roles() == {}
        with store.read() as after:
            assert after.staff.roles() == {"ed@forum.example": Role.ADMIN}

    def test_a_reader_does_not_wait_for_a_writer_nor_see_its_half(self, store: Store) -> None:
        with store.begin() as tx:
            tx.staff.put("ed@forum.example", Role.ADMIN, NOON)
            with store.read() as reader:
                assert reader.staff.roles() == {}

    def test_our_own_errors_pass_through_a_transaction_unchanged(self, store: Store) -> None:
        error = StoreUnavailable("made up")
        with pytest.raises(StoreUnavailable) as caught, store.begin():
            raise error
        assert caught.value is error
