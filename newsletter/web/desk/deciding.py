"""Functions that pages of the desk share: versions, effects, names, and errors in plain words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from newsletter.config.settings import Settings
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.account import name_of
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comparison import Difference, compare_contents
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.review import Check, ReviewFinding, Severity
from newsletter.domain.statements.statement import Statement, StoredStatement
from newsletter.domain.wording import Sentence, capitalized, listed, say, without_commands
from newsletter.pipeline.statements.review import review
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction

_ADDRESS_PATTERN = re.compile(r"(?<![^\s@,;:()“”])[^\s@,;:()“”]++@[^\s@,;:()“”]*[^\s@,;:()“”.]")

_PROVIDER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "http": say("the provider"),
        "mailersend": "MailerSend",
        "sendgrid": "SendGrid",
        "ses": "Amazon SES",
    }
)


def find_version(tx: Transaction, status: StatementStatus, content_hash: str) -> Content:
    """Return the current or an approved version of this statement. Raises NotFound."""
    approved_hashes = {approval.content_hash for approval in tx.approvals.list_for(status.slug)}
    approved_hashes |= {status.stored.content_hash}
    approved_hashes |= {status.campaign.content_hash} if status.campaign else set()
    content = tx.statements.get_content(content_hash) if content_hash in approved_hashes else None
    if content is None:
        raise NotFound(say("There is no such version of this statement."))
    return content


def compare_versions(tx: Transaction, seen_hash: str, hash_now: str) -> Sequence[Difference] | None:
    """Compare two versions, by hash, as readers see them; None if one is not stored."""
    old, new = tx.statements.get_content(seen_hash), tx.statements.get_content(hash_now)
    return None if old is None or new is None else compare_contents(old, new)


def correction_effect(tx: Transaction, statement: Statement) -> str:
    """Return who gets a correction and what happens to its original, in words; else "".

    A correction of a statement that has not begun takes its place and goes to its current lists.
    """
    original = tx.statements.get(statement.corrects)
    campaign = tx.campaigns.find_latest(statement.corrects)
    if not statement.corrects or original is None or campaign is None:
        return ""
    title = original.statement.title
    if campaign.started_at is None:
        place = "It goes out in the place of “{title}”, which ends when this begins."
        return say(place, title=title)
    effect = "It goes to everybody who has “{title}” or may have it, even if they left since."
    text = say(effect, title=title)
    waiting = 0 if campaign.state.is_final else campaign.counts.pending
    if not waiting:
        return text
    return say(
        "{whom} 1 person still waits for it and gets only the correction: the original ends when"
        " the correction begins.",
        "{whom} {count:,} people still wait for it and get only the correction: the original ends"
        " when the correction begins.",
        whom=text,
        count=waiting,
    )


def title_of(tx: Transaction, slug: str) -> str:
    stored = tx.statements.get(slug)
    return stored.statement.title if stored else slug


def titles_in_words(settings: Settings, lists: Sequence[str]) -> str:
    return listed(settings.titles_of(lists))


def findings_of(
    tx: Transaction, stored: StoredStatement, statements: Statements
) -> list[ReviewFinding]:
    """Return the review findings of a statement, most severe first; none if it has no email."""
    if not stored.present or not stored.content_hash:
        return []
    [reviewed] = review(tx, [stored], statements.review_rules)
    return sorted(reviewed.findings, key=lambda finding: list(Severity).index(finding.severity))


def mark_waived(
    findings: Sequence[ReviewFinding], status: StatementStatus, names: Mapping[str, str]
) -> list[ReviewFinding]:
    """Return the findings, with an embargo that approvers waived as advice that names them."""
    approvals = [one for one in status.approval.valid if Check.OPEN_EMBARGO.value in one.warnings]
    if not approvals:
        return list(findings)
    who = listed([names.get(one.by) or name_of(one.by) for one in approvals])
    said = say("{who} confirmed that there is no embargo.", who=who)
    return [
        replace(one, check=Check.EMBARGO, message=said) if one.check is Check.OPEN_EMBARGO else one
        for one in findings
    ]


def provider_names(kinds: Sequence[str]) -> str:
    """Return the names of providers, joined by "or": Mailgun or Amazon SES."""
    return listed([_PROVIDER_NAMES.get(kind, kind.capitalize()) for kind in kinds], "or")


def is_trial(settings: Settings) -> bool:
    """Return whether the provider writes emails to files instead of sending them."""
    return all(getattr(provider, "kind", "") == "outbox" for provider in settings.providers)


def role_holders(tx: Transaction, role: Role) -> str:
    """Return the names of the staff with a role: Cleo or Dan."""
    names, roles = tx.staff.names(), tx.staff.roles().items()
    return listed([names[address] for address, held in roles if held.includes(role)], "or")


def describe_error(
    error: object, names: Mapping[str, str] = MappingProxyType({}), other: str = "somebody"
) -> str:
    """Return an error's message as a sentence of a page, without commands.

    Staff are called by their names. ``other`` replaces other addresses; "" shows them.
    """
    # an error may contain a reader's address, which staff at the desk need not see
    hide = partial(_ADDRESS_PATTERN.sub, lambda found: names.get(found[0], other or found[0]))

    def shown(_: str, value: object) -> object:
        if isinstance(value, Sentence):
            return value.map(shown, without_commands)
        return hide(value) if isinstance(value, str) else value

    message = str(error)
    text = shown("", message) if isinstance(message, Sentence) else hide(without_commands(message))
    return sentence(str(text))


def sentence(text: str) -> str:
    """Return a text with a capital and a full stop."""
    return capitalized(text, "." * bool(text and not text.endswith((".", "?", "!"))))
