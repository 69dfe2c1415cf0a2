"""The embedded provider is asked nothing: it writes to nobody."""

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import Probe, well
from newsletter.providers.outbox.send import Options


def probes(_: Options, __: str) -> tuple[Probe | Finding, ...]:
    """That nobody is written to."""
    why = "outbox: messages become files on this machine; no reader gets any"
    return (well("provider", why),)
