"""Signs calls to Amazon: AWS Signature Version 4, over the very bytes that leave.

Source: AWS's guide to creating a signed request. A signature holds for a few minutes, so it is
made when the call is, not when the batch is built.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """Whose calls they are, and for which service in which region."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    """Of temporary credentials."""
    region: str
    service: str

    def signed(
        self, *, method: str, url: str, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> dict[str, str]:
        """These headers and those that sign the call, made at ``at``; the URL has no query."""
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        added = {"Host": _host(url), "X-Amz-Date": stamp}
        if self.session_token:
            added["X-Amz-Security-Token"] = self.session_token
        all_headers = {**headers, **added}
        names, canonical = _canonical(method, urlsplit(url).path, all_headers, body)
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        to_sign = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(canonical).hexdigest()])
        authorization = (
            f"{_ALGORITHM} Credential={self.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={self._signature(stamp[:8], to_sign)}"
        )
        return {**all_headers, "Authorization": authorization}

    def _signature(self, day: str, to_sign: str) -> str:
        key = f"AWS4{self.secret_access_key}".encode()
        for step in (day, self.region, self.service, "aws4_request"):
            key = _hmac(key, step)
        return _hmac(key, to_sign).hex()


def _canonical(
    method: str, path: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, bytes]:
    """The names of the signed headers, and the call in the one form that both sides sign."""
    fields = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in fields)
    lines = [method, quote(path or "/", safe="/~"), "", *(f"{name}:{v}" for name, v in fields)]
    return names, "\n".join([*lines, "", names, hashlib.sha256(body).hexdigest()]).encode()


def _host(url: str) -> str:
    """What stands in Host: the port only where it is not the usual one."""
    parts = urlsplit(url)
    usual = f":{_DEFAULT_PORTS.get(parts.scheme)}"
    return parts.netloc.lower().removesuffix(usual)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
