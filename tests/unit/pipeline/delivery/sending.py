"""A courier and the emails that it sends."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from newsletter.domain.delivery.transactional import (
    EmailKind,
    MessageState,
    RequestOutcome,
    TransactionalEmail,
)
from newsletter.domain.ports import Provider
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.pipeline.delivery.transactional import EmailResult, TransactionalSender
from newsletter.pipeline.staff.notify import compose_email
from newsletter.store.sql import Store
from tests.fakes import NOON, PlainWriter
from tests.unit.pipeline.newsroom import Newsroom

JOIN = TransactionalEmail(
    id=0,
    kind=EmailKind.JOIN,
    address="ana@example.org",
    lists=("press", "sport"),
    language="es",
    asked_at=NOON,
)


@dataclass(kw_only=True)
class Post:
    """The newsroom's emails."""

    room: Newsroom
    most_per_hour: int = 100
    _attempts: Any = field(default_factory=lambda: itertools.count(1))

    def transactional_sender(
        self, store: Store | None = None, provider: Provider | None = None
    ) -> TransactionalSender:
        room = self.room
        return TransactionalSender(
            store=store or room.store,
            guard_file=room.guard_file,
            pool=room.pool(provider),
            links=room.links,
            writer=PlainWriter(),
            titles={"press": "Press releases"},
            public_url="https://news.forum.example",
            language="en",
            most_per_hour=self.most_per_hour,
            lease=timedelta(minutes=2),
            attempt_ids=lambda: f"letter{next(self._attempts)}",
            jitter=lambda: 0.0,
            desk="https://news.forum.example/desk",
            link_token=str,
            news=partial(compose_email, rules=room.rules, desk="https://news.forum.example/desk"),
        )

    def ask(self, address: str = JOIN.address, **changes: Any) -> RequestOutcome:
        email = replace(JOIN, address=address, asked_at=self.room.clock.now(), **changes)
        with self.room.store.begin() as tx:
            return tx.emails.ask(email, network="")

    def subscribe(self, address: str = JOIN.address, *lists: str) -> int:
        with self.room.store.begin() as tx:
            tx.readers.upsert([Entry(address=address, lists=lists)], NOON)
            person = tx.readers.find(address)
        return person.id

    def suppress(self, reason: SuppressionReason, address: str = JOIN.address) -> None:
        with self.room.store.begin() as tx:
            tx.readers.suppress([SuppressedEntry(address=address, reason=reason)], NOON, "test")

    def post(self) -> EmailResult:
        done = self.transactional_sender().post()
        assert done is not None, "there is no letter to hand over"
        return done

    def state(self, number: int = 1) -> MessageState:
        with self.room.store.read() as tx:
            email = tx.emails.get(number)
        return email.state

    def said(self) -> str:
        """The text of the last email."""
        return self.room.provider.batches[-1].content.text
