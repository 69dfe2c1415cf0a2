"""Overrides, errors in them, and where the defaults are."""

import re
import tomllib
from pathlib import Path

import pytest

from newsletter.domain.errors import Defect, InvalidInput
from newsletter.rendering.renderer import TemplateRenderer
from newsletter.rendering.templates import default_templates, find_templates
from tests.unit.rendering.examples import HOUSE, STATEMENT, render

ROOT = Path(__file__).parents[3]


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


def refusal(override: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        render(override=override)
    return str(caught.value)


def test_a_file_of_the_same_name_replaces_one_template(override: Path) -> None:
    replaced(override, "mail.css", "#17505c", "#7a2e2e")
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


def test_an_empty_or_missing_folder_overrides_nothing(override: Path) -> None:
    (override / "README.md").write_text("{% broken")
    (override / "folder.css").mkdir()
    plain = TemplateRenderer(house=HOUSE, override=None).fingerprint
    assert TemplateRenderer(house=HOUSE, override=override).fingerprint == plain
    assert TemplateRenderer(house=HOUSE, override=override / "none").fingerprint == plain


def test_every_byte_of_an_override_counts_for_the_fingerprint(override: Path) -> None:
    (override / "extra.css").write_text("a")
    before = TemplateRenderer(house=HOUSE, override=override).fingerprint
    (override / "extra.css").write_text("b")
    assert TemplateRenderer(house=HOUSE, override=override).fingerprint != before


def test_a_template_changed_after_the_start_does_not_count(override: Path) -> None:
    replaced(override, "mail.css", "#17505c", "#7a2e2e")
    renderer = TemplateRenderer(house=HOUSE, override=override)
    (override / "mail.css").write_text("broken {%")
    assert "#7a2e2e" in renderer.render(STATEMENT).html


def test_all_syntax_errors_are_told_by_file_and_line(override: Path) -> None:
    (override / "mail.css").write_text("\n{% if %}")
    (override / "statement.txt.j2").write_text("\n\n{{ title")
    said = refusal(override)
    assert "templates/mail.css:2: is not a template" in said
    assert "templates/statement.txt.j2:3: is not a template" in said


def test_a_syntax_error_keeps_its_place_when_found_late(override: Path) -> None:
    (override / "statement.txt.j2").write_text("\n{% include 'none.j2' %}")
    assert refusal(override).startswith("templates/statement.txt.j2:2: cannot be filled: none.j2")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ titel }}", "'titel' is undefined"),
        ("{{ title.nothing }}", "no attribute 'nothing'"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ title.__class__.__mro__ }}", "unsafe"),
        ("{{ lists.append }}{% set _ = [].append(1) %}", "append"),
    ],
)
def test_an_error_while_filling_is_told_by_file_and_line(
    override: Path, source: str, said: str
) -> None:
    (override / "statement.txt.j2").write_text(f"Text\n\n{source}")
    told = refusal(override)
    assert told.startswith("templates/statement.txt.j2:3: cannot be filled: ")
    assert said in told


def test_an_error_in_an_included_template_is_told_there(override: Path) -> None:
    (override / "mail.css").write_text("p {}\n{{ nothing }}")
    assert refusal(override).startswith("templates/mail.css:2: cannot be filled")


def test_a_template_that_is_not_utf8_is_refused(override: Path) -> None:
    (override / "mail.css").write_bytes(b"\xff")
    assert refusal(override).startswith("templates/mail.css: cannot be read as UTF-8")


def test_an_import_is_refused_where_it_stands(override: Path) -> None:
    (override / "mail.css").write_text("p {}\n@import url(http://127.0.0.1:9/a.css);")
    assert refusal(override).startswith("templates/mail.css:2: holds @import")


def test_an_import_put_together_by_a_template_is_refused(override: Path) -> None:
    (override / "mail.css").write_text('@im{{ "port" }} url(http://127.0.0.1:9/a.css);')
    assert "statement.html.j2: holds @import" in refusal(override)


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


# --- what the wheel holds ---


def test_every_package_of_the_checkout_and_the_templates_are_in_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "newsletter").rglob("__init__.py")
    }
    assert set(settings["packages"]) == found | {"newsletter.templates"}
    assert settings["package-dir"] == {"newsletter.templates": "templates"}


def test_every_default_template_is_package_data() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["package-data"]["newsletter.templates"]
    folder = ROOT / "templates"
    held = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    assert held == {path for path in folder.rglob("*") if path.is_file()}
    assert folder / "statement.html.j2" in held


# --- colours ---

LIGHT = {"#ffffff": ["#22262b", "#17505c", "#5b6168", "#3d444b"], "#f3f1ec": ["#5b6168"]}
DARK = {"#1a1e22": ["#e7e4de", "#8cc8d3", "#a6acb2", "#cfd2d4"], "#111417": ["#a6acb2"]}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("file", "pairs"), [("mail.css", LIGHT), ("clients.css", DARK)])
def test_text_colours_contrast_with_their_grounds(file: str, pairs: dict[str, list[str]]) -> None:
    source = (default_templates() / file).read_text()
    used = set(re.findall(r"(?<![-\w])color: (#[0-9a-f]{6})", source))
    assert used == {colour for colours in pairs.values() for colour in colours}
    for ground, colours in pairs.items():
        assert f"background-color: {ground}" in source
        for colour in colours:
            darker, lighter = sorted([luminance(ground), luminance(colour)])
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5
