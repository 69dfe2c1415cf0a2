"""The fixed words: each language has all of them, and a workspace may change or add some."""

import re
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from newsletter.rendering.mail.files import default_templates, read_templates
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.mail.words import Wordings
from tests.rows import rows
from tests.unit.rendering.examples import render, renderer
from tests.unit.rendering.mail.test_templates import refusal

ROOT = Path(__file__).parents[4]
LANGUAGES = ("ar", "de", "en", "es", "fr", "pt")
MAILS = default_templates() / "words"
PAGES = default_templates() / "web" / "words"
FILES = [path for folder in (MAILS, PAGES) for path in sorted(folder.glob("*.po"))]


def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def pages() -> Wordings:
    return Wordings(Templates(read_templates(default_templates() / "web"), filters={}, pages=True))


def test_mails_and_pages_speak_the_same_languages() -> None:
    assert pages().languages == renderer().wordings.languages == LANGUAGES


@rows("path", FILES)
def test_no_word_has_a_typewriter_apostrophe(path: Path) -> None:
    words = (text for one in catalog(path) if one.id for text in (one.id, one.string))
    assert [text for text in words if re.search(r"\w'\w", str(text))] == []


@rows("path", FILES)
def test_a_language_has_every_word_of_its_template(path: Path) -> None:
    found, template = catalog(path), catalog(path.with_name("words.pot"))
    assert [(one.context, one.id) for one in found if one.id] == [
        (one.context, one.id) for one in template if one.id
    ], "make words"
    assert not found.obsolete, "make words"
    assert not [
        one.context
        for one in found
        if one.fuzzy or not all([one.string] if isinstance(one.string, str) else one.string)
    ], f"translate these in {path}, without fuzzy"


@rows("path", FILES)
def test_a_language_is_not_the_english_one(path: Path) -> None:
    alike = {one.context for one in catalog(path) if one.id and one.id == one.string}
    alike_rightly = {"colon", "comma", "links", "listed", "pages", "page_of", "pause_legend"}
    assert alike <= alike_rightly | {"my_day", "my_name"}


@rows("words", [renderer().wordings, pages()])
def test_all_of_them_can_be_read_and_have_the_gaps_of_the_english_ones(words: Wordings) -> None:
    english = words.of("en")[0]
    for language in words.languages:
        own, native = words.of(language)
        assert native
        assert own.keys() == english.keys()


@rows(
    ("folder", "code", "chosen"),
    [
        (
            MAILS,
            "rendering",
            r"why_(on_)?(one|many)|\w+_subject|admitted|declined|known|move|notice|preferences",
        ),
        (
            PAGES,
            "web",
            r"(fault|pause)_\w+|(join|joined|move|moved|requested|used|expired|blocked)(_\w+)?",
        ),
    ],
)
def test_every_word_is_used(folder: Path, code: str, chosen: str) -> None:
    """``chosen`` are those whose key code puts together."""
    templates = folder.parent.glob("*.j2")
    places = chain(templates, (ROOT / "newsletter" / code).rglob("*.py"))
    text = "\n".join(path.read_text("utf-8") for path in places)
    keys = {one.context or "" for one in catalog(folder / "words.pot") if one.id}
    assert {
        key
        for key in keys
        if not re.search(rf'words\.{key}\b|"{key}"', text) and not re.fullmatch(chosen, key)
    } == set()
    assert {found[0] for found in re.finditer(r'(?<=words\[")\w+(?="\])', text)} <= keys | {
        "date",
        "months",
    }


def test_languages_without_words_share_the_english_ones_however_many_are_asked_for() -> None:
    words = pages()
    assert not words.of("tlh")[1]
    assert words.of("tlh")[0] is words.of("xx-1")[0]
    assert words.of("de-AT")[0] is words.of("de-CH")[0] is words.of("de")[0]


@rows(
    ("language", "count", "said"),
    [
        ("en", 1, "1 statement was found."),
        ("en", 2, "{count} statements were found."),
        ("tlh", 2, "{count} statements were found."),
        ("de", 1, "1 Mitteilung wurde gefunden."),
        ("pt-BR", 2, "Foram encontrados {count} comunicados."),
        ("ar", 1, "عُثر على بيان واحد."),
        ("ar", 2, "عُثر على بيانين."),
        ("ar", 3, "عُثر على {count} بيانات."),
        ("ar", 11, "عُثر على {count} بيانًا."),
        ("ar", 100, "عُثر على {count} بيان."),
    ],
)
def test_what_is_counted_has_the_plural_forms_of_its_language(
    language: str, count: int, said: str
) -> None:
    assert pages().count_text("found", count, language) == said


@pytest.fixture
def override(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    (folder / "words").mkdir(parents=True)
    return folder


def write(override: Path, name: str, *messages: tuple[str, str, str], head: str = "") -> None:
    """Write a catalogue of keys, English sentences and translations."""
    blocks = [f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n{head}']
    blocks += [f'msgctxt "{key}"\nmsgid "{old}"\nmsgstr "{new}"\n' for key, old, new in messages]
    (override / "words" / name).write_text("\n".join(blocks), "utf-8")


def text(override: Path, language: str) -> str:
    return render(override=override, language=language).text


def test_a_language_is_added_and_what_it_leaves_out_is_english(override: Path) -> None:
    months = "tammi helmi maalis huhti touko kesä heinä elo syyskuuta loka marras joulu"
    write(
        override,
        "fi.po",
        ("web", "Read on the web", "Lue verkossa"),
        ("leave", "Unsubscribe", ""),
        ("date", "{day} {month} {year}", "{day}. {month} {year}"),
        ("months", "January to December", months),
    )
    finnish = text(override, "fi")
    assert "Lue verkossa:" in finnish
    assert "21. syyskuuta 2011" in finnish
    assert "Unsubscribe:" in finnish
    assert "Press contact" in finnish
    assert "Read on the web:" in text(override, "en")
    assert 'lang="en"' not in render(override=override, language="fi").html


def test_words_of_a_language_that_there_is_are_replaced_one_by_one(override: Path) -> None:
    write(override, "es.po", ("leave", "Unsubscribe", "Borrarme"))
    spanish = text(override, "es")
    assert "Borrarme:" in spanish
    assert "Leer en la web:" in spanish


def test_a_region_goes_before_its_language(override: Path) -> None:
    write(override, "pt_PT.po", ("leave", "Unsubscribe", "Anular a subscrição"))
    assert "Anular a subscrição:" in text(override, "pt-PT")
    assert "Ler na web:" in text(override, "pt-PT")
    assert "Cancelar a inscrição:" in text(override, "pt-BR")


def test_english_words_are_replaced_wherever_they_stand(override: Path) -> None:
    write(override, "en.po", ("leave", "Unsubscribe", "Leave this list"))
    assert "Leave this list:" in text(override, "en")
    assert "Leave this list:" in text(override, "fi")
    assert "Abmelden:" in text(override, "de")


def test_what_is_fuzzy_or_of_another_sentence_is_not_said(override: Path) -> None:
    write(
        override,
        "fi.po",
        ("leave", "Leave", "Lähde"),
        head='\n#, fuzzy\nmsgctxt "web"\nmsgid "Read on the web"\nmsgstr "Lue"\n',
    )
    assert "Read on the web:" in text(override, "fi")
    assert "Unsubscribe:" in text(override, "fi")


def test_words_count_for_the_fingerprint(override: Path) -> None:
    before = renderer().fingerprint
    write(override, "fi.po", ("leave", "Unsubscribe", "Peru tilaus"))
    assert render(override=override).template_version != before[:12]


@rows(
    ("source", "said"),
    [
        ("hello", "words/fi.po:1: is not a gettext catalogue: Unknown or misformatted"),
        ('msgid ""\nmsgstr ""\n"Language: no such!\\n"\n', "words/fi.po: is not a gettext catalog"),
        ('msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=n+;\\n"\n', "words/fi.po: is not"),
        (
            '\nmsgctxt "why_one"\nmsgid "You’re receiving this because you subscribed to {lists}."'
            '\nmsgstr "Saat tämän, koska tilasit listan {list}."\n',
            "words/fi.po:3: why_one has to hold in braces what it does in English: {lists}",
        ),
        (
            'msgctxt "leave"\nmsgid "Unsubscribe"\nmsgstr "Peru {name}"\n',
            "words/fi.po:2: leave has to hold in braces what it does in English: nothing",
        ),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_told_by_file_and_line(
    tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "fi.po").write_text(source, "utf-8")
    assert said in refusal(tmp_path)
