"""How a question shows who asks, and where it goes."""

import base64
from collections.abc import Mapping

from pydantic import SecretStr

from newsletter.providers.options import ProviderOptions


def public(options: ProviderOptions, url: str) -> str:
    """The base URL that was set, or else the provider's own."""
    return (options.base_url or url).rstrip("/")


def bearer(token: SecretStr) -> Mapping[str, str]:
    """The Authorization field of RFC 6750."""
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def basic(user: str, password: SecretStr) -> Mapping[str, str]:
    """The Authorization field of RFC 7617."""
    pair = f"{user}:{password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
