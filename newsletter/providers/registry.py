"""Which providers there are, and how one is made from its options."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from newsletter.domain.errors import Defect, Fault, InvalidConfiguration
from newsletter.domain.event import Event
from newsletter.ports import Clock, Examiner, Finding, Provider
from newsletter.providers import (
    brevo,
    described,
    description,
    mailgun,
    mailjet,
    mailpit,
    mailtrap,
    outbox,
    postal,
    postmark,
    resend,
    sendgrid,
    ses,
)
from newsletter.providers.calls import HttpProvider, Inquiry
from newsletter.providers.history import HttpHistory, Listing
from newsletter.providers.http import HttpRequest, Translator, Transport
from newsletter.providers.inquiries.brevo import BrevoInquiry
from newsletter.providers.inquiries.mailgun import MailgunInquiry
from newsletter.providers.inquiries.mailtrap import MailtrapInquiry
from newsletter.providers.inquiries.postmark import PostmarkInquiry
from newsletter.providers.inquiries.sendgrid import SendGridInquiry
from newsletter.providers.listings.mailgun import MailgunListing
from newsletter.providers.listings.postmark import PostmarkListing
from newsletter.providers.options import ProviderOptions
from newsletter.providers.probes import brevo as ask_brevo
from newsletter.providers.probes import mailgun as ask_mailgun
from newsletter.providers.probes import mailjet as ask_mailjet
from newsletter.providers.probes import mailpit as ask_mailpit
from newsletter.providers.probes import mailtrap as ask_mailtrap
from newsletter.providers.probes import postmark as ask_postmark
from newsletter.providers.probes import resend as ask_resend
from newsletter.providers.probes import sendgrid as ask_sendgrid
from newsletter.providers.probes import ses as ask_ses
from newsletter.providers.probes import unasked
from newsletter.providers.probes.probe import Examination, Probe, uncertain, well

OPTIONS: Mapping[str, type[ProviderOptions]] = MappingProxyType(
    {
        "outbox": outbox.Options,
        "mailgun": mailgun.Options,
        "sendgrid": sendgrid.Options,
        "postmark": postmark.Options,
        "resend": resend.Options,
        "brevo": brevo.Options,
        "mailtrap": mailtrap.Options,
        "postal": postal.Options,
        "mailpit": mailpit.Options,
        "ses": ses.Options,
        "mailjet": mailjet.Options,
        "http": description.Options,
    }
)
"""Kind → the options it takes."""

_TRANSLATORS: Mapping[type[ProviderOptions], Callable[[Any], Translator]] = MappingProxyType(
    {
        mailgun.Options: mailgun.Mailgun,
        sendgrid.Options: sendgrid.SendGrid,
        postmark.Options: postmark.Postmark,
        resend.Options: resend.Resend,
        brevo.Options: brevo.Brevo,
        mailtrap.Options: mailtrap.Mailtrap,
        postal.Options: postal.Postal,
        mailpit.Options: mailpit.Mailpit,
        ses.Options: ses.Ses,
        mailjet.Options: mailjet.Mailjet,
        description.Options: described.Described,
    }
)

_PROBES: Mapping[type[ProviderOptions], Callable[[Any, str], tuple[Probe | Finding, ...]]] = (
    MappingProxyType(
        {
            outbox.Options: lambda _, __: (
                well(
                    "provider", "outbox: messages become files on this machine; no reader gets any"
                ),
            ),
            mailgun.Options: ask_mailgun.probes,
            sendgrid.Options: ask_sendgrid.probes,
            postmark.Options: ask_postmark.probes,
            resend.Options: ask_resend.probes,
            brevo.Options: ask_brevo.probes,
            mailtrap.Options: ask_mailtrap.probes,
            postal.Options: unasked.of_postal,
            mailpit.Options: ask_mailpit.probes,
            ses.Options: ask_ses.probes,
            mailjet.Options: ask_mailjet.probes,
            description.Options: unasked.of_described,
        }
    )
)
"""Options → what is asked about them and the sender's address. Without an entry nothing is."""


_INQUIRIES: Mapping[type[ProviderOptions], Callable[[Any], Inquiry]] = MappingProxyType(
    {
        mailgun.Options: MailgunInquiry,
        sendgrid.Options: SendGridInquiry,
        postmark.Options: PostmarkInquiry,
        brevo.Options: BrevoInquiry,
        mailtrap.Options: MailtrapInquiry,
    }
)
"""Those whose records can be asked what they have of an attempt."""


_LISTINGS: Mapping[type[ProviderOptions], Callable[[Any], Listing]] = MappingProxyType(
    {mailgun.Options: MailgunListing, postmark.Options: PostmarkListing}
)
"""Those that list what happened to messages."""


def build(options: ProviderOptions, *, workspace: Path, clock: Clock) -> Provider:
    """Make the provider that these options describe. Nothing is opened or called yet.

    Relative paths are relative to ``workspace``; ``clock`` dates what has to be signed. Raises
    Defect for options of no known provider.
    """
    if isinstance(options, outbox.Options):
        return outbox.Outbox(options, directory=workspace / options.path)
    translator = _TRANSLATORS.get(type(options))
    if translator is None:
        raise Defect(f"{type(options).__name__} belongs to no provider; please report it")
    return _over_http(translator(options), options, clock)


def history(
    options: ProviderOptions, translate: Callable[[dict[str, Any], datetime], Event] | None
) -> HttpHistory:
    """What is asked for events. Nothing is called yet.

    Raises InvalidConfiguration for a provider that lists none.
    """
    make = _LISTINGS.get(type(options))
    if make is None or translate is None:
        why = "works with mailgun and postmark only; leave it out and set webhook_key instead"
        fault = Fault(file="newsletter.yaml", key="provider.poll_events", message=why)
        raise InvalidConfiguration([fault])
    return HttpHistory(make(options), _transport(options), translate)


def examiner(options: ProviderOptions, *, sender: str, clock: Clock) -> Examiner:
    """What proves key and sending domain, handing nothing over. Nothing is called yet."""
    parts = probes(options, sender=sender)
    return Examination(parts, lambda: _transport(options), _signer(options, clock))


def probes(options: ProviderOptions, *, sender: str) -> tuple[Probe | Finding, ...]:
    """What the provider is asked, and what is known without asking."""
    return _PROBES.get(type(options), _unasked)(options, sender)


def _unasked(_: ProviderOptions, __: str) -> tuple[Finding, ...]:
    return (uncertain("provider", "nothing can be asked without a message"),)


def _over_http(translator: Translator, options: ProviderOptions, clock: Clock) -> Provider:
    transport = _transport(options, clock)
    make = _INQUIRIES.get(type(options))
    inquiry = make(options) if make else None
    sign = _signer(options, clock)
    return HttpProvider(
        translator,
        transport,
        inquiry,
        settle=options.settle,
        kept=options.records_kept,
        sign=sign,
    )


def _signer(options: ProviderOptions, clock: Clock) -> Callable[[HttpRequest], HttpRequest]:
    """What signs a call or a question at the moment it leaves; most leave as they are."""
    if isinstance(options, ses.Options):
        signer = ses.Ses(options)
        return lambda request: signer.sign(request, clock.now())
    return lambda request: request


def _transport(options: ProviderOptions, clock: Clock | None = None) -> Transport:
    return Transport(timeout=options.timeout, concurrency=options.concurrency, clock=clock)
