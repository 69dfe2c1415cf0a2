"""Every kind that speaks HTTP: its keys, the server that stands for it, and how one is made."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.registry import OPTIONS, build
from tests.fakes import FixedClock
from tests.provider_servers.brevo import BrevoServer
from tests.provider_servers.gateway import MANY, GatewayServer
from tests.provider_servers.mailjet import MailjetServer
from tests.provider_servers.mailpit import MailpitServer
from tests.provider_servers.mailtrap import MailtrapServer
from tests.provider_servers.postal import PostalServer
from tests.provider_servers.postmark import PostmarkServer
from tests.provider_servers.resend import ResendServer
from tests.provider_servers.sendgrid import SendGridServer
from tests.provider_servers.ses import REGION, SesServer
from tests.servers import MailgunServer


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of provider as tests use it."""

    server: Callable[[FixedClock], Any]
    """Takes what the provider itself would take; ``delivered`` is what readers have."""
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "mailgun": Kind(
        server=lambda _: MailgunServer(),
        options={"domain": "forum.example", "api_key": "key-for-tests"},
    ),
    "sendgrid": Kind(server=lambda _: SendGridServer(), options={"api_key": "key-for-tests"}),
    "postmark": Kind(
        server=lambda _: PostmarkServer(), options={"server_token": "token-for-tests"}
    ),
    "resend": Kind(server=lambda _: ResendServer(), options={"api_key": "re_for_tests"}),
    "brevo": Kind(server=lambda _: BrevoServer(), options={"api_key": "key-for-tests"}),
    "mailtrap": Kind(server=lambda _: MailtrapServer(), options={"api_token": "token-for-tests"}),
    "postal": Kind(server=lambda _: PostalServer(), options={"api_key": "key-for-tests"}),
    "mailpit": Kind(server=lambda _: MailpitServer()),
    "ses": Kind(
        server=lambda clock: SesServer(clock=clock),
        options={
            "region": REGION,
            "access_key_id": "AKIDFORTESTS",
            "secret_access_key": "secret-for-tests",
        },
    ),
    "mailjet": Kind(
        server=lambda _: MailjetServer(),
        options={"api_key": "key-for-tests", "secret_key": "secret-for-tests"},
    ),
    "http": Kind(
        server=lambda _: GatewayServer(),
        options={
            "url": "https://gateway.forum.example/v1/messages",
            "auth": {"bearer": "token-for-tests"},
            "message_id": "queued[0].id",
            "accepted": [200, 202],
            "quota": [420],
            "batch_size": 250,
            "body": MANY,
        },
    ),
}


@contextmanager
def made(
    kind: str, url: str, clock: FixedClock | None = None, *, seconds: float = 20
) -> Iterator[HttpProvider]:
    """A provider of this kind whose calls go to ``url``, and may take so long."""
    common = {"base_url": url, "concurrency": 64, "timeout": timedelta(seconds=seconds)}
    said = {"kind": kind, **common, **KINDS[kind].options}
    said |= {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    options = OPTIONS[kind].model_validate(said)
    provider = build(options, workspace=Path(), clock=clock or FixedClock())
    assert isinstance(provider, HttpProvider)
    try:
        yield provider
    finally:
        provider.close()
