"""``subscribers form``, ``receive-email``: readers join from other sites, leave by email."""

from typing import BinaryIO

import click

from newsletter.cli.shell import say, with_services
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.pipeline.subscribers.leave import leave, read
from newsletter.rendering.mail.headers import word_of_departure
from newsletter.runtime.services import Services


@click.command()
@click.option(
    "--list",
    "lists",
    metavar="NAME",
    multiple=True,
    help="A list that the form offers; repeatable. Default: all public lists.",
)
@click.option(
    "--language", metavar="CODE", default="", help="The form's language. Default: the workspace's."
)
@click.option("--script", is_flag=True, help="Add the script by which the form answers in place.")
@with_services
def form(services: Services, lists: tuple[str, ...], language: str, script: bool) -> None:
    """Print a form to sign up by, for a page of your own site.

    Plain HTML without styles. It posts to our page, which sends the email to confirm
    by. The words of consent in it are kept, as what people who use it were shown.
    """
    from newsletter.web.public.subscribers.sign_up import Offering

    offering = Offering(services.settings)
    printed = offering.html(services.store, lists, language)
    click.echo(printed + (offering.script() if script else ""), nl=False)


_MOST = 1 << 20
"""Bytes of an email that are read: its header fields come first."""


@click.command("receive-email")
@click.argument("email", type=click.File("rb"), default="-")
@with_services
def receive_email(services: Services, email: BinaryIO) -> None:
    """Carry out an email to the inbox for unsubscribing.

    EMAIL is a file; without it, standard input, as a mail server pipes it. The subject is signed,
    so the lists of the email that it answers end, whatever its sender.
    """
    word = word_of_departure(email.read(_MOST))
    if not word:
        message = "its subject is not that of an email to unsubscribe; a person has to read it"
        raise InvalidInput([Fault(file=email.name, message=message)])
    departure = read(word, services.links)
    strangers = leave([departure], store=services.store)
    if strangers:
        raise NotFound("its subscriber is not in this database: erased, or lost by a restore")
    if departure.of_a_test:
        say("nothing to do: it answers a test email")
    else:
        say("done: its subscriber gets no more email to those lists")
