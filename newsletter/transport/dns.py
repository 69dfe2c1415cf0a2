"""Looks up TXT records in the DNS, with a deadline for each look-up."""

import dns.exception
import dns.resolver

from newsletter.domain.delivery.authentication import LookupFailed

_TIMEOUT_SECONDS = 5.0
_MAX_RECORDS = 50
"""The records of one name that are read."""


def txt_records(name: str, resolver: dns.resolver.Resolver | None = None) -> list[str]:
    """Return the TXT records of a name, each as one string. Raises LookupFailed.

    Without a resolver, the name servers of this machine are asked.
    """
    try:
        asked = resolver or dns.resolver.Resolver()
        answer = asked.resolve(name, "TXT", search=False, lifetime=_TIMEOUT_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
        return []
    except dns.exception.DNSException as error:
        raise LookupFailed(f"{name}: {' '.join(str(error).split())}") from error
    pieces = [record.strings for record in list(answer)[:_MAX_RECORDS]]
    return [b"".join(part).decode("ascii", "replace") for part in pieces]
