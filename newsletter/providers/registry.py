"""Which providers there are, and how one is made from its options."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from newsletter.domain.errors import Defect
from newsletter.ports import Provider
from newsletter.providers import mailgun, outbox
from newsletter.providers.http import HttpProvider, Translator, Transport
from newsletter.providers.options import ProviderOptions

OPTIONS: Mapping[str, type[ProviderOptions]] = MappingProxyType(
    {"outbox": outbox.Options, "mailgun": mailgun.Options}
)
"""Kind → the options it takes."""


def build(options: ProviderOptions, *, workspace: Path) -> Provider:
    """Make the provider that these options describe. Nothing is opened or called yet.

    Relative paths are relative to ``workspace``. Raises Defect for options of no known provider.
    """
    if isinstance(options, outbox.Options):
        return outbox.Outbox(options, directory=workspace / options.path)
    if isinstance(options, mailgun.Options):
        return _over_http(mailgun.Mailgun(options), options)
    raise Defect(f"{type(options).__name__} belongs to no provider; please report it")


def _over_http(translator: Translator, options: ProviderOptions) -> Provider:
    transport = Transport(timeout=options.timeout, concurrency=options.concurrency)
    return HttpProvider(translator, transport)
