"""A text whose stored row cannot be read holds back only itself, and pages say so."""

import pytest

from tests.desk import words
from tests.unit.web.desk.work import write
from tests.unit.web.desk.writing import FORM, Desk

REASON = "cannot be read; ask your operator to restore it from a backup"


def damage(desk: Desk, table: str, where: str) -> None:
    with desk.staffed.site.services.store.begin() as tx:
        assert tx.db.change(f"UPDATE {table} SET document = '{{\"title\":7' WHERE {where}")


def damaged(desk: Desk) -> dict[str, tuple[str, ...]]:
    rows = desk.staffed.site.services.store.check_rows(seconds=9)
    return {one.what: one.damaged for one in rows if one.damaged}


@pytest.mark.parametrize("kind", ["draft", "template", "submitted"])
def test_a_damaged_text_is_named_and_all_other_pages_are_shown(desk: Desk, kind: str) -> None:
    other = Desk(desk.staffed)
    other.keep(title="A sound text")
    if kind == "template":
        form = {"from": "new-template", "name": "A template"}
        desk.key = desk.ana.post("/drafts/new", form).headers["location"].split("/")[3]
    if kind == "submitted":
        desk.keep(act="hand-in")
        desk.staffed.site.services.tick.run()
    version = desk.draft.version.number
    damage(desk, "version", f"number = {version}")
    with desk.staffed.site.services.store.begin() as tx:  # so that a tick reads it again
        tx.db.change("DELETE FROM changed_statement")
        tx.db.change("INSERT INTO changed_statement (slug) SELECT slug FROM statement")
    desk.staffed.site.services.tick.run()

    for path in ("", "/statements", "/drafts/new", "/calendar", f"{other.at}/edit", other.at):
        assert desk.ana.get(path).status == 200, path
    for path in ("", "/edit", "/versions", "/pictures"):
        answer = desk.ana.get(desk.at + path)
        assert (answer.status, REASON in words(answer)) == (409, True), path
    assert other.keep(title="Changed").status == 303
    form = {"base": "1", "act": "hand-in", **FORM}
    assert desk.ana.post(f"{desk.at}/edit", form).status == 409
    assert damaged(desk) == {"versions": (f"version {version} of the text {desk.key}",)}
    if kind == "submitted":
        assert REASON in words(desk.ana.get("/statements/library-hours"))


def test_a_damaged_former_version_is_left_out_of_the_history(desk: Desk) -> None:
    first = desk.draft.version.number
    desk.keep(desk.ben, body="Ben's.")
    damage(desk, "version", f"number = {first}")
    assert "Ben wrote it" in words(desk.ana.get(f"{desk.at}/versions"))
    assert desk.ana.get(f"{desk.at}/versions/{first}").status == 404
    assert desk.ana.post(f"{desk.at}/versions/{first}/restore").status == 404


def test_a_damaged_statement_is_named_and_gives_its_slug_to_no_other(desk: Desk) -> None:
    write(desk.staffed, "library-hours")
    write(desk.staffed, "sound")
    damage(desk, "statement", "slug = 'library-hours'")
    assert desk.ana.get("/statements").status == 200
    answer = desk.ana.get("/statements/library-hours")
    assert (answer.status, REASON in words(answer)) == (409, True)
    assert desk.ana.get("/statements/sound").status == 200
    desk.keep(act="hand-in", title="Library hours")
    assert desk.draft.slug == "library-hours-2"
    assert damaged(desk) == {"statements": ("statement library-hours",)}
