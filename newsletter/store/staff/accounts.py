"""The staff: roles, credentials, passkeys and links. Links are stored as hashes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from newsletter.domain.staff.account import Credential, Passkey, StaffLink, name_of
from newsletter.domain.staff.role import Role
from newsletter.store.database import Repository

_SELECT_CREDENTIAL = """
    SELECT address, password, password_at, factor, factor_at, factor_step, pending,
        muted, feed, issuer, subject
    FROM credential
"""
_SELECT_PASSKEY = """
    SELECT id, address, party, name, public, signatures, made_at, used_at FROM passkey
"""
_SELECT_LINK = """
    SELECT id, kind, address, role, "by", made_at, expires_at, used_at, withdrawn_at, email_id
    FROM staff_link
"""
_UNUSED = {"used_at": None, "withdrawn_at": None}
_IS_UNUSED = "used_at IS NULL AND withdrawn_at IS NULL"


class Accounts(Repository):
    """Accounts by folded address. A person gets one by accepting an invitation."""

    def get(self, address: str) -> Credential | None:
        return self._db.first(
            Credential, f"{_SELECT_CREDENTIAL} WHERE address = :address", address=address
        )

    def all(self) -> dict[str, Credential]:
        """Return the credentials of all staff, by folded address."""
        return {found.address: found for found in self._db.all(Credential, _SELECT_CREDENTIAL)}

    def open(self, address: str, password: str, at: datetime) -> None:
        """Open an account, or open it again without its second factors, calendar and identity."""
        columns = {
            "password": password,
            "password_at": at,
            "feed": None,
            "issuer": "",
            "subject": "",
        }
        self._db.put("credential", "address", address=address, **columns)
        self.drop_factor(address)

    def change(self, address: str, **columns: object) -> None:
        """Change fields of an account, such as ``muted``, ``feed``, ``pending`` or ``subject``."""
        self._db.update("credential", {"address": address}, **columns)

    def find_by_identity(self, issuer: str, subject: str) -> str | None:
        """Return the address of the person with this account at the identity provider."""
        found: str | None = self._db.value(
            "SELECT address FROM credential"
            " WHERE issuer = :issuer AND subject = :subject AND subject <> ''",
            issuer=issuer,
            subject=subject,
        )
        return found

    def find_calendar_owner(self, hash: bytes) -> str | None:
        """Return the address of the person whose calendar URL has a token with this hash."""
        found: str | None = self._db.value(
            "SELECT address FROM credential WHERE feed = :hash", hash=hash
        )
        return found

    def remove(self, address: str) -> bool:
        self.drop_factor(address)
        self._db.change("DELETE FROM known_network WHERE address = :address", address=address)
        return self._db.changes("DELETE FROM credential WHERE address = :address", address=address)

    def confirm_factor(self, address: str, step: int, at: datetime) -> bool:
        """Activate the prepared second factor; return False if there is none."""
        return self._db.changes(
            "UPDATE credential SET factor = pending, factor_at = :at, factor_step = :step,"
            " pending = '' WHERE address = :address AND pending <> ''",
            address=address,
            step=step,
            at=at,
        )

    def use_step(self, address: str, step: int) -> bool:
        """Store the time step of a one-time code; return False unless it is a later step."""
        return self._db.changes(
            "UPDATE credential SET factor_step = :step"
            " WHERE address = :address AND factor_step < :step",
            address=address,
            step=step,
        )

    def drop_factor(self, address: str) -> None:
        """Delete the second factor, with recovery codes and passkeys."""
        self._db.update(
            "credential", {"address": address}, factor="", factor_at=None, factor_step=0, pending=""
        )
        self.renew_codes(address, ())
        self._db.change("DELETE FROM passkey WHERE address = :address", address=address)

    def renew_codes(self, address: str, hashes: Iterable[bytes]) -> None:
        self._db.change("DELETE FROM recovery WHERE address = :address", address=address)
        for hashed in hashes:
            self._db.insert("recovery", address=address, hash=hashed)

    def use_code(self, address: str, hash: bytes, at: datetime) -> bool:
        """Mark a recovery code as used; return False if it is unknown or used."""
        unused_code = {"address": address, "hash": hash, "used_at": None}
        return self._db.update("recovery", unused_code, used_at=at)

    def count_unused_codes(self, address: str) -> int:
        return self._db.number(
            "SELECT COUNT(*) FROM recovery WHERE address = :address AND used_at IS NULL",
            address=address,
        )


class Passkeys(Repository):
    def list_for(self, address: str) -> list[Passkey]:
        """Return the passkeys of a person, the newest first."""
        return self._db.all(
            Passkey,
            f"{_SELECT_PASSKEY} WHERE address = :address ORDER BY made_at DESC, id",
            address=address,
        )

    def add(self, passkey: Passkey) -> bool:
        """Add a passkey; return False if a person has it already."""
        return self._db.insert_new("passkey", **vars(passkey))

    def use(self, id: bytes, count: int, at: datetime) -> None:
        """Record a use of a passkey, and its signature counter."""
        self._db.update("passkey", {"id": id}, signatures=count, used_at=at)

    def remove(self, id: bytes) -> bool:
        return self._db.changes("DELETE FROM passkey WHERE id = :id", id=id)


class StaffLinks(Repository):
    """Links for new accounts and new passwords. Only the hash of the token is stored."""

    def add(self, link: StaffLink, hash: bytes) -> int:
        """Add a link and withdraw the person's earlier links; return its id."""
        self.withdraw_all(link.made_at, address=link.address)
        values = {name: value for name, value in vars(link).items() if name != "id"}
        return self._db.insert("staff_link", returning="id", hash=hash, **values)

    def find(self, hash: bytes) -> StaffLink | None:
        """Return the link whose token has this hash, even if it is used or expired."""
        return self._db.first(StaffLink, f"{_SELECT_LINK} WHERE hash = :hash", hash=hash)

    def get(self, link_id: int) -> StaffLink | None:
        return self._db.first(StaffLink, f"{_SELECT_LINK} WHERE id = :id", id=link_id)

    def list_usable(self, now: datetime) -> list[StaffLink]:
        """Return the links that still work, the newest first."""
        return self._db.all(
            StaffLink,
            f"{_SELECT_LINK} WHERE {_IS_UNUSED} AND expires_at > :now ORDER BY id DESC",
            now=now,
        )

    def find_mailed(self, email_id: int, now: datetime) -> StaffLink | None:
        return self._db.first(
            StaffLink,
            f"{_SELECT_LINK} WHERE {_IS_UNUSED} AND email_id = :email_id AND expires_at > :now",
            email_id=email_id,
            now=now,
        )

    def use(self, link_id: int, at: datetime) -> bool:
        """Use a link; return False if it was used or withdrawn, or has expired."""
        return self._db.changes(
            f"UPDATE staff_link SET used_at = :at WHERE {_IS_UNUSED} AND id = :id"
            " AND expires_at > :at",
            id=link_id,
            at=at,
        )

    def withdraw(self, link_id: int, at: datetime) -> bool:
        """Withdraw a link; return False if it was used or withdrawn."""
        return self._db.update("staff_link", {"id": link_id, **_UNUSED}, withdrawn_at=at)

    def withdraw_all(self, at: datetime, **owner: str) -> None:
        """Withdraw the unused links for a person (``address``), or of their creator (``by``)."""
        self._db.update("staff_link", {**owner, **_UNUSED}, withdrawn_at=at)


class Staff(Repository):
    """The members of staff, read once a transaction."""

    _read: Sequence[tuple[str, Role, str, str]] | None = None

    def roles(self) -> dict[str, Role]:
        """Return the role of each person, by folded address."""
        return {address: role for address, role, _, _ in self._rows()}

    def role(self, address: str) -> Role | None:
        return self.roles().get(address)

    def names(self) -> dict[str, str]:
        """Return folded address → name of all staff; without a name, one made of the address."""
        return {address: name or name_of(address) for address, _, name, _ in self._rows()}

    def given_names(self) -> dict[str, str]:
        """Return folded address → name, of staff with a name."""
        return {address: name for address, _, name, _ in self._rows() if name}

    def languages(self) -> dict[str, str]:
        """Return folded address → the language that the person chose for the desk."""
        return {address: language for address, _, _, language in self._rows() if language}

    def _rows(self) -> Sequence[tuple[str, Role, str, str]]:
        if self._read is None:
            query = "SELECT address, role, name, language FROM staff ORDER BY address"
            self._read = [(one, Role(role), *rest) for one, role, *rest in self._db.rows(query)]
        return self._read

    def change(self, address: str, **columns: str) -> None:
        """Change a person's ``name``, or the ``language`` of the desk ("" is the browser's)."""
        self._read = None
        self._db.update("staff", {"address": address}, **columns)

    def put(self, address: str, role: Role, at: datetime) -> None:
        """Add a person, or change the person's role."""
        self._read = None
        self._db.change(
            "INSERT INTO staff (address, role, added_at) VALUES (:address, :role, :at)"
            " ON CONFLICT (address) DO UPDATE SET role = excluded.role",
            address=address,
            role=role,
            at=at,
        )

    def remove(self, address: str) -> bool:
        self._read = None
        return self._db.changes("DELETE FROM staff WHERE address = :address", address=address)
