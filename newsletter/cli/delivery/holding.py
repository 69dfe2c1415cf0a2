"""``stop`` and ``resume-sending`` (``release``): all sending of a workspace."""

from collections.abc import Collection
from contextlib import nullcontext
from copy import copy

import click

from newsletter.cli.shell import Shell, actor, as_json, by_whom, in_workspace, print_json, say
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Role
from newsletter.runtime.delivery import Delivery
from newsletter.store.file.lock import only_one


@click.command()
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever finds it stopped.")
@by_whom
@as_json
@in_workspace
def stop(shell: Shell, reason: str, by: str | None, as_json: bool) -> None:
    """Stop all sending, until it is resumed.

    Calls under way end and are booked; nothing more is claimed, also after a restart. Campaigns
    stay as they are and go on after 'newsletter resume-sending'.
    """
    with shell.services() as services:
        who = actor(services.store, by, Role.SENDER, "stop all sending")
        kept = services.delivery.guard().stop(by=who, reason=reason)
    if as_json:
        print_json({"hold": {HoldKind.STOP.value: kept}})
    say(f"sending is stopped: {kept}; 'newsletter resume-sending --by EMAIL' resumes it")


@click.command("resume-sending")
@by_whom
@as_json
@in_workspace
def resume_sending(shell: Shell, by: str | None, as_json: bool) -> None:
    """Resume all sending.

    'newsletter release' is its old name, and works too. Sending is stopped by 'newsletter stop', by
    a restore, or by the discovery that the database is a copy. After the last two compare the books
    with the provider first; it takes an admin.
    """
    with shell.services() as services:
        lifted = lift(services.delivery, by, set(services.delivery.guard().holds()))
    if as_json:
        print_json({"released": {kind.value: reason for kind, reason in lifted.items()}})
    tell(lifted)


release = copy(resume_sending)
"""By its old name."""
release.name = "release"


def lift(delivery: Delivery, by: str | None, kinds: Collection[HoldKind]) -> dict[HoldKind, str]:
    """Lift holds of these kinds, if whoever ``by`` names may. Raises Refused."""
    doubted = HoldKind.DOUBT in kinds
    if doubted and by is None:
        raise Refused("the books were in doubt: name the admin who compared them, with --by EMAIL")
    needed, deed = (
        (Role.ADMIN, "release a restored or copied database")
        if doubted
        else (Role.SENDER, "release what was stopped")
    )
    who = actor(delivery.store, by, needed, deed)
    with only_one(delivery.lock_path) if doubted else nullcontext():
        return delivery.guard().release(by=who, kinds=kinds)


def tell(lifted: dict[HoldKind, str]) -> None:
    """What was lifted, for people."""
    for reason in lifted.values():
        say(f"sending is resumed; it was stopped: {reason}")
    if not lifted:
        say("sending was not stopped")
