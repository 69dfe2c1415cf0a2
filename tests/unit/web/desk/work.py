"""Statements for the desk's pages: written to the folder, approved, sent."""

from typing import Any

import yaml

from newsletter.pipeline.statements.approve import ApprovalRequest
from tests.desk import Staffed, address_of

READERS = tuple(f"canary{number}@readers.example" for number in range(1, 6))
"""Subscribers whose addresses only senders may see."""
WEEKLY = {
    "name": "weekly",
    "title": "The week to {date}",
    "every": "week",
    "day": "friday",
    "at": "16:00",
    "lists": ["press"],
}
"""The settings of a digest email."""


def write(
    staffed: Staffed, slug: str = "hours", body: str = "The library opens at nine.", **head: Any
) -> None:
    fields = {
        "title": "The library opens earlier",
        "author": "ana@forum.example",
        "lists": ["press"],
        "summary": "From the first of December the library on Mill Street opens at nine.",
        **head,
    }
    path = staffed.site.folder / "statements" / f"{slug}.md"
    path.write_text(f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n{body}\n", "utf-8")
    staffed.site.services.tick.run()


def approve(
    staffed: Staffed, slug: str = "hours", by: str = "ben", despite: str | None = None
) -> None:
    services = staffed.site.services
    shown = services.campaigns.current_terms(slug)
    services.statements.approve(
        ApprovalRequest(slug=slug, by=address_of(by), shown=shown, despite=despite)
    )
    services.tick.run()


def send(staffed: Staffed, slug: str = "hours", **head: Any) -> None:
    """Write it, approve it, and send it to everybody."""
    write(staffed, slug, **head)
    approve(staffed, slug)
    staffed.site.clock.advance(minutes=6)
    staffed.site.services.tick.run()
    hand_over(staffed)


def hand_over(staffed: Staffed) -> None:
    dispatcher = staffed.site.services.delivery.dispatcher()
    while dispatcher.dispatch() is not None:
        pass
    staffed.site.services.tick.run()
