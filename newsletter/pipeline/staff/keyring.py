"""A second factor by a touch: passkeys are added to an account and removed, and asked for.

They stand beside an authenticator app, never in its place: with a code there is a way in from a
browser that runs no script, or on a borrowed machine.
"""

from typing import Any

from newsletter.credentials import passkeys
from newsletter.credentials.links import hash_of
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import Stage
from newsletter.domain.staff.passkey import LONGEST_NAME, MOST_PASSKEYS, Party, Passkey
from newsletter.pipeline.staff.proofs import Denied, Place, Proofs, SignedIn, json_of
from newsletter.store.sql import Transaction


def begin(hashed: bytes, *, party: Party, proofs: Proofs) -> dict[str, Any]:
    """What a browser is asked for to make a passkey. Raises Refused."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        known = _known(tx, session.address)
        return passkeys.to_make(
            party,
            proofs.ask(tx, session),
            handle=passkeys.handle_of(proofs.key, session.address),
            address=session.address,
            known=[one.id for one in known],
        )


def add(
    hashed: bytes, said: str, *, name: str, party: Party, place: Place, proofs: Proofs
) -> SignedIn | Denied:
    """Keep a passkey that a browser made. Raises Refused where there can be no more."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        _known(tx, session.address)
        challenge = proofs.asked(tx, session)
        if challenge is None:
            return Denied.UNFIT
        try:
            made = passkeys.made(party, challenge, json_of(said))
        except passkeys.Unfit as error:
            proofs.enter(tx, session.address, "passkey refused", session.address, str(error))
            return Denied.UNFIT
        passkey = Passkey(
            id=made.id,
            address=session.address,
            party=party.id,
            name=_name(name) or place.browser or "A passkey",
            public=made.public,
            signatures=made.signatures,
            made_at=proofs.clock.now(),
        )
        if not tx.passkeys.add(passkey):
            return Denied.UNFIT
        told = f"The passkey “{passkey.name}” was added to your account."
        return proofs.changed(tx, session, "passkey", f"{passkey.name} added", told, place)


def remove(hashed: bytes, key: str, *, place: Place, proofs: Proofs) -> SignedIn:
    """Take one of one's own passkeys away. Raises NotFound for what is none of theirs."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        mine = [one for one in tx.passkeys.of(session.address) if one.key == key]
        if not mine:
            raise NotFound("This passkey was removed already, or it is not yours.")
        tx.passkeys.remove(mine[0].id)
        told = f"The passkey “{mine[0].name}” was removed from your account."
        return proofs.changed(tx, session, "passkey", f"{mine[0].name} removed", told, place)


def ask(word: str, *, party: Party, proofs: Proofs) -> dict[str, Any] | None:
    """What a browser is asked for to show a passkey; None where there is nobody to show one.

    Of whoever is signed in, and of whoever gave the right password.
    """
    hashed = hash_of(word)
    with proofs.store.begin() as tx:
        session = tx.sessions.get(hashed) or tx.sessions.half(hashed)
        if session is None or not session.alive(proofs.clock.now()):
            return None
        known = [one.id for one in tx.passkeys.of(session.address) if one.party == party.id]
        if not known or session.stage is Stage.ENROLLING:
            return None
        return passkeys.to_show(party, proofs.ask(tx, session), known)


def _known(tx: Transaction, address: str) -> list[Passkey]:
    """Those that there are, where one more may be added. Raises Refused."""
    credential = tx.accounts.get(address)
    if credential is None or not credential.has_factor:
        raise Refused("set up an authenticator app first; a passkey stands beside it")
    known = tx.passkeys.of(address)
    if len(known) >= MOST_PASSKEYS:
        raise Refused(f"an account has {MOST_PASSKEYS} passkeys at most; remove one first")
    return known


def _name(said: str) -> str:
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return line[:LONGEST_NAME].strip()
