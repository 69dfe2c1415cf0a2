"""Postal can be asked nothing: its source has no call that looks at a key without a message."""

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import Probe, uncertain
from newsletter.providers.postal.send import Options


def probes(_: Options, __: str) -> tuple[Probe | Finding, ...]:
    """That nothing is proved."""
    return (uncertain("provider", "Postal answers no question about a key without a message"),)
