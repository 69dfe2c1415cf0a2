"""Contract: a store searches sent statements: any words, nothing else found, and no error."""

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.archive import (
    Heading,
    Hits,
    NoteKind,
    PublicNote,
    Searchable,
    Snippet,
    Term,
    parse_search,
)
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.digest import Issue
from newsletter.store.sql import Store, Transaction
from tests.contracts.books import add_campaign
from tests.fakes import NOON

LATER_TEXT = "The library in São Paulo opens at nine. Mornings begin with coffee & <cake>."

ASKED = {
    '"': [],
    '"unbalanced library': [],
    "library*": ["hours"],
    "lib* AND OR NOT": [],
    "NEAR(library opens)": [],
    "title:library": [],
    "-library": ["hours"],
    "^library": ["hours"],
    "{title text}:library": [],
    "library) OR (1": [],
    "'; DROP TABLE archive_text; --": [],
    "lib\x00rary": [],
    "library\x00": ["hours"],
    "\ud800 library": ["hours"],
    "📚": [],
    "library 📚": ["hours"],
    "a" * 10_000: [],
    "library " * 1_250: ["hours"],
    '"' * 10_000: [],
    "* * * + - ( )": [],
    "أخبار": [],
    "\u202elibrary": ["hours"],
    "%": [],
    "_": [],
}


class SearchContract:
    def test_a_text_is_off_the_web_until_a_person_restores_it(self, store: Store) -> None:
        words = {
            NoteKind.NOTE: "Page 2 is new.",
            NoteKind.WITHDRAWN: "Wrong.",
            NoteKind.RESTORED: "",
        }
        notes = [
            PublicNote(slug="hours", at=NOON, by="ana@forum.example", kind=kind, words=words[kind])
            for kind in (NoteKind.NOTE, NoteKind.WITHDRAWN, NoteKind.NOTE, NoteKind.RESTORED)
        ]
        off = []
        with store.begin() as tx:
            for note in notes:
                tx.public_notes.add(note)
                off.append(tx.public_notes.find_withdrawn(["hours", "other"]))
            assert tx.public_notes.list_for(["hours"]) == notes
            assert tx.public_notes.list_for(["other"]) == []
        assert off == [set(), {"hours"}, {"hours"}, set()]

    def test_a_digest_is_not_found_while_a_part_is_off_the_web(self, store: Store) -> None:
        digest = Issue(name="weekly", day=NOON.date(), upto=NOON, parts=("hours", "tea"))
        other = replace(digest, day=NOON.date() + timedelta(days=7), parts=("tea",))
        numbers = [publish(store, issue.slug, "Weekly", LATER_TEXT) for issue in (digest, other)]
        both = [digest.slug, other.slug]
        found = []
        with store.begin() as tx:
            for issue in (digest, other):
                tx.digests.put(issue, NOON)
            assert tx.public_notes.find_withdrawn_parts(both) == []
            assert tx.public_notes.find_sending("hours") == numbers[:1]
            assert sorted(tx.public_notes.find_sending("tea")) == numbers
            assert tx.public_notes.find_sending(other.slug) == numbers[1:]
        for kind in (NoteKind.WITHDRAWN, NoteKind.RESTORED):
            with store.begin() as tx:
                note = PublicNote(slug="hours", at=NOON, by="ana", kind=kind, words="Wrong.")
                tx.public_notes.add(note)
                assert tx.public_notes.find_withdrawn_parts(both) == [(digest.slug, "hours")]
                assert tx.public_notes.find_withdrawn_parts([other.slug]) == []
            found.append(sorted(slugs(find(store, "library"))))
        assert found == [[other.slug], both]

    def test_neither_case_nor_accents_count(self, store: Store) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        for typed in ("sao paulo", "SÃO", "São", unicodedata.normalize("NFD", "são"), "LIBRARY"):
            assert slugs(find(store, typed)) == ["hours"], typed
        assert slugs(find(store, "Rio")) == []

    def test_a_word_finds_those_that_begin_so_and_a_phrase_in_quotes_only_itself(
        self, store: Store
    ) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        assert slugs(find(store, "morning libr")) == ["hours"]
        assert slugs(find(store, '"library in são"')) == ["hours"]
        assert slugs(find(store, '"morning"')) == []
        assert slugs(find(store, '"paulo são"')) == []
        assert slugs(find(store, "library tea")) == [], "all terms have to be there"

    def test_whatever_is_typed_is_looked_for_and_nothing_else(
        self, subtests: pytest.Subtests, store: Store
    ) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        for typed in ASKED:
            with subtests.test(typed=typed):
                assert slugs(find(store, typed)) == ASKED[typed]
                assert slugs(find(store, "library")) == ["hours"]

    def test_what_is_a_term_to_us_and_no_word_to_the_index_is_no_error(self, store: Store) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        with store.read() as tx:
            for text in ("", " ", '"', "_", "𞤀"):
                for whole in (True, False):
                    assert (
                        tx.search.find([Term(text=text, is_whole_word=whole)], limit=9).count == 0
                    )

    def test_what_was_found_is_marked_in_the_title_and_in_an_excerpt(self, store: Store) -> None:
        publish(store, "hours", "Cake hours", f"{'Before. ' * 90}{LATER_TEXT}{' After.' * 90}")
        [hit] = find(store, "cake").shown
        assert hit.title == (
            Snippet(text="Cake", is_match=True),
            Snippet(text=" hours", is_match=False),
        )
        found = [one.text for one in hit.excerpt if one.is_match]
        whole = "".join(one.text for one in hit.excerpt)
        assert found == ["cake"]
        assert "coffee & <cake>." in whole
        assert whole.startswith("…")
        assert whole.endswith("…")
        assert len(whole) < 400
        assert (hit.slug, hit.language) == ("hours", "en")

    def test_a_short_text_is_shown_whole_and_a_word_of_two_terms_once(self, store: Store) -> None:
        text = f"The cake hours{' are long' * 14} now"
        publish(store, "hours", "Opening", text)
        [hit] = find(store, '"cake hours" hours').shown
        assert "".join(one.text for one in hit.excerpt) == text
        assert [one.text for one in hit.excerpt if one.is_match] == ["cake hours"]

    def test_a_heading_is_of_the_content_that_is_asked_for(self, store: Store) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        publish(store, "altered", "", "")
        heading = Heading(language="en", title="Opening hours", opening="The libra")
        with store.read() as tx:
            found = [tx.campaigns.find_latest(slug) for slug in ("hours", "altered")]
            hashes = {campaign.slug: campaign.content_hash for campaign in found if campaign}
            assert tx.search.find_headings({**hashes, "never": "d"}) == {"hours": heading}
            assert tx.search.find_headings({"hours": "another"}) == {}

    def test_nobody_can_forge_the_marks(self, store: Store) -> None:
        publish(store, "hours", "\x02Opening\x03 hours", "A \x02forged\x03 mark.\x00")
        [hit] = find(store, "mark").shown
        assert [one.text for one in hit.excerpt if one.is_match] == ["mark"]
        assert not any(one.is_match for one in hit.title)

    def test_a_title_counts_for_more_and_of_equals_the_newest_comes_first(
        self, store: Store
    ) -> None:
        publish(store, "text", "Opening hours", "The library opens. It is a building.")
        publish(store, "title", "The library opens", "Its doors do, that is. All of them, daily.")
        publish(store, "newer", "Opening hours", "The library opens. It is a building.")
        assert slugs(find(store, "library")) == ["title", "newer", "text"]

    def test_a_part_of_what_was_found_comes_with_the_count_of_all(self, store: Store) -> None:
        for number in range(5):
            publish(store, f"s{number}", "Opening hours", "The library opens.")
        found = find(store, "library", skip=1, limit=2)
        assert (found.count, slugs(found)) == (5, ["s3", "s2"])
        assert slugs(find(store, "library", skip=4, limit=2)) == ["s0"]
        assert find(store, "library", skip=9, limit=2) == Hits(count=5, shown=())

    def test_without_a_term_nothing_is_found(self, store: Store) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        assert find(store, " !!! ") == Hits(count=0, shown=())

    def test_what_has_not_begun_to_go_out_is_neither_found_nor_counted(self, store: Store) -> None:
        with store.begin() as tx:
            number = add_campaign(tx, "hours")
            one = searchable(tx, number, "Opening hours", LATER_TEXT)
            tx.search.put(one)
        assert find(store, "library") == Hits(count=0, shown=())
        with store.begin() as tx:
            start(tx, number)
        assert slugs(find(store, "library")) == ["hours"]

    def test_the_old_words_of_what_went_out_anew_are_not_found(self, store: Store) -> None:
        publish(store, "hours", "Opening hours", LATER_TEXT)
        with store.begin() as tx:
            number = add_campaign(tx, "hours")
            changed = replace(tx.statements.get_content(digest_of(tx, number)), subject="Anew")  # type: ignore[type-var] # it is there
            content_hash = tx.statements.store_content(changed, NOON)
            again = tx.campaigns.get(number)
            assert again is not None
            number = tx.campaigns.add(replace(again, content_hash=content_hash), NOON)
        assert slugs(find(store, "library")) == ["hours"], "it waits"
        with store.begin() as tx:
            start(tx, number)
        assert find(store, "library").count == 0
        with store.begin() as tx:
            tx.search.put(searchable(tx, number, "Anew", "The theatre opens."))
        assert slugs(find(store, "theatre")) == ["hours"]
        assert find(store, "library").count == 0

    def test_words_put_twice_are_there_once(self, store: Store) -> None:
        number = publish(store, "hours", "Opening hours", LATER_TEXT)
        with store.begin() as tx:
            tx.search.put(searchable(tx, number, "Opening hours", LATER_TEXT))
        assert find(store, "library").count == 1

    def test_words_of_a_block_that_fails_were_never_there(self, store: Store) -> None:
        class Killed(BaseException):
            """An exception that no handler of errors catches."""

        def put_and_die() -> None:
            with store.begin() as tx:
                number = add_campaign(tx, "hours")
                start(tx, number)
                tx.search.put(searchable(tx, number, "Opening hours", LATER_TEXT))
                raise Killed

        with pytest.raises(Killed):
            put_and_die()
        assert find(store, "library").count == 0


def publish(store: Store, slug: str, title: str, text: str) -> int:
    """A campaign that began, with its words kept; returns its id."""
    with store.begin() as tx:
        number = add_campaign(tx, slug)
        start(tx, number)
        tx.search.put(searchable(tx, number, title, text))
    return number


def start(tx: Transaction, number: int) -> None:
    assert tx.campaigns.change_state(
        number, CampaignState.SENDING, expect={CampaignState.SCHEDULED}, at=NOON
    )


def searchable(tx: Transaction, number: int, title: str, text: str) -> Searchable:
    campaign = tx.campaigns.get(number)
    assert campaign is not None
    return Searchable(
        slug=campaign.slug,
        content_hash=campaign.content_hash,
        language="en",
        title=title,
        opening=text[:9],
        text=text,
    )


def digest_of(tx: Transaction, number: int) -> str:
    campaign = tx.campaigns.get(number)
    return campaign.content_hash


def find(store: Store, typed: str, *, skip: int = 0, limit: int = 9) -> Hits:
    with store.read() as tx:
        return tx.search.find(parse_search(typed), skip=skip, limit=limit)


def slugs(hits: Hits) -> list[str]:
    return [hit.slug for hit in hits.shown]
