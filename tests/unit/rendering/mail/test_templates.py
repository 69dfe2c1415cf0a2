"""Overrides, errors in them, and where the defaults are."""

import re
import sys
from dataclasses import fields
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from newsletter.domain.delivery.transactional import EmailText
from newsletter.domain.errors import Defect, InvalidInput
from newsletter.domain.statements.brand import Scheme
from newsletter.domain.statements.content import Content
from newsletter.rendering.mail.files import default_templates, find_templates, library_versions
from tests.rows import rows
from tests.unit.rendering.examples import STATEMENT, render, renderer, renderer_with


@pytest.fixture
def override(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


def replaced(override: Path, name: str, old: str, new: str) -> None:
    """Copy a default template into the override, with one change."""
    source = (default_templates() / name).read_text()
    assert old in source
    (override / name).write_text(source.replace(old, new))


FILLED = "statement.txt.j2:3: cannot be filled: "


def refusal(override: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        render(override=override)
    return str(caught.value)


def test_a_file_of_the_same_name_replaces_one_template(override: Path) -> None:
    replaced(override, "mail.css", "color: {{ light.ink }}", "color: #7a2e2e")
    content = render(override=override)
    assert "#7a2e2e" in content.html
    assert content.template_version != render().template_version
    assert content.text == render().text


def test_an_override_may_build_on_the_default(override: Path) -> None:
    (override / "statement.html.j2").write_text(
        '{% extends "default/statement.html.j2" %}'
        '{% block body %}{{ super() }}<p class="more">More.</p>{% endblock %}'
    )
    html = render(override=override).html
    assert html.startswith("<!DOCTYPE html>")
    assert 'class="more"' in html


BARE = """<!DOCTYPE html>
<html lang="en" dir="ltr"><body><h1>{{ title }}</h1>{{ body }}
<p>{{ organisation.postal_address }}</p>
<a href="{{ unsubscribe_url }}">Leave</a> <a href="{{ preferences_url }}">Choose</a>
<a href="{{ archive_url }}">Web</a></body></html>"""


def test_a_correction_that_does_not_lead_to_what_it_corrects_is_refused(override: Path) -> None:
    (override / "statement.html.j2").write_text(BARE)
    render(override=override)
    with pytest.raises(InvalidInput) as caught:
        render(override=override, corrects="earlier")
    assert "it does not link to https://news.forum.example/archive/earlier" in str(caught.value)


def test_a_mail_that_leaves_out_its_embargo_is_refused(override: Path) -> None:
    (override / "statement.html.j2").write_text(BARE)
    with pytest.raises(InvalidInput) as caught:
        render(override=override, embargo_until=datetime.fromisoformat("2026-12-01T14:00"))
    said = "templates/statement.html.j2: it leaves out the embargo until 1 December 2026, 14:00"
    assert said in str(caught.value)


def test_an_empty_or_missing_folder_overrides_nothing(override: Path) -> None:
    (override / "README.md").write_text("{% broken")
    (override / "folder.css").mkdir()
    plain = renderer().fingerprint
    assert renderer_with(override).fingerprint == plain
    assert renderer_with(override / "none").fingerprint == plain


def test_every_byte_of_an_override_counts_for_the_fingerprint(override: Path) -> None:
    (override / "extra.css").write_text("a")
    before = renderer_with(override).fingerprint
    (override / "extra.css").write_text("b")
    assert renderer_with(override).fingerprint != before


def test_a_template_that_changed_is_compiled_anew_in_the_same_process(override: Path) -> None:
    for colour in ("#7a2e2e", "#2e7a2e", "#7a2e2e"):
        replaced(override, "mail.css", "color: {{ light.ink }}", f"color: {colour}")
        assert colour in render(override=override).html


def test_a_template_changed_after_the_start_does_not_count(override: Path) -> None:
    replaced(override, "mail.css", "color: {{ light.ink }}", "color: #7a2e2e")
    made = renderer_with(override)
    (override / "mail.css").write_text("broken {%")
    assert "#7a2e2e" in made.render(STATEMENT).html


def test_all_syntax_errors_are_told_by_file_and_line(override: Path) -> None:
    (override / "mail.css").write_text("\n{% if %}")
    (override / "statement.txt.j2").write_text("\n\n{{ title")
    said = refusal(override)
    assert "templates/mail.css:2: is not a template" in said
    assert "templates/statement.txt.j2:3: is not a template" in said


@rows(
    ("name", "source", "told", "said"),
    [
        (
            "statement.txt.j2",
            "\n{% include 'none.j2' %}",
            "statement.txt.j2:2: cannot be filled",
            "",
        ),
        ("statement.txt.j2", "\n\n{{ titel }}", FILLED, "'titel' is undefined"),
        ("statement.txt.j2", "\n\n{{ title.nothing }}", FILLED, "no attribute 'nothing'"),
        ("statement.txt.j2", "\n\n{{ 1 / 0 }}", FILLED, "division by zero"),
        ("statement.txt.j2", "\n\n{{ title.__class__.__mro__ }}", FILLED, "unsafe"),
        ("statement.txt.j2", "\n\n{% set _ = [].count(1) or [].append(1) %}", FILLED, "append"),
        ("mail.css", "p {}\n{{ nothing }}", "mail.css:2: cannot be filled", ""),
        (
            "mail.css",
            "p {}\n@import url(http://127.0.0.1:9/a.css);",
            "mail.css:2: holds @import",
            "",
        ),
        (
            "mail.css",
            '@im{{ "port" }} url(http://127.0.0.1:9/a);',
            "statement.html.j2: holds @im",
            "",
        ),
    ],
)
def test_an_error_is_told_by_file_and_line(
    tmp_path: Path, name: str, source: str, told: str, said: str
) -> None:
    (tmp_path / name).write_text(source)
    refused = refusal(tmp_path)
    assert re.match(rf"(templates|row\d+)/{re.escape(told)}", refused), refused
    assert said in refused


def test_a_template_that_is_not_utf8_is_refused(override: Path) -> None:
    (override / "mail.css").write_bytes(b"\xff")
    assert refusal(override).startswith("templates/mail.css: cannot be read as UTF-8")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that even root cannot read")
def test_a_template_that_cannot_be_read_is_no_matter_of_its_letters(override: Path) -> None:
    (override / "mail.css").symlink_to("/proc/self/mem")
    said = "templates/mail.css: cannot be read: Input/output error; check its owner and its rights"
    assert refusal(override).startswith(said)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("<script>1</script><h1>", "it has a <script>, which mail programs block"),
        ('<h1 onclick="x">', "it has the attribute onclick"),
        ("<h1>a</h1><h1>", "it has 2 h1 elements"),
        ('<a href="/about">a</a><h1>', "it links to '/about': write a whole address"),
        ("<a href>a</a><h1>", "it links to ''"),
        ('<a href="https://only.example">a</a><h1>', "it lacks https://only.example"),
    ],
)
def test_what_a_template_may_not_hold_is_refused(override: Path, new: str, said: str) -> None:
    replaced(override, "statement.html.j2", "<h1>", new)
    assert said in refusal(override)


def test_a_template_without_the_way_out_or_address_is_refused(override: Path) -> None:
    replaced(override, "statement.html.j2", "{{ unsubscribe_url }}", "https://a.example")
    replaced(override, "layout.html.j2", "organisation.postal_address.splitlines()", "[]")
    told = refusal(override)
    assert "does not link to https://news.forum.example/u/NLMERGEUNSUBSCRIBE" in told
    assert "statement.html.j2: it lacks the postal address" in told


def test_a_text_template_without_the_way_out_or_address_is_refused(override: Path) -> None:
    (override / "statement.txt.j2").write_text("{{ title }}\n{{ body }}")
    told = refusal(override)
    assert "statement.txt.j2: it lacks the postal address" in told
    assert "it lacks https://news.forum.example/u/NLMERGEUNSUBSCRIBE" in told
    assert "it lacks tel:+12025550100" in told


def test_the_default_templates_are_found() -> None:
    names = {path.name for path in default_templates().iterdir()}
    assert {"statement.html.j2", "statement.txt.j2", "mail.css"} <= names


def test_an_installed_package_uses_the_templates_inside_it(tmp_path: Path) -> None:
    for folder in (tmp_path / "templates", tmp_path / "newsletter" / "templates"):
        with pytest.raises(Defect, match="install newsletter again"):
            find_templates(tmp_path / "newsletter")
        folder.mkdir(parents=True)
        (folder / "statement.html.j2").write_text("")
        assert find_templates(tmp_path / "newsletter") == folder
        (folder / "statement.html.j2").unlink()


@pytest.mark.parametrize("file", ["mail.css", "clients.css"])
def test_all_colours_are_the_brands(file: str) -> None:
    source = (default_templates() / file).read_text()
    assert not re.findall(r"#[0-9a-fA-F]{3,6}\b", source)
    named = set(re.findall(r"(?:light|dark)\.(\w+)", source))
    assert named <= {field.name for field in fields(Scheme)}
    assert {"ink", "sheet", "accent"} <= named


def test_versions_of_libraries_are_those_that_are_installed() -> None:
    found = library_versions()
    assert {"jinja2", "nh3", "premailer"} <= set(found)
    assert found == {name: version(name) for name in found}


def own_links(*people: str, override: Path | None = None) -> list[Content]:
    made = renderer_with(override) if override else renderer()
    return [
        made.transactional(
            EmailText.CONFIRMATION,
            language="en",
            url=f"https://news.forum.example/confirm/{person}?a=1&b=2",
            lists=("press",),
        )
        for person in people
    ]


def test_a_rendered_confirmation_serves_many_people_each_with_their_own_link() -> None:
    ada, ben = own_links("ada", "ben")
    assert 'href="https://news.forum.example/confirm/ada?a=1&amp;b=2"' in ada.html
    assert "https://news.forum.example/confirm/ada?a=1&b=2\n" in ada.text
    assert ada.html.replace("/ada?", "/ben?") == ben.html
    assert ada.text.replace("/ada?", "/ben?") == ben.text


def test_a_template_may_change_the_link_of_a_confirmation(override: Path) -> None:
    replaced(override, "confirmation.txt.j2", "{{ url }}", "{{ url }}\n{{ url | upper }}")
    _, ben = own_links("ada", "ben", override=override)
    assert "HTTPS://NEWS.FORUM.EXAMPLE/CONFIRM/BEN?A=1&B=2" in ben.text
