"""Which providers there are, and how one is made from its options.

Only the modules of kinds that are asked for are imported, and no HTTP client for one without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from newsletter.domain.errors import Defect, Fault, InvalidConfiguration
from newsletter.imports import Imported, imported

if TYPE_CHECKING:
    from newsletter.domain.event import Event
    from newsletter.ports.world import Clock, Examiner, Finding, History, Provider
    from newsletter.providers.http import HttpRequest
    from newsletter.providers.options import ProviderOptions
    from newsletter.providers.probes.probe import Probe
    from newsletter.providers.transport import Transport


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """The parts of a kind: names in the modules that bear its own, or ``module:name``."""

    options: str = "Options"
    translator: str = ""
    """What says batches over HTTP."""
    whole: str = ""
    """What makes the provider, where it is no translator over HTTP."""
    probes: str = "probes"
    """In ``probes``: what is asked about options and the sender's address."""
    inquiry: str = ""
    """In ``inquiries``: what asks the provider's records what they have of an attempt."""
    listing: str = ""
    """In ``listings``: what lists what happened to messages."""


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "outbox": _Kind(whole="in_workspace", probes="unasked:of_outbox"),
        "mailgun": _Kind(translator="Mailgun", inquiry="MailgunInquiry", listing="MailgunListing"),
        "sendgrid": _Kind(translator="SendGrid", inquiry="SendGridInquiry"),
        "postmark": _Kind(
            translator="Postmark", inquiry="PostmarkInquiry", listing="PostmarkListing"
        ),
        "resend": _Kind(translator="Resend"),
        "brevo": _Kind(translator="Brevo", inquiry="BrevoInquiry"),
        "mailtrap": _Kind(translator="Mailtrap", inquiry="MailtrapInquiry"),
        "postal": _Kind(translator="Postal", probes="unasked:of_postal"),
        "mailpit": _Kind(translator="Mailpit"),
        "ses": _Kind(translator="Ses"),
        "mailjet": _Kind(translator="Mailjet"),
        "http": _Kind(
            options="description:Options",
            translator="described:Described",
            probes="unasked:of_described",
        ),
    }
)

_HERE = __name__.rpartition(".")[0]


def _place(kind: str, name: str, *, within: str = "") -> str:
    return f"{_HERE}.{within}{name if ':' in name else f'{kind}:{name}'}"


_PLACES = {kind: _place(kind, parts.options) for kind, parts in _KINDS.items()}

OPTIONS: Mapping[str, type[ProviderOptions]] = Imported(_PLACES)
"""Kind → the options it takes."""


def build(options: ProviderOptions, *, workspace: Path, clock: Clock) -> Provider:
    """Make the provider that these options describe. Nothing is opened or called yet.

    Relative paths are relative to ``workspace``; ``clock`` dates what has to be signed. Raises
    Defect for options of no known provider.
    """
    kind = _kind(options)
    if not kind:
        raise Defect(f"{type(options).__name__} belongs to no provider; please report it")
    if whole := _KINDS[kind].whole:
        made: Provider = imported(_place(kind, whole))(options, workspace)
        return made
    return _over_http(kind, options, clock)


def history(
    options: ProviderOptions, translate: Callable[[dict[str, Any], datetime], Event] | None
) -> History:
    """What is asked for events. Nothing is called yet.

    Raises InvalidConfiguration for a provider that lists none.
    """
    kind = _kind(options)
    listing = _KINDS[kind].listing if kind else ""
    if not listing or translate is None:
        why = "works with mailgun and postmark only; leave it out and set webhook_key instead"
        fault = Fault(file="newsletter.yaml", key="provider.poll_events", message=why)
        raise InvalidConfiguration([fault])
    from newsletter.providers.history import HttpHistory  # it brings the HTTP client

    lists = imported(_place(kind, listing, within="listings."))
    return HttpHistory(lists(options), _transport(options), translate)


def examiner(options: ProviderOptions, *, sender: str, clock: Clock) -> Examiner:
    """What proves key and sending domain, handing nothing over. Nothing is called yet."""
    from newsletter.providers.probes.probe import Examination  # it brings the HTTP client

    parts = probes(options, sender=sender)
    return Examination(parts, lambda: _transport(options), _signer(options, clock))


def probes(options: ProviderOptions, *, sender: str) -> tuple[Probe | Finding, ...]:
    """What the provider is asked, and what is known without asking."""
    kind = _kind(options)
    asked = _place(kind, _KINDS[kind].probes if kind else "unasked:of_unknown", within="probes.")
    found: tuple[Probe | Finding, ...] = imported(asked)(options, sender)
    return found


def _kind(options: ProviderOptions) -> str:
    """The one whose options these are; "" where they are of no provider that is known."""
    place = f"{type(options).__module__}:{type(options).__qualname__}"
    return next((kind for kind, one in _PLACES.items() if one == place), "")


def _over_http(kind: str, options: ProviderOptions, clock: Clock) -> Provider:
    from newsletter.providers.calls import HttpProvider  # it brings the HTTP client

    parts = _KINDS[kind]
    inquiry = imported(_place(kind, parts.inquiry, within="inquiries.")) if parts.inquiry else None
    return HttpProvider(
        imported(_place(kind, parts.translator))(options),
        _transport(options, clock),
        inquiry(options) if inquiry else None,
        settle=options.settle,
        kept=options.records_kept,
        sign=_signer(options, clock),
    )


def _signer(options: ProviderOptions, clock: Clock) -> Callable[[HttpRequest], HttpRequest]:
    """What signs a call or a question at the moment it leaves; most leave as they are."""
    if _kind(options) != "ses":
        return lambda request: request
    sign: Callable[[HttpRequest, datetime], HttpRequest] = imported(_place("ses", "Ses"))(
        options
    ).sign
    return lambda request: sign(request, clock.now())


def _transport(options: ProviderOptions, clock: Clock | None = None) -> Transport:
    from newsletter.providers.transport import Transport  # requests

    return Transport(timeout=options.timeout, concurrency=options.concurrency, clock=clock)
