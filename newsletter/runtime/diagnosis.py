"""Checks that ``newsletter doctor`` runs. Each returns findings; the scheduler repeats some.

If all providers are on this machine, no check calls another machine.
"""

import ipaddress
import json
import logging
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.config.settings import Settings
from newsletter.documents.sandbox import CutOff, find_escapes
from newsletter.domain.delivery.authentication import examine_domain
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Finding, Level, failed, passed, unclear
from newsletter.domain.delivery.restore_guard import HOLD_ADVICE
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.delivery.worker import ProcessRole
from newsletter.domain.errors import NewsletterError, ProviderUnreachable
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import joined, say
from newsletter.providers import registry
from newsletter.providers.common.options import ProviderOptions
from newsletter.runtime.backups import Backups
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.keys import open_to_others, proxy_token
from newsletter.runtime.services import Staff, private_paths
from newsletter.runtime.statements import Statements
from newsletter.runtime.subscribers import Subscribers
from newsletter.store.file.guard_file import machine_id
from newsletter.store.soundness import IntegrityReport
from newsletter.store.sql import Store

log = logging.getLogger("newsletter.run")

_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
_TRIAL_KINDS = {"outbox", "mailpit"}
"""Provider kinds for development, which deliver no email."""
_COMMON_DKIM_SELECTORS = (
    *("s1", "s2"),  # SendGrid
    *("k1", "mx", "smtp", "pic"),  # Mailgun
    *("mailjet", "resend", "brevo1", "brevo2", "mail", "rwmt1", "rwmt2"),
    *("default", "selector1", "selector2"),
)
"""DKIM selectors in providers' instructions. Amazon, Postmark and Postal choose new ones."""
_PAGE_TIMEOUT = timedelta(seconds=10)
_PAGES_CHECK = say("public pages")


def has_remote_provider(settings: Settings) -> bool:
    return any(
        getattr(provider, "kind", "") not in _TRIAL_KINDS
        and (urlsplit(str(provider.base_url or "")).hostname or "") not in _LOOPBACK_HOSTS
        for provider in settings.providers
    )


def examine_from_outside(settings: Settings, key: bytes, now: datetime) -> Iterator[Finding]:
    """Check SPF, DKIM, DMARC, BIMI, the public pages and the proxy.

    The workspace's ``key`` signs the request to the proxy, which the service answers.
    """
    if not has_remote_provider(settings):
        return
    from newsletter.transport.dns import txt_records

    for domain in sending_domains(settings):
        yield from examine_domain(domain, _COMMON_DKIM_SELECTORS, txt_records)
    yield examine_pages(settings.public_url)
    for url in filter(None, (settings.public_url, settings.desk.url)):
        if urlsplit(url).hostname not in _LOOPBACK_HOSTS:
            yield examine_proxy(url, proxy_token(key, now))


def sending_domains(settings: Settings) -> tuple[str, ...]:
    """Return the domains of the senders in ASCII, that of the setting ``sender`` first."""
    addresses = map(ascii_domain, settings.from_addresses)
    return tuple(dict.fromkeys(address.rpartition("@")[2].lower() for address in addresses))


_FOREIGN_ADDRESS = "192.0.2.1"
"""A documentation address (RFC 5737), from which no request comes."""
_PROXY_ADVICE = say("see 'Behind a proxy' in docs/install.md")


def _leads_here(host: str) -> bool:
    """Return whether a host resolves to a loopback address, for instance by /etc/hosts."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return any(ipaddress.ip_address(str(one[4][0])).is_loopback for one in found)


def examine_proxy(
    url: str, token: str, *, leads_here: Callable[[str], bool] = _leads_here
) -> Finding:
    """Check that the proxy passes on the host, scheme and client of a request.

    The request has headers with another client and scheme, as an attacker's may. At a loopback
    address the client is not checked, because the service trusts requests from there.
    """
    from newsletter.transport.http import HttpRequest
    from newsletter.transport.transport import call_once

    scheme = urlsplit(url).scheme
    headers = {
        "X-Forwarded-For": _FOREIGN_ADDRESS,
        "X-Forwarded-Proto": "http" if scheme == "https" else "https",
    }
    try:
        request = HttpRequest(method="GET", url=f"{url}/proxy/{token}", headers=headers)
        answer = call_once(request, timeout=_PAGE_TIMEOUT)
        echo = json.loads(answer.body) if answer.status == 200 else {}
    except (NewsletterError, ValueError) as error:
        return _proxy_finding(Level.WARNING, f"{url} could not be asked: {error}")
    if answer.status == 421:
        lost = say("{url} does not pass on the Host of a request", url=url)
        return _proxy_finding(Level.FAULT, lost)
    if not isinstance(echo, dict) or not {"host", "scheme", "client"} <= echo.keys():
        return _proxy_finding(
            Level.WARNING, f"{url} answers with HTTP {answer.status}, not as ours do"
        )
    local = leads_here(urlsplit(url).hostname or "")
    changes = joined([*_header_faults(url, {key: str(one) for key, one in echo.items()}, local)])
    if changes:
        return _proxy_finding(Level.FAULT, changes)
    if local:
        why = "whether X-Forwarded-For is set shows from another machine alone"
        return _proxy_finding(Level.WARNING, f"{url} leads to this machine: {why}")
    return _proxy_finding(Level.OK, f"{url} passes all on")


def _header_faults(url: str, received: dict[str, str], local: bool) -> Iterator[str]:
    """Yield a fault for each of host, scheme and client that did not arrive as it was sent."""
    if received["host"].lower() != urlsplit(url).netloc.lower():
        other, host = received["host"], urlsplit(url).netloc
        yield say("Host arrives as {other}, not {host}", other=other, host=host)
    if received["scheme"] != urlsplit(url).scheme:
        wrong = "X-Forwarded-Proto is not set: {url} arrives as {scheme}"
        yield say(wrong, url=url, scheme=received["scheme"])
    if local:
        return
    if received["client"] == _FOREIGN_ADDRESS:
        yield say("X-Forwarded-For is not set: each client chooses its own address")
    elif received["client"] in _LOOPBACK_HOSTS:
        shared = "X-Forwarded-For is not set: every client has the address {address}"
        yield say(shared, address=received["client"])


def _proxy_finding(level: Level, detail: str) -> Finding:
    advice = "" if level is Level.OK else _PROXY_ADVICE
    return Finding(what=say("proxy"), level=level, detail=detail, advice=advice)


def examine_pages(public_url: str) -> Finding:
    """Check that a one-click unsubscribe request with a made-up token arrives."""
    from newsletter.transport.http import HttpRequest
    from newsletter.transport.transport import call_once

    request = HttpRequest(
        method="POST",
        url=f"{public_url}/u/doctor",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"List-Unsubscribe=One-Click",
    )
    try:
        status = call_once(request, timeout=_PAGE_TIMEOUT).status
    except NewsletterError as error:
        start = "no one can unsubscribe: start the service; check proxy, certificate and public_url"
        unreachable = "{url} cannot be reached: {error}"
        return failed(_PAGES_CHECK, unreachable, start, url=public_url, error=str(error))
    # the answer to an unknown token: redirects, login pages and caches have another status
    if status == 404:
        return passed(_PAGES_CHECK, f"{public_url} takes one-click posts")
    wrong = "{url} answers a one-click post with HTTP {status} where ours would say 404"
    let = "let POST to /u/ through the proxy as it is: no redirect, no login, no cache"
    return failed(_PAGES_CHECK, wrong, let, url=public_url, status=str(status))


_MAX_BACKUP_AGE = timedelta(days=2)
_DAY, _LATE_AFTER = timedelta(days=1), timedelta(minutes=10)
_MIN_FREE_BYTES = 200_000_000
CONNECTION_CHECK = say("provider connection")
"""The name of the finding that the provider cannot be reached."""
_CHECK_TIMEOUT_SECONDS = 5.0
"""The time limit for checking the database file, and for each kind of row."""
_RESTORE_ADVICE = "check the disk, and restore a backup with 'newsletter db restore'"


def pass_or_fail(what: str, *, is_ok: bool, detail: str) -> Finding:
    return Finding(what=what, level=Level.OK if is_ok else Level.FAULT, detail=detail)


def run_check(what: str, check: Callable[[], str]) -> Finding:
    """Run a check. Return its text as an OK finding, or its error as a fault."""
    try:
        return passed(what, check())
    except NewsletterError as error:
        return failed(what, str(error))


def check_workspace(statements: Statements, delivery: Delivery) -> Iterator[Finding]:
    """Check an open workspace, its providers and its public pages."""
    settings, store = delivery.settings, delivery.store
    yield passed("database", store.database.name)
    with store.read() as tx:
        mismatch = statements.configuration.mismatch(tx)
    yield _check_service(delivery, mismatch)
    if not mismatch:
        faults = statements.refresh()
        detail = "; ".join(map(str, faults)) or "all can be rendered"
        yield pass_or_fail("statements", is_ok=not faults, detail=detail)
    with store.read() as tx:
        lists, roles = tx.readers.count_by_list(), tx.staff.roles()
    counts = ", ".join(f"{name} {count:,}" for name, count in lists.items())
    advice = "none yet; 'newsletter subscribers import FILE'"
    yield pass_or_fail("subscribers", is_ok=bool(lists), detail=counts or advice)
    has_approver = any(role.includes(Role.APPROVER) for role in roles.values())
    names = ", ".join(f"{address} ({role.value})" for address, role in roles.items())
    advice = "no member of staff can approve; 'newsletter user invite EMAIL --role approver'"
    yield pass_or_fail("staff", is_ok=has_approver, detail=names if has_approver else advice)
    if settings.shares_sending:
        yield _check_workers(delivery)
    reasons = delivery.guard().holds()
    detail = "; ".join(f"{reason}; {HOLD_ADVICE[kind]}" for kind, reason in reasons.items())
    yield pass_or_fail("sending", is_ok=not reasons, detail=detail or "not stopped")
    yield check_guard_file(settings)
    if not settings.is_on_server:
        yield check_machine(machine_id())
    yield check_backups(settings, store.clock.now())
    yield _check_emails(delivery)
    yield run_check("audit log", lambda: _audit_text(store))
    yield _check_file(settings, store)
    with store.read() as tx:
        since = tx.traces.erasure_due_since()
    if since is not None:
        detail = f"what was erased is not overwritten in the file since {since:%Y-%m-%d %H:%M} UTC"
        advice = "it is overwritten once no batch is being sent and no other program reads the file"
        yield unclear("erasure", detail, advice)
    yield from map(_check_integrity, store.check_rows(seconds=_CHECK_TIMEOUT_SECONDS))
    yield _check_permissions(settings)
    # in a container this may be intended
    if open_ones := open_to_others([path.resolve() for path in settings.secret_files]):
        detail = f"others may read {', '.join(map(str, open_ones))}"
        yield unclear("secrets", detail, "take their rights away with 'chmod go-rwx'")
    yield check_sandbox(lambda: find_escapes(str(settings.workspace)))
    yield from examine_providers(delivery)
    yield from examine_from_outside(settings, delivery.key, store.clock.now())


def check_lists(subscribers: Subscribers) -> Iterator[Finding]:
    """Check that each list in the settings is offered or has subscribers."""
    settings = subscribers.settings
    offered = {each.name for each in settings.lists}
    named = subscribers.declared_lists.union(
        (each.list for each in settings.segments),
        *(each.lists for each in settings.senders),
        *(each.gathers for each in settings.digests),
    )
    with subscribers.store.read() as tx:
        unknown = sorted(named - offered - tx.readers.count_by_list().keys())
    if offered and unknown:
        detail = f"no one is on {', '.join(unknown)}, and lists: in newsletter.yaml lacks the name"
        yield unclear("lists", detail, "correct the name there, or add it under lists:")


def check_sign_in(staff: Staff) -> Iterator[Finding]:
    """Check the identity provider, and that an admin has a password."""
    if (provider := staff.provider) is None:
        return
    yield run_check("sign-in", lambda: f"{provider.desk.name} has {len(provider.keys())} keys")
    with staff.store.read() as tx:
        roles, accounts = tx.staff.roles(), tx.accounts.all()
    has_admin = any(
        each.password and roles.get(address) is Role.ADMIN for address, each in accounts.items()
    )
    detail = "admins have them" if has_admin else "no admin has one; 'newsletter user invite EMAIL'"
    yield pass_or_fail("passwords", is_ok=has_admin, detail=detail)


def _check_service(delivery: Delivery, mismatch: str) -> Finding:
    """Check that the service uses the settings and templates on disk."""
    if mismatch:
        advice = f"{mismatch}; until then statements are not looked at"
        return unclear("service", "a restart is needed", advice)
    at_work = delivery.is_at_work()
    detail = "uses the settings and templates on disk" if at_work else "does not run"
    return passed("service", detail)


def _check_workers(delivery: Delivery) -> Finding:
    """Check that a worker and a scheduler run, and list all processes that share the sending."""
    now, workers = delivery.store.clock.now(), delivery.workers()
    parts = {worker.role for worker in workers if worker.is_alive(now)}
    absent = " and ".join(f"'newsletter {part.value}'" for part in ProcessRole if part not in parts)
    detail = "; ".join(
        f"{worker.name} on {worker.host} since {worker.started_at:%Y-%m-%d %H:%M} UTC, last"
        f" heartbeat {(now - worker.beat_at).total_seconds():.0f} s ago"
        for worker in workers
    )
    level = Level.WARNING if absent else Level.OK
    advice = f"start {absent}, on any machine" if absent else ""
    return Finding(what="workers", level=level, detail=detail or "none", advice=advice)


def check_guard_file(settings: Settings) -> Finding:
    """Check that the guard file lies outside of the folders that a restore replaces."""
    path = settings.epoch_path
    if not path.parent.is_dir():
        advice = "make it, mount its disk, or correct epoch_file: nothing is sent without this file"
        return failed("guard file", f"there is no folder {path.parent}", advice)
    restored_folders = (settings.workspace.resolve(), settings.database_path.parent)
    folder = next((each for each in restored_folders if path.is_relative_to(each)), None)
    if folder is None:
        return passed("guard file", str(path))
    detail = f"{path} is restored together with all of {folder}, and then nothing shows that"
    advice = "set epoch_file to a path on another disk: 'Restored by other means', docs/recovery.md"
    return unclear("guard file", detail, advice)


def check_machine(name: str) -> Finding:
    """Check that this machine has an id, by which a copied database is detected."""
    if name:
        return passed("machine", "has a name of its own")
    detail = "has no name, so that nothing shows when the database is copied to another one"
    advice = "run systemd-machine-id-setup; give a container the host's /etc/machine-id"
    return unclear("machine", detail, advice)


def check_backups(settings: Settings, now: datetime) -> Finding:
    """Check that a recent backup exists on another disk than the database."""
    backups, level, advice = Backups(settings=settings), Level.OK, ""
    newest_at = backups.newest_at()
    detail = f"the newest is of {newest_at:%Y-%m-%d %H:%M} UTC" if newest_at else "there is none"
    if backups.folder is None:
        detail, level = "none are configured", Level.WARNING
        advice = "set backups.folder, and let a timer run 'newsletter backup'"
    elif not backups.folder.is_dir():
        detail, level = f"there is no folder {backups.folder}", Level.FAULT
        advice = "make it, mount its disk, or correct backups.folder"
    elif newest_at is None or now - newest_at > _MAX_BACKUP_AGE:
        level, advice = Level.FAULT, "'newsletter backup' makes one; look at its timer"
    elif not settings.is_on_server and is_one_disk(backups.folder, settings.database_path):
        level, advice = Level.WARNING, "they are on the disk of the database; name another one"
    return Finding(what="backups", level=level, detail=detail, advice=advice)


def is_one_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _check_emails(delivery: Delivery) -> Finding:
    """Check that transactional emails of the last day were sent."""
    with delivery.store.read() as tx:
        counts, since = tx.emails.counts(tx.now - _DAY), tx.emails.waiting_since()
    detail = ", ".join(f"{state.value} {count:,}" for state, count in counts.items() if count)
    late = since is not None and since < tx.now - _LATE_AFTER
    failures = counts[MessageState.UNKNOWN] + counts[MessageState.REJECTED]
    advice = "they wait for 'newsletter run', 'newsletter worker' or the provider" if late else ""
    if failures and not late:
        advice = "the log of the run says why; people who got none can ask again tomorrow"
    level = Level.WARNING if advice else Level.OK
    return Finding(
        what="requested emails", level=level, detail=detail or "none today", advice=advice
    )


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of a folder, which need not exist yet."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(existing).free


def check_space(free: int, folder: Path) -> Finding:
    """Check the free disk space; ``free`` is in bytes."""
    detail = f"{free // 1_000_000:,} MB free at {folder}"
    if free < _MIN_FREE_BYTES:
        detail += f"; at least {_MIN_FREE_BYTES // 1_000_000} MB are wanted"
    return pass_or_fail("disk", is_ok=free >= _MIN_FREE_BYTES, detail=detail)


def _check_file(settings: Settings, store: Store) -> Finding:
    if settings.is_on_server:
        return passed("file", "on a server; the bytes of erased data are not overwritten there")
    faults = store.database.faults(seconds=_CHECK_TIMEOUT_SECONDS)
    if faults is None:
        detail = f"hangs together as far as was looked in {_CHECK_TIMEOUT_SECONDS:g} seconds"
        return passed("file", detail)
    if faults:
        detail = "; ".join(" ".join(fault.split()) for fault in faults)
        return failed("file", detail, _RESTORE_ADVICE)
    return passed("file", "hangs together")


def _check_integrity(report: IntegrityReport) -> Finding:
    part = "" if report.looked_at == report.total else f" of {report.total:,}"
    looked_at = f"{report.looked_at:,}{part}"
    if report.damaged:
        detail = f"damaged: {', '.join(report.damaged)}; {looked_at} were looked at"
        return failed(report.what, detail, _RESTORE_ADVICE)
    return passed(report.what, f"{looked_at} are what was stored")


def _check_permissions(settings: Settings) -> Finding:
    """Check that only the owner can read the files. Opening the workspace repairs most rights."""
    open_ones = open_to_others(private_paths(settings))
    if not open_ones:
        return passed("permissions", "only you can read the stored files")
    detail = f"others may read {', '.join(map(str, open_ones))}"
    advice = "take their rights away with 'chmod go-rwx', or let its owner do it"
    return failed("permissions", detail, advice)


def check_sandbox(find: Callable[[], list[str]]) -> Finding:
    """Check that files from outside are parsed inside the sandbox."""
    try:
        escapes = find()
    except CutOff as error:
        return failed("sandbox", f"files, pasted texts and feeds cannot be read: {error}")
    if not escapes:
        detail = "files and feeds are read without access to data, network and other processes"
        return passed("sandbox", detail)
    detail = f"a harmful file or feed could {', '.join(escapes)}"
    advice = "use Linux 6.12 or newer with Landlock and seccomp, and a user other than root"
    return unclear("sandbox", detail, advice)


def _audit_text(store: Store) -> str:
    with store.read() as tx:
        return f"none of its lines was changed ({tx.audit.verify().number:,})"


def examine_providers(delivery: Delivery) -> Iterator[Finding]:
    settings = delivery.settings
    for pooled, options in zip(delivery.pool.all, settings.providers, strict=True):
        found = (_examine(options, sender, delivery) for sender in settings.from_addresses)
        # senders may have equal findings
        for finding in dict.fromkeys(chain.from_iterable(found)):
            text = say("{name}: {text}", name=pooled.name, text=finding.detail)
            yield replace(finding, detail=text) if len(delivery.pool.all) > 1 else finding


def _examine(options: ProviderOptions, sender: str, delivery: Delivery) -> Iterator[Finding]:
    try:
        yield from registry.examine(options, sender=sender, clock=delivery.store.clock)
    except ProviderUnreachable as error:
        yield failed(CONNECTION_CHECK, str(error))
    except NewsletterError as error:
        yield failed(say("provider"), str(error))


def check_health(delivery: Delivery) -> None:
    """Store the failing checks of DNS, public pages and providers."""
    now, failing = delivery.store.clock.now(), dict[str, str]()
    try:
        for found in chain(
            examine_providers(delivery), examine_from_outside(delivery.settings, delivery.key, now)
        ):
            if found.level is Level.FAULT:
                parts = (failing.get(found.what), found.detail, found.advice)
                failing[found.what] = joined([*filter(None, parts)])
    except (NewsletterError, OSError, ValueError) as error:
        log.warning("the sender's health could not be checked: %s", error)
        return
    with delivery.store.begin() as tx:
        tx.failing_checks.store_failing(failing, now)
