"""Finds the installed providers, and makes a provider from its options.

A provider is a package in this folder with a ``KIND``; there is no other list. Only modules of
configured kinds are imported, and the HTTP client only for a kind that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from newsletter.domain.clock import Clock
from newsletter.domain.delivery.provider import Finding, unclear
from newsletter.domain.errors import Defect, InvalidConfiguration
from newsletter.domain.ports import Provider, Webhook
from newsletter.imports import Imported, import_name
from newsletter.providers.kind import Kind
from newsletter.tables import load_table

if TYPE_CHECKING:
    from newsletter.providers.common.doctor import Probe
    from newsletter.providers.common.options import ProviderOptions
    from newsletter.transport.http import HttpRequest
    from newsletter.transport.transport import Transport

_PACKAGE_NAME = __name__.rpartition(".")[0]
_PACKAGES = [
    (name, import_module(f"{_PACKAGE_NAME}.{name}"))
    for _, name, is_package in iter_modules([str(Path(__file__).parent)])
    if is_package
]
KINDS: Mapping[str, Kind] = {
    name: package.KIND for name, package in _PACKAGES if hasattr(package, "KIND")
}
"""Name of a kind → its ``KIND``, for each provider package."""
_OPTIONS_PATHS = {kind: f"{_PACKAGE_NAME}.{kind}.{parts.options}" for kind, parts in KINDS.items()}

OPTIONS: Mapping[str, type[ProviderOptions]] = Imported(_OPTIONS_PATHS)
"""Name of a kind → the class of its options."""


def build(options: ProviderOptions, *, workspace: Path, clock: Clock) -> Provider:
    """Return the provider with these options. Nothing is opened or called yet.

    Relative paths are relative to ``workspace``, and ``clock`` dates signed requests. Raises Defect
    for options of an unknown class.
    """
    kind = _kind(options)
    if not kind:
        raise Defect(f"{type(options).__name__} belongs to no provider; please report it")
    parts = KINDS[kind]
    if parts.factory:
        provider: Provider = _part(kind, parts.factory)(options, workspace)
        return provider
    from newsletter.providers.common.calls import HttpProvider  # it brings the HTTP client

    return HttpProvider(
        _part(kind, parts.translator)(options),
        _transport(options, clock),
        _part(kind, parts.lookup)(options) if parts.lookup else None,
        settle=options.settle,
        records_kept=options.records_kept,
        sign=_signer(options, clock),
    )


def webhook(
    kind: str, *, key: str | None, topics: Sequence[str], fetch: Callable[[str], bytes]
) -> Webhook | None:
    """Return the webhook of a provider; None if it has none, or no key or topics are given.

    ``fetch`` returns a page by its https URL. Only SES uses it, for pages of Amazon. Raises
    InvalidConfiguration for an invalid key or topic. The error never shows a key.
    """
    parts = KINDS.get(kind, Kind())
    key_or_topics = topics if parts.by_topics else key
    if not parts.events or key_or_topics is None or (parts.by_topics and not topics):
        return None
    make = _part(kind, parts.events)
    try:
        endpoint: Webhook = make(key_or_topics, fetch) if parts.by_topics else make(key_or_topics)
    except ValueError as error:
        key_path = f"provider.{'webhook_topics' if parts.by_topics else 'webhook_key'}"
        raise InvalidConfiguration.at("newsletter.yaml", str(error), key=key_path) from None
    return endpoint


def examine(options: ProviderOptions, *, sender: str, clock: Clock) -> tuple[Finding, ...]:
    """Check the key and the sending domain, without a message. Raises ProviderUnreachable."""
    from newsletter.providers.common.doctor import examine  # it brings the HTTP client

    with closing(_transport(options)) as transport:
        return tuple(examine(probes(options, sender=sender), transport, _signer(options, clock)))


def probes(options: ProviderOptions, *, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the questions to the provider, and findings that need no question."""
    kind = _kind(options)
    check = KINDS[kind].check if kind else ""
    if not check:
        return (unclear("provider", "nothing can be asked without a message"),)
    found: tuple[Probe | Finding, ...] = _part(kind, check)(options, sender)
    return found


def dns_records(providers: Iterable[ProviderOptions], domain: str) -> Iterator[dict[str, str]]:
    """Yield the DNS records of a sending domain: those that providers document, and DMARC.

    A host or value is "" if only the provider knows it; ``place`` says where it shows it.
    """
    names = ((_kind(one), str(getattr(one, "domain", domain))) for one in providers)
    for kind, name in dict.fromkeys([*names, ("common", domain)]):
        if files(package := f"{_PACKAGE_NAME}.{kind}").joinpath("dns.yaml").is_file():
            gaps = {"domain": name, "dashed_domain": name.replace(".", "-")}
            for row in load_table(package, "dns.yaml"):
                yield {key: text.format(**gaps) for key, text in row.items()}


def _kind(options: ProviderOptions) -> str:
    """Return the kind of these options; "" for no known provider."""
    options_path = f"{type(options).__module__}:{type(options).__qualname__}"
    return next((kind for kind, path in _OPTIONS_PATHS.items() if path == options_path), "")


def _signer(options: ProviderOptions, clock: Clock) -> Callable[[HttpRequest], HttpRequest]:
    """Return the function that signs a request, or returns it unchanged if none is needed."""
    kind = _kind(options)
    if not (kind and KINDS[kind].signs):
        return lambda request: request
    translator = _part(kind, KINDS[kind].translator)(options)
    sign: Callable[[HttpRequest, datetime], HttpRequest] = translator.sign
    return lambda request: sign(request, clock.now())


def _part(kind: str, name: str) -> Any:
    return import_name(f"{_PACKAGE_NAME}.{kind}.{name}")


def _transport(options: ProviderOptions, clock: Clock | None = None) -> Transport:
    from newsletter.transport.transport import Transport  # requests

    return Transport(timeout=options.timeout, concurrency=options.concurrency, clock=clock)
