"""Which providers' webhooks there are, and how one is made from its key or its topics.

Only the modules of those that are asked for are imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from newsletter.domain.errors import Fault, InvalidConfiguration
from newsletter.imports import Imported, imported

if TYPE_CHECKING:
    from newsletter.ports.world import Webhook
    from newsletter.webhooks.reading import Translate

_HERE = __name__.rpartition(".")[0]

KEYED: Mapping[str, Callable[[str], Webhook]] = Imported(
    {
        "mailgun": f"{_HERE}.mailgun:Mailgun",
        "sendgrid": f"{_HERE}.sendgrid:SendGrid",
        "postmark": f"{_HERE}.postmark:Postmark",
        "resend": f"{_HERE}.resend:Resend",
        "brevo": f"{_HERE}.brevo:Brevo",
        "mailtrap": f"{_HERE}.mailtrap:Mailtrap",
        "postal": f"{_HERE}.postal:Postal",
        "mailjet": f"{_HERE}.mailjet:Mailjet",
    }
)
"""Kind of provider → its webhook, made from ``webhook_key``."""
LISTED: Mapping[str, Translate] = Imported(
    {"mailgun": f"{_HERE}.mailgun:event", "postmark": f"{_HERE}.postmark:event"}
)
"""Kind of provider → what makes an event of one that is listed in its webhook's words."""
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")


def build(
    kind: str, *, key: str | None, topics: Sequence[str], fetch: Callable[[str], bytes]
) -> Webhook | None:
    """Make the webhook of a provider; None where it has none, or no key or topics are given.

    ``fetch`` gets a page by its https address; only Amazon's are asked for, when posts come.
    Raises InvalidConfiguration for a key or a topic that cannot be one. It never shows a key.
    """
    if kind == "ses":
        for topic in topics:
            if not _TOPIC.fullmatch(topic):
                why = f"holds {topic!r}, which is no topic; write its ARN, like "
                raise _fault("webhook_topics", f"{why}arn:aws:sns:eu-west-1:123456789012:mail")
        return imported(f"{_HERE}.ses:Ses")(topics, fetch) if topics else None
    if kind not in KEYED or key is None:
        return None
    try:
        return KEYED[kind](key)
    except ValueError as error:
        raise _fault("webhook_key", str(error)) from None


def _fault(key: str, message: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        [Fault(file="newsletter.yaml", key=f"provider.{key}", message=message)]
    )
