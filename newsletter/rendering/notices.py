"""Notices in the formats of Slack, Microsoft Teams and signed webhooks.

Titles, names and comments are texts that others wrote. They cannot make a link or mention people.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from newsletter.domain.archive import FORMATS
from newsletter.domain.delivery.transactional import NoticeSection
from newsletter.domain.wording import say
from newsletter.rendering.sentences import Language, shown_news

_MAX_BLOCK_CHARS = 3_000
"""The most characters of a block: Slack refuses the whole message for a longer one."""


def slack_message(news: Sequence[NoticeSection], language: Language) -> bytes:
    """Return the body for an incoming webhook of Slack: a text, and blocks."""
    subject, shown, others = shown_news(news, language)
    texts = (
        f"*<{one.url}|{_escape_slack(one.title)}>*: "
        + _escape_slack("\n".join((one.label, *one.lines)))
        for one in shown
    )
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text[:_MAX_BLOCK_CHARS]}}
        for text in texts
    ]
    if others:
        blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": others}]})
    return _json({"text": _escape_slack(subject), "blocks": blocks})


def teams_card(news: Sequence[NoticeSection], language: Language) -> bytes:
    """Return a Teams workflow's body: an Adaptive Card. A TextRun shows Markdown as written."""
    subject, shown, others = shown_news(news, language)
    opening = language.say(say("Open the desk"))
    body: list[dict[str, Any]] = []
    for place, one in enumerate(shown):
        head = {"type": "TextRun", "text": one.title, "weight": "Bolder"}
        open_page = {"type": "Action.OpenUrl", "url": one.url}
        body.append(
            {
                "type": "RichTextBlock",
                "separator": place > 0,
                "inlines": [
                    head | {"selectAction": open_page},
                    {"type": "TextRun", "text": f": {one.label}"},
                ],
            }
        )
        if one.lines:
            run = {"type": "TextRun", "text": "\n".join(one.lines), "isSubtle": True}
            body.append({"type": "RichTextBlock", "spacing": "Small", "inlines": [run]})
    if others:
        body.append({"type": "TextBlock", "text": others, "wrap": True})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": subject,
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": opening, "url": news[0].url}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return _json({"type": "message", "attachments": [attachment]})


def webhook_event(news: Sequence[NoticeSection], *, organisation: str, at: datetime) -> bytes:
    """Return the body of a webhook in the form of Standard Webhooks: type, timestamp, data."""
    return _json(
        {
            "type": "newsletter.notices",
            "timestamp": at.isoformat(timespec="seconds"),
            "data": {
                "organisation": organisation,
                "notices": [
                    {
                        "events": one.events,
                        "statement": one.statement or None,
                        "title": one.title,
                        "label": one.label,
                        "lines": one.lines,
                        "url": one.url,
                    }
                    for one in news
                ],
            },
        }
    )


def hub_ping(public_url: str) -> bytes:
    """Return the form body that asks a WebSub hub to fetch the feeds."""
    feeds = (("hub.url", f"{public_url}/{file}") for file in FORMATS)
    return urlencode([("hub.mode", "publish"), *feeds]).encode()


def _escape_slack(text: str) -> str:
    """Escape the three characters with a meaning in Slack's links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
