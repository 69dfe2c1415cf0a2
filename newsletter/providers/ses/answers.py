"""Read SES's answers: one verdict for the whole call, or one for each entry in it.

Facts: botocore's model of ``sesv2`` (the names of errors, the statuses of entries), the SES guide's
page on sending quotas, and error texts from public reports. That the results are in the order of
the entries is django-anymail's reading; AWS says one for each.
"""

import re
from typing import Any

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.providers.common import answers
from newsletter.tables import load_table
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

_RECIPIENT_ERROR_PATTERN = re.compile(
    r"local (?:address|name|part)|domain (?:contains|starts|ends|name)|missing domain|@domain"
    r"|(?:illegal|invalid) (?:email )?address|user ?name is missing|recipient|address \w+listed",
    re.IGNORECASE,
)
_SENDER_ERROR_PATTERN = re.compile(r"not verified|\bsender\b|\bfrom\b|\breply-?to\b", re.IGNORECASE)
_TABLES = load_table("newsletter.providers.ses", "answers.yaml")
_VERDICT_OF_STATUS, _VERDICT_OF_ERROR = (
    {name: Verdict(verdict) for verdict, names in _TABLES[key].items() for name in names}
    for key in ("statuses", "errors")
)
_STATUSES_WITH_REASON = {"MESSAGE_REJECTED", "INVALID_PARAMETER", "FAILED"}
_RETRYABLE_VERDICTS = {Verdict.RETRY, Verdict.QUOTA}


def parse_answer(batch: OutgoingBatch, response: HttpResponse) -> Answer:
    """Return one verdict for each entry, by position: the results contain no addresses."""
    payload = http.json_object(response) or {}
    single = len(batch.recipients) == 1
    if response.status // 100 != 2:
        return _refuse(batch, response, payload)
    # a call for one is answered with an id and no status of its own
    results = [{**payload, "Status": "SUCCESS"}] if single else payload.get("BulkEmailEntryResults")
    items = [_item(each) for each in results] if isinstance(results, list) else []
    if response.status != 200 or len(items) != len(batch.recipients):
        why = f"HTTP {response.status} without an answer for each recipient"
        return answers.make_answer(response, Verdict.UNKNOWN, why)
    return answers.combine_outcomes(batch, items)


def error_name(response: HttpResponse) -> str:
    """Return the name of an AWS error, from a header or the body."""
    payload = http.json_object(response) or {}
    error_text = response.headers.get("x-amzn-errortype") or payload.get("__type") or ""
    return str(error_text).split(":")[0].rpartition("#")[2]


def _refuse(batch: OutgoingBatch, response: HttpResponse, payload: dict[str, Any]) -> Answer:
    name = error_name(response)
    text = str(payload.get("message") or payload.get("Message") or "")
    reason = http.shorten(": ".join(filter(None, (name, text))) or f"HTTP {response.status}")
    verdict = _VERDICT_OF_ERROR.get(name)
    if verdict is None or response.status // 100 != 4 or response.status == 413:
        return answers.refuse_by_status(batch, response, reason)
    if verdict in _RETRYABLE_VERDICTS:  # one name serves both limits
        daily, rate = "daily" in text.lower(), "rate" in text.lower()
        verdict = Verdict.QUOTA if daily else Verdict.RETRY if rate else verdict
    else:
        about_a_reader = _read_refusal(text) is Verdict.REJECTED
        verdict = answers.reject_or_split(batch) if about_a_reader else Verdict.CONFIGURATION
    return answers.make_answer(response, verdict, reason)


def _read_refusal(text: str) -> Verdict:
    """Return REJECTED for a recipient at fault, CONFIGURATION for the sender, SPLIT if unclear."""
    # first, because a refused sender is called an address too
    if _SENDER_ERROR_PATTERN.search(text):
        return Verdict.CONFIGURATION
    return Verdict.REJECTED if _RECIPIENT_ERROR_PATTERN.search(text) else Verdict.SPLIT


def _item(payload: Any) -> Outcome:
    """Return the outcome of one entry; UNKNOWN for a contradictory entry."""
    if not isinstance(payload, dict):
        return Outcome(verdict=Verdict.UNKNOWN, reason="an answer that is not understood")
    status, sent_id = str(payload.get("Status")), payload.get("MessageId") or ""
    error = str(payload.get("Error") or "")
    reason = http.shorten(": ".join(filter(None, (status, error))) or "no status")
    verdict = _VERDICT_OF_STATUS.get(status, Verdict.UNKNOWN)
    is_accepted = verdict is Verdict.ACCEPTED
    if not isinstance(sent_id, str) or bool(sent_id) is not is_accepted or (is_accepted and error):
        return Outcome(verdict=Verdict.UNKNOWN, reason=reason)
    if status in _STATUSES_WITH_REASON and (about := _read_refusal(error)) is not Verdict.SPLIT:
        verdict = about
    return Outcome(verdict=verdict, reason=reason, provider_id=sent_id)
