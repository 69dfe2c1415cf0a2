"""Who the staff are: their roles, and who is no longer one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import Invitation, name_of
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.staff.proofs import Proofs, folded
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class Person:
    """One of the staff, as admins see them."""

    address: str
    name: str
    role: Role
    joined: bool
    """They have a password; whoever has none was added by the operator, and only approves there."""
    factor: bool
    seen_at: datetime | None
    """The last time that we know of in sessions that are open; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Team:
    """All staff, and those who are invited."""

    people: Sequence[Person]
    invited: Sequence[Invitation]


def team(*, proofs: Proofs) -> Team:
    """All of them, by address."""
    with proofs.store.read() as tx:
        names, accounts = tx.staff.names(), tx.accounts.all()
        people = []
        for address, role in tx.staff.roles().items():
            account = accounts.get(address)
            open_ = [one.seen_at for one in tx.sessions.of(address)]
            people.append(
                Person(
                    address=address,
                    name=names.get(address) or name_of(address),
                    role=role,
                    joined=account is not None,
                    factor=account is not None and account.has_factor,
                    seen_at=max(open_, default=None),
                )
            )
        return Team(people=people, invited=tx.invitations.open(proofs.clock.now()))


def change_role(address: str, role: Role, *, by: str, proofs: Proofs) -> Role:
    """Give somebody another role; returns the one before. It ends their sessions.

    Raises NotFound, and Refused: nobody changes their own, and one admin stays.
    """
    who = folded(address)
    with proofs.store.begin() as tx:
        actor = proofs.admin(tx, by, "change roles")
        before = _found(tx, who)
        if who == actor:
            raise Refused("nobody changes their own role; ask another admin")
        if before is role:
            return before
        if role is not Role.ADMIN:
            refuse_last_admin(tx, who)
        tx.staff.put(who, role, proofs.clock.now())
        _shut_out(tx, who, proofs)
        proofs.enter(tx, actor, "role", who, f"{before.value} to {role.value}")
        _tell(tx, who, f"Your role is {role.value} now; it was {before.value}.", proofs)
    return before


def disable(address: str, *, by: str, proofs: Proofs) -> None:
    """Take somebody's account and role away; it ends their sessions. What they did stays.

    Raises NotFound, and Refused: nobody removes themselves, and one admin stays.
    """
    who = folded(address)
    with proofs.store.begin() as tx:
        actor = proofs.admin(tx, by, "remove somebody")
        before = _found(tx, who)
        if who == actor:
            raise Refused("nobody removes themselves; ask another admin")
        refuse_last_admin(tx, who)
        _tell(tx, who, "Your account was removed.", proofs)
        tx.staff.remove(who)
        tx.accounts.remove(who)
        _shut_out(tx, who, proofs)
        proofs.enter(tx, actor, "remove", who, f"was {before.value}")


def refuse_last_admin(tx: Transaction, address: str) -> None:
    """Raises Refused where they are the only admin: nobody could let anybody in any more."""
    if tx.staff.role(address) is Role.ADMIN and tx.staff.admins() == 1:
        raise Refused(f"{address} is the last admin; make somebody else an admin first")


def _found(tx: Transaction, address: str) -> Role:
    role = tx.staff.role(address)
    if role is None:
        raise NotFound(f"{address} is not among the staff")
    return role


def _tell(tx: Transaction, address: str, what: str, proofs: Proofs) -> None:
    """Whoever was added by the operator alone has no account to hear of."""
    if tx.accounts.get(address) is not None:
        proofs.tell(tx, address, what)


def _shut_out(tx: Transaction, address: str, proofs: Proofs) -> None:
    """What they held before holds no longer: sessions, and links that would give it back."""
    tx.sessions.end_all(address)
    tx.invitations.withdraw_of(address, proofs.clock.now())
