"""Resend's webhooks: one event a post, signed by HMAC-SHA256 as Svix does it.

Facts: Resend's pages of each event and its library's types; Standard Webhooks for the signature
over ``id.timestamp.body``, and for a new signature with each retry, so that a signature is good for
minutes. Types of a bounce are Amazon's. ``svix-id`` is the same for every report of an event.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Event, Forged
from newsletter.providers.common import webhooks
from newsletter.providers.common.webhooks import (
    EventTables,
    as_list,
    header,
    is_equal,
    parse_time,
    require_fresh,
    text,
    value_at,
)

RETRY_PERIOD = timedelta(0)
_SIGNATURE_PATTERN = re.compile(r"v[0-9a-z]+,[A-Za-z0-9+/]+={0,2}")

_EVENT_TABLES = EventTables(__name__)
_DETAIL_FIELDS = ("bounce", "failed", "suppressed")


class Resend:
    """Verifies and parses Resend's webhooks. ``key`` is the endpoint's ``whsec_…``."""

    def __init__(self, key: str) -> None:
        self._key = webhooks.parse_endpoint_secret(key)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify a post and return its one event. Raises Forged."""
        event_id, signed_at = header(headers, "svix-id"), header(headers, "svix-timestamp")
        message = f"{event_id}.{signed_at}.".encode(errors="replace") + body
        expected = b64encode(hmac.new(self._key, message, hashlib.sha256).digest()).decode()
        signatures = header(headers, "svix-signature").split(" ")
        if not all(_SIGNATURE_PATTERN.fullmatch(signature) for signature in signatures):
            raise Forged("the signature is not written as Svix writes it")
        # There are several while a secret is being replaced.
        if not any(is_equal(signature, f"v1,{expected}") for signature in signatures):
            raise Forged("no signature matches")
        require_fresh(parse_time(signed_at), now, RETRY_PERIOD)
        payload, id_ = webhooks.parse_json(body), text(event_id)
        return (
            _event(payload, id_, now)
            if isinstance(payload, dict)
            else webhooks.unreadable_event(body, now, id=id_),
        )


def _event(payload: dict[str, Any], name: str, now: datetime) -> Event:
    data = payload.get("data")
    details = next((value_at(data, part) for part in _DETAIL_FIELDS if value_at(data, part)), None)
    codes = value_at(details, "diagnosticCode")
    reasons = [*(codes if isinstance(codes, list) else [codes])[:5]]
    reasons += [value_at(details, part) for part in ("message", "reason")]
    tags = value_at(data, "tags")
    if isinstance(tags, list):  # names and values, like those of the call
        tags = {text(value_at(tag, "name")): value_at(tag, "value") for tag in tags}
    amazons = (value_at(details, "type"), value_at(details, "subType"))
    return webhooks.make_event(
        payload,
        now,
        kind=_EVENT_TABLES.kind(payload.get("type")),
        id=name,
        times=[payload.get("created_at")],
        addresses=as_list(value_at(data, "to"))[:1],
        provider_ids=[value_at(data, "email_id")],
        delivery=webhooks.read_delivery(tags),
        replies=reasons,
        notes=amazons,
        bounce=webhooks.amazon_bounce(*amazons),
    )
