"""Typing at the desk: one version after the other, and nothing that is lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.documents.release.imported import MadePicture
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.statements.draft import (
    MAX_TEMPLATES,
    Draft,
    DraftText,
    ImportFindings,
    Picture,
    VersionKind,
)
from newsletter.domain.statements.statement import Statement, StoredStatement
from newsletter.pipeline.statements.write import Conflict, DraftWriter
from tests.rows import rows
from tests.unit.pipeline.newsroom import Newsroom
from tests.unit.pipeline.statements.desk import ANA, BEN, CLEO, TEXT, VERA, WritingRoom

PNG = MadePicture(kind="image/png", data=b"\x89PNG", width=60, height=40)


@pytest.fixture
def desk(room: Newsroom) -> WritingRoom:
    return WritingRoom(room)


def test_a_new_text_has_one_version_and_one_line_in_the_log(desk: WritingRoom) -> None:
    draft = desk.new()
    assert (draft.revision, draft.slug, draft.version.text) == (1, "", TEXT)
    assert (draft.version.by, draft.version.writers) == (ANA, (ANA,))
    assert draft.version.kind is VersionKind.TYPED
    assert desk.room.deeds() == [(ANA, "write")]


def test_a_key_is_sixteen_letters_and_digits_and_none_is_like_another(desk: WritingRoom) -> None:
    keys = {desk.new().key for _ in range(6)}
    assert len(keys) == 6
    assert all(len(key) == 16 and key.isalnum() and key == key.lower() for key in keys)


def test_a_text_from_a_file_says_what_the_import_left_out_until_somebody_looked(
    desk: WritingRoom,
) -> None:
    found = ImportFindings(file="a.docx", notes=("Look at its date.",))
    draft = desk.writing().new(TEXT, findings=found)
    assert draft.import_findings == found
    assert draft.version.kind is VersionKind.BROUGHT
    desk.writing(BEN).hide_notes(draft.key)
    assert desk.draft(draft).import_findings == ImportFindings()
    pasted = desk.writing().new(TEXT, findings=ImportFindings(notes=("x",)))
    assert pasted.import_findings.file == ""


def test_what_one_person_types_in_five_minutes_is_one_version(desk: WritingRoom) -> None:
    draft = desk.new()
    for number in range(50):
        desk.room.clock.advance(seconds=5)
        saved = desk.type(draft, body=f"The library opens at {number}.")
    assert saved.revision == 51
    assert desk.versions(draft) == ["The library opens at 49."]
    assert desk.room.deeds() == [(ANA, "write")]


def test_later_and_by_another_it_is_another_version_with_all_who_wrote(desk: WritingRoom) -> None:
    draft = desk.new()
    desk.room.clock.advance(minutes=5)
    desk.type(draft, body="two")
    last = desk.type(draft, by=BEN, body="three")
    assert desk.versions(draft) == [TEXT.body, "two", "three"]
    assert last.version.writers == (ANA, BEN)
    assert (last.changed_by, last.changed_at) == (BEN, desk.room.clock.now())
    assert desk.room.deeds() == [(ANA, "write"), (ANA, "write"), (BEN, "write")]


def test_what_is_the_same_already_changes_nothing_whatever_it_was_typed_on(
    desk: WritingRoom,
) -> None:
    draft = desk.type(desk.new(), body="x\r\ny")
    again = desk.writing(BEN).save(draft.key, 1, replace(TEXT, body="x\ny"))
    assert again == draft
    assert draft.version.writers == (ANA,)


def test_two_writers_both_texts_are_kept_and_the_first_counts(desk: WritingRoom) -> None:
    draft = desk.new()
    desk.type(draft, by=BEN, body="Ben's")
    conflict = desk.writing().save(draft.key, 1, replace(TEXT, body="Ana's"))
    assert isinstance(conflict, Conflict)
    assert conflict.theirs.version.text.body == "Ben's"
    assert conflict.mine.text.body == "Ana's"
    assert conflict.mine.kind is VersionKind.ASIDE
    assert desk.versions(draft) == [TEXT.body, "Ben's", "Ana's"]
    assert desk.draft(draft).version.text.body == "Ben's"


def test_whoever_goes_on_typing_beside_the_text_makes_one_version(desk: WritingRoom) -> None:
    draft = desk.new()
    desk.type(draft, by=BEN, body="Ben's")
    for body in ("Ana", "Ana's", "Ana's own"):
        desk.writing().save(draft.key, 1, replace(TEXT, body=body))
    assert desk.versions(draft) == [TEXT.body, "Ben's", "Ana's own"]
    desk.room.clock.advance(minutes=6)
    desk.writing().save(draft.key, 1, replace(TEXT, body="later"))
    assert desk.versions(draft) == [TEXT.body, "Ben's", "Ana's own", "later"]


def test_what_counted_in_a_conflict_is_typed_over_by_nobody(desk: WritingRoom) -> None:
    draft = desk.type(desk.new(), body="in one window")
    desk.writing().save(draft.key, 1, replace(TEXT, body="in another"))
    desk.type(draft, body="mine after all")
    assert desk.versions(draft) == ["in one window", "in another", "mine after all"]


def test_restoring_adds_a_version_with_all_writers_and_who_restored(desk: WritingRoom) -> None:
    """A page that is still open may bring words back that the restored version had not."""
    draft = desk.new()
    first = draft.version.number
    desk.type(draft, by=BEN, body="Ben's")
    back = desk.writing(CLEO).restore(draft.key, first)
    assert desk.versions(draft) == [TEXT.body, "Ben's", TEXT.body]
    assert back.version.kind is VersionKind.RESTORED
    assert desk.room.deeds()[-1] == (CLEO, "restore")
    assert back.version.writers == (ANA, BEN, CLEO)
    desk.type(draft, by=CLEO, body="on")
    assert desk.versions(draft) == [TEXT.body, "Ben's", TEXT.body, "on"]
    refused = desk.writing(CLEO).save(draft.key, 2, replace(TEXT, body="Ben's after all"))
    assert isinstance(refused, Conflict)
    kept = desk.writing(CLEO).save(draft.key, refused.theirs.revision, refused.mine.text)
    assert isinstance(kept, Draft)
    assert BEN in kept.version.writers


def test_the_version_of_another_text_is_not_there(desk: WritingRoom) -> None:
    other = desk.new()
    with pytest.raises(NotFound, match="no such version"):
        desk.writing().restore(desk.new().key, other.version.number)


ACTS: dict[str, Callable[[DraftWriter, str], object]] = {
    "write": lambda pen, key: pen.new(TEXT),
    "save": lambda pen, key: pen.save(key, 1, DraftText()),
    "restore": lambda pen, key: pen.restore(key, 1),
    "look through": lambda pen, key: pen.hide_notes(key),
    "delete": lambda pen, key: pen.delete(key),
    "copy": lambda pen, key: pen.copy("resignation"),
    "add a picture": lambda pen, key: pen.illustrate(key, PNG, alt="x", decoration=False),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_each_act_takes_the_role_of_a_writer(
    desk: WritingRoom, act: Callable[[DraftWriter, str], object]
) -> None:
    draft = desk.new()
    with pytest.raises(Refused, match="takes the role writer"):
        act(desk.writing(VERA), draft.key)
    assert desk.room.deeds() == [(ANA, "write")]


@rows("act", [act for name, act in ACTS.items() if name not in {"write", "copy"}])
def test_a_text_that_is_not_there_is_not_found(
    desk: WritingRoom, act: Callable[[DraftWriter, str], object]
) -> None:
    with pytest.raises(NotFound, match="no such text"):
        act(desk.writing(), "z" * 16)


def test_what_is_too_long_is_refused_with_how_long_it_may_be(desk: WritingRoom) -> None:
    draft = desk.new()
    with pytest.raises(InvalidInput, match="title: is longer than 1,000 characters"):
        desk.type(draft, title="x" * 1001)
    with pytest.raises(InvalidInput, match="body: is longer than 200,000"):
        desk.new(body="x" * 200_001)


def test_a_deleted_text_is_gone_but_one_that_is_handed_in_is_not_deleted(desk: WritingRoom) -> None:
    draft = desk.new_submitted()
    with pytest.raises(Refused, match="take it back to delete"):
        desk.writing().delete(draft.key)
    desk.submitter.withdraw_draft(draft.key, by=ANA)
    desk.writing().delete(draft.key)
    with pytest.raises(NotFound):
        desk.writing().delete(draft.key)
    assert desk.source.read().statements == ()
    with desk.room.store.read() as tx:
        stored = tx.statements.get("library-hours")
    assert not stored.present
    unseen = desk.new()
    desk.writing().delete(unseen.key)
    assert desk.room.deeds()[-1] == (ANA, "delete")


def from_a_file(desk: WritingRoom, **fields: Any) -> None:
    """A statement of a folder, as the pipeline knows it."""
    statement = Statement(
        slug="library",
        title="Library",
        body="It is open.",
        lists=("press",),
        language="en",
        author=CLEO,
        notes=("Look at its date.",),
        **fields,
    )
    stored = StoredStatement(statement=statement, content_hash="", fingerprint="")
    with desk.room.store.begin() as tx:
        tx.statements.put(stored, desk.room.clock.now())


def test_a_copy_of_a_file_keeps_its_fields_its_author_and_what_its_source_noted(
    desk: WritingRoom,
) -> None:
    from_a_file(desk)
    draft = desk.writing().copy("library")
    assert draft.copied_of == "library"
    assert draft.version.text.title == "Library"
    assert draft.version.kind is VersionKind.BROUGHT
    assert draft.version.writers == (CLEO, ANA)
    assert draft.import_findings.notes == ("Look at its date.",)


def test_what_is_not_there_and_what_nobody_may_edit_is_not_copied(desk: WritingRoom) -> None:
    with pytest.raises(NotFound, match="no statement 'library'"):
        desk.writing().copy("library")
    from_a_file(desk, digest="weekly")
    with pytest.raises(Refused, match="made of what went out"):
        desk.writing().copy("library")
    with pytest.raises(NotFound):
        desk.writing().copy_draft("nothing")
    assert desk.writing().copy_draft(desk.new().key, template=True).template


ABOUT = DraftText(title="About us", body="The Forum of Examples speaks for all libraries.\n")


def test_who_wrote_a_template_is_a_writer_of_a_text_from_when_its_words_are_in_it(
    desk: WritingRoom,
) -> None:
    about = desk.writing(BEN).new(ABOUT, template=True)
    draft = desk.new()
    with_words = draft.version.text.with_appended(ABOUT.body)
    saved = desk.writing().save(draft.key, draft.revision, with_words)
    assert isinstance(saved, Draft)
    assert saved.version.writers == (ANA, BEN)
    changed = desk.writing(CLEO).save(about.key, 1, replace(ABOUT, summary="Cleo's words."))
    assert isinstance(changed, Draft)
    desk.writing().append(draft.key, "More.")
    assert desk.draft(draft).version.writers == (ANA, BEN), "the words were there before"
    assert ABOUT.body.strip() in desk.draft(draft).version.text.body


def test_the_words_of_a_template_have_their_writers_by_each_way_into_a_text(
    desk: WritingRoom,
) -> None:
    """Also in a conflict, from a page that is older than the template, and in a new text."""
    about = desk.writing(BEN).new(ABOUT, template=True)
    draft = desk.type(desk.new(), body="in one window")
    aside = desk.writing().save(draft.key, 1, ABOUT)
    assert isinstance(aside, Conflict)
    beside = desk.writing().save(draft.key, 1, replace(TEXT, body="Ana's own"))
    assert isinstance(beside, Conflict)
    assert beside.mine.number == aside.mine.number
    assert desk.writing().restore(draft.key, aside.mine.number).version.writers == (ANA, BEN)
    changed = desk.writing(CLEO).save(about.key, 1, replace(ABOUT, body="Other words."))
    assert isinstance(changed, Draft)
    assert desk.type(desk.new(), body=ABOUT.body).version.writers == (ANA, BEN)
    desk.writing(CLEO).delete(about.key)
    assert desk.writing().new(ABOUT).version.writers == (ANA, BEN)
    desk.room.clock.advance(days=8)
    assert desk.writing().new(ABOUT).version.writers == (ANA,)


def test_another_beside_the_text_brings_other_writers_in_a_version_of_its_own(
    desk: WritingRoom,
) -> None:
    desk.writing(BEN).new(ABOUT, template=True)
    draft = desk.type(desk.new(), body="in one window")
    for body in ("Ana's own", ABOUT.body):
        saved = desk.writing().save(draft.key, 1, replace(TEXT, body=body))
        assert isinstance(saved, Conflict)
    assert saved.mine.writers == (ANA, BEN)
    assert desk.versions(draft) == ["in one window", "Ana's own", ABOUT.body]


def test_templates_are_few_and_each_change_of_one_is_in_the_log(desk: WritingRoom) -> None:
    made = [desk.writing().new(ABOUT, template=True) for _ in range(MAX_TEMPLATES)]
    assert desk.room.deeds() == [(ANA, "write")] * MAX_TEMPLATES
    with pytest.raises(Refused, match=f"{MAX_TEMPLATES} templates"):
        desk.writing().copy_draft(made[0].key, template=True)
    desk.writing().delete(made[0].key)
    assert desk.room.deeds()[-1] == (ANA, "delete")
    assert desk.writing().new(ABOUT, template=True).template
    with pytest.raises(Refused):
        desk.writing(VERA).new(ABOUT, template=True)


def test_a_copy_of_a_text_of_the_desk_is_a_statement_of_its_own(desk: WritingRoom) -> None:
    desk.submit_draft(desk.new(send_at="2026-12-01 09:00"))
    draft = desk.writing(BEN).copy("library-hours", title="Hours again", language="es")
    assert set(draft.version.writers) == {ANA, BEN}
    text = draft.version.text
    assert (text.title, text.send_at, draft.copied_of) == ("Hours again", "", "")
    assert (text.language, text.translation_of) == ("es", "library-hours")


def pictures(desk: WritingRoom, key: str) -> list[Picture]:
    with desk.room.store.read() as tx:
        return tx.pictures.list_for(key)


def test_a_picture_is_kept_under_a_name_that_nobody_guesses_with_what_it_shows(
    desk: WritingRoom,
) -> None:
    draft = desk.new()
    picture = desk.writing().illustrate(draft.key, PNG, alt=" A  desk ", decoration=False)
    assert pictures(desk, draft.key) == [picture]
    assert (len(picture.name), picture.alt, picture.by) == (26, "A desk", ANA)
    with desk.room.store.read() as tx:
        assert tx.pictures.get_data(picture.name) == ("image/png", b"\x89PNG")
    assert desk.room.deeds()[-1] == (ANA, "add a picture")


def test_a_picture_without_words_is_refused_unless_it_is_decoration(desk: WritingRoom) -> None:
    draft = desk.new()
    with pytest.raises(InvalidInput, match="Say what the picture shows"):
        desk.writing().illustrate(draft.key, PNG, alt=" ", decoration=False)
    assert desk.writing().illustrate(draft.key, PNG, alt="", decoration=True).alt == ""
    assert desk.writing().illustrate(draft.key, PNG, alt="x", decoration=True).alt == ""


def test_a_text_has_room_for_a_hundred_pictures(desk: WritingRoom) -> None:
    draft = desk.new()
    for _ in range(100):
        desk.writing().illustrate(draft.key, PNG, alt="x", decoration=False)
    with pytest.raises(Refused, match="no room for more"):
        desk.writing().illustrate(draft.key, PNG, alt="x", decoration=False)
