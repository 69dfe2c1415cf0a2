"""Texts that begin with the words of another: duplicates, templates, translations."""

from typing import Any

from tests.desk import words
from tests.pages import Answer
from tests.rows import rows
from tests.unit.web.desk.writing import FORM, Desk, key_in

BODY = "The library opens at 9.\n\nIt closes at 8.\n\nCome and see."


def begin(desk: Desk, source: str, **fields: str) -> Answer:
    return desk.ben.post("/drafts/new", {"from": source, **fields})


def submitted(desk: Desk, **fields: Any) -> str:
    text = {"body": BODY, "summary": "From Tuesday on."} | fields
    answer = desk.keep(act="hand-in", **text)
    assert answer.headers["location"].startswith("/desk/statements/library-hours")
    return "statement:library-hours"


def test_a_duplicate_has_the_words_and_the_writers_and_no_time(desk: Desk) -> None:
    source = submitted(desk, send_at="2026-12-01 09:00", embargo_until="2026-12-01 08:00")
    page = desk.ben.get("/statements/library-hours")
    assert "Duplicate" in words(page)
    assert "Duplicate" not in words(desk.staffed.as_("vera").get("/statements/library-hours"))
    desk.key = key_in(begin(desk, source))
    text = desk.draft.version.text
    assert (text.title, text.body, text.summary) == ("Library hours", BODY, "From Tuesday on.")
    assert (text.lists, text.send_at, text.embargo_until) == (("press",), "", "")
    assert desk.draft.version.writers == ("ana@forum.example", "ben@forum.example")
    assert desk.draft.copied_of == ""


def test_a_new_statement_begins_with_a_template_which_is_never_submitted(desk: Desk) -> None:
    desk.keep(title="Statement on a vote", body=BODY)
    template = key_in(begin(desk, f"text:{desk.key}"))
    page = desk.ana.get("/drafts/new")
    assert f'<option value="template:{template}">Statement on a vote</option>' in page.text
    assert words(desk.ana.get("/statements?state=drafts")).count("Statement on a vote") == 1
    assert "This is a template." in words(desk.ana.get(f"/drafts/{template}/edit"))
    refused = desk.ana.post(f"/drafts/{template}/hand-in", {"base": "1"})
    assert (refused.status, "It is a template." in words(refused)) == (409, True)
    desk.key = key_in(begin(desk, f"template:{template}", title=" On the budget "))
    assert (desk.draft.version.text.title, desk.draft.template) == ("On the budget", False)
    assert desk.draft.version.text.body == BODY


def test_a_part_of_a_text_becomes_a_template_with_its_writers(desk: Desk) -> None:
    desk.keep(title="Statement on a vote", summary="On Tuesday.", body=BODY)
    part = {"title": "About us", "body": "## About us\n\nThe Forum speaks."}
    answer = desk.ben.post("/drafts/new", {"from": f"text:{desk.key}", **part})
    desk.key = key_in(answer)
    text = desk.draft.version.text
    assert (text.title, text.body, text.summary) == (part["title"], part["body"], "")
    assert desk.draft.template
    assert desk.draft.version.writers == ("ana@forum.example", "ben@forum.example")


def test_a_short_template_is_inserted_as_a_copy_without_script_too(desk: Desk) -> None:
    made = key_in(desk.ben.post("/drafts/new", {"from": "new-template", "name": " About us "}))
    about = {"title": "About us", "body": "The Forum of Examples speaks for all libraries."}
    desk.ben.post(f"/drafts/{made}/edit", about | {"base": "1"})
    long = key_in(desk.ben.post("/drafts/new", {"from": "new-template", "name": "A report"}))
    desk.ben.post(f"/drafts/{long}/edit", {"title": "A report", "body": "x" * 5_001, "base": "1"})
    page = desk.ana.get(f"{desk.at}/edit").text
    assert f'<option value="{made}">About us</option>' in page
    assert f'data-block="{about["body"]}' in page
    assert "A report" not in page
    assert "data-block" not in desk.ben.get(f"/drafts/{made}/edit").text
    assert desk.keep(act="insert", block=made).status == 303
    assert desk.draft.version.text.body == f"{FORM['body']}\n\n{about['body']}\n"
    assert desk.draft.version.writers == ("ana@forum.example", "ben@forum.example")
    refused = desk.keep(act="insert", block=long, body="As typed.")
    assert (refused.status, "Nothing was inserted" in words(refused)) == (422, True)
    assert "As typed." in refused.text
    assert about["body"] in desk.draft.version.text.body, "and nothing was saved"


def test_a_translation_is_written_beside_its_original_block_by_block(desk: Desk) -> None:
    answer = begin(desk, submitted(desk), language="es")
    desk.key = answer.headers["location"].split("/")[3]
    assert answer.headers["location"] == f"/desk{desk.at}/translate?done=began"
    text = desk.draft.version.text
    assert (text.language, text.translation_of) == ("es", "library-hours")
    page = desk.ben.get(f"{desk.at}/translate")
    assert "0 of 5 parts are translated." in words(page)
    assert page.text.count("It closes at 8.") == 2
    typed = {
        "title": "Horario",
        "summary": "Desde el martes.",
        "block-0": "La biblioteca abre a las 9.",
        "block-1": "",
        "block-2": "\r\n   Vengan. ",
    }
    base = {"base": str(desk.draft.revision)}
    answer = desk.ben.post(f"{desk.at}/translate", base | typed)
    assert answer.headers["location"] == f"/desk{desk.at}/translate?done=saved"
    assert desk.draft.version.text.body == "La biblioteca abre a las 9.\n\n   Vengan."
    assert "5 of 5 parts are translated." in words(desk.ben.get(f"{desk.at}/translate"))
    form = {"act": "edit", "base": str(desk.draft.revision), "title": "edit"}
    answer = desk.ben.post(f"{desk.at}/translate", form)
    assert answer.headers["location"] == f"/desk{desk.at}/edit?done=saved"
    meanwhile = desk.ana.post(f"{desk.at}/translate", base | typed | {"block-1": "Cierra a las 8."})
    assert (meanwhile.status, "Cierra a las 8." in words(meanwhile)) == (409, True)
    assert "Keep mine" in words(meanwhile)
    assert desk.draft.version.text.title == "edit"
    slug = desk.keep(act="hand-in", title="Horario").headers["location"].partition("?")[0]
    page = desk.ben.get(slug.removeprefix("/desk"))
    assert '<a href="/desk/statements/library-hours">Library hours</a>' in page.text


def test_a_translation_of_a_long_text_is_stored_whole(desk: Desk) -> None:
    body = "\n\n".join(f"Sentence {number} of many." for number in range(1_000))
    answer = begin(desk, submitted(desk, body=body), language="es")
    desk.key = answer.headers["location"].split("/")[3]
    typed = {f"block-{number}": f"Frase {number} de muchas." for number in range(1_000)}
    answer = desk.ben.post(f"{desk.at}/translate", {"base": str(desk.draft.revision)} | typed)
    assert answer.headers["location"] == f"/desk{desk.at}/translate?done=saved"
    assert desk.draft.version.text.body == "\n\n".join(typed.values())


NOTHING = [
    ("statement:nothing", 404),
    ("template:nothing", 404),
    ("text:" + "x" * 16, 404),
    ("elsewhere:library-hours", 303),
]


@rows(("source", "status"), NOTHING)
def test_what_is_not_there_is_no_beginning(desk: Desk, source: str, status: int) -> None:
    assert begin(desk, source, title="x").status == status
    assert desk.ana.get(f"{desk.at}/translate").status == 404
