"""Asks the DNS for TXT records, with a deadline over each answer."""

from collections.abc import Sequence

import dns.exception
import dns.resolver

from newsletter.domain.delivery.authentication import LookupFailed

_SECONDS = 5.0
_MAX_RECORDS = 50
"""Records of one name that are looked at."""


class Names:
    """The resolver that this machine is set up with, or another."""

    def __init__(self, *, servers: Sequence[str] = (), port: int = 53) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.lifetime = _SECONDS

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each in one piece. Raises LookupFailed."""
        try:
            answer = self._resolver.resolve(name, "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except dns.exception.DNSException as error:
            raise LookupFailed(f"{name}: {' '.join(str(error).split())}") from error
        pieces = [record.strings for record in list(answer)[:_MAX_RECORDS]]
        return [b"".join(part).decode("ascii", "replace") for part in pieces]
