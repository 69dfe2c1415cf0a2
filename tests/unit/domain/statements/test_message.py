"""The content hash that an approval binds to, and the filling of merge fields."""

from dataclasses import fields, replace
from typing import Any

from newsletter.domain.statements.content import (
    MARK_PREFIX,
    NAME_MARKS,
    Content,
    MergeField,
    Recipient,
    Sender,
)
from newsletter.domain.subscribers.segment import Segment
from tests.rows import rows

CONTENT = Content(
    subject="Forum resigns",
    html="<p>It has resigned.</p>",
    text="It has resigned.",
    language="en",
    sender=Sender(name="Forum", address="news@forum.example", reply_to="press@forum.example"),
    headers=(("List-Id", "<press.forum.example>"), ("X-Note", "one")),
    lists=("press",),
    corrects="",
    send_at="",
    embargo_until="",
    template_version="1",
)

SEGMENT = Segment(name="texas", list="press", timezone="UTC", place=("Austin",))


def altered(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, tuple):
        return (*value, ("X-More", "two") if value and isinstance(value[0], tuple) else "more")
    if value is None:
        return SEGMENT
    assert isinstance(value, Sender)
    return replace(value, name=value.name + "x")


@rows("name", [field.name for field in fields(Content)])
def test_every_field_of_content_changes_the_digest(name: str) -> None:
    other = replace(CONTENT, **{name: altered(getattr(CONTENT, name))})
    assert other.content_hash() != CONTENT.content_hash()


@rows("name", [field.name for field in fields(Sender)])
def test_every_field_of_the_sender_changes_the_digest(name: str) -> None:
    sender = replace(CONTENT.sender, **{name: altered(getattr(CONTENT.sender, name))})
    assert replace(CONTENT, sender=sender).content_hash() != CONTENT.content_hash()


@rows(
    "change",
    [
        {"subject": "Forum resigns ", "html": "<p>It has resigned.</p>"},
        {"headers": (("X-Note", "one"), ("List-Id", "<press.forum.example>"))},
        {"headers": (("List-Id", "<press.forum.example>X-Note"), ("", "one"))},
        {"lists": ("press", "")},
        {"subject": "Forum resigns", "corrects": "x"},
        {"send_at": "x", "embargo_until": ""},
        {"send_at": "", "embargo_until": "x"},
        {"html": "It has resigned.", "text": "<p>It has resigned.</p>"},
    ],
)
def test_no_byte_can_be_moved_from_one_field_to_another(change: dict[str, Any]) -> None:
    assert replace(CONTENT, **change).content_hash() != CONTENT.content_hash()


def test_equal_content_has_one_digest_of_64_hexadecimal_digits() -> None:
    content_hash = CONTENT.content_hash()
    assert content_hash == replace(CONTENT).content_hash()
    assert len(content_hash) == 64
    assert set(content_hash) <= set("0123456789abcdef")


def test_letters_that_look_alike_give_different_digests() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert (
        replace(CONTENT, subject=composed).content_hash()
        != replace(CONTENT, subject=decomposed).content_hash()
    )


RECIPIENT = Recipient(7, "ana@example.org", "TOKEN", "7.1.abc")


def test_a_template_is_filled_with_the_values_of_this_recipient() -> None:
    template = f"<{MergeField.UNSUBSCRIBE.value}> {MergeField.MESSAGE_ID.value} rest"
    assert RECIPIENT.merge(template) == "<TOKEN> 7.1.abc rest"


def test_text_without_marks_is_left_as_it_is() -> None:
    assert RECIPIENT.merge("Nothing to fill: NL MERGE.") == "Nothing to fill: NL MERGE."


def test_each_mark_is_one_word_of_letters_that_begins_as_announced() -> None:
    marks = [*(field.value for field in MergeField), *NAME_MARKS]
    for mark in marks:
        assert mark.startswith(MARK_PREFIX)
        assert mark.isascii()
        assert mark.isalnum()
        assert not any(mark in other for other in marks if other != mark)


GREETING = replace(
    CONTENT,
    html="<p>Dear NLMERGENAME0, NLMERGENAME1 NLMERGENAME0</p>",
    text="Dear NLMERGENAME0, NLMERGENAME1",
    fallbacks=("friend", "amigo"),
)


def test_the_words_for_readers_without_a_name_are_part_of_what_is_approved() -> None:
    other = replace(GREETING, fallbacks=("friend", "amiga"))
    assert other.content_hash() != GREETING.content_hash()
    assert replace(GREETING, fallbacks=()).content_hash() != GREETING.content_hash()


def test_a_reader_is_called_by_name_or_as_the_text_calls_those_without_one() -> None:
    assert GREETING.fill_names("Ana Ruiz") == ("Ana Ruiz", "Ana Ruiz")
    assert GREETING.fill_names("") == GREETING.fill_names("<b>Ana") == ("friend", "amigo")
    assert GREETING.fill_names(f"Ana {MARK_PREFIX.lower()}UNSUBSCRIBE") == ("friend", "amigo")
    assert CONTENT.fill_names("Ana Ruiz") == ()
    ana = RECIPIENT._replace(names=GREETING.fill_names("Ana Ruiz"))
    assert ana.merge(GREETING.text) == "Dear Ana Ruiz, Ana Ruiz"


def test_everybody_and_the_authors_read_what_stands_in_the_gaps() -> None:
    assert GREETING.in_words(GREETING.html) == "<p>Dear friend, amigo friend</p>"
    assert GREETING.as_written(GREETING.text) == "Dear {name|friend}, {name|amigo}"
    token = MergeField.UNSUBSCRIBE.value
    assert GREETING.as_written(f"https://forum.example/u/{token}") == "https://forum.example/u/…"
    assert GREETING.greetings == 5


def test_a_segment_counts_by_its_rule_and_not_by_its_name_alone() -> None:
    narrowed = replace(CONTENT, segment=SEGMENT)
    assert narrowed.content_hash() == replace(CONTENT, segment=replace(SEGMENT)).content_hash()
    assert (
        narrowed.content_hash()
        == replace(CONTENT, segment=replace(SEGMENT, timezone="CET")).content_hash()
    )
    for change in ({"name": "t"}, {"list": "events"}, {"place": ("Dallas",)}):
        other = replace(CONTENT, segment=replace(SEGMENT, **change))
        assert other.content_hash() != narrowed.content_hash()
