"""Signed words in links."""

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.credentials.links import SignedLinks
from newsletter.domain.errors import NotFound
from tests.fakes import NOON
from tests.rows import rows

KEY, NEWER, FOREIGN = b"k" * 32, b"n" * 32, b"f" * 32
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def read(reads: Callable[[str], object], word: str) -> object:
    """Return what a link says, or None if it is none of ours."""
    try:
        return reads(word)
    except NotFound:
        return None


def token(links: SignedLinks, campaign: int = 7, subscriber: int = 42) -> str:
    [found], _ = links.for_batch(campaign, [subscriber])
    return found


@rows("campaign", [0, 1, 2**32 - 1])
@rows("subscriber", [0, 1, 255, 2**48 - 1])
def test_a_token_says_whom_it_was_signed_for(campaign: int, subscriber: int) -> None:
    links = SignedLinks([KEY])
    assert links.read_unsubscribe(token(links, campaign, subscriber)) == (campaign, subscriber)


def test_all_tokens_have_one_length_and_need_no_escaping() -> None:
    numbers = [0, 1, 9, 10, 1000, 10**9, 2**48 - 1]
    tokens = [
        word
        for campaign in (1, 2**32 - 1)
        for word in SignedLinks([KEY]).for_batch(campaign, numbers)[0]
    ]
    assert len(set(tokens)) == 2 * len(numbers)
    for word in tokens:
        assert re.fullmatch(r"[A-Za-z0-9_-]{36}", word)


def test_many_tokens_at_once_are_the_same_as_one_by_one() -> None:
    links = SignedLinks([KEY])
    for numbers in (range(1, 1001), [3, 13, 14, 15, 27, 28, 4711, 2**48 - 1], [9, 2, 30]):
        many, ids = links.for_batch(7, numbers)
        assert many == [token(links, 7, number) for number in numbers]
        assert ids == [links.for_batch(7, [number])[1][0] for number in numbers]
        assert [links.read_unsubscribe(word) for word in many] == [(7, one) for one in numbers]


def test_no_token_is_made_for_a_number_that_it_cannot_hold() -> None:
    with pytest.raises(OverflowError):
        SignedLinks([KEY]).for_batch(7, [1, 2**48])


def test_for_nobody_there_are_no_tokens() -> None:
    for keys in ([KEY], [KEY, NEWER]):
        assert SignedLinks(keys).for_batch(7, []) == ([], [])


def test_the_same_recipient_always_gets_the_same_token() -> None:
    assert token(SignedLinks([KEY])) == token(SignedLinks([KEY]))


def test_a_token_binds_campaign_and_subscriber() -> None:
    links = SignedLinks([KEY])
    words = {token(links, campaign, subscriber) for campaign in range(9) for subscriber in range(9)}
    assert len(words) == 81
    # A signature for one pair does not sign another with the same digits.
    assert token(links, 1, 12) != token(links, 11, 2)


def test_every_change_of_one_bit_is_refused() -> None:
    links = SignedLinks([KEY])
    word = token(links)
    for place in range(len(word)):
        for bit in range(8):
            changed = word[:place] + chr(ord(word[place]) ^ (1 << bit)) + word[place + 1 :]
            assert read(links.read_unsubscribe, changed) is None


@rows("word", ["", "A", "A" * 35, "A" * 36, "A" * 37, "=" * 36, "ä" * 36, "\n", "../../etc/passwd"])
def test_what_is_no_token_of_ours_is_refused(word: str) -> None:
    with pytest.raises(NotFound, match="not one of ours"):
        SignedLinks([KEY]).read_unsubscribe(word)


@rows("change", ["{}A", "A{}", "{}=", "{}\n", " {}", "{}\x00", "{}{}"])
def test_a_token_with_anything_around_it_is_refused(change: str) -> None:
    links = SignedLinks([KEY])
    word = token(links)
    assert read(links.read_unsubscribe, change.format(word, word)) is None


def test_a_token_is_written_in_one_way_alone() -> None:
    links = SignedLinks([KEY])
    words = [token(links, 7, number) for number in range(1, 400)]
    marked = [word for word in words if {"-", "_"} & set(word)]
    assert len(marked) > 20
    for word in marked:
        assert read(links.read_unsubscribe, word.replace("-", "+").replace("_", "/")) is None


def test_a_retired_key_ends_subscriptions_and_nothing_else() -> None:
    old, new = SignedLinks([KEY]), SignedLinks([KEY, NEWER], retired={0})
    assert read(new.read_unsubscribe, token(old)) is not None
    assert read(new.read_email_id, old.email_token(7)) is None
    assert read(new.read_preferences, old.preferences_token(7, NOON)) is None
    assert new.read_email_id(new.email_token(7)) == 7
    assert new.read_preferences(new.preferences_token(7, NOON)) == (7, NOON)


def test_the_key_that_signs_is_never_retired() -> None:
    with pytest.raises(ValueError, match="signs"):
        SignedLinks([KEY, NEWER], retired={1})


def test_old_links_work_after_a_new_key_was_added_and_new_ones_are_signed_by_it() -> None:
    old, new = SignedLinks([KEY]), SignedLinks([KEY, NEWER])
    assert new.read_unsubscribe(token(old)) == (7, 42)
    assert token(new) != token(old)
    assert new.read_unsubscribe(token(new)) == (7, 42)
    assert read(old.read_unsubscribe, token(new)) is None


def test_a_key_does_not_verify_in_the_place_of_another() -> None:
    swapped = SignedLinks([NEWER, KEY])
    assert read(swapped.read_unsubscribe, token(SignedLinks([KEY]))) is None


def test_a_signature_for_another_purpose_does_not_unsubscribe() -> None:
    """The same bytes under the same key, personalised otherwise or not at all."""

    body = bytes([0]) + (7).to_bytes(4) + (42).to_bytes(6)
    links = SignedLinks([KEY])
    for purpose, accepted in ((b"delivery", True), (b"", False), (b"confirm", False)):
        key = hashlib.blake2b(key=KEY, digest_size=32, person=purpose).digest()
        group = hashlib.shake_128(key + body[:5] + (42 // 14).to_bytes(6)).digest(336)
        word = base64.urlsafe_b64encode(body + group[42 % 14 * 24 :][:16]).decode()
        assert (read(links.read_unsubscribe, word) is not None) is accepted


@pytest.mark.parametrize("count", [0, 257])
def test_there_are_between_1_and_256_keys(count: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 256"):
        SignedLinks([KEY] * count)


def test_the_256th_key_signs_too() -> None:
    links = SignedLinks([bytes([number]) * 32 for number in range(256)])
    assert links.read_unsubscribe(token(links)) == (7, 42)


def test_the_message_id_of_a_delivery_is_always_the_same_and_its_own() -> None:
    links = SignedLinks([KEY])
    _, names = links.for_batch(7, [1, 2])
    assert names == links.for_batch(7, [1, 2])[1]
    more = links.for_batch(8, [1, 2])[1] + SignedLinks([FOREIGN]).for_batch(7, [1, 2])[1]
    assert len({*names, *more}) == 6
    # the link, which many see, tells nothing of the id's MAC, though one hash makes both
    raw = base64.urlsafe_b64decode(token(links, 7, 1)).hex()
    assert names[0].rpartition(".")[2] not in raw
    assert len({name.rpartition(".")[2] for name in (*names, *more)}) == 6, "nothing to guess by"
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9.]+\.[0-9a-f]{16}", name)


def test_the_message_id_survives_a_new_key() -> None:
    before = SignedLinks([KEY]).for_batch(7, [1, 2])
    after = SignedLinks([KEY, NEWER]).for_batch(7, [1, 2])
    assert after[1] == before[1]
    assert after[0] != before[0]


AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
SIGNED: dict[str, Callable[[SignedLinks], str]] = {
    "unsubscribe": lambda links: token(links),
    "letter": lambda links: links.email_token(7),
    "preferences": lambda links: links.preferences_token(42, AT),
}
READ: dict[str, Callable[[SignedLinks, str], object]] = {
    "unsubscribe": lambda links, word: read(links.read_unsubscribe, word),
    "letter": lambda links, word: read(links.read_email_id, word),
    "preferences": lambda links, word: read(links.read_preferences, word),
}
ABOUT = {"unsubscribe": (7, 42), "letter": 7, "preferences": (42, AT)}


@rows("read", READ)
@rows("signed", SIGNED)
def test_what_is_signed_for_one_purpose_is_nothing_for_another(signed: str, read: str) -> None:
    links = SignedLinks([KEY])
    found = READ[read](links, SIGNED[signed](links))
    assert found == (ABOUT[signed] if signed == read else None)


@rows("purpose", SIGNED)
def test_each_purpose_survives_a_new_key_and_refuses_every_change(purpose: str) -> None:
    old, new = SignedLinks([KEY]), SignedLinks([KEY, NEWER])
    word = SIGNED[purpose](old)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", word)
    assert READ[purpose](new, word) == ABOUT[purpose]
    assert READ[purpose](old, SIGNED[purpose](new)) is None
    assert READ[purpose](SignedLinks([FOREIGN]), word) is None
    for place in range(len(word)):
        for other in ALPHABET.replace(word[place], ""):
            changed = word[:place] + other + word[place + 1 :]
            assert READ[purpose](old, changed) is None


@rows("number", [0, 1, 2**56 - 1])
def test_the_token_of_a_letter_holds_its_number(number: int) -> None:
    links = SignedLinks([KEY])
    assert links.read_email_id(links.email_token(number)) == number


def test_a_token_for_preferences_says_to_the_minute_when_it_was_signed() -> None:
    links = SignedLinks([KEY])
    word = links.preferences_token(42, AT + timedelta(seconds=59, microseconds=5))
    assert links.read_preferences(word) == (42, AT)
