"""What staff sign in with: passwords, second factors, recovery codes. Nothing of it is a secret."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.domain.staff.account import Credential
from newsletter.store.schema import accounts
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_credential = accounts.credential.c
_recovery = accounts.recovery.c
_NO_FACTOR = {"factor": "", "factor_at": None, "factor_step": 0, "pending": "", "kept_at": None}


class Accounts:
    """By folded address. Who has no row here has not accepted an invitation yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, address: str) -> Credential | None:
        query = select(accounts.credential).where(_credential.address == address)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _credential_of(row)

    def all(self) -> dict[str, Credential]:
        """Folded address → what they sign in with."""
        rows = self._connection.execute(select(accounts.credential))
        return {row.address: _credential_of(row) for row in rows}

    def open(self, address: str, password: str, at: datetime) -> None:
        """Open an account, or open it anew: what second factors there were are gone."""
        values = {"password": password, "password_at": to_ms(at), **_NO_FACTOR}
        self._connection.execute(
            insert_or(accounts.credential)
            .values(address=address, **values)
            .on_conflict_do_update(index_elements=["address"], set_=values)
        )
        self._forget_factors(address)

    def set_password(self, address: str, password: str, at: datetime) -> None:
        self._set(address, password=password, password_at=to_ms(at))

    def remove(self, address: str) -> bool:
        """Take all of it away; tells whether there was any."""
        self._forget_factors(address)
        self._connection.execute(
            delete(accounts.familiar).where(accounts.familiar.c.address == address)
        )
        gone = delete(accounts.credential).where(_credential.address == address)
        return self._connection.execute(gone).rowcount == 1

    # --- the second factor

    def prepare_factor(self, address: str, salt: str) -> None:
        """Begin to set a second factor up; the one that there is goes on."""
        self._set(address, pending=salt)

    def confirm_factor(self, address: str, step: int, at: datetime) -> bool:
        """What was being set up counts from now on. False where nothing was."""
        done = self._connection.execute(
            update(accounts.credential)
            .where(_credential.address == address, _credential.pending != "")
            .values(
                factor=_credential.pending,
                factor_at=to_ms(at),
                factor_step=step,
                pending="",
                kept_at=None,
            )
        )
        return done.rowcount == 1

    def use_step(self, address: str, step: int) -> bool:
        """A code of this step of time counts once, and none of before it. False: it does not."""
        used = self._connection.execute(
            update(accounts.credential)
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
        theirs = delete(accounts.passkey).where(accounts.passkey.c.address == address)
        self._connection.execute(theirs)

    # --- recovery codes

    def renew_codes(self, address: str, hashes: Iterable[bytes]) -> None:
        """Put these in the place of all that there were."""
        self._connection.execute(delete(accounts.recovery).where(_recovery.address == address))
        rows = [{"address": address, "hash": one} for one in hashes]
        if rows:
            self._connection.execute(insert(accounts.recovery), rows)
        self._set(address, kept_at=None)

    def has_code(self, address: str, hash: bytes) -> bool:
        """Whether it is one of theirs that was not used."""
        query = select(func.count()).where(*_unused(address), _recovery.hash == hash)
        return bool(self._connection.scalar(query))

    def keep_codes(self, address: str, at: datetime) -> None:
        """One was typed back: they were kept."""
        self._set(address, kept_at=to_ms(at))

    def use_code(self, address: str, hash: bytes, at: datetime) -> bool:
        """Use a recovery code up. False where it is none, or was used."""
        used = self._connection.execute(
            update(accounts.recovery)
            .where(*_unused(address), _recovery.hash == hash)
            .values(used_at=to_ms(at))
        )
        return used.rowcount == 1

    def codes_left(self, address: str) -> int:
        query = select(func.count()).select_from(accounts.recovery).where(*_unused(address))
        return self._connection.scalar(query) or 0

    def _set(self, address: str, **values: Any) -> None:
        self._connection.execute(
            update(accounts.credential).where(_credential.address == address).values(**values)
        )


def _unused(address: str) -> tuple[Any, ...]:
    return _recovery.address == address, _recovery.used_at.is_(None)


def _credential_of(row: Row[Any]) -> Credential:
    return Credential(
        address=row.address,
        password=row.password,
        password_at=from_ms(row.password_at),
        factor=row.factor,
        factor_at=maybe_from_ms(row.factor_at),
        factor_step=row.factor_step,
        pending=row.pending,
        kept_at=maybe_from_ms(row.kept_at),
    )
