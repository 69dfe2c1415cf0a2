"""The words of our pages: every language has all of them, with the same gaps."""

import re
from collections.abc import Mapping

import pytest

from newsletter.rendering.mail.files import default_templates, read_templates
from newsletter.rendering.mail.templates import Templates
from tests.rows import rows

_GAP = re.compile(r"\{[^}]*\}")
_LANGUAGES = ("en", "es", "fr", "de", "pt", "ar")


@pytest.fixture(scope="module")
def wordings() -> Mapping[str, Mapping[str, str]]:
    found = Templates(read_templates(default_templates() / "web"), filters={}).exported(
        "wording.j2", "wordings"
    )
    assert isinstance(found, dict)
    return found


def test_the_pages_speak_the_languages_of_the_mails(
    wordings: Mapping[str, Mapping[str, str]],
) -> None:
    mails = (default_templates() / "wording.j2").read_text("utf-8")
    assert tuple(wordings) == tuple(re.findall(r'(?m)^  "(\w+)": {$', mails)) == _LANGUAGES


@rows("language", _LANGUAGES)
def test_a_language_has_every_word_and_the_same_gaps(
    wordings: Mapping[str, Mapping[str, str]], language: str
) -> None:
    english, words = wordings["en"], wordings[language]
    assert sorted(words) == sorted(english)
    assert {
        key: text
        for key, text in words.items()
        if sorted(_GAP.findall(text)) != sorted(_GAP.findall(english[key])) or not text.strip()
    } == {}


@rows("language", _LANGUAGES[1:])
def test_a_language_is_not_the_english_one(
    wordings: Mapping[str, Mapping[str, str]], language: str
) -> None:
    alike = {key for key, text in wordings[language].items() if text == wordings["en"][key]}
    assert alike <= {
        "comma",
        "listed",
        "pages",
        "page_of",
        "pause_legend",
        "my_name",
        "my_day",
        "date",
    }
