"""The choices of subscribers, and the proof of their consent."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from newsletter.credentials.links import LeaveLink
from newsletter.domain.subscribers.audience import Consent
from newsletter.domain.subscribers.signup import ConsentRecord, hash_consent_words
from newsletter.store.database import Repository
from newsletter.store.subscribers.eligibility import on_lists

_write_json = json.JSONEncoder(ensure_ascii=False).encode


def consent_json(consent: Consent | None) -> str:
    """Return a consent as the JSON in the row of a subscriber."""
    if consent is None:
        return "{}"
    return _write_json({"source": consent.source, "at": consent.at and consent.at.isoformat()})


class Consents(Repository):
    """The proof of consent: the person, list, time and words. It is erased with the person."""

    def find_recorded(self, subscriber_id: int) -> Consent | None:
        """Return the consent that staff or a file recorded for a person."""
        stored = json.loads(
            self._db.value("SELECT consent FROM subscriber WHERE id = :id", id=subscriber_id)
        )
        if not stored:
            return None
        at = stored["at"] and datetime.fromisoformat(stored["at"])
        return Consent(source=stored["source"], at=at)

    def store_words(self, words: str, language: str, at: datetime) -> str:
        """Store words of consent, once; return their SHA-256 (64 hexadecimal digits)."""
        digest = hash_consent_words(words)
        self._db.insert_new("wording", hash=digest, language=language, words=words, first_at=at)
        return digest

    def get_words(self, wording: str) -> str:
        return self._db.value("SELECT words FROM wording WHERE hash = :hash", hash=wording) or ""

    def add(self, subscriber_id: int, records: Sequence[ConsentRecord]) -> None:
        for record in records:
            self._db.insert("consent", subscriber_id=subscriber_id, **vars(record))

    def list_for(self, subscriber_id: int) -> list[ConsentRecord]:
        """Return the consents and withdrawals of a subscriber, oldest first."""
        return self._db.all(
            ConsentRecord,
            "SELECT list, given, method, source, wording, asked_at, at FROM consent"
            " WHERE subscriber_id = :id ORDER BY id",
            id=subscriber_id,
        )


_IS_OVER = "paused_until IS NOT NULL AND paused_until <= :at"
"""Word for word as in the partial index of pauses."""
_END = """
    UPDATE subscription SET state = 'ended', changed_at = :at, ended_by = :campaign_id
    WHERE subscriber_id = :id AND state <> 'ended'
"""


class Choices(Repository):
    def _find_lists(self, subscriber_id: int) -> frozenset[str]:
        return frozenset(
            self._db.scan(
                "SELECT list.name FROM subscription JOIN list ON list.id = subscription.list_id"
                " WHERE subscriber_id = :id AND state <> 'ended'",
                id=subscriber_id,
            )
        )

    def set_details(self, subscriber_id: int, **details: object) -> None:
        """Set the name, language, time zone, or ``paused_until``, the end of a reader's pause."""
        self._db.update("subscriber", {"id": subscriber_id}, **details)

    def join(
        self, subscriber_id: int, lists: Collection[str], at: datetime, closed: Collection[str]
    ) -> frozenset[str]:
        """Subscribe to lists, also to those that the subscriber left; return the new ones.

        For ``closed`` lists the subscriber requests to join, and staff decide.
        """
        new_lists = frozenset(lists) - self._find_lists(subscriber_id)
        for name in sorted(new_lists):
            self._db.insert_new("list", name=name)
            self._db.change(
                """
                INSERT INTO subscription (list_id, subscriber_id, state, changed_at)
                SELECT id, :subscriber_id, :state, :at FROM list WHERE name = :name
                ON CONFLICT (list_id, subscriber_id) DO UPDATE
                SET state = excluded.state, changed_at = excluded.changed_at, ended_by = NULL
                """,
                name=name,
                subscriber_id=subscriber_id,
                state="requested" if name in closed else "confirmed",
                at=at,
            )
        return new_lists

    def confirm_request(self, subscriber_id: int, name: str, at: datetime) -> None:
        """Make the request to join a list a subscription."""
        self._db.change(
            "UPDATE subscription SET state = 'confirmed', changed_at = :at"
            " WHERE subscriber_id = :id AND list_id = (SELECT id FROM list WHERE name = :name)",
            at=at,
            id=subscriber_id,
            name=name,
        )

    def leave(
        self,
        subscriber_id: int,
        lists: Collection[str],
        at: datetime,
        campaign_id: int | None = None,
    ) -> frozenset[str]:
        """End subscriptions and requests to join; return the lists that the subscriber was on."""
        left_lists = frozenset(lists) & self._find_lists(subscriber_id)
        on = on_lists(sorted(left_lists))
        self._db.change(f"{_END} AND {on}", on, id=subscriber_id, at=at, campaign_id=campaign_id)
        return left_lists

    def unsubscribe_by_links(self, links: Sequence[LeaveLink], at: datetime) -> list[LeaveLink]:
        """End subscriptions through links in emails; return the links of unknown subscribers.

        A link ends the subscriptions to the lists of its campaign, or all if it is unknown.
        """
        self._db.change_each(
            f"""
            {_END} AND (
                list_id IN (SELECT id FROM list WHERE name IN (
                    SELECT name.value FROM campaign CROSS JOIN json_each(campaign.lists) AS name
                    WHERE campaign.id = :campaign_id))
                OR NOT EXISTS (SELECT 1 FROM campaign WHERE id = :campaign_id))
            """,
            [{"campaign_id": campaign, "id": person, "at": at} for campaign, person in links],
        )
        subscriber_ids = set(
            self._db.scan(
                "SELECT id FROM subscriber"
                " WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))",
                ids=[person for _, person in links],
            )
        )
        return [link for link in links if link[1] not in subscriber_ids]

    def has_ended_pause(self, at: datetime) -> bool:
        return self._db.has_row(f"SELECT 1 FROM subscriber WHERE {_IS_OVER} LIMIT 1", at=at)

    def end_pauses(self, at: datetime) -> int:
        """Delete the pauses that are over by then; return their number."""
        return self._db.change(f"UPDATE subscriber SET paused_until = NULL WHERE {_IS_OVER}", at=at)
