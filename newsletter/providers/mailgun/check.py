"""Read-only questions to Mailgun: the domain's state, and the recipients of an attempt.

``GET /v4/domains/{name}`` returns the state of the domain. Facts: Mailgun's documentation of the
Domains API (active, unverified, disabled; 401, 404) and of its keys. A domain's sending key may
only send. Its status here is not documented, so 401 does not prove a key wrong.

Its log of events shows the accepted recipients around the time of an attempt. Facts: Mailgun's
OpenAPI description (``/v3/{domain_name}/events``: pages of 300, filters ``event``, ``tags``,
``recipient``, ``begin`` and ``end``, events kept for three days or more) and its pages on events,
which join filters by OR and call events settled after half an hour. The attempt comes back in
``user-variables``.

First some recipients at a time are searched, with days to spare on either side. A recipient who is
not found is then searched among all accepted messages of the campaign at that time: an OR that was
not understood must not count as absence. Nor must an empty log: the same filters must find two
events that are surely there. The time for which a plan shows events varies: a day is the least.

Unconfirmed: the answer to a period that ends in the future. If it is an error, unknown recipients
stay unknown.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Finding, failed, passed, unclear
from newsletter.domain.statements.content import Recipient
from newsletter.domain.wording import say
from newsletter.providers.common import doctor
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import basic, origin
from newsletter.providers.common.records import MAX_CLOCK_ERROR, Inquiry, Page, Purpose, Question
from newsletter.providers.mailgun.send import PUBLIC_URL, Options

_REGION_ADVICE = say("in the European region, set base_url: https://api.eu.mailgun.net")


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question about the domain's state, and a finding on the sender's address."""
    domain = options.domain.lower()

    def judge(payload: Any) -> Finding | None:
        match payload:
            case {"domain": {"state": "active"}}:
                return passed(DOMAIN, f"{domain} is active")
            case {"domain": {"state": "unverified"}}:
                fix = say("publish its DNS records, and let Mailgun check them")
                return doctor.domain_state(domain, False, fix)
            case {"domain": {"state": str(state)}}:
                ask = "ask Mailgun why, in its console"
                said = "Mailgun calls {domain} {state!r}"
                return failed(DOMAIN, said, ask, domain=domain, state=state)
        return None

    advice = "add it in Mailgun's console, or correct provider.domain; {region}"
    missing = say(advice, region=_REGION_ADVICE)
    why = "it is refused here, as a sending key may be: this proves nothing"
    read_refusal = doctor.refusal_by_status(
        {
            404: doctor.domain_state(domain, None, missing),
            401: unclear(KEY, why, f"if it is the account's key, it is wrong; {_REGION_ADVICE}"),
        }
    )
    url = f"{origin(options, PUBLIC_URL)}/v4/domains/{domain}"
    probe = Probe(DOMAIN, url, basic("api", options.api_key), judge, read_refusal)
    return (probe, *_alignment(domain, doctor.domain_of(sender)))


def _alignment(domain: str, signer: str) -> tuple[Finding, ...]:
    """Return the finding on DMARC alignment: the From domain must match the signing domain."""
    if signer == domain or signer.endswith(f".{domain}") or domain.endswith(f".{signer}"):
        return ()
    why = f"the sender writes from {signer}, and Mailgun signs for {domain}"
    return (unclear("sender", why, "let sender.address and provider.domain belong together"),)


_SEARCH_BEFORE, _SEARCH_AFTER = timedelta(minutes=2), timedelta(minutes=8)
"""Their clock is not ours, and the call may have taken as long as a call may."""
_RECIPIENTS_PER_REQUEST = 50
_MAX_LATEST_EVENTS = 20


class MailgunInquiry(Inquiry):
    """Searches the domain's accepted events."""

    kept_for = timedelta(days=1)
    rows_key, id_key = "items", "id"

    def __init__(self, options: Options) -> None:
        self._path = f"/v3/{options.domain}/events"
        url = origin(options, PUBLIC_URL) + self._path
        super().__init__(url, basic("api", options.api_key), options.timeout)

    def first_question(self, batch: OutgoingBatch) -> Question:
        """Ask for accepted events of the first recipients."""
        return self._recipients_question(batch, 0)

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        """Return the recipients on the page. The empty last page links to a next page too."""
        numbers = {_fold(recipient): recipient.subscriber_id for recipient in batch.recipients}
        accepted_events = [
            (item["recipient"].lower(), str(item["id"]))
            for item in payload["items"]
            if item["user-variables"].get("attempt") == batch.attempt_id
        ]
        ids = {numbers[address]: name for address, name in accepted_events if address in numbers}
        searched_recipients = parse_qs(urlsplit(question.url).query).get("recipient")
        if searched_recipients is not None:
            return Page(found=ids, next=self._question_after(batch, searched_recipients))
        if not payload["items"]:
            newest_first = {"ascending": "no", "limit": str(_MAX_LATEST_EVENTS)}
            return Page(found=ids, next=self._events(batch, newest_first, purpose=Purpose.LATEST))
        next_url = urlsplit(payload["paging"]["next"])
        if not next_url.path.startswith(self._path):
            raise ValueError(f"{next_url.path} is no page of the events")
        path = next_url.path.removeprefix(self._path)
        next_question = self.question(Purpose.ATTEMPT, parse_qsl(next_url.query), path=path)
        return Page(found=ids, next=next_question)

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask with the batch's filters for the two latest accepted events."""
        tagged_rows = [each for each in rows if each["tags"]]
        if not tagged_rows:
            raise ValueError("an empty log proves no absence: no other message is known")
        tag = tagged_rows[0]["tags"][0]
        alike = {each["recipient"]: str(each["id"]) for each in tagged_rows if tag in each["tags"]}
        sample = dict(list(alike.items())[:2])
        expected_ids, recipient = frozenset(sample.values()), " OR ".join(sample)
        by = {"tags": tag, "recipient": recipient}
        return self._events(batch, by, purpose=Purpose.CONTROL, expected=expected_ids)

    def _question_after(self, batch: OutgoingBatch, searched_recipients: list[str]) -> Question:
        """Ask for the next recipients, or for all messages if each recipient was asked for."""
        last_recipient = searched_recipients[0].rpartition(" OR ")[2]
        position = 1 + [_fold(recipient) for recipient in batch.recipients].index(last_recipient)
        if position < len(batch.recipients):
            return self._recipients_question(batch, position)
        return self._events(batch, {"tags": batch.campaign}, offset=timedelta(0))

    def _recipients_question(self, batch: OutgoingBatch, start: int) -> Question:
        query = " OR ".join(map(_fold, batch.recipients[start : start + _RECIPIENTS_PER_REQUEST]))
        return self._events(batch, {"tags": batch.campaign, "recipient": query})

    def _events(
        self,
        batch: OutgoingBatch,
        by: dict[str, str],
        *,
        offset: timedelta = MAX_CLOCK_ERROR,
        purpose: Purpose = Purpose.ATTEMPT,
        expected: frozenset[str] = frozenset(),
    ) -> Question:
        query = {
            "event": "accepted",
            "begin": f"{(batch.at - _SEARCH_BEFORE - offset).timestamp():.0f}",
            "end": f"{(batch.at + _SEARCH_AFTER + offset).timestamp():.0f}",
            "ascending": "yes",
            "limit": "300",
        }
        return self.question(purpose, query | by, expected)


def _fold(recipient: Recipient) -> str:
    return ascii_domain(recipient.address).lower()
