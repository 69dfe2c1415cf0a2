"""What tells one account at a provider from another: all that its options say of it."""

import json
from typing import Any

from pydantic import SecretStr

from newsletter.providers.options import ProviderOptions

_ABOUT_US = (set(ProviderOptions.model_fields) - {"base_url"}) | {
    "webhook_key",
    "webhook_topics",
}
"""How we send and what we hear: it may change, and the account stays the same."""


def account_of(options: ProviderOptions) -> bytes:
    """Its identity, with its secrets: to be hashed under a key, never to be kept.

    Everything counts that is not known to be about us, so that a new option of a provider rather
    makes a new account than none. Another key is another account: nothing shows that it is not.
    """
    said = options.model_dump(exclude=_ABOUT_US)
    said["base_url"] = (options.base_url or "").rstrip("/")
    return json.dumps(said, sort_keys=True, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
