"""Greetings by name: what an author writes, and what each part of a mail makes of it."""

from dataclasses import replace

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import MARK_PREFIX, MAX_FALLBACKS, Recipient
from newsletter.domain.statements.review import Check, ReviewContext
from newsletter.rendering.checks.reviewer import review_text
from newsletter.rendering.mail.details import preheader
from newsletter.rendering.mail.excerpts import body_of, words_of
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import to_text
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.rendering.examples import renderer, statement

LETTER = "Dear {name|friend},\n\nThe library opens at nine, on Sundays too, and on all holidays."


@rows(
    "written",
    [
        *["{name|friend}", "{ name | friend }", r"{name\|friend}", "**{name|friend}**"],
        *["# {name|friend}", "> {name|friend}", "[{name|friend}](https://forum.example)"],
    ],
)
def test_a_greeting_is_found_wherever_text_stands(written: str) -> None:
    tokens = read_markdown(written, "en")
    assert '<span dir="auto">friend</span>' in to_html(tokens)
    assert "friend" in to_text(tokens).text
    assert "{" not in to_html(tokens) + to_text(tokens).text


def test_in_a_cell_the_sign_between_is_escaped_as_everywhere_in_tables() -> None:
    tokens = read_markdown("| To |\n|----|\n| {name\\|friend} |", "en")
    assert '<span dir="auto">friend</span></td>' in to_html(tokens)


@rows("written", ["`{name|friend}`", r"\{name|friend}", "    {name|friend}"])
def test_code_and_what_is_escaped_is_shown_as_it_stands(written: str) -> None:
    tokens = read_markdown(written, "en")
    assert "{name|friend}" in to_html(tokens)
    assert "{name|friend}" in to_text(tokens).text


def test_each_word_for_readers_without_a_name_has_one_gap_in_both_parts() -> None:
    content = renderer().render(
        statement(body="Dear {name|friend},\n\nDo come, {name|reader}. Yours, {name|friend}.")
    )
    assert content.fallbacks == ("friend", "reader")
    for part in (content.html, content.text):
        assert part.count("NLMERGENAME0") == 2
        assert part.count("NLMERGENAME1") == 1
    ana = Recipient(1, "ana@example.org", "a1", "m1", content.fill_names("Ana O'Brien"))
    assert "Dear Ana O’Brien," in ana.merge(content.text)
    assert MARK_PREFIX not in ana.merge(content.html + content.text)


def test_languages_of_one_mail_have_their_own_words() -> None:
    spanish = statement(body="Hola {name|amigo}.", language="es", slug="s", title="Biblioteca")
    content = renderer().render(statement(body=LETTER), [spanish])
    assert content.fallbacks == ("friend", "amigo")
    ben = Recipient(1, "ben@example.org", "a1", "m1", content.fill_names(""))
    assert "Dear friend," in ben.merge(content.text)
    assert "Hola amigo." in ben.merge(content.text)


def test_a_name_that_is_none_changes_no_byte_of_a_mail() -> None:
    content = renderer().render(statement(body=LETTER))
    somebody = Recipient(1, "ana@example.org", "a1", "m1")
    nobody = somebody._replace(names=content.fill_names(""))
    for name in ("<script>", "a\r\nBcc: eve@example.org", "x" * 1_000_000, "evil.example"):
        hostile = somebody._replace(names=content.fill_names(name))
        assert hostile.merge(content.html) == nobody.merge(content.html)
        assert hostile.merge(content.text) == nobody.merge(content.text)


def test_the_inbox_is_shown_what_follows_the_greeting() -> None:
    assert preheader("", read_markdown(LETTER, "en")).startswith("The library opens at nine")
    later = (
        "Dear **{name|friend}**,\n\nThe library opens at nine, on Sundays too. Come, {name|you}."
    )
    shown = preheader("", read_markdown(later, "en"))
    assert shown.rstrip("\u00a0\u200c") == "The library opens at nine, on Sundays too."
    alone = read_markdown("Dear {name|friend}, the library opens at nine on Sundays too.", "en")
    assert preheader("", alone).startswith("Dear friend, the library")


def test_a_page_and_a_search_call_nobody_by_name() -> None:
    content = renderer().render(statement(body=LETTER))
    assert '<p>Dear <span dir="auto">friend</span>,</p>' in body_of(content)
    assert "Dear friend," in " ".join(words_of(content))
    assert MARK_PREFIX not in body_of(content) + " ".join(words_of(content))


@rows(
    ("written", "why"),
    [
        ("Dear {name|}", r"\{name\|\} has no word that readers without a name could be called"),
        ("Dear {name|a@b.example}", "has no word"),
        ("Dear {name|<b>}", "has no word"),
        ("Dear *|FNAME|*", r"write \{name\|friend\} to greet readers by name"),
        ("Dear {{ name }}", r"write \{name\|friend\} to greet readers by name"),
    ],
)
def test_a_greeting_that_greets_nobody_is_refused(written: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        renderer().render(statement(body=written))


@rows("field", ["title", "subject", "preview", "summary"])
def test_what_is_the_same_for_all_greets_nobody(field: str) -> None:
    with pytest.raises(InvalidInput, match="it is the same for all readers"):
        renderer().render(statement(**{field: "Dear {name|friend}"}))


def test_more_words_than_a_mail_has_gaps_for_are_refused() -> None:
    words = [f"friend {chr(ord('a') + number)}" for number in range(MAX_FALLBACKS + 1)]
    most = " ".join(f"{{name|{word}}}" for word in words[:-1])
    assert len(renderer().render(statement(body=most)).fallbacks) == MAX_FALLBACKS
    with pytest.raises(InvalidInput, match="11 different words, and 10 are the most"):
        renderer().render(statement(body=f"{most} {{name|{words[-1]}}}"))


AROUND = ReviewContext(today=NOON.date(), day=NOON.date())


@rows(
    ("written", "found"),
    [
        (LETTER, False),
        ("Dear {first_name},", True),
        ("Dear {name},", True),
        ("Dear {First Name|friend},", True),
        ("| To |\n|----|\n| {name|friend} |", True),
        ("Dear `{name}`,", False),
    ],
)
def test_the_check_of_marks_knows_ours_and_suggests_it(written: str, found: bool) -> None:
    findings = review_text(replace(statement(), body=written), None, AROUND)
    said = [remark.message for remark in findings if remark.check is Check.DIALECT]
    assert bool(said) == found
    assert all("write {name|friend}" in message for message in said)
