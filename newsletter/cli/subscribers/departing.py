"""``newsletter subscribers unsubscribe``: what a mail program wrote to the inbox for it."""

from typing import BinaryIO

import click

from newsletter.cli.shell import Shell, in_workspace, say
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.pipeline.subscribers.leave import leave, read
from newsletter.rendering.mail.headers import word_of_departure

_MOST = 1 << 20
"""Bytes of an email that are read: its header fields come first."""


@click.command()
@click.argument("email", type=click.File("rb"), default="-")
@in_workspace
def unsubscribe(shell: Shell, email: BinaryIO) -> None:
    """Do what an email to the inbox for unsubscribing asks.

    EMAIL is a file; without it, standard input: what a mail server pipes to a command. The lists of
    the mail that it answers end, whoever it was sent by, for its subject is signed.
    """
    word = word_of_departure(email.read(_MOST))
    if not word:
        message = "its subject is not that of an email to unsubscribe; a person has to read it"
        raise InvalidInput([Fault(file=email.name, message=message)])
    with shell.services() as services:
        departure = read(word, services.links)
        strangers = leave([departure], store=services.store, clock=services.clock)
    if strangers:
        raise NotFound("it is of a reader who is not in these books: erased, or lost by a restore")
    if departure.of_a_test:
        say("nothing to do: it answers a test email")
    else:
        say("done: whoever it is about gets no more of what that email was sent to")
