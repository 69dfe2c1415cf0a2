"""``newsletter user``: those who may act."""

import click

from newsletter.cli.shell import (
    OPERATOR,
    Shell,
    as_json,
    in_workspace,
    print_json,
    print_table,
    say,
)
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.statement import Role
from newsletter.domain.subscribers.audience import fold, parse_address


@click.group()
def user() -> None:
    """Add and list the staff."""


@user.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@in_workspace
def add(shell: Shell, email: str, role: str) -> None:
    """Add a member of staff, or give them another role."""
    try:
        address = fold(parse_address(email))
    except ValueError as error:
        raise InvalidInput([Fault(file="EMAIL", message=str(error))]) from error
    with shell.app() as app, app.store.begin() as tx:
        tx.staff.put(address, Role(role), app.clock.now())
        tx.audit.enter(
            at=app.clock.now(), actor=OPERATOR, action="user", subject=address, detail=role
        )
    say(f"{address} is a{'n' if role[0] in 'aeiou' else ''} {role}")


@user.command("list")
@as_json
@in_workspace
def list_users(shell: Shell, as_json: bool) -> None:
    """Show the staff."""
    with shell.app() as app, app.store.read() as tx:
        roles = tx.staff.roles()
    if as_json:
        print_json([{"email": address, "role": role.value} for address, role in roles.items()])
    else:
        print_table(("email", "role"), [(address, role.value) for address, role in roles.items()])
