"""``newsletter user`` and ``newsletter audit``: the staff, and the log of their acts."""

from datetime import datetime

import click

from newsletter.cli import shell
from newsletter.domain.errors import Defect
from newsletter.domain.staff.audit import OPERATOR_NAME, AuditHead
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import fold
from newsletter.pipeline.history import describe_entry
from newsletter.pipeline.staff import people
from newsletter.runtime.services import Services, Staff

_ROLE_TYPE = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """Invite, add and list the staff."""


@user.command()
@shell.address_argument()
@click.option("--role", required=True, type=_ROLE_TYPE)
@shell.with_services
def add(services: Services, address: str, role: str) -> None:
    """Add a member of staff, or give them another role.

    They act by commands that name them. For the desk, invite them.
    """
    address = fold(address)
    with services.store.read() as tx:
        current_role = tx.staff.role(address)
    if current_role is not None and current_role is not Role(role):
        _print_affected(services, address)
        people.change_role(address, Role(role), by=OPERATOR_NAME, proofs=services.staff.proofs)
    else:
        people.add_member(address, Role(role), by=OPERATOR_NAME, proofs=services.staff.proofs)
    shell.say(f"{address} is {_a_or_an(Role(role))}")


@user.command()
@click.argument("email")
@click.option("--role", required=True, type=_ROLE_TYPE)
@shell.with_services
def invite(services: Services, email: str, role: str) -> None:
    """Print a link with which one person opens an account at the desk.

    It works once, for 72 hours, and the audit log notes that it was printed. Give it to that person
    only: the link grants the role.
    """
    link = people.invite(email, Role(role), by=OPERATOR_NAME, proofs=services.staff.proofs)
    _print_link(services.staff, link.token, link.expires_at)
    shell.say(
        f"give it to {link.address} alone: it makes whoever opens it first {_a_or_an(link.role)}"
    )


@user.command()
@click.argument("email")
@shell.with_services
def reset(services: Services, email: str) -> None:
    """Print a link by which somebody sets a new password.

    It works once, for 15 minutes, and the audit log says that it was printed. They are signed out,
    and set up another second factor.
    """
    link = people.reset(email, by=OPERATOR_NAME, proofs=services.staff.proofs)
    _print_link(services.staff, link.token, link.expires_at)
    shell.say(f"{link.address} was signed out everywhere, and got an email")


@user.command()
@shell.address_argument()
@shell.with_services
def disable(services: Services, address: str) -> None:
    """Remove a person's account and role, and end their sessions.

    Their acts stay in the audit log. Their approvals of unsent statements no longer count.
    """
    address = fold(address)
    _print_affected(services, address)
    people.disable(address, by=OPERATOR_NAME, proofs=services.staff.proofs)
    shell.say(f"{address} can do nothing any more; 'newsletter user invite' lets them in again")


@user.command("list")
@shell.as_json
@shell.with_services
def list_users(services: Services, as_json: bool) -> None:
    """Show the staff."""
    with services.store.read() as tx:
        roles = tx.staff.roles()
        invited = tx.staff_links.list_usable(tx.now)
    for invitation in invited:
        until = shell.wall_time(invitation.expires_at, services.settings.timezone)
        shell.say(f"{invitation.address} has an unopened link, valid until {until}")
    rows = [{"email": address, "role": role.value} for address, role in roles.items()]
    shell.print_rows(rows, ("email", "role"), as_json=as_json)


def _print_affected(services: Services, address: str) -> None:
    for slug in people.find_dependent_statements(address, proofs=services.staff.proofs):
        shell.say(
            f"{slug} rests on what {address} approved or started; unless their role still"
            " allows that, it waits for another person"
        )


def _print_link(staff: Staff, token: str, until: datetime) -> None:
    desk = staff.settings.desk_url
    click.echo(f"{desk}/invitation/{token}")
    shell.say(f"this link works once, until {shell.wall_time(until, staff.settings.timezone)}")
    if not staff.settings.desk.enabled:
        shell.say("desk.enabled is false: until it is true, the link leads nowhere")
    else:
        shell.say(
            f"until {desk} leads here, put http://localhost:8000/desk in its place"
            " on this machine, while 'newsletter run' is at work"
        )


def _a_or_an(role: Role) -> str:
    return f"a{'n' if role.value[0] in 'aeiou' else ''} {role.value}"


@click.group()
def audit() -> None:
    """Show the audit log, and verify that it was not changed."""


@audit.command()
@shell.as_json
@shell.limited
@shell.with_services
def show(services: Services, as_json: bool, most: int | None) -> None:
    """Show the newest lines of the log, the last one at the end."""
    with services.store.read() as tx:
        lines, count = tx.audit.list_newest(most)[::-1], tx.audit.count()
    zone = services.settings.timezone
    rows = [
        {
            **shell.pick(line, "number", "actor", "action", "subject", "values"),
            "at": line.at.isoformat(timespec="seconds"),
            "sentence": describe_entry(line, None, zone),
        }
        for line in lines
    ]
    columns = ("number", "at", "subject", "sentence")
    shell.print_rows(rows, columns, as_json=as_json, count=count)


@audit.command()
@click.option("--expect", metavar="HEAD", help="A last line that you noted earlier: NUMBER:DIGEST.")
@shell.with_services
def verify(services: Services, expect: str | None) -> None:
    """Verify that the audit log is complete and unchanged.

    Prints the number and the digest of its last line. Note them elsewhere: with --expect they prove
    later that the log still contains everything up to that line.
    """
    expected = None
    if expect is not None:
        number, _, digest = expect.strip().partition(":")
        if not number.isascii() or not number.isdecimal() or not digest:
            raise click.BadParameter("write it as 'audit verify' printed it: NUMBER:DIGEST")
        expected = AuditHead(number=int(number), digest=digest)
    with services.store.read() as tx:
        head = tx.audit.verify()
        is_intact = expected is None or tx.audit.digest(expected.number) == expected.digest
    if expected is not None and not is_intact:
        raise Defect(f"line {expected.number} of the audit log is not the one that was noted")
    lines = "1 line" if head.number == 1 else f"{head.number:,} lines"
    shell.say(
        f"{lines}, none changed, none missing{', and what was noted is there' if expected else ''}"
    )
    click.echo(str(head))
