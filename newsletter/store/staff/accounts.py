"""What the staff sign in with. Nothing of it is a secret."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.domain.staff.account import Credential, Invitation
from newsletter.domain.staff.passkey import Passkey
from newsletter.store.repository import Repository
from newsletter.store.schema import staff_tables
from newsletter.store.schema.columns import fields_of

_credential = staff_tables.credential.c
_recovery = staff_tables.recovery.c
_NO_FACTOR = {"factor": "", "factor_at": None, "factor_step": 0, "pending": "", "kept_at": None}


class Accounts(Repository):
    """By folded address. Who has no row here has not accepted an invitation yet."""

    def get(self, address: str) -> Credential | None:
        query = select(staff_tables.credential).where(_credential.address == address)
        return self._first(Credential, query)

    def all(self) -> dict[str, Credential]:
        """Folded address → what they sign in with."""
        rows = self._connection.execute(select(staff_tables.credential)).mappings()
        return {row["address"]: Credential(**row) for row in rows}

    def open(self, address: str, password: str, at: datetime) -> None:
        """Open an account, or open it anew: what second factors there were are gone."""
        values = {"password": password, "password_at": at, **_NO_FACTOR}
        self._connection.execute(
            insert_or(staff_tables.credential)
            .values(address=address, **values)
            .on_conflict_do_update(index_elements=["address"], set_=values)
        )
        self._forget_factors(address)

    def set_password(self, address: str, password: str, at: datetime) -> None:
        self._set(address, password=password, password_at=at)

    def remove(self, address: str) -> bool:
        """Take all of it away; tells whether there was any."""
        self._forget_factors(address)
        self._connection.execute(
            delete(staff_tables.known_network).where(
                staff_tables.known_network.c.address == address
            )
        )
        gone = delete(staff_tables.credential).where(_credential.address == address)
        return self._connection.execute(gone).rowcount == 1

    # --- the second factor

    def prepare_factor(self, address: str, salt: str) -> None:
        """Begin to set a second factor up; the one that there is goes on."""
        self._set(address, pending=salt)

    def confirm_factor(self, address: str, step: int, at: datetime) -> bool:
        """What was being set up counts from now on. False where nothing was."""
        done = self._connection.execute(
            update(staff_tables.credential)
            .where(_credential.address == address, _credential.pending != "")
            .values(
                factor=_credential.pending,
                factor_at=at,
                factor_step=step,
                pending="",
                kept_at=None,
            )
        )
        return done.rowcount == 1

    def use_step(self, address: str, step: int) -> bool:
        """A code of this step of time counts once, and none of before it. False: it does not."""
        used = self._connection.execute(
            update(staff_tables.credential)
            .where(_credential.address == address, _credential.factor_step < step)
            .values(factor_step=step)
        )
        return used.rowcount == 1

    def drop_factor(self, address: str) -> None:
        """Take the second factor away, with recovery codes and passkeys."""
        self._set(address, **_NO_FACTOR)
        self._forget_factors(address)

    def _forget_factors(self, address: str) -> None:
        self.renew_codes(address, ())
        theirs = delete(staff_tables.passkey).where(staff_tables.passkey.c.address == address)
        self._connection.execute(theirs)

    # --- recovery codes

    def renew_codes(self, address: str, hashes: Iterable[bytes]) -> None:
        """Put these in the place of all that there were."""
        self._connection.execute(delete(staff_tables.recovery).where(_recovery.address == address))
        rows = [{"address": address, "hash": hashed} for hashed in hashes]
        if rows:
            self._connection.execute(insert(staff_tables.recovery), rows)
        self._set(address, kept_at=None)

    def has_code(self, address: str, hash: bytes) -> bool:
        """Whether it is one of theirs that was not used."""
        query = select(func.count()).where(*_unused(address), _recovery.hash == hash)
        return bool(self._connection.scalar(query))

    def keep_codes(self, address: str, at: datetime) -> None:
        """One was typed back: they were kept."""
        self._set(address, kept_at=at)

    def use_code(self, address: str, hash: bytes, at: datetime) -> bool:
        """Use a recovery code up. False where it is none, or was used."""
        used = self._connection.execute(
            update(staff_tables.recovery)
            .where(*_unused(address), _recovery.hash == hash)
            .values(used_at=at)
        )
        return used.rowcount == 1

    def codes_left(self, address: str) -> int:
        query = select(func.count()).select_from(staff_tables.recovery).where(*_unused(address))
        return self._number(query)

    def _set(self, address: str, **values: Any) -> None:
        self._connection.execute(
            update(staff_tables.credential).where(_credential.address == address).values(**values)
        )


def _unused(address: str) -> tuple[Any, ...]:
    return _recovery.address == address, _recovery.used_at.is_(None)


_passkey = staff_tables.passkey.c


class Passkeys(Repository):
    """By what their devices call them."""

    def of(self, address: str) -> list[Passkey]:
        """Those of one person, the newest first."""
        mine = select(staff_tables.passkey).where(_passkey.address == address)
        query = mine.order_by(_passkey.made_at.desc(), _passkey.id)
        return self._list(Passkey, query)

    def add(self, passkey: Passkey) -> bool:
        """Keep one. False where somebody has it already."""
        known = select(_passkey.id).where(_passkey.id == passkey.id)
        if self._connection.execute(known).one_or_none() is not None:
            return False
        self._connection.execute(insert(staff_tables.passkey).values(vars(passkey)))
        return True

    def use(self, id: bytes, count: int, at: datetime) -> None:
        """It signed, and its device counted so many."""
        used = update(staff_tables.passkey).where(_passkey.id == id)
        self._connection.execute(used.values(signatures=count, used_at=at))

    def remove(self, id: bytes) -> bool:
        """Take one away; tells whether there was one."""
        gone = delete(staff_tables.passkey).where(_passkey.id == id)
        return self._connection.execute(gone).rowcount == 1


_invitation = staff_tables.invitation.c
_UNUSED = (_invitation.used_at.is_(None), _invitation.withdrawn_at.is_(None))


class Invitations(Repository):
    """They are found by the hash of their word alone."""

    def add(self, invitation: Invitation, hash: bytes) -> int:
        """Keep one, and withdraw all that the same person had; returns its number."""
        self.withdraw_of(invitation.address, invitation.made_at)
        values = {**vars(invitation), "id": None, "hash": hash}
        adding = insert(staff_tables.invitation).values(values).returning(_invitation.id)
        return int(self._connection.execute(adding).scalar_one())

    def find(self, hash: bytes) -> Invitation | None:
        """The one whose word has this hash, also if it is over."""
        return self._one(_invitation.hash == hash)

    def get(self, number: int) -> Invitation | None:
        return self._one(_invitation.id == number)

    def open(self, now: datetime) -> list[Invitation]:
        """Those that still do something, the newest first."""
        query = _invitations().where(*_UNUSED, _invitation.expires_at > now)
        return self._list(Invitation, query.order_by(_invitation.id.desc()))

    def is_mailed(self, email_id: int, now: datetime) -> bool:
        """Whether an email brings a link that still does something."""
        mine = (_invitation.email_id == email_id, _invitation.expires_at > now)
        return self._number(select(func.count()).where(*_UNUSED, *mine)) > 0

    def use(self, number: int, at: datetime) -> bool:
        """Use one. False where it was used or withdrawn, or is too old."""
        return self._end(_invitation.id == number, _invitation.expires_at > at, used_at=at)

    def withdraw(self, number: int, at: datetime) -> bool:
        """Take one back. False where it was used or withdrawn."""
        return self._end(_invitation.id == number, withdrawn_at=at)

    def withdraw_of(self, address: str, at: datetime) -> None:
        """Take back all that somebody has."""
        self._end(_invitation.address == address, withdrawn_at=at)

    def withdraw_by(self, maker: str, at: datetime) -> None:
        """Take back all that somebody made."""
        self._end(_invitation.by == maker, withdrawn_at=at)

    def withdraw_all(self, at: datetime) -> None:
        """Take back all there are."""
        self._end(withdrawn_at=at)

    def _end(self, *which: Any, **values: datetime) -> bool:
        ended = update(staff_tables.invitation).where(*_UNUSED, *which).values(**values)
        return self._connection.execute(ended).rowcount > 0

    def _one(self, which: Any) -> Invitation | None:
        return self._first(Invitation, _invitations().where(which))


def _invitations() -> Select[Any]:
    return select(*fields_of(Invitation, staff_tables.invitation))
