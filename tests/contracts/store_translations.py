"""Contract: a store chooses the readers of each language of a statement."""

from collections import Counter

import pytest

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.statements.statement import Statement, StoredStatement
from newsletter.domain.subscribers.audience import (
    Audience,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.store.sql import Store
from tests.contracts.books import ACCEPTED, REJECTED, UNKNOWN, Books, content
from tests.fakes import NOON

ALL = frozenset({"", "en", "es", "es-MX"})


def readers(*languages: str) -> list[Entry]:
    """A reader of each language, from number one."""
    return [
        Entry(address=f"reader{number}@example.org", lists=("press",), language=language)
        for number, language in enumerate(languages, start=1)
    ]


def split(slug: str = "forum", languages: frozenset[str] = ALL) -> Audience:
    return Audience(slug=slug, original="forum", lists=("press",), languages=languages)


def reached(store: Store, wanted: Audience) -> list[int]:
    """The numbers of those who get it; how many they are is as foretold."""
    with store.read() as tx:
        addresses = list(tx.audiences.stream_addresses(wanted))
        assert tx.audiences.count(wanted) == len(addresses)
        others = Counter(language for _, language, _ in tx.audiences.list_other_languages(wanted))
        assert tx.audiences.count_other_languages(wanted) == others
    return [int(address.partition("@")[0].removeprefix("reader")) for address in addresses]


def planned(
    store: Store, slug: str, *, translates: str = "", state: CampaignState = CampaignState.SCHEDULED
) -> int:
    with store.begin() as tx:
        campaign = Campaign(
            id=0,
            slug=slug,
            content_hash=tx.statements.store_content(content(slug), NOON),
            state=state,
            release_at=NOON,
            approved_by=(),
            lists=("press",),
            provider="recording",
            translates=translates,
        )
        return tx.campaigns.add(campaign, NOON)


class FamiliesContract:
    def test_a_member_goes_to_readers_of_its_languages_who_may_be_written_to(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.readers.upsert(readers("en", "es", "", "es", "es-MX"), NOON)
            other = Entry(address="other@example.org", lists=("events",), language="fr")
            tx.readers.upsert([other], NOON)
            gone = SuppressedEntry(
                address="reader2@example.org", reason=SuppressionReason.COMPLAINED
            )
            tx.readers.suppress([gone], NOON, "test")
        with store.read() as tx:
            assert tx.audiences.find_languages(("press",), "forum") == {"en", "es", "", "es-MX"}
            assert tx.audiences.find_languages(("nothing",), "forum") == set()
        assert reached(store, split("forum-es", frozenset({"es"}))) == [4]
        assert reached(store, split("forum", frozenset({"en", ""}))) == [1, 3]
        assert reached(store, split("forum-fr", frozenset())) == []
        with store.read() as tx:
            assert tx.audiences.list_other_languages(split("forum-es", frozenset({"es"}))) == [
                ("reader1@example.org", "en", ""),
                ("reader3@example.org", "", ""),
                ("reader5@example.org", "es-MX", ""),
            ]

    def test_the_freeze_leaves_out_whom_another_member_has(self, store: Store) -> None:
        Books(store, readers("en", "es", "en"), slug="forum")
        with store.begin() as tx:
            tx.readers.upsert(readers("en", "es", "en", "es"), NOON)
        number = planned(store, "forum-es", translates="forum")
        wanted = split("forum-es", frozenset({"es"}))
        assert reached(store, wanted) == [4]
        with store.read() as tx:
            assert ("reader2@example.org", "es", "forum") in tx.audiences.list_other_languages(
                wanted
            )
            assert tx.audiences.count_other_languages(wanted) == {"en": 2, "es": 1}
        with store.begin() as tx:
            tx.campaigns.change_state(
                number, CampaignState.SENDING, expect=list(CampaignState), at=NOON
            )
            assert tx.audiences.freeze(number, wanted, 10) == 1
        with store.read() as tx:
            found = tx.campaigns.get(number)
        assert (found.counts, found.translates) == (Counts(pending=1), "forum")
        assert reached(store, wanted) == [4]  # its own audience is not another member's
        assert reached(store, split()) == [1, 2, 3]

    def test_a_reader_counts_by_the_language_of_the_first_start(self, store: Store) -> None:
        spanish = split("forum-es", frozenset({"es"}))
        with store.begin() as tx:
            tx.readers.upsert(readers("es", "en", "es", "es"), NOON)
            tx.choices.set_details(4, language="en")  # before
        number = planned(store, "forum", state=CampaignState.SENDING)
        with store.begin() as tx:
            tx.campaigns.change(number, started_at=NOON)
            for person, language in ((1, "en"), (2, "es"), (2, "fr")):  # the first change counts
                tx.choices.set_details(person, language=language)
        assert reached(store, spanish) == [1, 3]
        with store.read() as tx:
            assert tx.audiences.find_languages(("press",), "forum") == {"en", "es"}
            assert tx.audiences.find_languages(("press",), "other") == {"en", "es", "fr"}
            others = tx.audiences.list_other_languages(spanish)
        assert [(language, slug) for _, language, slug in others] == [("en", ""), ("en", "")]

    def test_an_audience_is_parted_into_batches(self, store: Store) -> None:
        with store.begin() as tx:
            tx.readers.upsert(readers(*["es"] * 7, "en"), NOON)
        number = planned(store, "forum-es", translates="forum")
        with store.begin() as tx:
            assert tx.audiences.freeze(number, split("forum-es", frozenset({"es"})), 3) == 7
            tx.campaigns.change_state(
                number, CampaignState.SENDING, expect=list(CampaignState), at=NOON
            )
            waiting = tx.batches.count_open()
        assert waiting.queued == 3

    @pytest.mark.parametrize("to", [None, Resolution.ACCEPTED, Resolution.GIVE_UP])
    def test_who_may_have_one_language_has_it_whatever_was_decided(
        self, store: Store, to: Resolution | None
    ) -> None:
        books = Books(store, 3, slug="forum").settled(UNKNOWN, n1=REJECTED, n2=ACCEPTED)
        if to is not None:
            with books.step() as tx:
                tx.unknowns.decide(books.id, to, NOON)
        books.move(CampaignState.CANCELLED)
        assert reached(store, split("forum-es")) == []

    def test_who_left_before_the_claim_is_not_tried_in_another_language(self, store: Store) -> None:
        books = Books(store, 2, slug="forum")
        with books.step() as tx:
            tx.choices.leave(1, ["press"], NOON, books.id)
        books.settle(books.claim())
        with books.step() as tx:
            tx.readers.upsert([Entry(address="reader1@example.org", lists=("more",))], NOON)
        wanted = Audience(slug="forum-es", original="forum", lists=("press", "more"), languages=ALL)
        assert reached(store, wanted) == []

    def test_who_was_cancelled_before_being_handed_over_is_free_for_another(
        self, store: Store
    ) -> None:
        books = Books(store, 9, batch_size=3, slug="forum")
        under_way = books.claim()
        books.settle(books.claim(attempt_id="a2"), UNKNOWN, n4=REJECTED, n5=ACCEPTED)
        with books.step() as tx:
            tx.unknowns.decide(books.id, Resolution.RESEND, NOON)
            tx.campaigns.cancel_pending(books.id)
        books.move(CampaignState.CANCELLED)
        assert reached(store, split("forum-es")) == [6, 7, 8, 9]
        assert books.requeue(under_way)
        assert reached(store, split("forum-es")) == [1, 2, 3, 6, 7, 8, 9]
        with books.step() as tx:
            tx.campaigns.change(books.id, corrected_by="right")
        assert reached(store, split("forum-es")) == []

    def test_the_latest_campaign_of_each_translation_is_found(self, store: Store) -> None:
        planned(store, "forum")
        first = planned(store, "forum-fr", translates="forum")
        planned(store, "forum-es", translates="forum", state=CampaignState.CANCELLED)
        planned(store, "forum-es", translates="forum")
        planned(store, "other-es", translates="other")
        with store.read() as tx:
            found = tx.campaigns.list_translations("forum")
            assert [one.slug for one in found] == ["forum-es", "forum-fr"]
            assert [one.id for one in found] == [first + 2, first]
            assert tx.campaigns.list_translations("forum-es") == []

    def test_translations_are_found_by_what_they_translate(self, store: Store) -> None:
        with store.begin() as tx:
            for slug, of in (("b", "forum"), ("a", "forum"), ("c", "other"), ("forum", "")):
                statement = Statement(
                    slug=slug, title="t", body="b", lists=(), language="es", translation_of=of
                )
                stored = StoredStatement(
                    statement=statement, content_hash="", fingerprint="", present=slug != "b"
                )
                tx.statements.put(stored, NOON)
        with store.read() as tx:
            found = tx.statements.find_translations("forum")
        assert [(one.statement.slug, one.present) for one in found] == [("a", True), ("b", False)]
