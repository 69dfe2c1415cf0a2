"""Contract: a store answers the questions that no other suite asks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Outage
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.errors import Fault
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import (
    Consent,
    ImportResult,
    SuppressedEntry,
    SuppressionReason,
    UploadedFile,
)
from newsletter.domain.subscribers.search import Origin, SubscriberSearch, SubscriberState
from newsletter.domain.subscribers.segment import Segment
from newsletter.store.database import as_instant, as_stored
from newsletter.store.sql import Store
from newsletter.store.subscribers.importing import pack
from tests.contracts.books import BUSY, LEASE, UNKNOWN, Books, content, entries
from tests.contracts.store_accounts import ANA, BEN, INVITATION
from tests.fakes import NOON, hash_address

LATER = NOON + timedelta(hours=1)


class OthersContract:
    def test_readers_are_searched_and_counted(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(entries(12), NOON)
            found = tx.readers.search(SubscriberSearch(list="press", words="READER1"), limit=2)
            assert [one.address for one in found] == [
                "reader12@example.org",
                "reader11@example.org",
            ]
            assert tx.readers.count(SubscriberSearch(list="press", words="READER1")) == 4
            assert tx.readers.added_at(found[0].id) == NOON
            assert tx.readers.has_data_of("Reader1@example.org")
            assert not tx.readers.has_data_of("stranger@example.org")

    def test_readers_are_found_by_what_is_known_of_them(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        """The table of each search begins it in turn: tags, subscriptions, or subscribers."""
        people = entries(6)
        vips = Segment(name="vips", list="press", any_tag=("vip",), timezone="UTC")
        with store.begin() as tx:
            tx.readers.upsert([replace(people[0], tags=("vip",), language="es")], NOON)
            tx.readers.upsert([replace(people[1], tags=("vip",))], LATER, Origin.API)
            tx.readers.join(people[2], LATER)
            number = tx.imports.begin(at=LATER, by=BEN, file="a.csv", kind="plain", sha256="")
            tx.imports.import_people(number, [pack(hash_address, "", people[3])], LATER)
            tx.readers.upsert([replace(people[4], paused_until=LATER)], LATER)
            tx.readers.upsert([people[5]], LATER)
            tx.choices.leave(6, ["press"], LATER)
            tx.choices.join(5, ["board"], LATER, {"board"})
            gone = SuppressedEntry(address=people[3].address, reason=SuppressionReason.BOUNCED)
            tx.readers.suppress([gone], LATER, "test")
            for search, ids in (
                (SubscriberSearch(), [6, 5, 4, 3, 2, 1]),
                (SubscriberSearch(tag="vip"), [2, 1]),
                (SubscriberSearch(tag="vip", list="press"), [2, 1]),
                (SubscriberSearch(tag="vip", language="es"), [1]),
                (SubscriberSearch(list="press"), [5, 4, 3, 2, 1]),
                (SubscriberSearch(list="none"), []),
                (SubscriberSearch(list="press", state=SubscriberState.SUBSCRIBED), [5, 3, 2, 1]),
                (SubscriberSearch(state=SubscriberState.SUBSCRIBED), [5, 3, 2, 1]),
                (SubscriberSearch(list="press", state=SubscriberState.LEFT), [6]),
                (SubscriberSearch(state=SubscriberState.LEFT), [6]),
                (SubscriberSearch(list="board", state=SubscriberState.REQUESTED), [5]),
                (SubscriberSearch(state=SubscriberState.REQUESTED), [5]),
                (SubscriberSearch(state=SubscriberState.PAUSED), [5]),
                (SubscriberSearch(state=SubscriberState.SUPPRESSED), [4]),
                (SubscriberSearch(list="press", language="es"), [1]),
                (SubscriberSearch(origin=Origin.STAFF), [6, 5, 1]),
                (SubscriberSearch(origin=Origin.API, list="press"), [2]),
                (SubscriberSearch(origin=Origin.SIGN_UP), [3]),
                (SubscriberSearch(origin=Origin.IMPORT), [4]),
                (SubscriberSearch(since=LATER), [6, 5, 4, 3, 2]),
                (SubscriberSearch(until=LATER), [1]),
                (SubscriberSearch(until=LATER + timedelta(days=1)), [6, 5, 4, 3, 2, 1]),
                (SubscriberSearch(until=NOON), []),
                (SubscriberSearch(ids=(2, 4), words="READER"), [4, 2]),
                (SubscriberSearch(segment=vips), [2, 1]),
                (SubscriberSearch(segment=vips, language="es"), [1]),
                (SubscriberSearch(segment=vips, state=SubscriberState.LEFT), []),
            ):
                with subtests.test(search=search):
                    assert [one.id for one in tx.readers.search(search, limit=9)] == ids
                    assert tx.readers.count(search) == len(ids)
                    assert [one.id for one, _ in tx.readers.stream(search)] == ids[::-1]
                    found = tx.readers.search(search, limit=1, before=5)
                    assert [one.id for one in found] == [one for one in ids if one < 5][:1]
            assert tx.readers.count(SubscriberSearch(), 2) == 2

    def test_readers_are_found_however_the_accents_of_their_names_are_written(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        names = {"Élodie MÜLLER": ("élodie müller", "ÉLODIE", "Mu\u0308ller", "ller")}
        names |= {"José Öz": ("Jose\u0301", "JOSÉ", "öz"), "Анна": ("анна", "АННА")}
        with store.begin() as tx:
            for number, (name, queries) in enumerate(names.items()):
                tx.readers.upsert([replace(entries(number + 1)[number], name=name)], NOON)
                for query in queries:
                    with subtests.test(name=name, query=query):
                        assert tx.readers.count(SubscriberSearch(list="press", words=query)) == 1

    def test_a_reader_is_edited_and_what_changed_is_counted(self, store: Store) -> None:
        consent = Consent(source="fair", at=NOON)
        with store.begin() as tx:
            tx.readers.upsert([*entries(1), replace(entries(2)[1], consent=consent)], NOON)
            assert (tx.consents.find_recorded(1), tx.consents.find_recorded(2)) == (None, consent)
            tx.readers.edit(1, replace(entries(1)[0], name="Ana", place="Austin", tags=("vip",)))
            ana = tx.readers.get(1)
            assert (ana.name, ana.place, ana.tags) == ("Ana", "Austin", ("vip",))
            tx.choices.leave(2, ["press"], NOON)
            assert tx.readers.growth(NOON) == {"press": (1, 1, 1)}
            assert tx.readers.growth(LATER) == {"press": (1, 0, 0)}
            assert tx.readers.count_growth(NOON) == (1, 1, 1)
            assert tx.readers.count_growth(LATER) == (1, 0, 0)
            reason = SuppressionReason.MANUAL
            gone = SuppressedEntry(address="gone@example.org", reason=reason)
            tx.readers.suppress([gone], NOON, "test")
            assert tx.readers.count_suppressions() == {reason: 1}
            day = timedelta(days=1)
            bounced = SuppressedEntry(address="b@example.org", reason=SuppressionReason.BOUNCED)
            tx.readers.suppress([bounced], LATER, "test")
            tx.readers.suppress([replace(bounced, address="c@example.org")], LATER, "file", 7)
            times = [NOON - day, NOON, LATER, LATER + day, LATER + 2 * day]
            assert tx.readers.growth_between(times) == [(0, 0, 0), (1, 1, 0), (0, 0, 1), (0, 0, 0)]
            assert list(tx.readers.count_suppressions().values()) == [2, 1]
            tx.readers.suppress([replace(gone, address=ana.address)], LATER, "test")
            assert tx.readers.count_growth(NOON) == (0, 1, 1)
            tx.choices.join(2, ["board"], NOON, ())
            assert tx.readers.growth(NOON) == {"board": (1, 1, 0), "press": (0, 1, 1)}

    def test_what_a_reader_received_is_told_newest_first(self, store: Store) -> None:
        books = [Books(store, 1, slug=slug, beside=False) for slug in ("first", "second")]
        books[0].settle(books[0].claim())
        with store.read() as tx:
            received = tx.data_exports.list_outcomes(1, 9)
        assert [(one.slug, one.state.value) for one in received] == [
            ("second", "pending"),
            ("first", "accepted"),
        ]

    def test_an_upload_is_kept_until_its_import(self, store: Store) -> None:
        upload = UploadedFile(
            by=ANA, file="a.csv", lists=("press",), without=(), agreed="fair", body=b"\x00e"
        )
        with store.begin() as tx:
            first, second = (tx.imports.add_upload(upload, at) for at in (NOON, LATER))
            assert tx.imports.get_upload(first) == upload
            assert tx.imports.list_uploads() == [first, second]
            tx.imports.configure_upload(first, ["email", "-"], omits_bad_rows=True)
            assert tx.imports.get_upload(first) == replace(
                upload, columns=("email", "-"), omits_bad_rows=True
            )
            assert tx.imports.delete_upload(first)
            assert not tx.imports.delete_upload(first)
            assert tx.imports.delete_uploads(NOON) == 0
            assert tx.imports.delete_uploads(LATER) == 1
            assert tx.imports.get_upload(second) is None

    def test_faults_of_sources_are_noted_at_a_mark(self, store: Store) -> None:
        faults = (Fault(file="a.md", message="is bad", line=3),)
        with store.begin() as tx:
            assert tx.statements.find_faults("one") is None
            tx.statements.record_reading("one", faults)
            assert tx.statements.find_faults("one") == faults
            assert tx.statements.find_faults("two") is None

    def test_imports_are_listed_newest_first(self, store: Store) -> None:
        with store.begin() as tx:
            for name in ("a.csv", "b.csv"):
                number = tx.imports.begin(at=NOON, by=ANA, file=name, kind="plain", sha256="x")
                tx.imports.store_progress(
                    ImportResult(number=number, new=number), finished_at=LATER
                )
            [newest] = tx.imports.list_newest(1)
            assert (newest.file, newest.new, newest.finished_at) == ("b.csv", 2, LATER)
            assert tx.imports.count() == 2
            assert [one.file for one in tx.imports.list_finished(NOON, LATER)] == ["a.csv", "b.csv"]
            assert (
                tx.imports.list_finished(LATER, LATER) == tx.imports.list_finished(NOON, NOON) == []
            )

    def test_what_is_unknown_is_counted_by_campaign_and_account(self, store: Store) -> None:
        books, second = Books(store, 3, batch_size=2), Books(store, [], slug="second")
        for each, at in ((books, NOON), (books, LATER), (second, NOON)):
            each.settle(each.claim(at), UNKNOWN)
        with store.begin() as tx:
            assert {books.id, second.id} <= set(tx.unknowns.campaigns())
            assert tx.unknowns.call_period(books.id) == (NOON, LATER)
            assert tx.unknowns.count_strays({"recording": "another"}, books.id) == 3
            assert tx.unknowns.count_strays({"recording": "another"}) == 6
            for minutes in (2, 1, 3):
                held = tx.unknowns.claim(at=LATER, lease=LEASE, accounts={"recording": ""})
                assert held is not None
                tx.unknowns.record_replay(held, until=LATER + timedelta(minutes=minutes))
            last = LATER + timedelta(minutes=2)
            assert tx.unknowns.calls_until(books.id, NOON) == last
            assert tx.unknowns.calls_until(books.id, last) is None

    def test_what_was_tried_in_vain_is_an_outage(self, store: Store) -> None:
        books = Books(store, 6, batch_size=2)
        with store.read() as tx:
            assert tx.batches.find_outage(books.id) is None
        soon, later = NOON + timedelta(seconds=30), NOON + timedelta(seconds=60)
        books.requeue(books.claim(), seconds=30)
        books.requeue(books.claim(), seconds=90)
        books.requeue(books.claim(at=soon), seconds=60)
        with store.read() as tx:
            outage = tx.batches.find_outage(books.id)
        assert outage == Outage(people=4, tries=2, reason=BUSY.reason, next_at=later)

    def test_staff_are_renamed_and_told_and_their_links_withdrawn(self, store: Store) -> None:
        with store.begin() as tx:
            tx.staff.put(ANA, Role.ADMIN, NOON)
            tx.staff.change(ANA, name="Ana Ruiz")
            assert (tx.staff.role(ANA), tx.staff.role(BEN)) == (Role.ADMIN, None)
            tx.staff.put(BEN, Role.WRITER, NOON)
            assert tx.staff.names() == {ANA: "Ana Ruiz", BEN: "Ben"}
            assert tx.staff.given_names() == {ANA: "Ana Ruiz"}
            email = tx.emails.inform(ANA, "a link for you", NOON)
            assert tx.emails.counts(NOON - timedelta(1))[MessageState.WAITING] == 1
            tx.staff_links.add(replace(INVITATION, by=BEN, email_id=email), b"h")
            found = tx.staff_links.find_mailed(email, NOON)
            assert (found.address, found.kind) == (INVITATION.address, INVITATION.kind)
            tx.staff_links.withdraw_all(NOON, by=BEN)
            assert tx.staff_links.find_mailed(email, NOON) is None

    def test_contents_and_events_come_once(self, store: Store) -> None:
        with store.begin() as tx:
            digests = [tx.statements.store_content(content(title), NOON) for title in "ab"]
            found = tx.statements.get_contents([*digests, "0" * 64])
            assert found == dict(zip(digests, map(content, "ab"), strict=True))
            assert tx.events.store_token(b"token", b"one", NOON)
            assert tx.events.store_token(b"token", b"one", NOON)
            assert not tx.events.store_token(b"token", b"two", NOON)
            assert tx.events.store_token(b"token", b"two", NOON + timedelta(days=3))

    def test_the_log_is_read_in_pages_and_tells_of_no_gap(self, store: Store) -> None:
        with store.begin() as tx:
            for place in range(3):
                tx.audit.enter(actor=ANA, action="do", subject=str(place))
            assert tx.audit.new_head() == tx.audit.last_entered
        with store.begin() as tx:
            tx.audit.note_gap(actor=ANA)
            tx.generation.end("a" * 32, NOON)
            tx.generation.end("b" * 32, NOON + timedelta(days=1))
            mark = tx.generation.mark()
            later = as_stored(NOON + timedelta(days=1))
            assert mark.former == {"a" * 32: as_stored(NOON), "b" * 32: later}
            tx.generation.end("a" * 32, as_instant(later))
            assert tx.generation.mark().former == dict.fromkeys(mark.former, later)
            assert tx.comments.list_newest(9) == []
            assert [line.subject for line in tx.audit.list_newest(9, before=3)] == ["1", "0"]

    def test_the_running_service_leaves_a_note(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.running_service.configuration() == ""
            tx.running_service.replace_note("digest", "one")
            tx.running_service.remove_note("o_e")
            assert tx.running_service.configuration() == "digest"
            tx.running_service.remove_note("one")
            assert tx.running_service.configuration() == ""
