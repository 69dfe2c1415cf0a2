"""The description of one kind of provider. Each provider's package has one, its ``KIND``."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Names in the provider's package, each as ``module:name``; "" if it has none.

    A name is imported when it is used, so that other providers, and webhooks that never come, cost
    no time.
    """

    options: str = "send:Options"
    translator: str = ""
    """The translator of batches to HTTP. Made from the options."""
    whole: str = ""
    """Makes the provider from options and workspace, if it is no translator to HTTP."""
    signs: bool = False
    """Each request is signed when it leaves, by the translator's ``sign``."""
    check: str = "check:probes"
    """The questions about options and the sender's address before any mail is sent.

    "" if the provider answers no question without a message.
    """
    lookup: str = ""
    """The questions to the provider's records about an attempt. Made from the options."""
    events: str = ""
    """The reader of its webhook's posts. Made from the key."""
    by_topics: bool = False
    """The reader is made from topics, and a function that fetches pages, instead of a key."""
