"""Which providers there are, and how one is made from its options."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from newsletter.domain.errors import Defect
from newsletter.ports import Clock, Provider
from newsletter.providers import (
    brevo,
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
from newsletter.providers.http import Translator, Transport
from newsletter.providers.inquiries.mailgun import MailgunInquiry
from newsletter.providers.inquiries.postmark import PostmarkInquiry
from newsletter.providers.options import ProviderOptions

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
    }
)


_INQUIRIES: Mapping[type[ProviderOptions], Callable[[Any], Inquiry]] = MappingProxyType(
    {
        mailgun.Options: MailgunInquiry,
        postmark.Options: PostmarkInquiry,
    }
)
"""Those whose records can be asked what they have of an attempt."""


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


def _over_http(translator: Translator, options: ProviderOptions, clock: Clock) -> Provider:
    transport = Transport(timeout=options.timeout, concurrency=options.concurrency)
    make = _INQUIRIES.get(type(options))
    inquiry = make(options) if make else None
    if isinstance(translator, ses.Ses):
        signer = translator
        return HttpProvider(
            translator, transport, sign=lambda request: signer.sign(request, clock.now())
        )
    return HttpProvider(translator, transport, inquiry, settle=options.settle)
