"""Whose mailbox an address is: two spellings of it are one person, who has one approval to give."""

import unicodedata

from newsletter.domain.subscribers.audience import fold

_DOTS_ARE_NOTHING = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domain → what it is called, where a mailbox is the same with dots and without."""


def mailbox(address: str) -> str:
    """What is the same for all spellings of a member of staff's address.

    Upper case, full-width letters, what stands behind a ``+``, and the dots of Gmail make no other
    person. It is for comparing alone: nothing is ever sent there.
    """
    written = unicodedata.normalize("NFKC", address).casefold().rstrip(".")
    try:
        folded = fold(written)
    except ValueError:  # a domain that nobody can look up is only itself
        folded = written.strip()
    local, at, domain = folded.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTS_ARE_NOTHING:
        local, domain = local.replace(".", ""), _DOTS_ARE_NOTHING[domain]
    return f"{local}{at}{domain}"


def same_person(one: str, other: str) -> bool:
    """Whether two addresses are spellings of one mailbox."""
    return bool(one) and mailbox(one) == mailbox(other)
