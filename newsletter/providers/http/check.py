"""A described provider can be asked nothing: only its description is known, and looked at."""

from newsletter.domain.delivery.provider import Finding
from newsletter.providers.common.examination import Probe, uncertain
from newsletter.providers.http import description
from newsletter.providers.http.body import BodyTemplate

_MEANT = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post", "text", "html", "from_address"})
"""What no reader's mail should lack."""


def probes(options: description.Options, _: str) -> tuple[Probe | Finding, ...]:
    """That nothing is proved, and what the described body leaves out."""
    said = BodyTemplate(options.body, several=options.several).left_out()
    missing = [name for name in said if name in _MEANT]
    findings = [uncertain("provider", "nothing is known of a described provider but how it sends")]
    if missing:
        why = f"it leaves out {', '.join(missing)}"
        findings.append(uncertain("provider body", why, "say them, where the provider can"))
    return tuple(findings)
