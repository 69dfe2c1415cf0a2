"""The description of one kind of provider: the ``KIND`` in each provider's package."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The parts of a provider in its package, each as ``module:name``; "" if it has none.

    A part is imported when it is used, so that unused providers cost no start time.
    """

    options: str = "send:Options"
    translator: str = ""
    """The translator of batches to HTTP calls. Its argument is the options."""
    factory: str = ""
    """A function of options and workspace that returns a provider without HTTP."""
    signs: bool = False
    """Whether the translator's ``sign`` signs each request just before it is sent."""
    check: str = "send:probes"
    """A function of options and sender address that returns the questions of ``doctor``."""
    lookup: str = ""
    """The ``Inquiry`` that searches the provider's records. Its argument is the options."""
    events: str = ""
    """The webhook's class. Its argument is the key."""
    by_topics: bool = False
    """Whether the webhook's arguments are SNS topics and a fetching function, instead of a key."""
