"""Pictures of a text: brought at the desk, and loaded by mails."""

import pytest

from newsletter.domain.statements.draft import Picture
from tests.desk import words
from tests.pages import Answer
from tests.rows import rows
from tests.unit.web.desk.writing import Desk, multipart, png, said

pytestmark = pytest.mark.slow("makes pictures anew in a sandbox")
SCRIPTED = {"Accept": "application/json"}


def give(desk: Desk, data: bytes, *, scripted: bool = False, **fields: str) -> Answer:
    asked = multipart(fields, picture=("a.png", data))
    headers = asked["headers"] | (SCRIPTED if scripted else {})
    return desk.ana.ask("POST", f"{desk.at}/pictures", body=asked["body"], headers=headers)


def pictures(desk: Desk) -> list[Picture]:
    with desk.staffed.site.services.store.read() as tx:
        return tx.pictures.list_for(desk.key)


def test_a_picture_is_brought_and_shown_with_the_line_that_stands_for_it(desk: Desk) -> None:
    answer = give(desk, png(), alt="A desk")
    assert answer.headers["location"] == f"/desk{desk.at}/pictures?done=picture"
    [picture] = pictures(desk)
    page = desk.ana.get(f"{desk.at}/pictures")
    line = f"![A desk](https://news.forum.example/media/{picture.name}#60x40)"
    assert line in page.text
    assert f'src="/media/{picture.name}"' in page.text


def test_a_picture_is_put_at_the_end_of_the_text_and_stands_in_the_email(desk: Desk) -> None:
    desk.keep(body="The library opens at 9.\n")
    give(desk, png(), alt="A desk")
    [picture] = pictures(desk)
    answer = desk.ana.post(f"{desk.at}/pictures/{picture.name}/place")
    assert answer.headers["location"] == f"/desk{desk.at}/edit?done=placed"
    line = picture.markdown("https://news.forum.example")
    assert desk.draft.version.text.body == f"The library opens at 9.\n\n{line}\n"
    preview = desk.ana.get(f"{desk.at}/preview").text
    assert f'src="/media/{picture.name}"' in preview
    desk.keep(act="hand-in", body=desk.draft.version.text.body)
    with desk.staffed.site.services.store.read() as tx:
        content = tx.statements.get_content(desk.stored().content_hash)
    assert f'src="https://news.forum.example/media/{picture.name}"' in content.html
    assert desk.ana.post(f"{desk.at}/pictures/{'z' * 26}/place").status == 404


def test_a_script_gets_the_address_of_a_picture(desk: Desk) -> None:
    answer = give(desk, png(), scripted=True, alt="A desk", caption="x")
    [picture] = pictures(desk)
    assert answer.status == 200
    assert said(answer) == {
        "address": f"https://news.forum.example/media/{picture.name}#60x40",
        "alt": "A desk",
    }


def test_decoration_needs_no_words_and_the_email_can_be_handed_in(desk: Desk) -> None:
    give(desk, png(), decoration="yes")
    [picture] = pictures(desk)
    assert picture.alt == ""
    desk.ana.post(f"{desk.at}/pictures/{picture.name}/place")
    body = f"The library opens at 9.\n\n{desk.draft.version.text.body}"
    assert desk.keep(act="hand-in", body=body).status == 303
    assert "Decoration" in words(desk.ana.get(f"{desk.at}/pictures"))


@rows(
    ["data", "fields", "told"],
    [
        (png(), {}, "Say what the picture shows, or mark it as decoration."),
        (png(), {"alt": "  "}, "Say what the picture shows"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            {"alt": "x"},
            "a.png is no PNG, JPEG or GIF",
        ),
        (b"", {"alt": "x"}, "Choose a picture."),
        (b"\x89PNG\r\n\x1a\n<script>", {"alt": "x"}, "a.png is broken"),
    ],
)
def test_what_is_no_picture_or_says_nothing_is_refused(
    desk: Desk, data: bytes, fields: dict[str, str], told: str
) -> None:
    page = give(desk, data, **fields)
    assert page.status == 422
    assert told in words(page)
    answer = give(desk, data, scripted=True, **fields)
    assert (answer.status, told in said(answer)["error"]) == (422, True)
    assert pictures(desk) == []


def test_anybody_loads_a_picture_by_its_name_and_nothing_but_a_picture(desk: Desk) -> None:
    give(desk, png(), alt="A desk")
    [picture] = pictures(desk)
    answer = desk.staffed.site.get(f"/media/{picture.name}")
    assert answer.status == 200
    assert answer.body.startswith(b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "immutable" in answer.headers["cache-control"]
    for other in ("z" * 26, picture.name[:25], f"{picture.name}.svg"):
        assert desk.staffed.site.get(f"/media/{other}").status == 404
