"""``newsletter subscribers``: the people on the lists."""

from collections.abc import Mapping
from typing import Any

import click

from newsletter.cli.groups import Table
from newsletter.cli.shell import Shell, actor, as_json, by_whom, in_workspace, print_json, say
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.statements.statement import Role
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason, parse_address
from newsletter.domain.subscribers.signup import ConsentRecord
from newsletter.store.sql import Transaction


@click.group(cls=Table)
def subscribers() -> None:
    """Import, export, look at, suppress and forget people."""


for _name, _at, _about in (
    (
        "import",
        "subscribers.moving:import_file",
        "Import a file of ours, or what another tool exported.",
    ),
    (
        "export",
        "subscribers.moving:export",
        "Print all subscribers and suppressions, as import reads them.",
    ),
    ("list", "subscribers.people:list_people", "Show the people, the newest ones."),
    ("add", "subscribers.people:add", "Put one person on a list."),
    (
        "unsubscribe",
        "subscribers.departing:unsubscribe",
        "Do what an email to the inbox for unsubscribing asks.",
    ),
    ("form", "subscribers.signup:form", "Print a form to sign up by, for a page of your own site."),
):
    subscribers.later(_name, f"newsletter.cli.{_at}", _about)  # they know files and pages


@subscribers.command()
@click.argument("address")
@as_json
@in_workspace
def show(shell: Shell, address: str, as_json: bool) -> None:
    """Show one subscriber, and what they said yes to.

    Of each yes the list, where it was said, when it was asked and confirmed, and the words.
    """
    with shell.services() as services, services.store.read() as tx:
        person = tx.readers.find(_address(address))
        reason = tx.readers.suppressed(_address(address))
        consents = [_consent(tx, one) for one in tx.consents.of(person.id)] if person else []
    if person is None and reason is None:
        raise NotFound(f"{address} is not a subscriber")
    shown: dict[str, Any] = {
        "email": person.address if person else address,
        "name": person.name if person else "",
        "lists": list(person.lists) if person else [],
        "language": person.language if person else "",
        "timezone": person.timezone if person else "",
        "place": person.place if person else "",
        "tags": list(person.tags) if person else [],
        "paused_until": pause.isoformat() if (pause := person and person.paused_until) else None,
        "left": list(person.left) if person else [],
        "suppressed": reason.value if reason else None,
    }
    if as_json:
        print_json(shown | {"consents": consents})
        return
    for key, value in shown.items():
        told = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{key + ':':<13} {told or '–'}")
    for consent in consents:
        click.echo("consent:      " + _in_words(consent))


def _consent(tx: Transaction, record: ConsentRecord) -> dict[str, Any]:
    return {
        "list": record.list,
        "given": record.given,
        "method": record.method.value,
        "source": record.source,
        "asked_at": record.asked_at and record.asked_at.isoformat(),
        "at": record.at.isoformat(),
        "wording": record.wording,
        "words": tx.consents.words(record.wording),
    }


def _in_words(consent: Mapping[str, Any]) -> str:
    said = "yes to" if consent["given"] else "no more of"
    asked = f", asked {consent['asked_at']}" if consent["asked_at"] else ""
    words = f": {consent['words']}" if consent["words"] else ""
    how = f"{consent['method']} by {consent['source']}"
    return f"{consent['at']} {said} {consent['list']} ({how}{asked}){words}"


@subscribers.command()
@click.argument("address")
@by_whom
@in_workspace
def suppress(shell: Shell, address: str, by: str | None) -> None:
    """Never send to an address again."""
    entry = SuppressedEntry(address=_address(address), reason=SuppressionReason.MANUAL)
    with shell.services() as services:
        who = actor(services.store, by, Role.SENDER, "suppress")
        with services.store.begin() as tx:
            added = tx.readers.suppress([entry], services.clock.now(), f"by {who}")
            tx.audit.enter(
                at=services.clock.now(),
                actor=who,
                action="suppress",
                subject="subscriber",
                detail="",
            )
    say(f"{address} is suppressed" + ("" if added else ", as it was before"))


@subscribers.command()
@click.argument("address")
@by_whom
@click.option("--reason", required=True, help="Why, for the audit log; without the address.")
@in_workspace
def lift(shell: Shell, address: str, by: str | None, reason: str) -> None:
    """Let an address that was suppressed get mail again.

    Not one whose person complained or was erased: only they can come back, by the page to
    subscribe.
    """
    with shell.services() as services:
        who = actor(services.store, by, Role.ADMIN, "lift")
        with services.store.begin() as tx:
            before = tx.readers.suppressed(_address(address))
            if before is None:
                raise NotFound(f"{address} is not suppressed")
            if before.only_theirs:
                raise Refused(
                    f"{address} is suppressed as {before.value}: only the person can come back,"
                    " by the page to subscribe"
                )
            tx.readers.release(_address(address))
            detail = f"was {before.value}: {reason}"
            now = services.clock.now()
            tx.audit.enter(at=now, actor=who, action="lift", subject="subscriber", detail=detail)
    say(f"{address} is suppressed no more; it was {before.value}")


@subscribers.command()
@click.argument("address")
@by_whom
@in_workspace
def data(shell: Shell, address: str, by: str | None) -> None:
    """Print all that is kept of one person, for whoever asks.

    It is JSON. Readers get the same by the page of their preferences.
    """
    with shell.services() as services:
        who = actor(services.store, by, Role.ADMIN, "data")
        with services.store.begin() as tx:
            person = tx.readers.find(_address(address))
            if person is None:
                raise NotFound(f"{address} is not a subscriber")
            found = tx.data_exports.of(person.id)
            now = services.clock.now()
            tx.audit.enter(at=now, actor=who, action="data", subject="subscriber", detail="")
    print_json(found)


@subscribers.command()
@click.argument("address")
@by_whom
@in_workspace
def forget(shell: Shell, address: str, by: str | None) -> None:
    """Erase a person, and never write to them again.

    A keyed hash of the address stays, so that no import brings it back.
    """
    with shell.services() as services:
        who = actor(services.store, by, Role.ADMIN, "forget")
        known, clean = services.subscribers.forget(_address(address), by=who)
    say(f"{address} is erased" if known else f"{address} was not a subscriber; it is blocked now")
    if not clean:
        say("others work with the database: 'newsletter run' overwrites what is left of it")


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        raise InvalidInput([Fault(file="address", message=str(error))]) from error
