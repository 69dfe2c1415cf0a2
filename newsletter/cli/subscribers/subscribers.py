"""``newsletter subscribers`` and ``newsletter segment``: the people, and rules that pick them."""

import sys
from collections.abc import Mapping
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import click

from newsletter.cli import shell
from newsletter.cli.subscribers.moving import export, import_file, list_imports, undo_import
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.subscribers.audience import NOTED_FIELDS, Audience, Subscriber
from newsletter.domain.subscribers.search import SubscriberSearch
from newsletter.pipeline.subscribers.choose import leave
from newsletter.pipeline.subscribers.membership import require_list
from newsletter.rendering.mail.headers import unsubscribe_token
from newsletter.runtime.services import Services
from newsletter.store.sql import Transaction
from newsletter.subscriber_files.entries import RawEntry, check_entry


@click.group()
def subscribers() -> None:
    """Import, export, show, suppress or forget people."""


for _command in (import_file, export, list_imports, undo_import):
    subscribers.add_command(_command)


@subscribers.command()
@shell.repeatable(
    "--list", "lists", "NAME", "A list that the form offers, instead of all public ones"
)
@click.option(
    "--language", metavar="CODE", default="", help="The form's language. Default: the workspace's."
)
@click.option("--script", is_flag=True, help="Add the script by which the form answers in place.")
@shell.with_services
def form(services: Services, lists: tuple[str, ...], language: str, script: bool) -> None:
    """Print a form to sign up by, for a page of your own site.

    Plain HTML without styles. It posts to our page, which sends the email to confirm
    by. The words of consent in it are kept, as what people who use it were shown.
    """
    from newsletter.web.http.offering import SignUpOffer

    offering = SignUpOffer(services.settings)
    html = offering.form_html(services.store, lists, language)
    click.echo(html + (offering.script_html() if script else ""), nl=False)


_MAX_EMAIL_BYTES = 1 << 20
"""Bytes of an email that are read: its header fields come first."""


@subscribers.command("receive-email")
@click.argument("email", type=click.File("rb"), default="-")
@shell.with_services
def receive_email(services: Services, email: BinaryIO) -> None:
    """Carry out an email to the inbox for unsubscribing.

    EMAIL is a file; without it, standard input, as a mail server pipes it. The subject is signed,
    so the lists of the email that it answers end, whatever its sender.
    """
    token = unsubscribe_token(email.read(_MAX_EMAIL_BYTES))
    if not token:
        message = "its subject is not that of an email to unsubscribe; a person has to read it"
        raise InvalidInput.at(email.name, message)
    departure = services.links.read_unsubscribe(token)
    unknown_links = leave([departure], store=services.store)
    if unknown_links:
        raise NotFound("its subscriber is not in this database: erased, or lost by a restore")
    if departure.is_test:
        shell.say("nothing to do: it answers a test email")
    else:
        shell.say("done: its subscriber gets no more email to those lists")


@subscribers.command()
@shell.address_argument()
@shell.as_json
@shell.with_services
def show(services: Services, address: str, as_json: bool) -> None:
    """Show one subscriber with their consents.

    For each consent: the list, its place, the times of request and confirmation, and the words.
    """
    with services.store.read() as tx:
        person = tx.readers.find(address)
        reason = tx.readers.suppression_reason(address)
        fields = ("list", "given", "method", "source", "asked_at", "at", "wording")
        consents = [
            {**shell.pick(one, *fields), "words": tx.consents.get_words(one.wording)}
            for one in (tx.consents.list_for(person.id) if person else ())
        ]
    if person is None and reason is None:
        raise NotFound(f"{address} is not a subscriber")
    if person is None:
        person = Subscriber(id=0, address=address, name="", language="", timezone="", lists=())
    data = {
        "email": person.address,
        **shell.pick(person, "name", "lists", "language", "timezone", *NOTED_FIELDS, "tags"),
        "paused_until": person.paused_until,
        "left": person.left,
        "suppressed": reason,
    }
    if as_json:
        shell.print_json(data | {"consents": consents})
        return
    for key, value in data.items():
        click.echo(f"{key + ':':<13} {shell.in_words(value) or '–'}")
    for consent in consents:
        click.echo("consent:      " + _consent_in_words(consent))


def _consent_in_words(consent: Mapping[str, Any]) -> str:
    verb = "consent to" if consent["given"] else "left"
    request_note = f", asked {consent['asked_at'].isoformat()}" if consent["asked_at"] else ""
    words = f": {consent['words']}" if consent["words"] else ""
    origin = f"{consent['method'].value} by {consent['source']}"
    return f"{consent['at'].isoformat()} {verb} {consent['list']} ({origin}{request_note}){words}"


@subscribers.command()
@shell.address_argument()
@click.option("--reason", default="", help="The reason, without the address.")
@shell.with_actor
def suppress(services: Services, address: str, by: str, reason: str) -> None:
    """Never send to an address again."""
    added = services.subscribers.acts_of(by).suppress(address, reason=reason)
    shell.say(f"{address} is suppressed" + ("" if added else ", as it was before"))


@subscribers.command()
@shell.address_argument()
@click.option("--reason", required=True, help="The reason, for the audit log, without the address.")
@shell.with_actor
def lift(services: Services, address: str, by: str, reason: str) -> None:
    """Let an address that was suppressed get mail again.

    Not one whose person complained or was erased: only they can come back, by the page to
    subscribe.
    """
    before = services.subscribers.acts_of(by).lift(address, reason=reason)
    shell.say(f"{address} is suppressed no more; it was {before.value}")


@subscribers.command()
@shell.address_argument()
@shell.with_actor
def data(services: Services, address: str, by: str) -> None:
    """Print all data about one person as JSON.

    Readers get the same on the page of their preferences.
    """
    shell.print_json(services.subscribers.acts_of(by).data_of(address))


@subscribers.command()
@shell.address_argument()
@shell.repeatable("--list", "lists", "NAME", "The list whose subscription ends", required=True)
@shell.as_json
@shell.with_actor
def unsubscribe(
    services: Services, address: str, lists: tuple[str, ...], by: str, as_json: bool
) -> None:
    """End a person's subscription to a list. Only they can come back to it."""
    left = services.subscribers.acts_of(by).unsubscribe(address, lists)
    if as_json:
        shell.print_json({"email": address, "left": list(left)})
    elif left:
        shell.say(f"{address} is not on {', '.join(left)} any more")
    else:
        shell.say(f"{address} was not on {', '.join(lists)}; nothing was changed")


@subscribers.command()
@shell.address_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--block-unknown", is_flag=True, help="Block the address even if nothing is stored about it."
)
@shell.with_actor
def forget(services: Services, address: str, yes: bool, block_unknown: bool, by: str) -> None:
    """Erase a person, and never write to them again.

    Asks first, and says whom it is about. A keyed hash of the address stays, so that no import
    brings it back. An address of which nothing is kept is refused without --block-unknown.
    """
    with services.store.read() as tx:
        question = _whom_to_erase(tx, address, services.settings.timezone)
    if not yes and (block_unknown or services.subscribers.is_known(address)):
        if not sys.stdin.isatty():
            advice = "say --yes to erase them without being asked"
            raise Refused(f"{question} Standard input is no terminal: {advice}")
        if not click.confirm(question, err=True):
            raise Refused("nothing was changed")
    known, is_overwritten = services.subscribers.forget(address, by=by, block_unknown=block_unknown)
    shell.say(
        f"{address} is erased" if known else f"{address} was not a subscriber; it is blocked now"
    )
    if not is_overwritten:
        shell.say("the database is in use: 'newsletter run' overwrites what is left in its file")


def _whom_to_erase(tx: Transaction, address: str, zone: str) -> str:
    person = tx.readers.find(address)
    since = tx.readers.added_at(person.id) if person else None
    if person is None or since is None:
        return f"No subscriber has {address}. Block it for good?"
    name = f"{person.name} <{person.address}>" if person.name else person.address
    lists = f"on {', '.join(person.lists)}" if person.lists else "on no list"
    day = f"{since.astimezone(ZoneInfo(zone)):%Y-%m-%d}"
    return f"Erase {name}, {lists}, known since {day}? This cannot be undone."


@subscribers.command("change-address")
@shell.address_argument("former", "OLD")
@shell.address_argument("new", "NEW")
@shell.as_json
@shell.with_actor
def change_address(services: Services, former: str, new: str, by: str, as_json: bool) -> None:
    """Give a subscriber another address. Their lists, choices and history stay.

    Not one that is another subscriber's or is suppressed. If they unsubscribed, complained or
    were suppressed by the staff, that holds for the new address too.
    """
    person = services.subscribers.acts_of(by).change_address(former, new)
    if as_json:
        shell.print_json(_subscriber_data(person) | {"before": former})
    else:
        reason = f"; it is suppressed: {person.suppressed.value}" if person.suppressed else ""
        shell.say(f"{former} is {person.address} now{reason}")


@subscribers.command("list")
@click.option("--list", "list_name", metavar="NAME", default="", help="Only this list.")
@click.option(
    "--query", metavar="TEXT", default="", help="Only people whose address or name contains this."
)
@shell.as_json
@shell.limited
@shell.with_services
def list_people(
    services: Services, list_name: str, query: str, as_json: bool, most: int | None
) -> None:
    """Show the people, the newest ones."""
    with services.store.read() as tx:
        if list_name:
            require_list(tx, list_name, services.subscribers.declared_lists)
        search = SubscriberSearch(list=list_name, words=query)
        count = tx.readers.count(search)
        people = tx.readers.search(search, limit=count if most is None else most)
    rows = [_subscriber_data(person) for person in reversed(people)]
    columns = ("email", "name", "lists", "language", "state")
    shell.print_rows(rows, columns, as_json=as_json, count=count)


def _subscriber_data(person: Subscriber) -> dict[str, Any]:
    until = person.paused_until
    state = "subscribed" if person.lists else "not subscribed"
    if until is not None and person.lists:
        state = f"paused until {until:%Y-%m-%d}"
    return {
        "email": person.address,
        **shell.pick(person, "name", "lists", "left", "language", "timezone", "paused_until"),
        "suppressed": person.suppressed,
        "state": person.suppressed or state,
    }


@subscribers.command()
@shell.address_argument()
@shell.repeatable("--list", "lists", "NAME", "The list", required=True)
@click.option("--name", default="", help="The person's name.")
@click.option("--language", default="", help="The person's language, like es.")
@click.option("--create-list", "create_lists", is_flag=True, help="Create an unknown list.")
@shell.as_json
@shell.with_actor
def add(
    services: Services,
    address: str,
    lists: tuple[str, ...],
    name: str,
    language: str,
    create_lists: bool,
    by: str,
    as_json: bool,
) -> None:
    """Add one person to a list.

    Only add people who agreed. A person who left the list or is suppressed is refused: only they
    can come back, on the page for subscribing.
    """
    entry = check_entry(
        RawEntry(email=address, lists=lists, name=name, language=language), "options"
    )
    before, after = services.subscribers.acts_of(by).add(entry, create_lists=create_lists)
    new_lists = sorted(set(lists) - set(before.lists if before else ()))
    if as_json:
        shell.print_json(_subscriber_data(after) | {"new": before is None, "joined": new_lists})
    elif new_lists:
        shell.say(f"{entry.address} is on {', '.join(new_lists)} now")
    else:
        changed = "nothing was changed" if before == after else "their data was changed"
        shell.say(f"{entry.address} is on {', '.join(lists)} already; {changed}")


@click.group()
def segment() -> None:
    """Saved rules that pick subscribers of a list."""


@segment.command("list")
@shell.as_json
@shell.with_services
def list_segments(services: Services, as_json: bool) -> None:
    """Show all segments, and how many each picks now."""
    with services.store.read() as tx:
        rows = [
            {
                "name": one.name,
                "list": one.list,
                "rule": one.rule,
                "readers": tx.audiences.count(Audience(lists=(one.list,), segment=one)),
                "on_list": tx.audiences.count(Audience(lists=(one.list,))),
            }
            for one in services.subscribers.segments
        ]
    if not rows and not as_json:
        shell.say("no segment is configured; docs/configuration.md says how, under 'segments'")
        return
    shell.print_rows(rows, ("name", "readers", "rule"), as_json=as_json)
