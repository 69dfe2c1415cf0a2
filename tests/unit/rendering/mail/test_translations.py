"""Several languages in one mail, each in a block of its own."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.checks.guards import Page
from newsletter.rendering.languages import language_name
from newsletter.rendering.mail.files import default_templates
from newsletter.rendering.mail.inlining import inline
from newsletter.rendering.markdown.plaintext import LINE_WIDTH
from tests.rows import rows
from tests.unit.rendering.checks.test_checklist import Elements
from tests.unit.rendering.examples import HOUSE, STATEMENT, arabic, renderer_with, statement

SPANISH = statement(
    'El foro se va.\n\n## Por qué\n\nDijo "no" en [su informe](https://forum.example/informe).',
    slug="foro",
    title="El foro renuncia",
    language="es",
    origin="statements/foro.md",
)


def together(*translations: Statement, override: Path | None = None) -> Content:
    renderer = renderer_with(override)
    return renderer.render(STATEMENT, translations)


def test_each_language_stands_in_a_block_with_its_own_language_and_direction() -> None:
    html = together(SPANISH, arabic()).html
    spanish, arabic_ = (
        html.index('<div class="ltr" lang="es" dir="ltr"'),
        html.index('<div class="rtl" lang="ar" dir="rtl"'),
    )
    assert html.index("<h1") < spanish < arabic_
    assert re.search(r'<div class="rtl" lang="ar" dir="rtl" style="[^"]*text-align: ?right', html)
    assert "El foro renuncia</h2>" in html
    assert "«no»" in html


def test_a_language_that_runs_the_other_way_is_mirrored_within_its_block() -> None:
    content = together(replace(arabic(), body=f"{arabic().body}\n| a | b |\n|:-:|---|\n| 1 | 2 |"))
    block = content.html.partition('<div class="rtl" lang="ar"')[2].partition("</div>")[0]
    [quote] = re.findall(r"<blockquote style=\"(.*?)\"", block)
    assert "border-width:0 3px 0 0" in quote
    assert "font-style:normal" in quote
    assert re.search(r'<ul style="margin:0 22px 18px 0', block)
    cells = re.findall(r"<td[^>]* align=\"(\w+)", block)
    assert cells == ["right", "left", "center", "right"]
    own = renderer_with(None).render(arabic(), [SPANISH]).html
    spanish = own.partition('<div class="ltr" lang="es"')[2].partition("</div>")[0]
    assert "text-align:left" in own
    assert spanish
    assert own.count("<style") == content.html.count("<style") == together().html.count("<style")


BLOCKS = """\
> Said in few words.
>
> — Jane Doe

- [Press kit](https://forum.example/kit.zip) (ZIP, 12 MB)

| County | Held before | Held now | Change | Budget |
|:-------|------------:|---------:|-------:|-------:|
| Adams | 1,240,500 | 810,000 | –33 % | $1,240,500 |

| For tenants | For owners |
|-------------|------------|
| Call us any time between nine and five; a lawyer answers within the day. | Register. |
"""


def test_blocks_of_a_language_that_runs_the_other_way_look_as_they_do_on_their_own() -> None:
    alone = renderer_with(None).render(replace(SPANISH, body=BLOCKS)).html
    below = renderer_with(None).render(arabic(), [replace(SPANISH, body=BLOCKS)]).html
    block = below.partition('<div class="ltr" lang="es"')[2]
    for tag in ("blockquote class", "ul class", "th "):
        own, mirrored = (_declared(html, tag) for html in (alone, block))
        assert own.items() <= mirrored.items(), tag
    assert ".body .ltr .wide td{padding:8px 12px 8px 0 !important}" in below
    assert ".body .ltr" not in alone


def _declared(html: str, tag: str) -> dict[str, str]:
    """The styles of the first such element."""
    [style] = re.findall(rf"<{tag}[^>]*style='([^']*)'|$", html)[:1]
    return dict(one.strip().split(":", 1) for one in style.split(";") if one.strip())


def test_one_h1_and_the_headings_of_a_translation_below_its_title() -> None:
    tags = Page(together(SPANISH, arabic()).html).tags
    assert tags.count("h1") == 1
    block = together(SPANISH).html.partition('<div class="ltr" lang="es"')[2].partition("</div>")[0]
    assert re.findall(r"<(h\d)", block) == ["h2", "h3"]


def test_the_languages_are_named_at_the_top_in_their_own_words_and_link_nowhere() -> None:
    content = together(SPANISH, arabic())
    head = content.html.partition("<h1")[0]
    assert re.search(r'English · <span lang="es" dir="ltr">Español</span> · <span lang="ar"', head)
    assert "English · Español · العربية\n" in content.text
    assert '<a href="#' not in head


def test_the_text_holds_each_language_with_its_own_links() -> None:
    text = together(SPANISH).text
    block = text.partition("El foro renuncia\n================")[2]
    assert "Dijo «no» en su informe [1]." in block
    assert "Enlaces\n[1] https://forum.example/informe\n" in block
    assert block.index("informe") < block.index(HOUSE.organisation.postal_address.split()[0])


def test_a_mail_in_several_languages_is_as_sound_as_in_one() -> None:
    content = together(SPANISH, arabic())
    elements = Elements(content.html)
    assert not elements.mistakes
    assert inline(content.html) == content.html
    assert "style" not in {tag for tag, _ in Elements(content.html.partition("<body")[2]).found}
    assert all("px/" in one["style"] for one in elements.of("h1", "h2", "h3"))
    lines = [line for line in content.text.splitlines() if "https://" not in line]
    assert max(map(len, lines)) <= LINE_WIDTH
    assert not [line for line in lines if line != line.rstrip()]


def test_without_translations_a_mail_names_no_languages() -> None:
    content = together()
    assert "English" not in content.html + content.text
    assert content.content_hash() != together(SPANISH).content_hash()


def test_what_is_wrong_in_a_translation_is_told_by_its_own_file() -> None:
    broken = statement("  ", title=" ", language="es", origin="statements/foro.md")
    with pytest.raises(InvalidInput) as raised:
        together(broken)
    assert {fault.file for fault in raised.value.faults} == {"statements/foro.md"}
    assert len(raised.value.faults) == 2


def test_a_template_that_leaves_a_language_out_is_refused(tmp_path: Path) -> None:
    source = (default_templates() / "statement.html.j2").read_text("utf-8")
    cut = re.sub(r"(?s){% for translation in.*?{% endfor %}", "", source)
    (tmp_path / "statement.html.j2").write_text(cut, "utf-8")
    with pytest.raises(InvalidInput, match="it leaves out the translation in Español"):
        together(SPANISH, override=tmp_path)


@rows(
    ("language", "name"),
    [
        ("es", "Español"),
        ("pt-BR", "Português (BR)"),
        ("ZH-Hant", "中文 (Hant)"),
        ("sq", "Shqip"),
        ("ht", "Kreyòl ayisyen"),
        ("xx-YY", "xx-YY"),
    ],
)
def test_a_language_is_named_as_it_names_itself(language: str, name: str) -> None:
    assert language_name(language) == name
