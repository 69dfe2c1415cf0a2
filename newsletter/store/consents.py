"""Consent as proof: the words that were shown, and who said yes to them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.domain.signup import wording_of
from newsletter.ports import ConsentRecord, Method
from newsletter.store import asking
from newsletter.store.times import from_ms, maybe_from_ms, to_ms

_consent = asking.consent.c


class SqlConsents:
    """Append-only, but for erasure."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep_words(self, words: str, language: str, at: datetime) -> str:
        digest = wording_of(words)
        self._connection.execute(
            insert_or(asking.wording)
            .values(hash=digest, language=language, words=words, first_at=to_ms(at))
            .on_conflict_do_nothing()
        )
        return digest

    def words(self, wording: str) -> str:
        words = asking.wording.c
        return self._connection.scalar(select(words.words).where(words.hash == wording)) or ""

    def add(self, subscriber_id: int, records: Sequence[ConsentRecord]) -> None:
        rows = [
            {
                "subscriber_id": subscriber_id,
                "list": one.list,
                "given": int(one.given),
                "method": one.method.value,
                "source": one.source,
                "wording": one.wording,
                "asked_at": one.asked_at and to_ms(one.asked_at),
                "at": to_ms(one.at),
            }
            for one in records
        ]
        if rows:
            self._connection.execute(insert(asking.consent), rows)

    def of(self, subscriber_id: int) -> list[ConsentRecord]:
        rows = self._connection.execute(
            select(asking.consent)
            .where(_consent.subscriber_id == subscriber_id)
            .order_by(_consent.id)
        )
        return [
            ConsentRecord(
                list=row.list,
                given=bool(row.given),
                method=Method(row.method),
                source=row.source,
                wording=row.wording,
                asked_at=maybe_from_ms(row.asked_at),
                at=from_ms(row.at),
            )
            for row in rows
        ]
