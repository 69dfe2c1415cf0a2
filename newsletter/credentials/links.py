"""Random words: those of links that are used once, and those of sessions."""

import hashlib
import secrets

_BYTES = 32
LENGTH = 43
"""Characters of such a word."""


def new_word() -> str:
    """256 bits, of ``[A-Za-z0-9_-]``."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(word: str) -> bytes:
    """How a word is stored. It is random, so that it needs neither salt nor key."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()
