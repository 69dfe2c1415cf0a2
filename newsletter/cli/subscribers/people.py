"""``newsletter subscribers list`` and ``add``: the people, and one more of them."""

from dataclasses import replace
from typing import Any

import click

from newsletter.cli.shell import (
    Shell,
    actor,
    as_json,
    by_whom,
    in_workspace,
    limited,
    print_json,
    print_table,
    say,
    say_left_out,
)
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.statements.statement import Role
from newsletter.domain.subscribers.audience import Consent, Entry, Subscriber, parse_address
from newsletter.domain.wording import guess
from newsletter.formats.text import control_in_value
from newsletter.formats.times import language_objection
from newsletter.runtime.subscribers import Subscribers
from newsletter.store.sql import Transaction


@click.command("list")
@click.option("--list", "list_name", metavar="NAME", default="", help="One list alone.")
@click.option("--query", metavar="TEXT", default="", help="Whose address or name holds this.")
@as_json
@limited
@in_workspace
def list_people(shell: Shell, list_name: str, query: str, as_json: bool, most: int | None) -> None:
    """Show the people, the newest ones."""
    with shell.services() as services, services.store.read() as tx:
        if list_name:
            _refuse_unknown(services.subscribers, tx, list_name)
        people = tx.readers.some(list_name=list_name, query=query, most=most)
        count = tx.readers.count(list_name=list_name, query=query)
    rows = [_as_data(one) for one in reversed(people)]
    if as_json:
        print_json(rows)
    else:
        columns = ("email", "name", "lists", "language", "state")
        shown = [row | {"lists": ", ".join(row["lists"])} for row in rows]
        print_table(columns, [[row[key] for key in columns] for row in shown])
    say_left_out(len(rows), count)


def _as_data(person: Subscriber) -> dict[str, Any]:
    until = person.paused_until
    state = "subscribed" if person.lists else "not subscribed"
    if until is not None and person.lists:
        state = f"paused until {until:%Y-%m-%d}"
    return {
        "email": person.address,
        "name": person.name,
        "lists": list(person.lists),
        "left": list(person.left),
        "language": person.language,
        "timezone": person.timezone,
        "paused_until": until.isoformat() if until else None,
        "suppressed": person.suppressed.value if person.suppressed else None,
        "state": person.suppressed.value if person.suppressed else state,
    }


@click.command()
@click.argument("address", metavar="EMAIL")
@click.option("--list", "lists", metavar="NAME", multiple=True, required=True, help="Where to.")
@click.option("--name", default="", help="What the person is called.")
@click.option("--language", default="", help="In which language they read, like es.")
@by_whom
@as_json
@in_workspace
def add(
    shell: Shell,
    address: str,
    lists: tuple[str, ...],
    name: str,
    language: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Put one person on a list.

    Only somebody who said yes to it, and never whoever left that list or is suppressed: they alone
    can come back, by the page to subscribe.
    """
    entry = _entry(address, lists, name, language)
    with shell.services() as services:
        who = actor(services.store, by, Role.SENDER, "add subscribers")
        before, after = _added(services.subscribers, entry, who)
    joined = sorted(set(lists) - set(before.lists if before else ()))
    if as_json and after is not None:
        print_json(_as_data(after) | {"new": before is None, "joined": joined})
    elif joined:
        say(f"{entry.address} is on {', '.join(joined)} now")
    else:
        say(f"{entry.address} is on {', '.join(lists)} already; nothing was changed")


def _entry(address: str, lists: tuple[str, ...], name: str, language: str) -> Entry:
    """What was typed, as an entry. Raises InvalidInput."""
    try:
        address = parse_address(address)
    except ValueError as error:
        raise InvalidInput([Fault(file="EMAIL", message=str(error))]) from error
    if language and (objection := language_objection(language)):
        raise InvalidInput([Fault(file="--language", message=objection)])
    if control_in_value(name):
        message = "holds a control character; leave it out"
        raise InvalidInput([Fault(file="--name", message=message)])
    return Entry(address=address, lists=lists, name=name, language=language)


def _added(
    subscribers: Subscribers, entry: Entry, who: str
) -> tuple[Subscriber | None, Subscriber | None]:
    """Put the person on the lists; returns them as they were and as they are."""
    now = subscribers.clock.now()
    with subscribers.store.begin() as tx:
        for name in entry.lists:
            _refuse_unknown(subscribers, tx, name)
        before = tx.readers.find(entry.address)
        _refuse_who_left(tx, entry.address, before, entry.lists)
        consent = Consent(source=f"added by {who}", at=now)
        tx.readers.upsert([replace(entry, consent=consent)], now)
        detail = f"to {', '.join(entry.lists)}"
        tx.audit.enter(at=now, actor=who, action="add", subject="subscriber", detail=detail)
        return before, tx.readers.find(entry.address)


def _refuse_who_left(
    tx: Transaction, address: str, person: Subscriber | None, lists: tuple[str, ...]
) -> None:
    reason = tx.readers.suppressed(address)
    if reason is not None:
        raise Refused(
            f"{address} is suppressed ({reason.value}) and was not added: only the person can come"
            " back, by the page to subscribe"
        )
    left = sorted(set(lists) & set(person.left if person else ()))
    if left:
        raise Refused(
            f"{address} unsubscribed from {', '.join(left)} and was not added: only the person can"
            " come back, by the page to subscribe"
        )


def _refuse_unknown(subscribers: Subscribers, tx: Transaction, name: str) -> None:
    offered = [one.name for one in subscribers.settings.offers()]
    known = sorted({*tx.readers.lists(), *offered, *subscribers.settings.default_lists})
    if name not in known:
        raise NotFound(
            f"there is no list {name!r}{guess(name, known) or ';'}"
            f" there are: {', '.join(known) or 'none'}"
        )
