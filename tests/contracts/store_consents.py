"""Contract: a store keeps proof of consent: the words, and each consent with its end."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from newsletter.domain.subscribers.signup import ConsentRecord, Method
from newsletter.store.sql import Store
from tests.fakes import NOON

WORDS = "Yes, send me what goes to “press”. I can leave at any time. ¡Sí!"
GIVEN = ConsentRecord(
    list="press",
    given=True,
    method=Method.DOUBLE_OPT_IN,
    source="our sign-up page",
    wording=hashlib.sha256(WORDS.encode()).hexdigest(),
    asked_at=NOON - timedelta(hours=2),
    at=NOON,
)
ENDED = ConsentRecord(
    list="press", given=False, method=Method.PREFERENCES, source="preferences", at=NOON
)


class ConsentsContract:
    def test_words_are_kept_once_under_their_hash(self, store: Store) -> None:
        with store.begin() as tx:
            found = [tx.consents.store_words(WORDS, "es", NOON) for _ in range(2)]
            other = tx.consents.store_words(WORDS + "!", "es", NOON)
        assert found == [GIVEN.wording] * 2
        assert other != GIVEN.wording
        with store.read() as tx:
            assert tx.consents.get_words(GIVEN.wording) == WORDS
            assert tx.consents.get_words("0" * 64) == ""

    def test_each_yes_and_its_end_come_back_in_their_order(self, store: Store) -> None:
        with store.begin() as tx:
            tx.consents.add(1, [GIVEN, replace(GIVEN, list="supporters")])
            tx.consents.add(2, [GIVEN])
            tx.consents.add(1, [])
            tx.consents.add(1, [ENDED])
        with store.read() as tx:
            assert tx.consents.list_for(1) == [GIVEN, replace(GIVEN, list="supporters"), ENDED]
            assert tx.consents.list_for(2) == [GIVEN]
            assert tx.consents.list_for(3) == []
