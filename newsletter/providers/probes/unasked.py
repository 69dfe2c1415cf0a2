"""Providers that nothing can be asked: what can be said of them all the same.

Facts: Postal's source has no call that looks at a key without a message to look at; of a described
provider only the description is known.
"""

from newsletter.ports import Finding
from newsletter.providers import description, outbox, postal
from newsletter.providers.body import BodyTemplate
from newsletter.providers.options import ProviderOptions
from newsletter.providers.probes.probe import Probe, uncertain, well

_MEANT = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post", "text", "html", "from_address"})
"""What no reader's mail should lack."""


def of_outbox(_: outbox.Options, __: str) -> tuple[Probe | Finding, ...]:
    """That nobody is written to."""
    why = "outbox: messages become files on this machine; no reader gets any"
    return (well("provider", why),)


def of_unknown(_: ProviderOptions, __: str) -> tuple[Probe | Finding, ...]:
    """That nothing is proved."""
    return (uncertain("provider", "nothing can be asked without a message"),)


def of_postal(_: postal.Options, __: str) -> tuple[Probe | Finding, ...]:
    """That nothing is proved."""
    return (uncertain("provider", "Postal answers no question about a key without a message"),)


def of_described(options: description.Options, _: str) -> tuple[Probe | Finding, ...]:
    """That nothing is proved, and what the described body leaves out."""
    said = BodyTemplate(options.body, several=options.several).left_out()
    missing = [name for name in said if name in _MEANT]
    findings = [uncertain("provider", "nothing is known of a described provider but how it sends")]
    if missing:
        why = f"it leaves out {', '.join(missing)}"
        findings.append(uncertain("provider body", why, "say them, where the provider can"))
    return tuple(findings)
