"""Amazon SES (API version 2): up to 50 entries a call, each with an answer of its own, signed.

Facts: botocore's model of ``sesv2``; the SES guide's pages on inline templates (50 destinations,
1 MB of JSON), header fields (Message-ID and Date are always SES's own), sending quotas and tags.
One recipient is a call without a template. Hosts are those of botocore's partitions. Unconfirmed:
the words for a refused address, what SES makes of template marks in a header, and how soon every
region knows ConfigurationOverrides.
SES may take a message and drop it after all (virus, rendering): only an event tells.

Answers: botocore's names of errors and statuses of entries, the guide's page on sending quotas, and
error texts from public reports. That the results are in the order of the entries is
django-anymail's reading; AWS says one for each.

Each call is signed by AWS Signature Version 4, over the very bytes that leave (AWS's guide to
creating a signed request). A signature holds for a few minutes, so it is made when the call is,
not when the batch is built.

SES: ``GET /v2/email/account`` tells of the account, ``…/identities/{domain}`` of the domain.

Facts: botocore's model of ``sesv2`` (both answers) and AWS's list of common errors. A key needs
ses:GetAccount and ses:GetEmailIdentity for it; one that may only send is refused by the name of
AccessDeniedException. A domain above the sender's, or the address alone, may be verified in the
domain's place: that is not asked.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, plain_field, plain_mailbox
from newsletter.domain.delivery.provider import Capabilities, Finding, failed, passed, unclear
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import (
    MARK_PREFIX,
    NAME_MARKS,
    Content,
    MergeField,
    Recipient,
)
from newsletter.domain.wording import say
from newsletter.providers.common import answers, bodies, doctor
from newsletter.providers.common.answers import BatchTranslator
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookTopics, option, origin
from newsletter.tables import load_table
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse, json_post

MAX_RECIPIENTS = 50
MAX_BYTES = 1_000_000
MAX_HEADERS = 15
MAX_HEADER_NAME, MAX_HEADER = 126, 996  # characters; the second is of name and value together
MAX_TAG_CHARS = 256
_VARIABLE_OF_MARK = {
    MergeField.UNSUBSCRIBE.value: "unsubscribe",
    MergeField.MESSAGE_ID.value: "message",
    **{mark: f"name{number}" for number, mark in enumerate(NAME_MARKS)},
}
_TRACKING_OFF = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
_TAKEN_HEADERS = {"cc", "bcc", "sender", "return-path", "dkim-signature"}
_MARKS_PATTERN = "|".join(_VARIABLE_OF_MARK)
_RESERVED_PATTERN = re.compile(rf"\{{\{{|[{{\\](?:{_MARKS_PATTERN})|(?:{_MARKS_PATTERN})\}}")
_HEADER_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9._~-]*")  # what no template escapes
_FORBIDDEN_TAG_PATTERN = re.compile(r"[^A-Za-z0-9_-]")
_TOO_LONG = f"is empty or too long; SES takes {MAX_HEADER} characters, {MAX_HEADER_NAME} in a name"
_REPLACED_REASON = "holds “{}”, which SES would replace; rewrite it, or start with batch_size: 1"


class Options(ProviderOptions):
    """Settings of Amazon SES."""

    shaping = frozenset({"configuration_set"})  # what is tracked, so which links are rewritten

    kind: Literal["ses"]
    region: str = option(
        "The region of the account.", "eu-west-1", pattern=r"^[a-z]{2,5}(-[a-z]+)+-[0-9]+$"
    )
    access_key_id: str = option(
        "The id of a key that may ses:SendEmail and ses:SendBulkEmail.", pattern=r"^[A-Za-z0-9_]+$"
    )
    secret_access_key: SecretStr = option("The secret of that key.", min_length=1)
    session_token: SecretStr | None = option(
        "The session token of temporary credentials.", default=None, min_length=1
    )
    configuration_set: str | None = option(
        "The name of the configuration set that publishes events.",
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
    )
    webhook_topics: WebhookTopics = ()


def endpoint(options: Options) -> str:
    """Return the region's scheme and host. China and the European Sovereign Cloud differ."""
    partition = options.region.partition("-")[0]
    ending = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}.get(partition, "amazonaws.com")
    return origin(options, f"https://email.{options.region}.{ending}")


@dataclass(frozen=True, kw_only=True)
class _CompiledContent:
    common_fields: dict[str, Any]
    """The part that both kinds of call share."""
    headers: tuple[tuple[str, str], ...]
    """The headers, with merge marks."""
    faults: tuple[Fault, ...]
    """Why the content cannot be a template. If there are any, each call has one recipient."""


class Ses(BatchTranslator[_CompiledContent]):
    """Translates batches to the API of SES."""

    name, label = "ses", "SES"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=MAX_BYTES)

    def __init__(self, options: Options) -> None:
        super().__init__(options, f"{endpoint(options)}/v2/email/outbound-", {}, _compile)
        self._options = options

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return an unsigned POST of JSON. Raises InvalidInput for what SES would misread."""
        compiled = self._compiled(batch.content)
        readers = bodies.addresses(
            batch.recipients, limit=MAX_RECIPIENTS, label="SES", allow_duplicates=True
        )
        values = "".join([reader.unsubscribe + reader.message_id for reader in batch.recipients])
        if not _HEADER_TOKEN_PATTERN.fullmatch(values):
            raise bodies.field_error("to", "a merge value holds more than plain letters")
        call = dict(compiled.common_fields)
        if self._options.configuration_set:
            call["ConfigurationSetName"] = self._options.configuration_set
        if len(readers) == 1:
            path, call = "emails", call | _single(batch, compiled, readers[0])
        else:
            path, call = "bulk-emails", call | _bulk(batch, compiled, readers)
        return json_post(self._url + path, {}, bodies.to_json(call).encode())

    def sign(self, request: HttpRequest, at: datetime) -> HttpRequest:
        """Return the signed request. SES accepts it for some minutes after ``at``. The URL must
        have no query."""
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts, options = urlsplit(request.url), self._options
        # with a port only if it is not the default
        host = parts.netloc.lower().removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}")
        headers = {**request.headers, "Host": host, "X-Amz-Date": stamp}
        if options.session_token:
            headers["X-Amz-Security-Token"] = options.session_token.get_secret_value()
        names, canonical = _canonical(request.method, parts.path, headers, request.body)
        scope = f"{stamp[:8]}/{options.region}/ses/aws4_request"
        to_sign = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(canonical).hexdigest()])
        key = f"AWS4{options.secret_access_key.get_secret_value()}".encode()
        for step in scope.split("/"):
            key = _hmac(key, step)
        headers["Authorization"] = (
            f"{_ALGORITHM} Credential={options.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={_hmac(key, to_sign).hex()}"
        )
        return replace(request, headers=headers)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        return parse_answer(batch, response)


def _compile(content: Content) -> _CompiledContent:
    """Encode the part that all batches of a campaign share."""
    sender = content.sender
    common_fields: dict[str, Any] = {"FromEmailAddress": plain_mailbox(sender.name, sender.address)}
    if sender.reply_to:
        common_fields["ReplyToAddresses"] = [plain_mailbox("", sender.reply_to)]
    own = {name.lower() for name, _ in content.headers if name.lower().startswith("x-ses-")}
    bodies.check_content(content, "SES", forbidden=_TAKEN_HEADERS | own, faults=_faults(content))
    texts = {"subject": content.subject, "text": content.text, "html": content.html}
    return _CompiledContent(
        common_fields={**common_fields, "ConfigurationOverrides": {"Tracking": _TRACKING_OFF}},
        headers=tuple(
            (name, value if MARK_PREFIX in value else plain_field(name, value))
            for name, value in content.headers
            if name.lower() != "message-id"  # SES writes its own over any
        ),
        faults=tuple(
            bodies.fault(key, _REPLACED_REASON.format(mark.group()))
            for key, value in (*texts.items(), *content.headers)
            if (mark := _RESERVED_PATTERN.search(value))
        ),
    )


def _faults(content: Content) -> Iterator[Fault]:
    for key in ("address", "reply_to"):
        if not ascii_domain(getattr(content.sender, key)).isascii():
            yield bodies.fault(
                f"sender.{key}", "is more than ASCII before the @; SES takes no such"
            )
    yield from bodies.non_ascii_headers(
        header for header in content.headers if MARK_PREFIX in header[1]
    )
    if len(content.headers) > MAX_HEADERS:
        yield bodies.fault("headers", f"are {len(content.headers)}; SES takes {MAX_HEADERS}")


def _single(batch: OutgoingBatch, compiled: _CompiledContent, address: str) -> dict[str, Any]:
    """Return a call for one recipient without a template: SES replaces nothing in it."""
    content, reader = batch.content, batch.recipients[0]

    def part(text: str) -> dict[str, str]:
        return {"Data": reader.merge(text), "Charset": "UTF-8"}

    simple = {
        "Subject": part(content.subject),
        "Body": {"Text": part(content.text), "Html": part(content.html)},
        "Headers": _headers(compiled, reader),
    }
    return {
        "Destination": {"ToAddresses": [address]},
        "Content": {"Simple": simple},
        "EmailTags": _tags(batch, reader),
    }


def _bulk(batch: OutgoingBatch, compiled: _CompiledContent, readers: list[str]) -> dict[str, Any]:
    """Return a call with one template and an entry for each recipient. Each entry repeats all tags
    and headers, in case SES replaces those of the call instead of adding to them."""
    if compiled.faults:
        raise InvalidInput(compiled.faults)
    content = batch.content
    template = {
        "Subject": _template(content.subject),
        "Text": _template(content.text),
        "Html": _template(content.html),
    }
    entries = [
        {
            "Destination": {"ToAddresses": [address]},
            "ReplacementTags": _tags(batch, reader),
            "ReplacementEmailContent": {
                "ReplacementTemplate": {"ReplacementTemplateData": bodies.to_json(_values(reader))}
            },
            "ReplacementHeaders": _headers(compiled, reader),
        }
        for address, reader in zip(readers, batch.recipients, strict=True)
    ]
    return {
        "DefaultContent": {"Template": {"TemplateContent": template, "TemplateData": "{}"}},
        "BulkEmailEntries": entries,
    }


def _template(text: str) -> str:
    for mark, name in _VARIABLE_OF_MARK.items():
        text = text.replace(mark, f"{{{{{name}}}}}")
    return text


def _values(reader: Recipient) -> dict[str, str]:
    marks_values = (reader.unsubscribe, reader.message_id, *reader.names)
    return dict(zip(_VARIABLE_OF_MARK.values(), marks_values, strict=False))


def _tags(batch: OutgoingBatch, reader: Recipient) -> list[dict[str, str]]:
    """Return the tags by which events identify the delivery."""
    campaign = _FORBIDDEN_TAG_PATTERN.sub("-", batch.campaign)[:MAX_TAG_CHARS]
    tags = (
        ("campaign", campaign),
        ("attempt", batch.attempt_id),
        ("subscriber", str(reader.subscriber_id)),
    )
    return [{"Name": name, "Value": value} for name, value in tags]


def _headers(compiled: _CompiledContent, reader: Recipient) -> list[dict[str, str]]:
    headers = []
    for name, open_value in compiled.headers:
        value = reader.merge(open_value)
        if not value or len(name) > MAX_HEADER_NAME or len(name + value) > MAX_HEADER:
            raise bodies.field_error(name[:MAX_HEADER_NAME], _TOO_LONG)
        headers.append({"Name": name, "Value": value})
    return headers


_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _canonical(
    method: str, path: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, bytes]:
    """Return the names of the signed headers, and the canonical form of the request."""
    fields = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    # AWS folds blanks before it signs: a value that was not folded here would not verify there
    names = ";".join(name for name, _ in fields)
    lines = [method, quote(path or "/", safe="/~"), "", *map(":".join, fields)]
    return names, "\n".join([*lines, "", names, hashlib.sha256(body).hexdigest()]).encode()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


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
        about_a_reader = _party_at_fault(text) is Verdict.REJECTED
        verdict = answers.reject_or_split(batch) if about_a_reader else Verdict.CONFIGURATION
    return answers.make_answer(response, verdict, reason)


def _party_at_fault(text: str) -> Verdict:
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
    if status in _STATUSES_WITH_REASON and (about := _party_at_fault(error)) is not Verdict.SPLIT:
        verdict = about
    return Outcome(verdict=verdict, reason=reason, provider_id=sent_id)


_ACCOUNT = say("provider account")
_KEY_ERRORS = load_table("newsletter.providers.ses", "errors.yaml")
_DOMAIN_ADVICE = say("verify it under Identities, in this region, and publish its DKIM records")
_INSTEAD = "verify it, unless the domain above it or the sender's address alone is verified"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return questions whether the account may send to all and the sender's domain is verified."""
    base = f"{endpoint(options)}/v2/email"
    domain = doctor.domain_of(sender)
    return (
        Probe(_ACCOUNT, f"{base}/account", {}, _account, _read_refusal),
        Probe(
            DOMAIN,
            f"{base}/identities/{domain}",
            {},
            lambda payload: _identity(payload, domain),
            lambda response: _no_identity(response, domain, options.region),
        ),
    )


def _account(payload: Any) -> Finding | None:
    match payload:
        case {"SendingEnabled": False}:
            return failed(_ACCOUNT, "sending is switched off", "see SES's console for the reason")
        case {"EnforcementStatus": "SHUTDOWN"}:
            stopped = "AWS has stopped it for its reputation"
            return failed(_ACCOUNT, stopped, "answer AWS in its Support Center")
        case {"ProductionAccessEnabled": False}:
            limited = "it is in the sandbox: no reader gets mail who is not verified"
            return failed(_ACCOUNT, limited, "request production access in SES's console")
        case {"EnforcementStatus": "PROBATION"}:
            why = "AWS watches it for its reputation, and may stop it"
            return unclear(_ACCOUNT, why, "see SES's console, reputation metrics")
        case {"SendingEnabled": True, "ProductionAccessEnabled": True}:
            return passed(_ACCOUNT, f"it may send{_quota(payload)}")
    return None


def _quota(payload: dict[str, Any]) -> str:
    match payload.get("SendQuota"):
        case {"Max24HourSend": int() | float() as day, "MaxSendRate": int() | float() as second}:
            daily_quota = "any number" if day < 0 else f"{day:,.0f}"
            return f" {daily_quota} a day, {second:,.0f} a second"
    return ""


def _identity(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"VerifiedForSendingStatus": True, "DkimAttributes": {**dkim}}:
            if dkim.get("SigningEnabled") is True and dkim.get("Status") == "SUCCESS":
                return passed(DOMAIN, f"{domain} is verified, and its mail is signed")
            why = f"{domain} is verified, but its mail is not signed by DKIM"
            return unclear(DOMAIN, why, "publish its DKIM records, and switch signing on")
        case {"VerifiedForSendingStatus": bool(state)}:
            return doctor.domain_state(domain, state, _DOMAIN_ADVICE)
    return None


def _no_identity(response: HttpResponse, domain: str, region: str) -> Finding | None:
    if response.status == 404 and error_name(response) == "NotFoundException":
        return unclear(DOMAIN, f"{domain} is no identity in {region}", _INSTEAD)
    return _read_refusal(response)


def _read_refusal(response: HttpResponse) -> Finding | None:
    name = error_name(response)
    if why := _KEY_ERRORS.get(name):
        fix = "compare access_key_id, secret_access_key and region with the console"
        return failed(KEY, "it is refused: {why}", fix, why=say(why))
    if name == "AccessDeniedException":
        return unclear(KEY, "it is taken, but may not ask this: only sending proves the rest")
    return None
