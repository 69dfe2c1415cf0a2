"""Contract: a store keeps the desk's texts: drafts, versions, pictures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.domain.errors import Defect
from newsletter.domain.statements.draft import (
    Draft,
    DraftText,
    ImportFindings,
    Picture,
    Version,
    VersionKind,
)
from newsletter.store.sql import Store
from tests.fakes import NOON

ANA, BEN = "ana@forum.example", "ben@forum.example"
KEY, OTHER = "a" * 16, "b" * 16
TEXT = DraftText(
    title="Library “hours” — 🕊",
    body="It opens at 9.\n\n    code\n",
    summary="In short",
    lists=("press", "events"),
    send_at="1 Dec 2026, 9:00",
    urgent=True,
)
FIRST = Version(
    number=0, kind=VersionKind.BROUGHT, text=TEXT, by=ANA, writers=(ANA,), began_at=NOON, at=NOON
)
DRAFT = Draft(
    key=KEY,
    version=FIRST,
    revision=1,
    created_at=NOON,
    created_by=ANA,
    changed_at=NOON,
    changed_by=ANA,
    copied_of="library",
    import_findings=ImportFindings(
        file="a.docx", left_out=((3, "page 1", "a number"),), notes=("Look.",)
    ),
)
LATER = NOON + timedelta(minutes=9)
PICTURE = Picture(
    name="p" * 26, draft=KEY, kind="image/png", width=6, height=4, alt="A desk", by=ANA, at=NOON
)


class DraftsContract:
    def test_a_text_comes_back_as_it_was_added_with_a_number_of_its_version(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            added = tx.drafts.add(DRAFT)
        assert added == replace(DRAFT, version=replace(FIRST, number=added.version.number))
        with store.read() as tx:
            assert tx.drafts.get(KEY) == added
            assert tx.board.list_unsubmitted(limit=9) == [added]
            assert tx.drafts.list_versions(KEY, 9) == [added.version]
            assert tx.drafts.get(OTHER) is None
            assert [tx.drafts.has_key(each) for each in (KEY, OTHER)] == [True, False]
            assert tx.drafts.list_submitted() == []

    def test_the_text_is_the_version_that_it_was_advanced_to(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.drafts.add(DRAFT).version
            second = replace(
                first, kind=VersionKind.TYPED, by=BEN, writers=(ANA, BEN), began_at=LATER, at=LATER
            )
            number = tx.drafts.add_version(KEY, second)
            advanced = tx.drafts.set_head(KEY, number, by=BEN, at=LATER)
            assert advanced.version == replace(second, number=number)
            assert (advanced.revision, advanced.changed_by, advanced.changed_at) == (2, BEN, LATER)
            assert [one.number for one in tx.drafts.list_versions(KEY, 9)] == [number, first.number]
            assert [one.number for one in tx.drafts.list_versions(KEY, 9, skip=1)] == [first.number]
            assert tx.drafts.count_versions(KEY) == 2

    def test_a_version_grows_until_it_was_handed_in(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.drafts.add(DRAFT).version
            more = replace(first, text=DraftText(title="More"), at=LATER)
            tx.drafts.update_open(more)
            assert tx.drafts.get_version(KEY, first.number) == more
            tx.drafts.submit(KEY, "library-hours", first.number, by=BEN, at=LATER)
            tx.drafts.update_open(replace(more, text=DraftText(title="Less")))
            kept = tx.drafts.get_version(KEY, first.number)
            assert kept == replace(more, closed=True, submitted_at=LATER, submitted_by=BEN)

    def test_a_version_is_found_by_its_own_text_alone(self, store: Store) -> None:
        with store.begin() as tx:
            number = tx.drafts.add(DRAFT).version.number
            tx.drafts.add(replace(DRAFT, key=OTHER))
            assert tx.drafts.get_version(OTHER, number) is None

    def test_what_somebody_typed_aside_last_is_found_again(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.drafts.add(DRAFT).version
            assert tx.drafts.find_conflicting(KEY, ANA) is None
            beside = replace(first, kind=VersionKind.ASIDE)
            tx.drafts.add_version(KEY, beside)
            number = tx.drafts.add_version(KEY, beside)
            assert tx.drafts.find_conflicting(KEY, ANA) == replace(beside, number=number)
            assert tx.drafts.find_conflicting(KEY, BEN) is None

    def test_a_closed_version_says_so(self, store: Store) -> None:
        with store.begin() as tx:
            number = tx.drafts.add(DRAFT).version.number
            tx.drafts.close_version(number)
            found = tx.drafts.get_version(KEY, number)
            assert found.closed

    def test_what_was_handed_in_is_known_under_its_slug_until_it_is_deleted(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            version = tx.drafts.add(DRAFT).version
            tx.drafts.submit(KEY, "library-hours", version.number, by=BEN, at=LATER)
            typed = tx.drafts.add_version(KEY, replace(version, text=DraftText(title="Unseen")))
            tx.drafts.set_head(KEY, typed, by=ANA, at=LATER)
        with store.begin() as tx:
            [known] = tx.drafts.list_submitted()
            handed = replace(version, closed=True, submitted_at=LATER, submitted_by=BEN)
            assert (known.slug, known.version) == ("library-hours", handed)
            assert tx.drafts.list_submitted(["library-hours", "other"]) == [known]
            assert tx.drafts.list_submitted(["other"]) == []
            assert tx.board.list_unsubmitted(limit=9) == []
            draft = tx.drafts.find_by_slug("library-hours")
            assert (draft.slug, draft.submitted_version) == ("library-hours", version.number)
            assert draft.version.text.title == "Unseen"
            tx.drafts.change(KEY, taken_back=1)
            assert tx.drafts.list_submitted() == [replace(known, taken_back=True)]
            tx.drafts.submit(KEY, "library-hours", version.number, by=BEN, at=LATER)
            assert tx.drafts.list_submitted() == [known]
            tx.drafts.change(KEY, deleted_at=LATER)
            assert tx.drafts.list_submitted() == tx.board.list_unsubmitted(limit=9) == []
            assert tx.drafts.find_by_slug("library-hours") is None
            assert tx.drafts.find_by_slug("") is None
            assert tx.drafts.has_slug("library-hours")
            assert not tx.drafts.has_slug("")

    def test_two_texts_never_have_one_slug(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.drafts.add(DRAFT).version
            second = tx.drafts.add(replace(DRAFT, key=OTHER)).version
            tx.drafts.submit(KEY, "one", first.number, by=ANA, at=NOON)
        with pytest.raises(Defect, match=r"(?i)unique"), store.begin() as tx:
            tx.drafts.submit(OTHER, "one", second.number, by=ANA, at=NOON)

    def test_what_is_unseen_comes_the_latest_first_page_by_page(self, store: Store) -> None:
        with store.begin() as tx:
            for number in range(3):
                at = NOON + timedelta(hours=number)
                tx.drafts.add(replace(DRAFT, key=f"{number:016}", changed_at=at))
            assert [one.key[-1] for one in tx.board.list_unsubmitted(limit=3)] == ["2", "1", "0"]

    def test_templates_come_by_their_title_and_are_no_drafts(self, store: Store) -> None:
        with store.begin() as tx:
            tx.drafts.add(DRAFT)
            for key, title in ((OTHER, "Release"), ("c" * 16, "Answer")):
                text = replace(FIRST, text=replace(TEXT, title=title))
                tx.drafts.add(replace(DRAFT, key=key, version=text, template=True))
            titles = [one.version.text.title for one in tx.drafts.list_templates()]
            assert titles == ["Answer", "Release"]
            tx.drafts.change(OTHER, deleted_at=NOON + timedelta(hours=1))
            changed = replace(FIRST, at=NOON + timedelta(hours=2))
            head = tx.drafts.add_version("c" * 16, changed)
            tx.drafts.set_head("c" * 16, head, by=ANA, at=changed.at)
            for hours, known in ((0, ["", "Release", "Answer"]), (1, ["", "Release"]), (3, [""])):
                since = NOON + timedelta(hours=hours)
                found = tx.drafts.list_template_versions(since)
                titles = {one.text.title for one in found}
                assert titles == {name or changed.text.title for name in known}
            assert [one.key for one in tx.board.list_unsubmitted(limit=9)] == [KEY]

    def test_what_an_import_found_is_gone_once_somebody_has_looked_at_it(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            tx.drafts.add(DRAFT)
            tx.drafts.change(KEY, import_findings=ImportFindings())
            found = tx.drafts.get(KEY)
            assert found.import_findings == ImportFindings()

    def test_a_text_that_is_gone_is_not_advanced(self, store: Store) -> None:
        with store.begin() as tx, pytest.raises(Defect, match="is gone"):
            tx.drafts.set_head(KEY, 1, by=ANA, at=NOON)

    def test_what_is_handed_in_is_noted_as_a_change_and_what_is_typed_is_not(
        self, store: Store
    ) -> None:
        with store.begin() as tx:
            version = tx.drafts.add(DRAFT).version
            tx.drafts.update_open(replace(version, text=DraftText(title="More")))
            tx.drafts.set_head(KEY, version.number, by=ANA, at=LATER)
            assert tx.statements.changed_since(0)[1] == []
            mark = 0
            for change in (
                lambda: tx.drafts.submit(KEY, "hours", version.number, by=ANA, at=NOON),
                lambda: tx.drafts.change(KEY, taken_back=1),
                lambda: tx.drafts.change(KEY, deleted_at=NOON),
            ):
                change()
                mark, touched = tx.statements.changed_since(mark)
                assert touched == ["hours"]

    def test_a_picture_comes_back_by_its_name_and_with_its_text(self, store: Store) -> None:
        later = replace(PICTURE, name="q" * 26, at=LATER, alt="")
        with store.begin() as tx:
            tx.drafts.add(DRAFT)
            tx.pictures.add(PICTURE, b"\x89PNG\x00")
            tx.pictures.add(later, b"GIF89a")
        with store.read() as tx:
            assert tx.pictures.list_for(KEY) == [later, PICTURE]
            assert tx.pictures.list_for(OTHER) == []
            assert tx.pictures.get_data(PICTURE.name) == ("image/png", b"\x89PNG\x00")
            assert tx.pictures.get_data("p") is None
