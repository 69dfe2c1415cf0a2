"""The services of one workspace, one for each subject, and how a workspace is opened."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.config.loading import FILE_NAME, load
from newsletter.config.settings import Settings
from newsletter.credentials.links import SignedLinks
from newsletter.credentials.passwords import Passwords
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.subscribers.address import AddressHash
from newsletter.pipeline.ledger import ConfigurationCheck
from newsletter.pipeline.staff.proofs import Client, Proofs
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.clock import ServerClock, SystemClock
from newsletter.runtime.configuration import ConfigurationOnDisk
from newsletter.runtime.counters import Counters
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.keys import (
    fingerprints_in,
    load_keys,
    load_link_keys,
    private,
    private_files,
    remove_other_rights,
)
from newsletter.runtime.statements import Statements
from newsletter.runtime.subscribers import Subscribers
from newsletter.runtime.tick import Tick
from newsletter.store.database import Backend
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.file.keys import Chain, HeadFile, check_keys, refuse_missing_keys
from newsletter.store.file.lock import lock_shared
from newsletter.store.schema import ensure_current
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite

if TYPE_CHECKING:
    from newsletter.credentials.identity_provider import IdentityProvider


@dataclass(frozen=True, kw_only=True)
class Staff:
    settings: Settings
    store: Store
    configuration: ConfigurationCheck
    key: bytes = field(repr=False)
    """The workspace's first key, which never changes. Second factors are derived from it."""
    files: ConfigurationOnDisk

    @cached_property
    def proofs(self) -> Proofs:
        desk = self.settings.desk
        return Proofs(
            store=self.store,
            key=self.key,
            passwords=Passwords(),
            rules=desk,
            issuer=desk.oidc.issuer if desk.oidc else "",
            zone=self.settings.timezone,
            client=Client(),
        )

    @cached_property
    def provider(self) -> "IdentityProvider | None":
        from newsletter.credentials.identity_provider import IdentityProvider

        if (oidc := self.settings.desk.oidc) is None:
            return None
        secret = oidc.client_secret.get_secret_value()
        return IdentityProvider(desk=oidc, secret=secret, clock=self.store.clock)


@dataclass(frozen=True, kw_only=True)
class Services:
    settings: Settings
    store: Store
    configuration: ConfigurationCheck
    """Compares the settings and templates of this process with the running service's."""
    links: SignedLinks
    umask: int
    """The former umask, for files that others may read."""
    statements: Statements
    campaigns: Campaigns
    delivery: Delivery
    subscribers: Subscribers
    staff: Staff

    @cached_property
    def tick(self) -> Tick:
        """The periodic work of the workspace."""
        return Tick(statements=self.statements, campaigns=self.campaigns, delivery=self.delivery)


@contextmanager
def open_workspace(
    workspace: Path, environ: Mapping[str, str], *, clock: Clock | None = None
) -> Iterator[Services]:
    """Open a workspace during the block. ``clock`` defaults to the system's."""
    settings = load(workspace / FILE_NAME, environ)
    with private() as umask, _open_store(settings, clock) as (store, links, key):
        guard_file = GuardFile(
            settings.epoch_path,
            store.database.name,
            lambda _: store.database.location(),
            shares_sending=settings.shares_sending,
        )
        on_disk = ConfigurationOnDisk(settings, environ, key=key)
        built = _build_services(settings, store, guard_file, links, key, umask, on_disk)
        try:
            built.delivery.guard().check_on_open()
            yield built
        finally:
            built.delivery.close()
            guard_file.close()


def private_paths(settings: Settings) -> list[Path]:
    """Return the files and folders that only the owner may read."""
    # only the outbox has a path
    outboxes = (getattr(provider, "path", None) for provider in settings.providers)
    folders = [settings.resolve(path) for path in outboxes if isinstance(path, Path)]
    files = (settings.database_path, settings.in_use_path, settings.lock_path, settings.epoch_path)
    within = private_files(settings.workspace / "var", *files)
    return [*within, *(folder for folder in folders if folder != settings.workspace)]


def open_database(settings: Settings, url: str = "") -> Backend:
    """Return the database of the settings, or at this URL. It connects on first use."""
    url = url or settings.database
    if not url.startswith("postgresql:"):
        return Sqlite(settings.resolve(Path(url.removeprefix("sqlite:///"))))
    try:
        from newsletter.store.postgresql import Postgresql
    except ImportError as error:
        raise Refused(
            "the driver for PostgreSQL is not installed; install newsletter with its extra,"
            " as 'newsletter[postgresql]'"
        ) from error
    return Postgresql(url, settings.db_password)


def _clock(settings: Settings, database: Backend) -> Clock:
    """Return this machine's clock, or the database server's if several machines send."""
    if not settings.shares_sending:
        return SystemClock()
    from newsletter.store.postgresql import Postgresql

    assert isinstance(database, Postgresql)  # noqa: S101 - the settings make sure of it
    return ServerClock(database.time, SystemClock())


def refuse_missing(settings: Settings, database: Backend) -> None:
    """Raise Refused if the database is missing but existed: a new one would be empty."""
    guard_file = settings.epoch_path
    if guard_file.exists() and database.is_missing():
        raise Refused(
            f"the database {database.name} is gone, and {guard_file} says that there was one;"
            " nothing was changed. Move it back, or put a backup back with 'newsletter db restore"
            " FILE'. To"
            f" begin anew, without subscribers and without what has gone out, remove {guard_file}"
        )


@contextmanager
def _open_store(
    settings: Settings, clock: Clock | None
) -> Iterator[tuple[Store, SignedLinks, bytes]]:
    """Open the database, locked against replacement. Yield store, links and workspace key.

    The keys of a new workspace are created.
    """
    folder = settings.workspace / "var" / "keys"
    settings.in_use_path.parent.mkdir(parents=True, exist_ok=True)
    with lock_shared(settings.in_use_path), closing(open_database(settings)) as database:
        refuse_missing(settings, database)
        ensure_current(database)
        refuse_missing_keys(database, settings.workspace)
        keys, retired = load_link_keys(folder / "links")
        # the first key is the oldest, which never changes
        key, audit = (load_keys(folder / name)[0] for name in ("addresses", "audit"))
        check_keys(database, fingerprints_in(settings.workspace))
        remove_other_rights(private_paths(settings))
        head_path = settings.epoch_path.with_name(f"{settings.epoch_path.name}.audit")
        yield (
            Store(
                database,
                hash_address=AddressHash(key),
                chain=Chain(key=audit, head=HeadFile(head_path)),
                clock=clock or _clock(settings, database),
            ),
            SignedLinks(keys, retired=retired),
            key,
        )


def _build_services(
    settings: Settings,
    store: Store,
    guard_file: GuardFile,
    links: SignedLinks,
    key: bytes,
    umask: int,
    on_disk: ConfigurationOnDisk,
) -> Services:
    renderer = on_disk.renderer
    common: dict[str, Any] = {"settings": settings, "store": store}
    counters = Counters(getattr(provider, "kind", "") for provider in settings.providers)
    common_links = common | {"links": links, "counters": counters}
    subscribers = Subscribers(**common_links)
    delivery = Delivery(**common_links, renderer=renderer, guard_file=guard_file, key=key)
    configuration = ConfigurationCheck(
        digest=lambda: on_disk.digest,
        changed_on_disk=on_disk.changed,
        is_service_running=delivery.is_at_work,
        is_superseded=on_disk.is_superseded,
    )
    shared = common | {"configuration": configuration}
    campaigns = Campaigns(**shared, renderer=renderer, delivery=delivery)
    statements = Statements(
        **shared, links=links, renderer=renderer, campaigns=campaigns, subscribers=subscribers
    )
    return Services(
        **shared,
        links=links,
        umask=umask,
        statements=statements,
        campaigns=campaigns,
        delivery=delivery,
        subscribers=subscribers,
        staff=Staff(**shared, key=key, files=on_disk),
    )
