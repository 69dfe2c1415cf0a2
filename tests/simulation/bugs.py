"""Bugs to plant. Each replaces one part, and the simulation has to find it."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPResponse
from typing import Any

from newsletter.domain.campaigns.campaign import CampaignState, Correction
from newsletter.domain.delivery.batch import Answer, BatchOutcomes, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.delivery.restore_guard import GuardRecord
from newsletter.domain.delivery.transactional import EmailLimits
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Progress, StoredStatement
from newsletter.domain.subscribers.audience import Audience
from newsletter.store.sql import Transaction
from newsletter.transport.transport import FinalAnswer
from tests.fakes import PlainLinks
from tests.interrupted import Instead
from tests.simulation.cast import BERLIN
from tests.simulation.host import PROVIDERS, Books, Noted, Parts
from tests.simulation.wire import Customer

_ACCEPTED = Outcome(verdict=Verdict.ACCEPTED)
_HOUR = 3_600_000


def _in(repository: str, methods: str, twist: Callable[..., Any]) -> Parts:
    """Replace methods of a repository. A replacement gets the transaction and the right method."""

    def transaction(tx: Transaction) -> Any:
        part = getattr(tx, repository)
        wrong = {name: partial(twist, tx, getattr(part, name)) for name in methods.split()}
        return Instead(tx, **{repository: Instead(part, **wrong)})

    return Parts(transaction=transaction)


def _answered(wrong: Callable[[Answer], Answer]) -> Parts:
    """Misread each answer."""

    def provider(customer: Customer) -> Any:
        def send(prepared: PreparedRequest) -> Answer:
            return wrong(customer.send(prepared))

        return Instead(customer, send=send)

    return Parts(provider=provider)


def _boasts(**capabilities: Any) -> Parts:
    """Claim capabilities that the provider does not have."""

    def provider(customer: Customer) -> Any:
        said = {
            name: value
            for name, value in capabilities.items()
            if getattr(customer.capabilities, name)
        }
        return Instead(customer, capabilities=replace(customer.capabilities, **said))

    return Parts(provider=provider)


def _sql(tx: Transaction, statement: str, *values: Any) -> list[Any]:
    return tx.db.driver.execute(statement, values).fetchall()


def _beside(after: str = "", before: str = "") -> Callable[..., Any]:
    """Change rows before and after the right method."""

    def twist(tx: Any, right: Callable[..., Any], *given: Any, **named: Any) -> Any:
        _sql(tx, before)
        done = right(*given, **named)
        _sql(tx, after)
        return done

    return twist


def _as_retry(answer: Answer) -> Answer:
    again = Outcome(verdict=Verdict.RETRY, reason="timed out")
    return replace(answer, outcome=again) if answer.outcome.verdict is Verdict.UNKNOWN else answer


def _key_as_refused(answer: Answer) -> Answer:
    return _as_retry(answer) if "idempotencyKey" in str(answer.outcome.reason) else answer


def _as_refused(answer: Answer) -> Answer:
    refused = Outcome(verdict=Verdict.CONFIGURATION, reason="timed out")
    return replace(answer, outcome=refused) if answer.outcome.verdict is Verdict.UNKNOWN else answer


def _as_followed(answer: Answer) -> Answer:
    return Answer(outcome=_ACCEPTED) if answer.outcome.reason == "HTTP 302" else answer


class _FirstAnswer(FinalAnswer):
    """The first answer that arrives, as Python's own client reads it: an early hint is empty."""

    def begin(self) -> None:
        HTTPResponse.begin(self)
        if self.status < 200:
            self.headers["Content-Length"] = "0"


def _whenever(customer: Customer) -> Any:
    def send(prepared: PreparedRequest) -> Answer:
        return customer.send(replace(prepared, not_after=None))

    return Instead(customer, send=send)


def _elsewhere(customer: Customer) -> Any:
    def look_up(batch: OutgoingBatch) -> Any:
        return replace(customer, key="another-9").look_up(batch)

    return Instead(customer, look_up=look_up)


class _NextOnes(PlainLinks):
    def for_batch(
        self, campaign_id: int, subscriber_ids: Sequence[int]
    ) -> tuple[list[str], list[str]]:
        right, message_ids = super().for_batch(campaign_id, subscriber_ids)
        return [*right[1:], *right[:1]], message_ids


def _forgetful(noted: Noted) -> Any:
    """A guard record that notes no claims."""
    return Instead(noted, store_claim=lambda *_claims: None, follow=lambda _claims: None)


def _moved_at_fetch(tx: Any, right: Callable[..., Any], **named: Any) -> Any:
    claimed = right(**named)
    if claimed is not None:
        outcomes = BatchOutcomes(outcome=_ACCEPTED, exceptions={})
        tx.batches.settle(claimed, outcomes=outcomes, at=named["at"])
    return claimed


def _whoever_left(tx: Any, right: Callable[..., Any], **named: Any) -> Any:
    claimed = right(**named)
    if claimed is None:
        return None
    rows = _sql(
        tx,
        "SELECT s.id, s.address FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id"
        " WHERE d.batch_id = ? AND d.state = 'suppressed'",
        claimed.id,
    )
    return replace(claimed, members=sorted([*claimed.members, *map(tuple, rows)]))


def _unfenced(tx: Any, right: Callable[..., Any], claimed: Any, **named: Any) -> Any:
    _sql(
        tx,
        "UPDATE batch SET state = 'claimed', fence = ?, pending = pending + accepted + unknown,"
        " accepted = 0, unknown = 0 WHERE id = ?",
        claimed.fence,
        claimed.id,
    )
    return right(claimed, **named)


def _taken_over(books: sqlite3.Connection, now: datetime) -> None:
    books.execute(
        "UPDATE batch SET state = 'queued', fence = fence + 1"
        " WHERE state = 'claimed' AND lease_until - 60000 < ?",
        (int(now.timestamp() * 1000),),
    )


def _overlapping(tx: Any, right: Callable[..., Any], claimed: Any) -> Any:
    return right(replace(claimed, members=[*claimed.members, claimed.members[0]]))


def _unfenced_unknown(tx: Any, right: Callable[..., Any], held: Any, **named: Any) -> Any:
    [[fence]] = _sql(tx, "SELECT fence FROM batch WHERE id = ?", held.id)
    return right(replace(held, fence=fence), **named)


def _nobody_left(_tx: Any, right: Callable[..., Any], **named: Any) -> Any:
    held = right(**named)
    return None if held is None else replace(held, left=frozenset())


def _any_account(tx: Any, right: Callable[..., Any], accounts: Mapping[str, str]) -> Any:
    for provider, account in accounts.items():
        what = "UPDATE batch SET account = ? WHERE state = 'unknown' AND provider = ?"
        _sql(tx, what, account, provider)
    return right(accounts)


def _all_of_them(
    tx: Any, right: Callable[..., Any], campaign_id: int, told: dict[int, str], **named: Any
) -> Any:
    rows = _sql(tx, "SELECT members FROM batch WHERE campaign_id = ? AND unknown > 0", campaign_id)
    batches = [json.loads(members) for (members,) in rows]
    with_them = [n for members in batches if set(members) & told.keys() for n in members]
    return right(campaign_id, dict.fromkeys(with_them, "") | told, **named)


def _not_to_new_halves(
    tx: Any, right: Callable[..., Any], campaign_id: int, told: dict[int, str], **named: Any
) -> Any:
    what = (
        "SELECT members FROM batch WHERE campaign_id = ? AND state = 'queued' AND attempt_id = ''"
    )
    halves = {n for (members,) in _sql(tx, what, campaign_id) for n in json.loads(members)}
    kept = {number: name for number, name in told.items() if number not in halves}
    return right(campaign_id, kept, **named)


def _to_addresses_of_today(tx: Any, right: Callable[..., Any], **named: Any) -> Any:
    held = right(**named)
    if held is None:
        return None
    now = dict(_sql(tx, "SELECT id, address FROM subscriber"))
    return replace(held, members=[(number, now.get(number, "")) for number, _ in held.members])


def _absent_with_the_others(_tx: Any, right: Callable[..., Any], held: Any, **named: Any) -> Any:
    return right(held, **named | {"undecided": frozenset()})


def _from_the_first(_tx: Any, right: Callable[..., Any], held: Any, **named: Any) -> Any:
    return right(held, **named | {"silent_looks": named.get("silent_looks", 0) and 2})


def _unfenced_confirm(
    tx: Any, right: Callable[..., Any], campaign_id: int, *a: Any, **n: Any
) -> Any:
    before = _sql(tx, "SELECT fence, id FROM batch WHERE campaign_id = ?", campaign_id)
    people = right(campaign_id, *a, **n)
    for fence, batch in before:
        _sql(tx, "UPDATE batch SET fence = ? WHERE id = ?", fence, batch)
    return people


def _of_whoever_it_is_now(tx: Any, right: Callable[..., Any], events: Any, **named: Any) -> Any:
    now = dict(_sql(tx, "SELECT id, address FROM subscriber"))
    return [
        replace(place, address=now.get(place.subscriber_id, place.address))
        for place in right(events, **named)
    ]


def _at_the_first_account(
    _tx: Any, right: Callable[..., Any], batch_id: int, *, account: str, **to: Any
) -> Any:
    return right(batch_id, account=f"{PROVIDERS[0]}-1", **to)


def _claim_lacking(noted: Noted) -> Any:
    """A guard record that also matches a database without its last claim."""

    def read() -> Any:
        record = noted.read()
        if not isinstance(record, GuardRecord) or not record.mark.claims:
            return record
        return replace(record, mark=replace(record.mark, claims=record.mark.claims - 1))

    return Instead(noted, read=read)


def _not_to_last(books: Books) -> Any:
    """A store that loses the note before a call in a power failure."""
    host = books.host

    @contextmanager
    def begin(*, is_durable: bool = True) -> Iterator[Any]:
        before, intended = host.before or host.copy(), []

        def intend(*given: Any, **named: Any) -> Any:
            intended.append(tx.batches.record_start(*given, **named))
            return intended[0]

        with books.begin(is_durable=is_durable) as tx:
            yield Instead(tx, batches=Instead(tx.batches, record_start=intend))
        if intended:
            host.before = before

    return Instead(books, begin=begin)


def _of_its_own_words(_tx: Any, right: Callable[..., Any], *given: Any) -> Any:
    found = right(*given)
    if isinstance(found, list):
        return [_written_alone(each) for each in found]
    return found and _written_alone(found)


def _written_alone(stored: StoredStatement) -> StoredStatement:
    return replace(stored, writers=stored.statement.written_by)


def _handed_in(_tx: Any, right: Callable[..., Any], slug: str) -> Any:
    return [
        replace(part, statement=replace(part.statement, progress=Progress.REVIEW))
        for part in right(slug)
    ]


def _written_by_nobody(_tx: Any, right: Callable[..., Any], issue: Any, at: Any) -> Any:
    if issue.statement is not None:
        issue = replace(issue, statement=replace(issue.statement, writers=()))
    return right(issue, at)


def _to_all_again(tx: Any, _right: Callable[..., Any], campaign_id: int) -> None:
    _sql(tx, "DELETE FROM delivery WHERE campaign_id = ?", campaign_id)
    _sql(
        tx,
        "UPDATE batch SET state = 'queued', pending = size, accepted = 0, rejected = 0,"
        " suppressed = 0, cancelled = 0 WHERE campaign_id = ? AND state = 'done'",
        campaign_id,
    )


def _under_way_too(tx: Any, _right: Callable[..., Any], campaign_id: int, **_given: object) -> None:
    _sql(
        tx,
        "UPDATE batch SET state = 'done', cancelled = cancelled + pending, pending = 0"
        " WHERE campaign_id = ? AND pending > 0",
        campaign_id,
    )


def _other_half(
    tx: Any, right: Callable[..., Any], campaign_id: int, audience: object, *given: Any
) -> Any:
    size = right(campaign_id, audience, *given)
    if not isinstance(audience, Correction):
        return size
    rows = _sql(tx, "SELECT id, members FROM batch WHERE campaign_id = ? ORDER BY no", campaign_id)
    half = rows[: max(1, len(rows) // 2)]
    for number, _ in half:
        _sql(tx, "DELETE FROM batch WHERE id = ?", number)
    return sum(len(json.loads(members)) for _, members in rows[len(half) :])


def _both_languages(tx: Transaction) -> Any:
    """Send each language of a statement to the whole list."""

    def count(audience: Audience | Correction) -> int:
        is_part = getattr(audience, "languages", None) is not None
        return 1 if is_part else tx.audiences.count(audience)

    def freeze(campaign_id: int, audience: Audience, batch_size: int, *given: Any) -> int:
        if getattr(audience, "languages", None) is None:
            return tx.audiences.freeze(campaign_id, audience, batch_size, *given)
        return tx.audiences.freeze(campaign_id, Audience(lists=audience.lists), batch_size)

    return Instead(tx, audiences=Instead(tx.audiences, count=count, freeze=freeze))


def _to_the_whole_list(
    _tx: Any, right: Callable[..., Any], campaign_id: int, audience: Any, *given: Any
) -> Any:
    return right(campaign_id, replace(audience, segment=None), *given)


def _both_hours(
    tx: Any, right: Callable[..., Any], campaign_id: int, audience: Any, size: int, by_zone: Any
) -> Any:
    size = right(campaign_id, audience, size, by_zone)
    if by_zone is None:
        return size
    at = int(by_zone.instants[BERLIN].timestamp() * 1000)
    _sql(
        tx,
        "INSERT INTO batch (campaign_id, no, members, state, size, pending, ignores_lists,"
        " not_before)"
        " SELECT campaign_id, no + 100, members, state, size, pending, 0, not_before + ?"
        " FROM batch WHERE campaign_id = ? AND not_before = ?",
        _HOUR,
        campaign_id,
        at,
    )
    return size


def _not_kept(_tx: Any, _right: Callable[..., Any], *_given: Any, **_named: Any) -> None:
    return None


def _unsent_tests(customer: Customer) -> Any:
    def send(prepared: PreparedRequest) -> Answer:
        is_test = prepared.batch.campaign.endswith("_test")
        return Answer(outcome=_ACCEPTED) if is_test else customer.send(prepared)

    return Instead(customer, send=send)


def _done(_tx: Any, _right: Callable[..., Any], *_given: Any, **_named: Any) -> int:
    return 1


def _only_new(tx: Any, right: Callable[..., Any], address: str, *given: Any) -> None:
    if not _sql(tx, "SELECT 1 FROM staff WHERE address = ?", address):
        right(address, *given)


def _not_after_the_same_words(tx: Any, right: Callable[..., Any], note: Any) -> None:
    last = _sql(tx, "SELECT words FROM public_note WHERE slug = ? ORDER BY id DESC", note.slug)
    if [note.words] != [words for (words,) in last[:1]]:
        right(note)


def _revoked_for_all(
    _tx: Any, right: Callable[..., Any], slug: str, at: datetime, *_by: Any, **n: Any
) -> Any:
    return right(slug, at, **n)


def _revoked_alone(
    _tx: Any, right: Callable[..., Any], slug: str, at: datetime, *by: Any, **n: Any
) -> Any:
    return right(slug, at, *by or (n["actor"],), **n)


def _undone_in_part(tx: Any, right: Callable[..., Any], record: Any, *given: Any) -> Any:
    _sql(tx, "UPDATE subscription SET import_id = NULL WHERE import_id = ?", record.id)
    return right(record, *given)


def _without_limit(_tx: Any, right: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return right(*given, **named, limits=EmailLimits(max_per_day=99, max_per_month=99))


def _begun_at_once(
    _tx: Any, right: Callable[..., Any], number: int, to: CampaignState, **named: Any
) -> Any:
    resumed = to is CampaignState.SCHEDULED and named["expect"] == {CampaignState.PAUSED}
    return right(number, CampaignState.SENDING if resumed else to, **named)


def _but_requests(
    tx: Transaction, right: Callable[..., Any], number: int, lists: Sequence[str], *more: Any
) -> Any:
    person = tx.readers.get(number)
    requested = person.requested if person else ()
    return right(number, [name for name in lists if name not in requested], *more)


def _all_admins(_tx: Any, right: Callable[..., Any]) -> dict[str, Role]:
    return {one: Role.ADMIN if role is Role.APPROVER else role for one, role in right().items()}


def _to_open_lists(
    _tx: Any, right: Callable[..., Any], number: int, lists: Any, at: datetime, _closed: object
) -> Any:
    return right(number, lists, at, ())


BUGS: dict[str, Parts] = {
    "a time-out is tried again": _answered(_as_retry),
    "a known key is a refusal": _answered(_key_as_refused),
    "what is unknown fails over": _answered(_as_refused),
    "a redirect is followed": _answered(_as_followed),
    "an answer for some is read as one for all": _answered(partial(replace, exceptions={})),
    "an early hint is the answer": Parts(answer=_FirstAnswer),
    "a stale claim leaves": Parts(provider=_whenever),
    "records of another account are asked": Parts(provider=_elsewhere),
    "another reader's link": Parts(links=_NextOnes()),
    "claims are not noted outside": Parts(guard_file=_forgetful),
    "the last commit is lost with the power": Parts(full=False),
    "the cursor moves at fetch": _in("batches", "claim", _moved_at_fetch),
    "suppression is asked at the planning only": _in("batches", "claim", _whoever_left),
    "a hold is not asked": _in(
        "batches",
        "claim record_start",
        _beside(
            "UPDATE meta SET key = substr(key, 4) WHERE key IN ('no doubt', 'no stop')",
            before="UPDATE meta SET key = 'no ' || key WHERE key IN ('doubt', 'stop')",
        ),
    ),
    "no fence around putting back": _in("batches", "requeue", _unfenced),
    "a crash queues what was claimed": _in(
        "batches",
        "abandon",
        _beside(
            before="UPDATE batch SET state = 'queued', fence = fence + 1 WHERE state = 'claimed'"
        ),
    ),
    "a lease is taken over too early": Parts(tick=_taken_over),
    "halves overlap": _in("batches", "split", _overlapping),
    "no fence around what was unknown": _in("unknowns", "settle", _unfenced_unknown),
    "replayed to who left": _in("unknowns", "claim", _nobody_left),
    "replayed at another account": _in("unknowns", "next_at", _any_account),
    "decided in mid-replay": _in("unknowns", "calls_until", _not_kept),
    "an event for one is one for all": _in("unknowns", "confirm", _all_of_them),
    "halves forget their tries": _in("unknowns", "confirm", _not_to_new_halves),
    "records are believed at once": _boasts(records_delay=timedelta(seconds=1)),
    "a key is believed for ever": _boasts(key_lifetime=timedelta(days=365)),
    "an inquiry names the addresses of today": _in("unknowns", "claim", _to_addresses_of_today),
    "an erased reader counts as absent": _in("unknowns", "settle", _absent_with_the_others),
    "an early look-up counts": _in("unknowns", "plan_lookup", _from_the_first),
    "no fence when an event confirms": _in("unknowns", "confirm", _unfenced_confirm),
    "a bounce ends whichever address": _in("events", "locate", _of_whoever_it_is_now),
    "all is at the first account": _in("batches", "record_start", _at_the_first_account),
    "a database may lack one claim": Parts(guard_file=_claim_lacking),
    "what leaves is not committed to last": Parts(sending_store=_not_to_last),
    "a translation's writer may approve": _in(
        "statements", "get find list_unsettled", _of_its_own_words
    ),
    "a draft may go out in a mail": _in("statements", "find_translations", _handed_in),
    "a digest has no writers": _in("digests", "put", _written_by_nobody),
    "a page forgets the time that it showed": Parts(forgets_the_time=True),
    "cancelling forgets the queue": _in("campaigns", "cancel_pending", lambda *_given: 0),
    "cancelling takes what is under way": _in("campaigns", "cancel_pending", _under_way_too),
    "what is reopened forgets who has it": _in("batches", "reopen", _to_all_again),
    "a correction goes to half of them": _in("audiences", "freeze", _other_half),
    "a translation goes to who had the original": Parts(transaction=_both_languages),
    "a segment is not asked": _in("audiences", "freeze", _to_the_whole_list),
    "an hour that comes twice counts twice": _in("audiences", "freeze", _both_hours),
    "the rate is not kept": _in("rate_limits", "put", _not_kept),
    "a pause is not kept": _in("choices", "set_details", _not_kept),
    "a file brings back who left": _in(
        "imports",
        "import_people",
        _beside("UPDATE subscription SET state = 'confirmed' WHERE state = 'ended'"),
    ),
    "an undone import leaves subscriptions": _in("imports", "undo", _undone_in_part),
    "a session outlives its end": _in("sessions", "end", _not_kept),
    "a used link works again": _in("emails", "use", _not_kept),
    "each spelling gets an email": _in("emails", "ask", _without_limit),
    "readers let themselves in": _in("choices", "join", _to_open_lists),
    "a revoked approval counts": _in("approvals", "revoke", lambda *_given, **_named: 1),
    "a letter is posted again after a crash": _in(
        "emails",
        "abandon",
        _beside(before="UPDATE transactional_email SET state = 'waiting' WHERE state = 'calling'"),
    ),
    "an erased address stays": _in(
        "readers", "erase", _beside("UPDATE suppression SET address = 'reader2@example.org'")
    ),
    "a complaint counts as a bounce": _in(
        "readers", "suppress", _beside("UPDATE suppression SET reason = 'bounced'")
    ),
    "half of a correction asks the lists": _in(
        "batches", "split", _beside("UPDATE batch SET ignores_lists = 0")
    ),
    "a confirmation is not proved": _in("consents", "add", _not_kept),
    "a start waits for no change": _in("audiences", "count", lambda *_given: 40),
    "erased bytes are not overwritten": Parts(
        tick=lambda books, _now: books.execute("PRAGMA secure_delete = OFF"),
        overwrite=lambda _database: None,
    ),
    "a line of the audit log is lost": _in(
        "audit",
        "enter",
        _beside("DELETE FROM audit WHERE number = (SELECT MAX(number) - 1 FROM audit)"),
    ),
    "words of consent are not kept": _in(
        "consents", "add", _beside("UPDATE consent SET wording = ''")
    ),
    "a reason that repeats a note takes nothing off the web": _in(
        "public_notes", "add", _not_after_the_same_words
    ),
    "a change of state is only logged": _in("campaigns", "change_state", _done),
    "a decision is only logged": _in("unknowns", "decide", _done),
    "a time is not set": _in("schedules", "put", _not_kept),
    "an approval is only logged": _in("approvals", "add", _not_kept),
    "a comment is not kept": _in("comments", "add", _not_kept),
    "a text is not sent back": _in("change_requests", "add", _not_kept),
    "a name is not kept": _in("readers", "edit", _not_kept),
    "what is lifted stays": _in("readers", "lift", _done),
    "a role is not given": _in("staff", "put", _only_new),
    "a sign-in is not kept": _in("sessions", "begin", _not_kept),
    "a password is not changed": _in("accounts", "change", _not_kept),
    "a stop is not kept": _in("hold", "put", _not_kept),
    "what is refused is kept": Parts(keeps_refused=True),
    "a text that is sent back ends all approvals": _in("approvals", "revoke", _revoked_for_all),
    "approvals outlive a text that was taken back": _in("approvals", "revoke", _revoked_alone),
    "a report is mailed by each press": _in(
        "emails", "is_under_way", lambda *_given, **_named: False
    ),
    "a channel is told again": _in(
        "channel_posts",
        "claim",
        _beside(before="UPDATE post SET state = 'waiting', not_before = 0"),
    ),
    "a test mail does not leave": Parts(provider=_unsent_tests),
    "a picture is not kept": _in("pictures", "add", _not_kept),
    "a digest is not kept": _in("digests", "put", _not_kept),
    "a feed hides a withdrawal": _in("public_notes", "list_for", lambda *_given: []),
    "what is resumed begins at once": _in("campaigns", "change_state", _begun_at_once),
    "who leaves everything keeps a request": _in("choices", "leave", _but_requests),
    "approvers replace approvals": _in("staff", "roles", _all_admins),
    "nothing says why a reader was left out": _in(
        "batches", "claim", _beside("UPDATE delivery SET reason = '' WHERE state = 'suppressed'")
    ),
}
