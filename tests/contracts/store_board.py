"""Every store sorts statements by the act that they wait for, and finds them a page at a time."""

from dataclasses import replace
from datetime import timedelta

from newsletter.domain.campaigns.campaign import CampaignState, Start, StartBy
from newsletter.domain.campaigns.state import BoardSearch, CampaignRules, Shelf
from newsletter.domain.staff.audit import OPERATOR_NAME, AuditSearch
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import ChangeRequest, Comment
from newsletter.domain.statements.statement import (
    Approval,
    Approvals,
    Channel,
    Progress,
    StoredStatement,
)
from newsletter.store.sql import Store, Transaction
from tests.contracts.books import add_campaign
from tests.contracts.store_drafts import DRAFT, FIRST, TEXT
from tests.contracts.store_records import BARE
from tests.counting import counted
from tests.fakes import NOON

RULES = CampaignRules(policy=Approvals(), timezone="UTC", undo_window=timedelta(0))
ED = "ed@forum.example"


class BoardContract:
    def test_statements_that_are_listed_together_cost_one_query_for_each_kind_of_row(
        self, store: Store
    ) -> None:
        slugs = ["hours", "other", "none"]
        with store.begin() as tx:
            tx.staff.put(ED, Role.APPROVER, NOON)
            for slug in slugs[:2]:
                write(tx, slug)
                tx.approvals.add(yes(slug))
                add_campaign(tx, slug)
                write(tx, f"{slug}-es", translation_of=slug)
            tx.approvals.revoke("other", NOON, actor=ED)
            tx.approvals.add(yes("other"))
            tx.schedules.put("other", NOON + timedelta(hours=1))
            tx.starts.add(Start(slug="hours", content_hash="d", by=ED, at=NOON, count=3))
            tx.change_requests.add(
                ChangeRequest(slug="other", content_hash="d", by=ED, at=NOON, reason="No.")
            )

        def status(tx: Transaction) -> list[object]:
            return [
                [
                    ask(slug)
                    for ask in (
                        tx.approvals.list_for,
                        tx.change_requests.list_for,
                        tx.schedules.get,
                        tx.starts.list_for,
                        tx.campaigns.find_latest,
                        tx.campaigns.find_begun_correction,
                        tx.statements.find_translations,
                        tx.statements.content_since,
                    )
                ]
                for slug in slugs
            ] + [tx.staff.roles(), tx.staff.names()]

        with store.read() as tx:
            one_by_one = status(tx)
        with store.read() as tx:
            tx.db.list_together(slugs)
            with counted() as statements:
                together = status(tx)
        assert together == one_by_one
        assert len(statements) == len(set(statements)), "each query runs once"
        with store.begin() as tx:
            tx.db.list_together(slugs)
            assert status(tx) == one_by_one
            tx.schedules.put("other", None)
            tx.staff.remove(ED)
            assert tx.schedules.get("other") is None, "nothing is kept where it may change"
            assert tx.staff.roles() == {}

    def test_what_something_happened_to_last_comes_first_a_page_at_a_time(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            for number in range(5):
                write(tx, f"s{number}")
            write(tx, "s1", title="Anew")
            assert tx.board.list_slugs(RULES, limit=2) == ["s1", "s4"]
            assert tx.board.list_slugs(RULES, skip=2, limit=2) == ["s3", "s2"]
            assert tx.board.list_slugs(RULES, skip=4, limit=2) == ["s0"]
            assert tx.board.list_slugs(RULES, skip=9, limit=2) == []

    def test_each_shelf_is_counted_and_listed(self, store: Store) -> None:
        with store.begin() as tx:
            tx.staff.put(ED, Role.APPROVER, NOON)
            write(tx, "draft", progress=Progress.DRAFT)
            write(tx, "waits")
            write(tx, "approved")
            tx.approvals.add(yes("approved"))
            for slug, by in (("withdrawn", ""), ("stopped", ED)):
                write(tx, slug)
                number, why = add_campaign(tx, slug), f"undone by {ED}"
                over, was = CampaignState.CANCELLED, {CampaignState.SCHEDULED}
                tx.campaigns.change_state(
                    number, over, expect=was, at=NOON, reason=why, ended_by=by
                )
            write(tx, "gone", present=False)
            write(tx, "faulty", content_hash="")
            begun(tx, "sending", CampaignState.SENDING)
            begun(tx, "paused", CampaignState.PAUSED)
            begun(tx, "sent", CampaignState.SENT)
        with store.read() as tx:
            found = {shelf: set(tx.board.list_slugs(RULES, shelf, limit=9)) for shelf in Shelf}
            together = tx.board.list_newest_by_shelf(RULES, [Shelf.REVIEW, Shelf.WITHIN], limit=1)
            counts = tx.board.count_by_shelf(RULES)
        assert {shelf: slugs for shelf, slugs in found.items() if slugs} == {
            Shelf.DRAFTS: {"draft"},
            Shelf.REVIEW: {"waits", "withdrawn"},
            Shelf.APPROVED: {"approved"},
            Shelf.CANCELLED: {"stopped"},
            Shelf.MISSING: {"gone", "faulty"},
            Shelf.SENDING: {"sending", "paused"},
            Shelf.SENT: {"sent"},
        }
        assert counts == {shelf: len(slugs) for shelf, slugs in found.items()}
        assert together == {Shelf.REVIEW: ["withdrawn"], Shelf.WITHIN: []}

    def test_a_start_moves_a_statement_while_its_person_may_start(self, store: Store) -> None:
        """If approvals start statements, the approver is such a person."""
        sam = "sam@forum.example"
        with store.begin() as tx:
            tx.staff.put(ED, Role.APPROVER, NOON)
            tx.staff.put(sam, Role.SENDER, NOON)
            starters = {"s": sam, "a": ED, "left": "left@forum.example", "operator": OPERATOR_NAME}
            for slug, by in starters.items():
                write(tx, slug)
                tx.approvals.add(yes(slug))
                tx.starts.add(Start(slug=slug, content_hash="d1", by=by, at=NOON, count=3))
            for start, moved in ((StartBy.SENDER, "os"), (StartBy.APPROVAL, "aos")):
                found = tx.board.list_slugs(replace(RULES, start=start), Shelf.SCHEDULED, limit=9)
                assert "".join(sorted(slug[0] for slug in found)) == moved

    def test_only_an_approval_that_counts_moves_a_statement(self, store: Store) -> None:
        author, vic = "writer@forum.example", "vic@forum.example"
        given = {
            "other-text": yes("other-text", content_hash="d0"),
            "stranger": yes("stranger", by="eve@elsewhere.example"),
            "viewer": yes("viewer", by=vic),
            "own": yes("own", by=author),
            "file": yes("file", channel=Channel.FRONT_MATTER),
            "taken-back": yes("taken-back"),
        }
        with store.begin() as tx:
            tx.staff.put(ED, Role.APPROVER, NOON)
            tx.staff.put(author, Role.APPROVER, NOON)
            tx.staff.put(vic, Role.VIEWER, NOON)
            for slug, approval in given.items():
                write(tx, slug)
                tx.approvals.add(approval)
            tx.approvals.revoke("taken-back", NOON, actor=ED)
            trusting = Approvals(author_may_approve=True, trust_front_matter=True)
            strict = tx.board.list_slugs(RULES, Shelf.APPROVED, limit=9)
            loose = tx.board.list_slugs(replace(RULES, policy=trusting), Shelf.APPROVED, limit=9)
            twice = tx.board.list_slugs(replace(RULES, policy=Approvals(required=2)), limit=9)
        assert strict == []
        assert set(loose) == {"own", "file"}
        assert set(twice) == set(given)

    def test_a_draft_among_its_translations_keeps_an_email_of_all_languages_in_review(
        self, store: Store
    ) -> None:
        together = replace(RULES, shares_email=True)
        with store.begin() as tx:
            tx.staff.put(ED, Role.APPROVER, NOON)
            write(tx, "forum")
            tx.approvals.add(yes("forum"))
            for slug, fields in (
                ("forum-es", {"progress": Progress.DRAFT, "present": False}),
                ("forum-fr", {"progress": Progress.REVIEW}),
                ("other-es", {"progress": Progress.DRAFT, "translation_of": "other"}),
            ):
                write(tx, slug, **{"translation_of": "forum", **fields})  # type: ignore[arg-type]
            assert tx.board.list_slugs(together, Shelf.APPROVED, limit=9) == ["forum"]
            write(tx, "forum-fr", translation_of="forum", progress=Progress.DRAFT)
            assert tx.board.list_slugs(together, Shelf.APPROVED, limit=9) == []
            assert tx.board.list_slugs(together, Shelf.REVIEW, limit=9) == ["forum"]
            assert tx.board.list_slugs(RULES, Shelf.APPROVED, limit=9) == ["forum"]

    def test_words_are_looked_for_in_title_and_name_whatever_they_are(self, store: Store) -> None:
        asked = {
            "são": ["hours"],
            "SAO  paulo": ["hours"],
            "hours paulo": ["hours"],
            "100%": ["sale"],
            "%": ["sale"],
            "_": [],
            "\\": [],
            "'; DROP TABLE statement": [],
            "": ["sale", "hours"],
            "x" * 10_000: [],
            "paulo zzz": [],
        }
        with store.begin() as tx:
            write(tx, "hours", title="São Paulo opens")
            write(tx, "sale", title="100% off")
            for words, slugs in asked.items():
                search = BoardSearch(words=words)
                assert tx.board.list_slugs(RULES, search=search, limit=9) == slugs, words
                assert sum(tx.board.count_by_shelf(RULES, search).values()) == len(slugs), words

    def test_words_of_a_text_are_looked_for_and_those_of_its_newer_draft(
        self, store: Store
    ) -> None:
        fields = {"summary": "Straße closes", "subject": "Roads", "preview": "Inbox"}
        body = f"{'x' * 9_000} Frau Müller said **Freitag**.\n\nCafe\u0301" + "e\u0301" * 2_000
        asked = {
            "MULLER said": ["hours"],
            "strasse frei": ["hours"],
            "roads inbox opening": ["hours"],
            "cafe": ["hours"],
            "newer bridge": ["hours"],
            "older": [],
            "submitted": [],
            "muller zzz": [],
        }
        with store.begin() as tx:
            write(tx, "hours", title="Opening", body=body, **fields)
            write(tx, "other", title="Other", body="Nothing.")
            for key, slug in (("a" * 16, "hours"), ("b" * 16, "other")):
                text = replace(TEXT, title="Submitted", body="It is submitted.")
                draft = replace(DRAFT, key=key, version=replace(FIRST, text=text))
                number = tx.drafts.add(draft).version.number
                tx.drafts.submit(key, slug, number, by=ED, at=NOON)
            for body in ("An older bridge.", "A newer bridge."):
                version = replace(FIRST, text=replace(TEXT, title="Bridge", body=body))
                head = tx.drafts.add_version("a" * 16, version)
                tx.drafts.set_head("a" * 16, head, by=ED, at=NOON)
            tx.drafts.add(replace(DRAFT, key="c" * 16))
            for words, slugs in asked.items():
                search = BoardSearch(words=words)
                assert tx.board.list_slugs(RULES, search=search, limit=9) == slugs, words
                assert sum(tx.board.count_by_shelf(RULES, search).values()) == len(slugs), words
            search = BoardSearch(words="CODE short library")
            assert [one.key for one in tx.board.list_unsubmitted(search, limit=9)] == ["c" * 16]

    def test_a_list_a_writer_and_a_month_are_looked_for(self, store: Store) -> None:
        november = NOON.replace(day=1, hour=0)
        with store.begin() as tx:
            write(tx, "hours", lists=("press",))
            write(tx, "note", title='"events"', lists=("press", "board"), body='the "events"')
            begun(tx, "began", CampaignState.SENT)
            for key, text in (("a", replace(TEXT, lists=("board",))), ("b", TEXT)):
                first = replace(FIRST, text=text, by=ED, writers=(ED,))
                tx.drafts.add(replace(DRAFT, key=key * 16, version=first, changed_at=NOON))
            for search, slugs, keys in (
                (BoardSearch(list_name="board"), {"note"}, {"a" * 16}),
                (BoardSearch(list_name="events"), set(), {"b" * 16}),
                (BoardSearch(writer=ED), set(), {"a" * 16, "b" * 16}),
                (BoardSearch(writer="writer@forum.example"), {"hours", "note", "began"}, set()),
                (BoardSearch(writer="er@forum.example"), set(), set()),
                (
                    BoardSearch(since=november, until=november + timedelta(days=30)),
                    {"hours", "note", "began"},
                    {"a" * 16, "b" * 16},
                ),
                (BoardSearch(since=november - timedelta(days=9), until=november), set(), set()),
            ):
                assert set(tx.board.list_slugs(RULES, search=search, limit=9)) == slugs, search
                assert sum(tx.board.count_by_shelf(RULES, search).values()) == len(slugs), search
                assert {one.key for one in tx.board.list_unsubmitted(search, limit=9)} == keys, (
                    search
                )
                assert tx.board.count_unsubmitted(search) == len(keys), search

    def test_a_text_that_was_never_handed_in_is_found_by_its_title(self, store: Store) -> None:
        with store.begin() as tx:
            for number, title in enumerate(("São Paulo", "Budget", "")):
                text = replace(TEXT, title=title)
                version = replace(FIRST, text=text)
                at = NOON + timedelta(minutes=number)
                draft = replace(DRAFT, key=f"{number:016}", version=version, changed_at=at)
                tx.drafts.add(draft)
            submitted_version = replace(DRAFT, key="h" * 16)
            number = tx.drafts.add(submitted_version).version.number
            tx.drafts.submit("h" * 16, "hours", number, by=ED, at=NOON)
            tx.drafts.add(replace(DRAFT, key="d" * 16))
            tx.drafts.change("d" * 16, deleted_at=NOON)
            assert [one.key[-1] for one in tx.board.list_unsubmitted(limit=9)] == ["2", "1", "0"]
            assert [one.key[-1] for one in tx.board.list_unsubmitted(skip=1, limit=1)] == ["1"]
            sao = BoardSearch(words="sao")
            assert [one.key[-1] for one in tx.board.list_unsubmitted(sao, limit=9)] == ["0"]
            assert (tx.board.count_unsubmitted(), tx.board.count_unsubmitted(sao)) == (3, 1)

    def test_a_sender_starts_what_is_approved_and_what_is_sent_back_is_a_draft(
        self, store: Store
    ) -> None:
        later = NOON + timedelta(minutes=1)
        start = Start(slug="hours", content_hash="d1", by=ED, at=NOON, count=3)
        back = ChangeRequest(slug="hours", content_hash="d1", by=ED, at=NOON, reason="Why?")
        with store.begin() as tx:
            tx.staff.put(ED, Role.APPROVER, NOON)
            write(tx, "hours")
            tx.change_requests.add(back)
            assert shelf(tx) is Shelf.DRAFTS
            tx.change_requests.close("hours", NOON)
            assert shelf(tx) is Shelf.REVIEW
            tx.starts.add(start)
            assert shelf(tx) is Shelf.REVIEW
            tx.approvals.add(replace(yes("hours"), at=later))
            assert shelf(tx) is Shelf.APPROVED, "it is older than the approval"
            tx.starts.add(replace(start, at=later, content_hash="d0"))
            assert shelf(tx) is Shelf.APPROVED, "it started another text"
            tx.starts.add(replace(start, at=later))
            assert shelf(tx) is Shelf.SCHEDULED
            tx.starts.revoke("hours", later)
            assert shelf(tx) is Shelf.APPROVED
            tx.approvals.revoke("hours", later, actor=ED)
            tx.change_requests.add(replace(back, at=later))
            assert shelf(tx) is Shelf.DRAFTS
            tx.approvals.add(replace(yes("hours"), at=later))
            assert shelf(tx) is Shelf.APPROVED, "it was approved since"

    def test_two_admins_stand_in_for_an_approval_and_spellings_are_one_person(
        self, store: Store
    ) -> None:
        ada, adi = "ada@forum.example", "adi@forum.example"
        spelt, over = "writer+x@forum.example", Channel.OVERRIDE
        with store.begin() as tx:
            for admin in (ada, adi, "ada+2@forum.example", spelt):
                tx.staff.put(admin, Role.ADMIN, NOON)
            write(tx, "hours")
            tx.approvals.add(yes("hours", by=spelt))
            assert shelf(tx) is Shelf.REVIEW, "it is the writer's own"
            tx.approvals.add(yes("hours", by=ada, channel=over))
            tx.approvals.add(yes("hours", by="ada+2@forum.example", channel=over))
            assert shelf(tx) is Shelf.REVIEW, "one person"
            tx.approvals.add(yes("hours", by=adi, channel=over))
            assert shelf(tx) is Shelf.APPROVED

    def test_comments_are_kept_in_their_order_the_last_ones_are_shown(self, store: Store) -> None:
        with store.begin() as tx:
            for number in range(4):
                tx.comments.add(comment("hours", f"No. {number}"))
            tx.comments.add(comment("other", "Elsewhere"))
            assert [one.words for one in tx.comments.list_for("hours", 2)] == ["No. 2", "No. 3"]
            first = tx.comments.list_for("hours", 9)[0]
            assert first == replace(comment("hours", "No. 0"), id=first.id)
            assert tx.comments.list_for("none", 9) == []

    def test_the_log_is_told_by_what_it_speaks_of(self, store: Store) -> None:
        with store.begin() as tx:
            for subject in ("hours", "other", "hours"):
                tx.audit.enter(actor=ED, action="note", subject=subject, detail="")
            assert [one.number for one in tx.audit.about("hours", limit=9)] == [3, 1]
            assert [one.number for one in tx.audit.about("hours", skip=1, limit=9)] == [1]
            assert tx.audit.about("none", limit=9) == []

    def test_the_log_is_searched_by_person_act_words_and_period(self, store: Store) -> None:
        with store.begin() as tx:
            for actor, action, subject, why in (
                (ED, "approve", "storm-in-leeds", ""),
                ("ana@forum.example", "submit", "storm-in-leeds", "Grüße 100%"),
                (ED, "cancel", "hours", 'Wrong "day"'),
                ("scheduler", "start", "hours", ""),
            ):
                tx.audit.enter(actor=actor, action=action, subject=subject, reason=why)
            tx.db.change("UPDATE audit SET at = at + 1000 * number")
            assert tx.audit.list_distinct("actor") == ["ana@forum.example", ED, "scheduler"]
            assert tx.audit.list_distinct("action") == ["approve", "cancel", "start", "submit"]
            second = NOON + timedelta(seconds=2)
            for search, numbers in (
                (AuditSearch(), [4, 3, 2, 1]),
                (AuditSearch(actors=(ED,)), [3, 1]),
                (AuditSearch(actors=(ED, "scheduler"), action="start"), [4]),
                (AuditSearch(words="LEEDS storm"), [2, 1]),
                (AuditSearch(words="grüße 100%"), [2]),
                (AuditSearch(words="storm cancel"), []),
                (AuditSearch(words="%"), [2]),
                (AuditSearch(words="_"), []),
                (AuditSearch(words="day"), [3]),
                (AuditSearch(since=second), [4, 3, 2]),
                (AuditSearch(since=second, until=second + timedelta(seconds=1)), [2]),
                (AuditSearch(actors=("nobody",)), []),
            ):
                found = tx.audit.list_newest(9, search=search)
                assert [one.number for one in found] == numbers, search
            found = tx.audit.list_newest(1, 3, AuditSearch(actors=(ED,)))
            assert [one.number for one in found] == [1]

    def test_the_newest_campaign_of_each_and_what_corrects_them(self, store: Store) -> None:
        with store.begin() as tx:
            add_campaign(tx, "hours")
            newest = add_campaign(tx, "hours")
            add_campaign(tx, "other")
        with store.read() as tx:
            tx.db.list_together(["hours", "none"])
            found = tx.campaigns.find_latest("hours")
            assert found.id == newest
            assert tx.campaigns.find_latest("none") is None
        with store.begin() as tx:
            assert tx.campaigns.find_begun_correction("hours") is None
            original = tx.campaigns.get(newest)
            assert original is not None
            again = replace(original, slug="again", corrects="hours")
            number = tx.campaigns.add(again, NOON)
            assert tx.campaigns.find_begun_correction("hours") is None, "it has not begun"
            move(tx, number, CampaignState.SENDING)
            begun = tx.campaigns.find_begun_correction("hours")
            assert begun.id == number
            move(tx, number, CampaignState.CANCELLED)
            assert tx.campaigns.find_begun_correction("hours") is None

    def test_what_leaves_first_and_what_ended_last(self, store: Store) -> None:
        with store.begin() as tx:
            late = add_campaign(tx, "late", release_at=NOON + timedelta(days=2))
            soon = add_campaign(tx, "soon", release_at=NOON + timedelta(days=1))
            assert [one.id for one in tx.campaigns.list_scheduled()] == [soon, late]
            assert [one.id for one in tx.campaigns.list_scheduled(limit=1)] == [soon]
            begun(tx, "first", CampaignState.SENT)
            begun(tx, "second", CampaignState.ATTENTION)
            begun(tx, "third", CampaignState.CANCELLED)
            begun(tx, "fourth", CampaignState.SENDING)
            assert [one.slug for one in tx.campaigns.list_last_ended(9)] == [
                "third",
                "second",
                "first",
            ]
            assert [one.slug for one in tx.campaigns.list_last_ended(1)] == ["third"]
            assert [one.slug for one in tx.campaigns.list_last_ended(1, skip=1)] == ["second"]


def write(
    tx: Transaction, slug: str, *, content_hash: str = "d1", present: bool = True, **fields: object
) -> None:
    made = replace(BARE, slug=slug, author="writer@forum.example", **fields)  # type: ignore[arg-type]
    stored = StoredStatement(
        statement=made,
        content_hash=content_hash,
        fingerprint="f",
        present=present,
        writers=made.written_by,
    )
    tx.statements.put(stored, NOON)


def shelf(tx: Transaction) -> Shelf:
    [found] = [one for one, count in tx.board.count_by_shelf(RULES).items() if count]
    return found


def yes(
    slug: str, *, by: str = ED, content_hash: str = "d1", channel: Channel = Channel.COMMAND
) -> Approval:
    return Approval(slug=slug, content_hash=content_hash, by=by, at=NOON, channel=channel)


def move(tx: Transaction, number: int, state: CampaignState) -> None:
    tx.campaigns.change_state(number, state, expect=CampaignState, at=NOON)


def begun(tx: Transaction, slug: str, state: CampaignState) -> None:
    write(tx, slug)
    number = add_campaign(tx, slug)
    move(tx, number, CampaignState.SENDING)
    if state is not CampaignState.SENDING:
        move(tx, number, state)


def comment(slug: str, words: str) -> Comment:
    return Comment(slug=slug, by=ED, at=NOON, words=words, content_hash="d1")
