"""The staff: members, roles, and the links with which they open accounts.

Opening a link changes nothing; posting its form uses it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.credentials.codes import hash_token, link_token, new_token
from newsletter.credentials.id_tokens import Identity
from newsletter.credentials.passwords import password_fault
from newsletter.domain.campaigns.campaign import Start, has_begun
from newsletter.domain.delivery.transactional import EmailKind, TransactionalEmail
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.account import (
    INVITATION_LIFETIME,
    RESET_LIFETIME,
    Limit,
    LinkKind,
    SignInBy,
    StaffLink,
    limits_on_password_links,
    name_of,
)
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.domain.subscribers.address import (
    fold,
    fold_or_empty,
    parse_address,
    same_person,
)
from newsletter.domain.wording import Sentence, moment, one_line, say
from newsletter.pipeline.ledger import act_as, find_role
from newsletter.pipeline.staff.proofs import (
    SIGNED_IN_AS_ANOTHER,
    Proofs,
    SignedIn,
    identity_text,
)
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class Person:
    address: str
    name: str
    role: Role
    has_account: bool
    """The person has an account. Without one they can act only by command."""
    has_factor: bool
    seen_at: datetime | None
    """The last use of a session that has not ended; None without any."""


@dataclass(frozen=True, kw_only=True)
class UnusedLink:
    """An unused link from the last three days, and its email."""

    link: StaffLink
    email: TransactionalEmail | None
    """None if the operator printed the link."""
    works: bool


def load_staff(*, proofs: Proofs) -> Sequence[Person]:
    """Return all staff, sorted by address."""
    with proofs.store.read() as tx:
        names, accounts = tx.staff.names(), tx.accounts.all()
        people = []
        for address, role in tx.staff.roles().items():
            account = accounts.get(address)
            uses = [session.seen_at for session in tx.sessions.list_for(address)]
            people.append(
                Person(
                    address=address,
                    name=names[address],
                    role=role,
                    has_account=account is not None,
                    has_factor=account is not None and account.has_factor,
                    seen_at=max(uses, default=None),
                )
            )
        return people


def load_unused_links(*, proofs: Proofs) -> Sequence[UnusedLink]:
    with proofs.store.read() as tx:
        return [
            UnusedLink(
                link=one,
                email=tx.emails.get(one.email_id) if one.email_id else None,
                works=one.is_usable(tx.now),
            )
            for one in tx.staff_links.list_usable(tx.now - INVITATION_LIFETIME)
        ]


def change_role(address: str, role: Role, *, by: str, proofs: Proofs) -> Role:
    """Change a person's role and end their sessions. Return the former role.

    Raises NotFound, and Refused for one's own role and for the last admin.
    """
    who = fold_or_empty(address)
    with act_as(proofs.store, by, Role.ADMIN, "change roles") as (tx, actor):
        before = find_role(tx, who)
        if who == actor:
            raise Refused(say("You cannot change your own role. Ask another admin."))
        if before is role:
            return before
        if role is not Role.ADMIN:
            refuse_last_admin(tx, who)
        _grant(tx, who, role, actor)
        _revoke_access(tx, who)
        roles = {"role": say(role.value), "before": say(before.value)}
        tx.audit.enter(actor, "role", who, **roles)
        what = "Your role is {role} now; it was {before}. It was changed by {who}."
        _tell(tx, who, say(what, who=_actor_name(tx, actor), **roles), proofs)
    return before


def add_member(address: str, role: Role, *, by: str, proofs: Proofs) -> None:
    """Add a member of staff without an account, or change their role.

    Without an account they can act only by command. Raises Refused if a member of staff has another
    address of the mailbox.
    """
    with proofs.store.begin() as tx:
        refuse_same_mailbox(tx, address)
        _grant(tx, address, role, by)
        tx.staff_links.withdraw_all(tx.now, address=address)  # it may be for another role
        if role is not Role.ADMIN:
            tx.tokens.revoke_by(address, tx.now)
        tx.audit.enter(by, "user", address, role=say(role.value))


def disable(address: str, *, by: str, proofs: Proofs) -> None:
    """Remove a person's account and role, and end their sessions.

    Raises NotFound, and Refused for oneself and for the last admin.
    """
    who = fold_or_empty(address)
    with act_as(proofs.store, by, Role.ADMIN, "remove somebody") as (tx, actor):
        before = find_role(tx, who)
        if who == actor:
            raise Refused(say("You cannot remove yourself. Ask another admin."))
        refuse_last_admin(tx, who)
        _tell(
            tx, who, say("Your account was removed by {who}.", who=_actor_name(tx, actor)), proofs
        )
        tx.staff.remove(who)
        tx.accounts.remove(who)
        _revoke_access(tx, who)
        tx.audit.enter(actor, "remove", who, role=say(before.value))


def find_dependent_statements(address: str, *, proofs: Proofs) -> dict[str, str]:
    """Return slug → title of the unsent statements that this person approved or started.

    If the person loses their role, these wait for another person.
    """
    with proofs.store.read() as tx:
        waiting = {one.slug for one in tx.campaigns.list_open() if not has_begun(one)}
        titles = {}
        for stored in tx.statements.find(waiting.union(tx.approvals.find_unsent_slugs(address))):
            acts: list[Approval | Start] = [*tx.approvals.list_for(stored.slug)]
            acts += tx.starts.list_for(stored.slug)
            own = [one.content_hash for one in acts if one.by == address and not one.revoked_at]
            if stored.content_hash in own:
                titles[stored.slug] = stored.statement.title
        return titles


def refuse_last_admin(tx: Transaction, address: str) -> None:
    if [one for one, role in tx.staff.roles().items() if role is Role.ADMIN] == [address]:
        last = "{address} is the last admin; make somebody else an admin first"
        raise Refused(say(last, address=address))


def _grant(tx: Transaction, address: str, role: Role, actor: str) -> None:
    """Set a person's role. Revoke approvals and starts that would count again by the new role."""
    before = tx.staff.role(address)
    tx.staff.put(address, role, tx.now)
    gained = {one for one in Role if role.includes(one) and not (before and before.includes(one))}
    if gained & {Role.APPROVER, Role.ADMIN}:
        # overrides need an admin
        only = None if Role.APPROVER in gained else Channel.OVERRIDE
        why = say("it was given in a former role")
        for slug in tx.approvals.find_unsent_slugs(address):
            tx.approvals.revoke(slug, tx.now, address, only, actor=actor, reason=why)
    if Role.SENDER in gained:
        tx.starts.revoke_by(address, tx.now)


def _tell(tx: Transaction, address: str, notice: Sentence, proofs: Proofs) -> None:
    """Email a notice to the person, if they have an account."""
    if tx.accounts.get(address) is not None:
        proofs.tell(tx, address, notice)


def _revoke_access(tx: Transaction, address: str) -> None:
    """End a person's sessions, their unused links, and the links and tokens that they created.

    Approvals and starts stay: they count by the current role.
    """
    tx.sessions.end_all(address)
    tx.staff_links.withdraw_all(tx.now, address=address)
    tx.staff_links.withdraw_all(tx.now, by=address)
    tx.tokens.revoke_by(address, tx.now)


def _actor_name(tx: Transaction, actor: str) -> str:
    """Return the name of an admin or of the operator, for an email."""
    if actor == OPERATOR_NAME:
        return say("the operator")
    return f"{tx.staff.names().get(actor) or name_of(actor)} ({actor})"


_MAX_NAME_CHARS = 80


@dataclass(frozen=True, kw_only=True)
class Link:
    """A new link. Only the hash of its token is stored."""

    address: str
    role: Role
    token: str
    """Empty if the link is emailed: only its owner may know the token."""
    expires_at: datetime


def invite(address: str, role: Role, *, by: str, proofs: Proofs) -> Link:
    """Create a link with which a person opens an account. It replaces their earlier links.

    The operator gets the link. If an admin invites, only the invited person gets it, by email:
    otherwise an admin could open an account in another name and approve as two people. Raises
    InvalidInput for an invalid address, and Refused for a person who has an account or another
    address among the staff.
    """
    invited = _parse(address)
    with act_as(proofs.store, by, Role.ADMIN, "invite somebody") as (tx, actor):
        known = tx.staff.role(invited)
        if known is not None and tx.accounts.get(invited) is not None:
            has = "{address} has an account already; change their role instead"
            raise Refused(say(has, address=invited))
        if known not in {None, role}:
            other = "{address} is among the staff already; change their role first"
            raise Refused(say(other, address=invited))
        refuse_same_mailbox(tx, invited)
        link = _create_link(tx, LinkKind.INVITATION, invited, role, actor, proofs)
        tx.audit.enter(actor, "invite", invited, role=say(role.value), link=_how_delivered(link))
    return link


def reset(address: str, *, by: str, proofs: Proofs) -> Link:
    """Create a link for a new password and second factor, and end the person's sessions.

    The operator gets the link; otherwise it is emailed to the person. Raises InvalidInput, NotFound
    and Refused.
    """
    who = _parse(address)
    with act_as(proofs.store, by, Role.ADMIN, "let somebody in again") as (tx, actor):
        role = find_role(tx, who)
        if who == by:
            raise Refused(say("Change your own password on your account page."))
        link = _create_link(tx, LinkKind.RESET, who, role, actor, proofs)
        tx.sessions.end_all(who)
        tx.audit.enter(actor, "reset", who, link=_how_delivered(link))
        if link.token:
            proofs.tell(tx, who, say("The operator has a link that sets a new password."))
    return link


def request_reset(address: str, *, proofs: Proofs) -> None:
    """Email a link for a new password to the owner of an account. The second factor stays.

    The caller does not learn whether the account exists. An unused link is not replaced, so that
    strangers cannot end it.
    """
    who = fold_or_empty(address)
    with proofs.store.begin() as tx:
        if proofs.attempt(tx, limits_on_password_links(who, proofs.client.network)) is None:
            return
        role, links = tx.staff.role(who), tx.staff_links.list_usable(tx.now)
        may_sign_in = role is not None and SignInBy.PASSWORD in proofs.methods(role)
        has_link = any(one.address == who for one in links)
        gets_link = may_sign_in and tx.accounts.get(who) and not has_link
        network = proofs.client.network or say("an unknown network")
        subject = who if gets_link else "no account"
        tx.audit.enter("nobody", "forgotten password", subject, network=network)
        if role and gets_link:
            _create_link(tx, LinkKind.FORGOTTEN, who, role, who, proofs)


def _how_delivered(link: Link) -> str:
    return say("the link was printed") if link.token else say("the link is mailed to its owner")


def _create_link(
    tx: Transaction, kind: LinkKind, address: str, role: Role, by: str, proofs: Proofs
) -> Link:
    """Create a link, and queue its email unless the operator prints it. Raises Refused."""
    expires_at = tx.now + (INVITATION_LIFETIME if kind is LinkKind.INVITATION else RESET_LIFETIME)
    if by == OPERATOR_NAME:
        email_id, token = None, new_token()
    else:
        limit = Limit(key=f"link {address}", max_count=_MAX_LINKS, period=timedelta(hours=1))
        if proofs.attempt(tx, [limit]) is None:
            many = "{number} links were mailed to {address} within an hour; wait a while"
            raise Refused(say(many, number=_MAX_LINKS, address=address))
        reason = say(_LINK_REASONS[kind], who=_actor_name(tx, by), role=say(role.value))
        sentence = "{reason} The link works once, until {until}."
        text = say(sentence, reason=reason, until=moment(expires_at, proofs.zone))
        language = tx.staff.languages().get(address, "")
        email_id = tx.emails.inform(address, text, tx.now, EmailKind.LINK, language=language)
        token = link_token(proofs.key, email_id)
    link = StaffLink(
        id=0,
        kind=kind,
        address=address,
        role=role,
        by=by,
        made_at=tx.now,
        expires_at=expires_at,
        email_id=email_id,
    )
    tx.staff_links.add(link, hash_token(token))
    printed_token = "" if email_id else token
    return Link(address=address, role=role, token=printed_token, expires_at=expires_at)


_MAX_LINKS = 5
_LINK_REASONS: Mapping[LinkKind, str] = {
    LinkKind.INVITATION: say("{who} invites you as {role}."),
    LinkKind.RESET: say("{who} lets you in again as {role}."),
    LinkKind.FORGOTTEN: say("{who} asked for a new password."),
}


def load_link(token: str, *, proofs: Proofs) -> tuple[StaffLink, frozenset[SignInBy]]:
    """Return the link with this token, and the methods by which its owner may sign in.

    Raises NotFound if the link is used, expired or unknown.
    """
    with proofs.store.read() as tx:
        link = _find_link(tx, token)
        return link, _methods_by_link(tx, link, proofs)


def _methods_by_link(tx: Transaction, link: StaffLink, proofs: Proofs) -> frozenset[SignInBy]:
    is_new = link.kind is LinkKind.INVITATION
    ways = proofs.methods(link.role if is_new else find_role(tx, link.address))
    return ways - {SignInBy.PROVIDER} if link.kind is LinkKind.FORGOTTEN else ways


def accept(token: str, *, name: str, password: str, proofs: Proofs) -> SignedIn | str:
    """Use a link: set the password and sign in. Return the session, or the password's fault.

    Raises NotFound for a link that does not work, Refused if too many passwords are being hashed.
    """
    with proofs.store.read() as tx:
        address = _find_link(tx, token).address
    fault = password_fault(password, address, name)
    if fault:
        return fault
    hashed = proofs.new_hash(password)
    with proofs.store.begin() as tx:
        # the link may have been used since the read
        return _use_link(tx, _find_link(tx, token), hashed, name, proofs)


def join(tx: Transaction, link_id: int, name: str, identity: Identity, proofs: Proofs) -> SignedIn:
    """Use the link with this id: connect an account at the identity provider and sign in.

    Raises NotFound, and Refused for the account of another person.
    """
    link = _require_open(tx, tx.staff_links.get(link_id))
    if identity.email and fold_or_empty(identity.email) != link.address:
        other = "You signed in there as {other}. This link is for {address}."
        raise Refused(say(other, other=identity.email, address=link.address))
    if tx.accounts.find_by_identity(identity.issuer, identity.subject) not in {None, link.address}:
        raise Refused(SIGNED_IN_AS_ANOTHER)
    return _use_link(tx, link, identity, name, proofs)


def _use_link(
    tx: Transaction, link: StaffLink, by: str | Identity, name: str, proofs: Proofs
) -> SignedIn:
    """Use a link. ``by`` is the hash of the new password, or an identity. Raises Refused."""
    identity = by if isinstance(by, Identity) else None
    method = SignInBy.PROVIDER if identity else SignInBy.PASSWORD
    if method not in _methods_by_link(tx, link, proofs):
        raise Refused(say("Your role does not sign in this way. Nothing was changed."))
    address, hashed = link.address, "" if identity else str(by)
    if link.kind is LinkKind.INVITATION:
        _grant(tx, address, link.role, link.by)
        tx.staff.change(address, name=one_line(name, _MAX_NAME_CHARS) or name_of(address))
    role = find_role(tx, address)  # a reset link never changes the role
    tx.staff_links.use(link.id, tx.now)
    if link.kind is LinkKind.FORGOTTEN:
        tx.accounts.change(address, password=hashed, password_at=tx.now)
    else:
        tx.accounts.open(address, hashed, tx.now)
    if identity:
        tx.accounts.change(address, issuer=identity.issuer, subject=identity.subject)
    tx.sessions.end_all(address)
    way = say("with {account}", account=identity_text(identity)) if identity else None
    way = way or say("with a password")
    _log_use(tx, link, role, way, proofs)
    credential = tx.accounts.get(address)
    assert credential is not None  # noqa: S101 - it was opened before
    stage = proofs.next_stage(role, credential, identity)
    # a first second factor needs a fresh sign-in, whose time some providers do not tell
    return proofs.begin(tx, address, stage, fresh_at=tx.now if identity else None)


def withdraw(link_id: int, *, by: str, proofs: Proofs) -> str:
    """Withdraw an unused link. Return its owner's address. Raises NotFound."""
    with act_as(proofs.store, by, Role.ADMIN, "withdraw an invitation") as (tx, actor):
        link = tx.staff_links.get(link_id)
        if link is None or not tx.staff_links.withdraw(link_id, tx.now):
            raise NotFound(say("This invitation was used or withdrawn already."))
        tx.audit.enter(actor, "withdraw invitation", link.address, kind=link.kind.value)
    return link.address


def _find_link(tx: Transaction, token: str) -> StaffLink:
    return _require_open(tx, tx.staff_links.find(hash_token(token)))


def _require_open(tx: Transaction, link: StaffLink | None) -> StaffLink:
    if link is not None and link.is_usable(tx.now):
        needs_admin = link.kind is not LinkKind.FORGOTTEN and link.by != OPERATOR_NAME
        if not needs_admin or tx.staff.role(link.by) is Role.ADMIN:
            return link
    dead = (
        "This link does nothing any more. It was used before, it is too old, or a newer one was"
        " made. Ask an admin of your team for a new one."
    )
    raise NotFound(say(dead))


def _log_use(tx: Transaction, link: StaffLink, role: Role, way: str, proofs: Proofs) -> None:
    values = {"way": way, "network": proofs.client.network or say("an unknown network")}
    if link.kind is LinkKind.INVITATION:
        role_name = say(role.value)
        tx.audit.enter(link.address, "accept invitation", link.address, role=role_name, **values)
        return
    tx.audit.enter(link.address, "use reset link", link.address, **values)
    text = say("A link that {who} made was used, {way}, from {network}.", who=link.by, **values)
    if link.by == link.address:
        text = say("A link that you asked for was used, {way}, from {network}.", **values)
    proofs.tell(tx, link.address, text)


def refuse_same_mailbox(tx: Transaction, address: str) -> None:
    """Raise Refused if a member or invited person has another address of the mailbox."""
    invited = {link.address for link in tx.staff_links.list_usable(tx.now)}
    others = {*tx.staff.roles(), *invited} - {address}
    same = [other for other in others if same_person(other, address)]
    if same:
        one = (
            "{address} and {other} are one mailbox; each person has one account, so that no writer"
            " approves their own text under another name"
        )
        raise Refused(say(one, address=address, other=same[0]))


def _parse(address: str) -> str:
    try:
        return fold(parse_address(address))
    except ValueError as error:
        raise InvalidInput.at("email", str(error)) from error
