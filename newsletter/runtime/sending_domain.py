"""What ``newsletter doctor`` finds out about the sending domains and our own pages, from outside.

Nothing is asked where the provider is on this machine: then nothing leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.domain.delivery.authentication import examine_domain
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Finding, Level
from newsletter.domain.errors import InvalidConfiguration, ProviderUnreachable

if TYPE_CHECKING:
    from newsletter.config.settings import Settings

_HERE = {"127.0.0.1", "localhost", "::1"}
_NOWHERE = {"outbox", "mailpit"}
"""Kinds that are for trying out."""
_SELECTORS = (
    *("s1", "s2"),  # SendGrid
    *("k1", "mx", "smtp", "pic"),  # Mailgun
    *("mailjet", "resend", "brevo1", "brevo2", "mail", "rwmt1", "rwmt2"),
    *("default", "selector1", "selector2"),
)
"""Names that set-up pages show; Amazon's, Postmark's and Postal's are made anew for each domain."""
_WITHIN = timedelta(seconds=10)
_PAGES = "public pages"


def sends_into_the_world(settings: Settings) -> bool:
    """Whether any provider is somewhere else."""
    return any(
        getattr(one, "kind", "") not in _NOWHERE
        and (urlsplit(str(one.base_url or "")).hostname or "") not in _HERE
        for one in settings.providers
    )


def examine_from_outside(settings: Settings) -> Iterator[Finding]:
    """SPF, DKIM, DMARC and BIMI, and whether readers and mail programs reach our pages."""
    if not sends_into_the_world(settings):
        return
    from newsletter.providers.transport.dns import Names

    names = Names().texts
    for domain in sending_domains(settings):
        yield from examine_domain(domain, _SELECTORS, names)
    yield examine_pages(settings.public_url)


def sending_domains(settings: Settings) -> tuple[str, ...]:
    """The domain of each sender once, as the DNS knows it; that of ``sender`` first."""
    addresses = map(ascii_domain, settings.from_addresses)
    return tuple(dict.fromkeys(one.rpartition("@")[2].lower() for one in addresses))


def examine_pages(public_url: str) -> Finding:
    """Whether one click to unsubscribe would arrive: asked with a link that is nobody's."""
    from newsletter.providers.transport.http import AnswerLost, HttpRequest
    from newsletter.providers.transport.transport import Transport

    transport = Transport(timeout=_WITHIN, concurrency=1)
    request = HttpRequest(
        method="POST",
        url=f"{public_url}/u/doctor",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"List-Unsubscribe=One-Click",
    )
    try:
        status = transport.call(request).status
    except (ProviderUnreachable, AnswerLost, InvalidConfiguration) as error:
        advice = (
            "readers cannot unsubscribe like this: run 'newsletter run' or 'serve', and look at"
        )
        advice += " the proxy, its certificate and public_url"
        detail = f"{public_url} cannot be reached: {error}"
        return Finding(what=_PAGES, level=Level.FAULT, detail=detail, advice=advice)
    finally:
        transport.close()
    if status == 404:
        return Finding(what=_PAGES, level=Level.OK, detail=f"{public_url} takes one-click posts")
    detail = f"{public_url} answers a one-click post with HTTP {status} where ours would say 404"
    advice = "let POST to /u/ through the proxy as it is: no redirect, no login, no cache"
    return Finding(what=_PAGES, level=Level.FAULT, detail=detail, advice=advice)
