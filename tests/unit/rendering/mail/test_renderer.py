"""Rendering as a whole: its content, its refusals, and equal results each time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.config import environment
from newsletter.documents.importing import import_file
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Content, PressContact, Publisher
from newsletter.rendering.mail.files import mail_templates
from newsletter.rendering.mail.renderer import TemplateRenderer
from tests.rows import rows
from tests.unit.documents.corpus import CORPUS, shared
from tests.unit.rendering.examples import (
    HOUSE,
    MAILS,
    ORGANISATION,
    STATEMENT,
    arabic,
    render,
    renderer,
    statement,
)

ROOT = Path(__file__).parents[4]
TODAY = date(2026, 11, 24)
TOO_LONG = "and Gmail cuts a message off after 102,000"


def refusal(body: str = "Text.", **changes: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        render(body, **changes)
    assert all(fault.file == STATEMENT.origin for fault in caught.value.faults)
    return str(caught.value)


def test_content_carries_what_decides_what_readers_get() -> None:
    content = render(corrects="an-older-one")
    assert content.subject == STATEMENT.title
    assert content.language == "en"
    assert content.sender == HOUSE.sender
    assert content.lists == ("press", "supporters")
    assert content.corrects == "an-older-one"
    assert content.send_at == "2011-09-21T14:00:00"
    assert content.embargo_until == ""


def test_the_subject_is_the_statements_own_if_it_has_one() -> None:
    content = render(subject="In short: we resign")
    assert content.subject == "In short: we resign"
    assert f">{STATEMENT.title}</h1>" in content.html


def test_the_template_version_is_the_beginning_of_the_fingerprint() -> None:
    version = renderer().render(STATEMENT).template_version
    assert len(version) == 12
    assert renderer().fingerprint.startswith(version)


def test_our_own_pages_may_be_tried_out_without_encryption() -> None:
    own = "http://localhost:8000"
    here = renderer(replace(HOUSE, public_url=own))
    other = statement(f"[Here]({own}/archive/a)", slug="b", language="es", translation_of="a")
    one = here.render(statement(f"![A dog]({own}/media/dog.png#600x300)\n\nText."), (other,))
    assert f'src="{own}/media/dog.png"' in one.html
    assert one.html.count(f'href="{own}/archive/a"') == 1
    for strange in (f"{own}.example/a", "http://localhost/a"):
        with pytest.raises(InvalidInput, match="is not encrypted"):
            here.render(statement(f"[a]({strange})"))


def test_text_is_data_and_never_a_template() -> None:
    content = render("{{ 7 * 7 }} and {% if %}", title="{{ 6 * 7 }}")
    for part in (content.html, content.text):
        assert "{{ 7 * 7 }} and {% if %}" in part
        assert "{{ 6 * 7 }}" in part


def test_markup_in_a_title_is_shown_and_not_obeyed() -> None:
    content = render(title="Forum <script>alert(1)</script> & friends")
    assert "<script" not in content.html
    assert "Forum &lt;script&gt;" in content.html
    assert "Forum <script>" in content.text


def test_html_in_a_body_is_shown_and_not_obeyed() -> None:
    content = render('<img src=x onerror="alert(1)"> and <b>bold</b>')
    assert "<img" not in content.html
    assert "&lt;b&gt;bold" in content.html


def test_a_statement_may_speak_of_stylesheets() -> None:
    assert "@import and &lt;link&gt;" in render("Never write @import and <link>.").html


def test_without_date_tagline_press_contact_and_website_they_are_left_out() -> None:
    bare = replace(ORGANISATION, tagline="", press_contact=None, website="")
    content = render(publisher=replace(HOUSE, organisation=bare), date=None)
    for part in (content.html, content.text):
        assert "Press contact" not in part
        assert "2011" not in part
        assert "forum.example</a>" not in part
    assert 'class="tagline"' not in content.html
    assert '<p class="dateline"' in content.html


PORTRAIT = "https://forum.example/us.jpg"


def test_a_press_contact_needs_a_name_only_and_may_have_a_position_and_a_portrait() -> None:
    def said(**contact: str) -> Content:
        named = replace(ORGANISATION, press_contact=PressContact(name="Jane Doe", **contact))
        return render("Text.", publisher=replace(HOUSE, organisation=named))

    content = said()
    assert "Jane Doe" in content.text
    assert "tel:" not in content.html
    assert "mailto:" not in content.html
    content = said(position="Head of press", phone="+1 202")
    assert "Jane Doe\nHead of press\n+1 202" in content.text
    assert ">Head of press</p>" in content.html
    assert "<img" not in content.html
    content = said(phone="+1 202", after_hours="+1 203")
    assert "+1 202\nAfter hours: +1 203\n" in content.text
    assert '>+1 202</a><br>\n<span>After hours</span>\n<a href="tel:+1203"' in content.html
    assert '="https://forum.example/us.jpg" alt="J" width="64"' in said(portrait=PORTRAIT).html


def test_a_headline_of_many_lines_is_smaller() -> None:
    assert "font:bold 40px/46px" in render("Text.", title="The Forum leaves " * 5).html
    long = render("Text.", title="The Forum leaves " * 7).html
    assert "font:bold 30px/36px" in long
    assert "font-size:24px !important" in long


def test_a_postal_address_of_two_lines_keeps_them() -> None:
    postal = replace(ORGANISATION, postal_address="1 Example Street\nWashington, DC 20001")
    content = render(publisher=replace(HOUSE, organisation=postal))
    assert "1 Example Street<br>\nWashington, DC 20001" in content.html
    assert "1 Example Street\nWashington, DC 20001" in content.text


def test_spanish_has_its_own_fixed_words_and_quotes() -> None:
    content = render('Dijo "no".', language="es")
    for part in (content.html, " ".join(content.text.split())):
        assert "Recibe este mensaje porque está al menos en una de estas listas" in part
        assert "press, supporters." in part
        assert "Darse de baja" in part
        assert "«no»" in part


def test_a_japanese_postal_address_is_found_though_it_is_folded() -> None:
    postal = replace(ORGANISATION, postal_address="東京都千代田区" * 8)
    content = render("本文。", language="ja", publisher=replace(HOUSE, organisation=postal))
    assert all(len(line) <= 36 for line in content.text.splitlines() if "東京都" in line)


def test_eight_threads_give_the_same_bytes() -> None:
    texts = [STATEMENT, arabic(), statement("Short."), statement(language="es")]
    alone = [renderer().render(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(renderer().render, texts * 2))
    assert together == alone * 2


def test_two_renderers_of_the_same_house_agree() -> None:
    one, other = renderer(), TemplateRenderer(publisher=HOUSE, files=mail_templates(None))
    assert one.fingerprint == other.fingerprint
    assert one.render(STATEMENT).content_hash() == other.render(STATEMENT).content_hash()


@pytest.mark.slow("another process")
def test_another_process_gives_the_same_bytes() -> None:
    program = (
        "from tests.unit.rendering.examples import MAILS, arabic, render;"
        "mails = [*(make() for make in MAILS.values()), render(**vars(arabic()))];"
        "print(*[mail.content_hash() for mail in mails])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment(), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=ROOT,
    )
    here = [make().content_hash() for make in MAILS.values()]
    assert ran.stdout.split() == [*here, render(**vars(arabic())).content_hash()]


def test_rendering_opens_no_file_and_no_connection() -> None:
    used = renderer()
    used.render(STATEMENT)  # modules that are imported late are imported now
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in {"open", "socket.connect", "socket.getaddrinfo"}:
            opened.append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)  # a hook cannot be taken off again, so it is switched off
    used.render(statement("Another text."))
    watching = False
    assert opened == []


@rows(
    "publisher",
    [
        replace(HOUSE, public_url="https://other.example"),
        replace(HOUSE, organisation=replace(ORGANISATION, tagline="Other answers")),
        replace(HOUSE, sender=replace(HOUSE.sender, name="Other")),
    ],
)
def test_the_fingerprint_changes_with_the_house(publisher: Publisher) -> None:
    assert renderer(publisher).fingerprint != renderer().fingerprint


def test_a_merge_mark_is_refused_in_every_field() -> None:
    for field in ("title", "subject", "summary", "body"):
        assert f"the {field} holds NLMERGE" in refusal(**{field: "See NLMERGEUNSUBSCRIBE."})


@rows(
    "spelling", ["NL&#77;ERGEUNSUBSCRIBE", "NLMER\u200bGEUNSUBSCRIBE", "NL\\\u200bMERGEX\\NLMERGE"]
)
def test_a_merge_mark_is_refused_however_it_is_spelt(spelling: str) -> None:
    assert "holds NLMERGE" in refusal(spelling)


@rows(
    ("changes", "said"),
    [
        ({"subject": "Hello\nBcc: all@example.org"}, "the subject has more than one line"),
        ({"title": "Hello\r\nthere"}, "the title has more than one line"),
        ({"body": "Text \x1b[31m"}, "control character '\\x1b'"),
        ({"summary": "gnp.\u202eexe"}, "control character '\\u202e'"),
        ({"body": "A sentence of some length. " * 4000}, f"bytes of HTML, {TOO_LONG}: shorten it"),
        # what only styles make too long
        ({"body": "Short.\n\n" * 2700}, "bytes of HTML"),
        # before it is rendered
        ({"body": "A sentence of some length. " * 6000}, f"body is 162,000 bytes long, {TOO_LONG}"),
        ({"summary": "a" * 153_001}, "the summary is 153,001 bytes long"),
    ],
)
def test_what_no_mail_can_hold_is_refused_with_what_to_do(
    changes: dict[str, str], said: str
) -> None:
    assert said in refusal(**changes)


def test_a_statement_without_title_text_or_list_is_refused_with_all_its_faults() -> None:
    with pytest.raises(InvalidInput) as caught:
        render("  \n", title=" ", lists=())
    assert [fault.message.split(":")[0] for fault in caught.value.faults] == [
        "it has no title",
        "it has no text",
        "it names no list",
    ]


def test_all_bad_links_are_named_at_once_and_once() -> None:
    said = refusal("[a](/a) [b](/b) [a](/a)")
    assert said.count("'/a'") == said.count("'/b'") == 1


def test_html_of_95_kilobytes_is_let_through() -> None:
    content = render("A sentence of some length. " * 3200)
    assert 90_000 < len(content.html.encode()) < 102_000


def assert_renders(path: Path) -> None:
    read = import_file(path.read_bytes(), today=TODAY, file=path.name)
    content = render(read.body, title=read.title, date=read.date)
    assert content.html.count("<h1") == 1
    assert len(content.html.encode()) < 30_000
    for line in content.text.splitlines():
        assert len(line) <= 72 or "://" in line, line


@rows("path", sorted(CORPUS.glob("*/0*"))[::4])
def test_statements_of_every_layout_render(path: Path) -> None:
    assert_renders(path)


@pytest.mark.faults(seconds=3)
def test_releases_that_offices_published_render() -> None:
    for path in [*shared("seed/*.txt"), *shared("corpus/markdown/*.md")]:
        assert_renders(path)
