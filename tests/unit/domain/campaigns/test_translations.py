"""One statement in several languages: whose is which, and what cannot be a translation."""

from datetime import UTC, datetime
from typing import Any

from newsletter.domain.campaigns.translations import choose_version, translation_fault
from newsletter.domain.statements.statement import Statement
from tests.rows import rows

LANGUAGES = ["es", "es-MX", "pt-PT", "pt-BR", "en-GB"]


@rows(
    ("reader", "gets"),
    [
        ("es", "es"),
        ("es-MX", "es-MX"),
        ("ES-mx", "es-MX"),
        ("es-AR", "es"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-PT"),
        ("pt-AO", "pt-BR"),
        ("en", "en-US"),
        ("en-AU", "en-US"),
        ("en-GB", "en-GB"),
        ("fr", "en-US"),
        ("est", "en-US"),
        ("", "en-US"),
    ],
)
def test_a_reader_gets_the_nearest_language_and_the_original_where_none_is_theirs(
    reader: str, gets: str
) -> None:
    for translations in (LANGUAGES, LANGUAGES[::-1]):
        versions = {language.lower(): language for language in ("en-US", *translations)}
        assert choose_version(reader, versions) == gets.lower()


def test_without_translations_everybody_gets_the_original() -> None:
    assert {choose_version(one, {"forum": "en-US"}) for one in ("", "en", "es")} == {"forum"}


def test_the_plain_language_is_nearer_than_an_original_in_another_variant() -> None:
    assert choose_version("es-MX", {"foro": "es-AR", "forum": "es"}) == "forum"


def statement(slug: str, language: str, **fields: Any) -> Statement:
    defaults: dict[str, Any] = {"title": "t", "body": "b", "lists": ("press", "friends")}
    return Statement(slug=slug, language=language, **(defaults | fields))


FORUM = statement("forum", "en")


def test_a_correction_may_have_translations_where_they_go_out_in_its_mail() -> None:
    right = statement("right", "en", corrects="forum")
    spanish = statement("right-es", "es", translation_of="right")
    assert translation_fault(spanish, right, []) != ""
    assert translation_fault(spanish, right, [], shares_email=True) == ""


def test_an_embargo_of_a_translation_alone_is_not_passed_over_in_the_mail_of_its_original() -> None:
    noon, one = datetime(2026, 12, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 13, tzinfo=UTC)
    said = "it has an embargo of its own, and goes out in the mail of forum; write embargo_until"
    for theirs, ours, wrong in ((None, noon, True), (noon, one, True), (noon, noon, False)):
        forum = statement("forum", "en", embargo_until=theirs)
        spanish = statement("forum-es", "es", translation_of="forum", embargo_until=ours)
        assert translation_fault(spanish, forum, [], shares_email=True).startswith(said) is wrong
        assert translation_fault(spanish, forum, []) == ""
    spanish = statement("forum-es", "es", translation_of="forum")
    assert (
        translation_fault(
            spanish, statement("forum", "en", embargo_until=noon), [], shares_email=True
        )
        == ""
    )


@rows(
    ("changed", "original", "said"),
    [
        ({}, None, "it translates forum, and there is no statement of that name; write the slug"),
        ({"corrects": "x"}, FORUM, "it has both translation_of and corrects; take translation_of"),
        (
            {},
            statement("forum", "fr", translation_of="first"),
            "it translates forum, which is a translation itself; write translation_of: first",
        ),
        ({}, statement("forum", "en", corrects="x"), "it translates forum, which is a correction;"),
        ({"language": "EN"}, FORUM, "it is in EN, as is forum, which it translates; write its own"),
        ({"language": "FR"}, FORUM, "forum-fr is in FR and translates forum too; write another"),
        (
            {"lists": ("press",)},
            FORUM,
            "it names other lists than forum, which it translates; write lists: [press, friends]",
        ),
        ({"lists": ("friends", "press")}, FORUM, ""),
    ],
)
def test_what_cannot_be_a_translation_is_told_and_what_to_write(
    changed: dict[str, Any], original: Statement | None, said: str
) -> None:
    fields = {"slug": "forum-es", "language": "es", "translation_of": "forum"} | changed
    others = [statement("forum-fr", "fr", translation_of="forum")]
    found = translation_fault(statement(**fields), original, others)
    assert found.startswith(said)
    assert bool(found) == bool(said)
