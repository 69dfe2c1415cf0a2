"""Looks up TXT records in the DNS, with a deadline for each look-up."""

from collections.abc import Sequence

import dns.exception
import dns.resolver

from newsletter.domain.delivery.authentication import LookupFailed

_TIMEOUT_SECONDS = 5.0
_MAX_RECORDS = 50
"""The records of one name that are read."""


class TxtResolver:
    """Resolves TXT records with the name servers of this machine, or with ``servers``."""

    def __init__(self, *, servers: Sequence[str] = (), port: int = 53) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.lifetime = _TIMEOUT_SECONDS

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, each as one string. Raises LookupFailed."""
        try:
            answer = self._resolver.resolve(name, "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except dns.exception.DNSException as error:
            raise LookupFailed(f"{name}: {' '.join(str(error).split())}") from error
        pieces = [record.strings for record in list(answer)[:_MAX_RECORDS]]
        return [b"".join(part).decode("ascii", "replace") for part in pieces]
