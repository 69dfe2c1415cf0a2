"""What there is of one kind of provider. Each provider's package says it, in its ``KIND``."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Names in the provider's own package, each as ``module:name``; "" for what it does not have.

    What is named is imported when it is asked for: nobody pays for another kind, nor for what
    verifies webhooks where none come.
    """

    options: str = "send:Options"
    translator: str = ""
    """What says batches over HTTP. Made from the options."""
    whole: str = ""
    """What makes the provider of options and workspace, where it is no translator over HTTP."""
    signs: bool = False
    """Whether each call is signed at the moment it leaves, by the translator's ``sign``."""
    check: str = "check:probes"
    """What is asked about options and the sender's address before any mail leaves.

    "" where the provider answers no question without a message.
    """
    lookup: str = ""
    """What asks the provider's records what they have of an attempt. Made from the options."""
    events: str = ""
    """What reads the posts of its webhook. Made from the key."""
    by_topics: bool = False
    """Whether it is made from topics, and what fetches a page, in place of a key."""
