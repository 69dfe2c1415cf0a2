"""Postmark: ``GET /server`` proves the token, ``GET /message-streams/{id}`` the stream.

Facts: Postmark's pages on servers, message streams and tokens (401 for a wrong one), and its
clients for ``SubscriptionManagementConfiguration``. Domains can only be asked about with the token
of the account.
"""

from typing import Any
from urllib.parse import quote

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import (
    DOMAIN,
    KEY,
    Probe,
    domain_of,
    public,
    uncertain,
    well,
    wrong,
)
from newsletter.providers.postmark.send import Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_STREAM = "message stream"
_MEND = "make a broadcast stream there, and write its id as provider.message_stream"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """The token and the stream; what the domain needs can only be said."""
    base, stream = public(options, "https://api.postmarkapp.com"), options.message_stream
    headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
    path = f"/message-streams/{quote(stream, safe='')}"
    domain = domain_of(sender)
    why = f"a server's token cannot ask about {domain}"
    return (
        Probe(
            what=KEY,
            request=HttpRequest(method="GET", url=f"{base}/server", headers=headers),
            judge=_server,
        ),
        Probe(
            what=_STREAM,
            request=HttpRequest(method="GET", url=f"{base}{path}", headers=headers),
            judge=lambda said: _stream(said, stream),
            refused=lambda response: _no_stream(response, stream),
        ),
        uncertain(DOMAIN, why, "see under Sender Signatures that it is verified"),
    )


def _server(said: Any) -> Finding | None:
    match said:
        case {"ID": int(), "Name": str(name)}:
            return well(KEY, f"it is that of the server {name!r}")
    return None


def _stream(said: Any, stream: str) -> Finding | None:
    match said:
        case {"MessageStreamType": "Broadcasts", "ArchivedAt": str(at)}:
            return wrong(
                _STREAM, f"{stream} was archived on {at[:10]}", "restore it, or use another"
            )
        case {"MessageStreamType": "Broadcasts"}:
            return _unsubscribing(said, stream)
        case {"MessageStreamType": str(kind)}:
            return wrong(_STREAM, f"{stream} is of type {kind}, not Broadcasts", _MEND)
    return None


def _unsubscribing(said: dict[str, Any], stream: str) -> Finding:
    match said:
        case {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": str(handling)}}:
            if handling.lower() != "custom":
                why = f"{stream} leaves unsubscribing to {handling!r}"
                return uncertain(_STREAM, why, "set it to custom, or readers see two links")
    return well(_STREAM, f"{stream} is a broadcast stream")


def _no_stream(response: HttpResponse, stream: str) -> Finding | None:
    if response.status in {404, 422}:
        return wrong(_STREAM, f"the server has no stream {stream}", _MEND)
    return None
