"""SES on loopback: checks each signature with botocore, fills templates, answers item by item."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from tests.fakes import FixedClock
from tests.provider_servers.kind import Asked, Kind
from tests.servers import Delivered, LoopbackServer, Received, Step, reply

REGION = "eu-west-1"
KEYS = {"AKIDFORTESTS": "secret-for-tests"}
VERIFIED = "forum.example"
_MODEL = botocore.session.Session().get_service_model("sesv2")
_OPERATIONS = {
    _MODEL.operation_model(name).http["requestUri"]: _MODEL.operation_model(name)
    for name in ("SendEmail", "SendBulkEmail")
}
_UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region"
    f" {REGION.upper()}: "
)


@dataclass
class SesServer(LoopbackServer):
    """Takes calls signed with a known key; ``statuses`` are of entries that it refuses."""

    clock: FixedClock = field(default_factory=FixedClock)
    delivered: list[Delivered] = field(default_factory=list)
    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Address → status and error."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Address → what an event would name the delivery by."""

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        for status, name, message in self._faults(received):
            return refusal(status, name, message)
        call = json.loads(received.body)
        if "BulkEmailEntries" not in call:
            (address,) = call["Destination"]["ToAddresses"]
            for _, message in _entry_faults(address):
                return refusal(400, "BadRequestException", message)
            return reply(200, {"MessageId": self._id(0)}, takes=True)
        results = [
            self._result(number, entry) for number, entry in enumerate(call["BulkEmailEntries"])
        ]
        return reply(200, {"BulkEmailEntryResults": results}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        call = json.loads(received.body)
        for number, entry in enumerate(call.get("BulkEmailEntries", [call])):
            if "Content" in entry or self._result(number, entry)["Status"] == "SUCCESS":
                self._deliver(call, entry, self._id(number))

    def _id(self, number: int) -> str:
        return f"message-{len(self.taken)}-{number}"

    def _result(self, number: int, entry: Mapping[str, Any]) -> dict[str, Any]:
        (address,) = entry["Destination"]["ToAddresses"]
        refused = [self.statuses[address]] if address in self.statuses else _entry_faults(address)
        for status, error in refused:
            return {"Status": status, "Error": error}
        return {"Status": "SUCCESS", "MessageId": self._id(number)}

    def _faults(self, received: Received) -> Iterator[tuple[int, str, str]]:
        yield from signature_faults(received, self.url, self.clock.now())
        operation = _OPERATIONS.get(received.path)
        if operation is None:
            yield 404, "UnknownOperationException", ""
            return
        call = json.loads(received.body)
        if problems := ParamValidator().validate(call, operation.input_shape).generate_report():
            yield 400, "SerializationException", problems
        if not call["FromEmailAddress"].rstrip(">").endswith(f"@{VERIFIED}"):
            yield 400, "MessageRejected", _UNVERIFIED + call["FromEmailAddress"]
        if len(call.get("BulkEmailEntries", [])) > 50:
            yield 400, "BadRequestException", "Destination count must be less than or equal to 50"
        if call.get("ConfigurationSetName", "events") != "events":
            yield 404, "NotFoundException", "Configuration set does not exist"
        yield from _header_faults(call)

    def _deliver(self, call: Mapping[str, Any], entry: Mapping[str, Any], identity: str) -> None:
        (address,) = entry["Destination"]["ToAddresses"]
        if "Content" in call:
            simple = call["Content"]["Simple"]
            said = {"Subject": simple["Subject"]["Data"]}
            said |= {name: part["Data"] for name, part in simple["Body"].items()}
            headers, tags = simple.get("Headers", []), call["EmailTags"]
        else:
            said = _rendered(call, entry)
            headers, tags = entry.get("ReplacementHeaders", []), entry["ReplacementTags"]
        fields = [
            ("From", call["FromEmailAddress"]),
            ("To", address),
            ("Subject", said["Subject"]),
            ("Message-ID", f"<{identity}@{REGION}.amazonses.com>"),
            *(("Reply-To", each) for each in call.get("ReplyToAddresses", [])),
            *((each["Name"], each["Value"]) for each in headers),
        ]
        self.tags[address] = {tag["Name"]: tag["Value"] for tag in tags}
        self.delivered.append(
            Delivered(to=address, headers=tuple(fields), text=said["Text"], html=said["Html"])
        )


def refusal(status: int, name: str, message: str = "") -> Step:
    """An error as SES says it: its name in a header, with an address behind it."""
    named = {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/"}
    return reply(status, {"message": message} if message else {}, named)


def signature_faults(received: Received, url: str, now: datetime) -> Iterator[tuple[int, str, str]]:
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/ses/aws4_request,"
        r" SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})",
        received.headers.get("authorization", ""),
    )
    if found is None:
        yield 403, "MissingAuthenticationTokenException", "Missing Authentication Token"
        return
    access, day, region, names, signature = found.groups()
    stamp = received.headers["x-amz-date"]
    made = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if access not in KEYS:
        yield 403, "UnrecognizedClientException", "The security token included is invalid."
    elif abs(now - made) > timedelta(minutes=5):
        yield 403, "InvalidSignatureException", f"Signature expired: {stamp}"
    elif not {"host", "x-amz-date"} <= set(names.split(";")) or not stamp.startswith(day):
        yield 403, "InvalidSignatureException", "The signature does not cover what it must"
    elif region != REGION or signature != _botocores(received, url, names, stamp, KEYS[access]):
        yield 403, "InvalidSignatureException", "The request signature we calculated differs"


def _botocores(received: Received, url: str, names: str, stamp: str, secret: str) -> str:
    """The signature that botocore makes over what arrived."""
    headers = {name: received.headers[name] for name in names.split(";")}
    request = AWSRequest(
        method=received.method, url=url + received.path, data=received.body, headers=headers
    )
    request.context["timestamp"] = stamp
    auth = SigV4Auth(Credentials("unused", secret), "ses", REGION)
    return str(
        auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    )


def _header_faults(call: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    lists = [entry.get("ReplacementHeaders", []) for entry in call.get("BulkEmailEntries", [])]
    for headers in lists or [call["Content"]["Simple"].get("Headers", [])]:
        names = [each["Name"].lower() for each in headers]
        fine = all(
            re.fullmatch(r"[!-9;-@A-~]{1,126}", each["Name"])
            and re.fullmatch(r"[ -~]{1,995}", each["Value"])
            and len(each["Name"] + each["Value"]) <= 996
            for each in headers
        )
        if not fine or len(names) > 15 or len(set(names)) < len(names):
            yield 400, "BadRequestException", "Message headers are not valid"


def _entry_faults(address: str) -> Iterator[tuple[str, str]]:
    local, at, domain = address.rpartition("@")
    if not local.isascii():
        yield "INVALID_PARAMETER", "Local address contains a character that is not 7-bit ASCII"
    if not at or not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", domain):
        yield "INVALID_PARAMETER", f"Missing final '@domain': {address}"


def _rendered(call: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, str]:
    """Simple substitution; a variable without a value would be a rendering failure."""
    template = call["DefaultContent"]["Template"]
    values = json.loads(template["TemplateData"])
    values |= json.loads(
        entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    )
    return {
        part: re.sub(r"\{\{(.*?)\}\}", lambda found: values[found[1]], text)
        for part, text in template["TemplateContent"].items()
    }


ACCOUNT: dict[str, Any] = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0},
}
"""An account of which all is well."""
IDENTITY: dict[str, Any] = {
    "IdentityType": "DOMAIN",
    "VerifiedForSendingStatus": True,
    "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"},
}
"""And a domain."""

KIND = Kind(
    server=lambda clock: SesServer(clock=clock),
    options={
        "region": REGION,
        "access_key_id": "AKIDFORTESTS",
        "secret_access_key": "secret-for-tests",
    },
    asked=Asked(
        key="secret_access_key",
        signed=True,
        answers={
            "/v2/email/account": (200, ACCOUNT),
            "/v2/email/identities/forum.example": (200, IDENTITY),
        },
        refusal=(403, {"__type": "InvalidSignatureException", "message": "differs"}),
        what=frozenset({"provider key", "provider account", "sending domain"}),
    ),
)
