"""A provider whose requests and answers the operator describes in YAML: settings and calls.

A 2xx means accepted only if the description lists it. An answer that is neither in the description
nor in the table of all providers is unknown.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities, Finding, unclear
from newsletter.domain.statements.content import Content, Recipient
from newsletter.providers.common import answers
from newsletter.providers.common.bodies import addresses, cached_by_content, field_error
from newsletter.providers.common.doctor import Probe
from newsletter.providers.common.options import ProviderOptions, basic, bearer, option, origin
from newsletter.providers.common.webhooks import parse_json, value_at
from newsletter.providers.http.body import BodyTemplate
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse

_PATH_STEP_PATTERN = re.compile(r"\.?([^.\[\]\s]+)|\[([0-9]{1,4})\]")
_HEADER_PATH_PATTERN = re.compile(r"header:([A-Za-z0-9!#$%&'*+.^_`|~-]+)")


class AnswerPath:
    """A path in a JSON answer, like ``emails[0].id`` or ``emails.0.id``."""

    def __init__(self, text: str) -> None:
        """Raise ValueError for an invalid path."""
        header = _HEADER_PATH_PATTERN.fullmatch(text)
        self._header = header[1].lower() if header else ""
        self._steps = [] if header else _path_keys(text)

    def find(self, response: HttpResponse) -> str:
        """Return the text or whole number at the path, or ""."""
        if self._header:
            return response.headers.get(self._header, "").strip()
        value = parse_json(response.body)
        for step in self._steps:
            is_place = isinstance(value, list) and step.isdecimal()
            value = value_at(value, int(step) if is_place else step)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) else ""


def _path_keys(text: str) -> list[str]:
    steps, end = [], 0
    for step in _PATH_STEP_PATTERN.finditer(text):
        if step.start() != end:
            break
        steps.append(step[1] or step[2])
        end = step.end()
    if not steps or end != len(text) or text.startswith((".", "header:")):
        raise ValueError(
            f"{text!r} is no path; write it like id, emails[0].id or header:X-Message-Id"
        )
    return steps


_HEADER_NAME_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE_PATTERN = re.compile(r"[\x20-\x7e\xa0-\xff]*")
_TRANSPORT_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "expect", "host"}
    | {"keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


def _require_unique(statuses: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(statuses)) < len(statuses):
        raise ValueError("names a status more than once; write each once")
    return statuses


_AcceptedStatus = Annotated[int, Field(ge=200, le=299)]
_RefusalStatus = Annotated[int, Field(ge=400, le=499)]


class Auth(BaseModel):
    """Credentials of a request: either ``user`` and ``password``, or ``bearer``."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)

    user: str | None = option(
        "The name in Basic authentication.", default=None, pattern=r"^[^:\x00-\x1f\x7f]+$"
    )
    password: SecretStr | None = option(
        "The password in Basic authentication.", default=None, min_length=1
    )
    bearer: SecretStr | None = option("A bearer token.", default=None, min_length=1)

    @model_validator(mode="after")
    def _require_one_kind(self) -> "Auth":
        basic = self.user is not None and self.password is not None
        has_user_or_password = self.user is not None or self.password is not None
        if (self.bearer is not None) is has_user_or_password or basic is not has_user_or_password:
            raise ValueError("must be either user and password, or bearer alone")
        if self.bearer is not None and not re.fullmatch(r"[!-~]+", self.bearer.get_secret_value()):
            raise ValueError("has a bearer with a blank or a sign that no header may hold")
        return self

    @property
    def header(self) -> Mapping[str, str]:
        if self.bearer is not None:
            return bearer(self.bearer)
        return basic(self.user or "", self.password or SecretStr(""))


class Options(ProviderOptions):
    """Settings of any provider with an HTTP and JSON API."""

    shaping = frozenset({"body", "headers"})

    kind: Literal["http"]
    url: str = option(
        "The address of each POST. It is shown, so it must contain no secret.",
        "https://gateway.forum.example/v1/messages",
        pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$",
    )
    headers: dict[str, SecretStr] = option(
        "Header fields of each call. Their values are secret; NAME_file names a file with the"
        " value of NAME.",
        default={},
    )
    auth: Auth | None = option("The credentials: `user` and `password`, or `bearer`.", default=None)
    body: str = option(
        "A Jinja2 template of the JSON. It sees `message`, or the list `messages` where"
        " `batch_size` is more than 1. It is shown: keep secrets out of it.",
        min_length=1,
    )
    accepted: Annotated[tuple[_AcceptedStatus, ...], AfterValidator(_require_unique)] = option(
        "The statuses that mean: all messages were taken.", default=(200, 201, 202), min_length=1
    )
    rejected: Annotated[tuple[_RefusalStatus, ...], AfterValidator(_require_unique)] = option(
        "The statuses that mean: a recipient is refused. Several are halved to find the one.",
        default=(400, 422),
    )
    quota: Annotated[tuple[_RefusalStatus, ...], AfterValidator(_require_unique)] = option(
        "The statuses that mean: nothing was taken, the quota is used up.", default=()
    )
    message_id: str | None = option(
        "The place of the provider's id in its answer, like `id`, `emails[0].id` or"
        " `header:X-Message-Id`. An accepted answer without it is unknown.",
        "emails[0].id",
        default=None,
    )

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        names = [name.lower() for name in headers]
        for name, secret in headers.items():
            if not _HEADER_NAME_PATTERN.fullmatch(name):
                raise ValueError(f"holds {name!r}, which is no name of a header field")
            if name.lower() in _TRANSPORT_HEADERS:
                raise ValueError(f"holds {name}, which each call sets by itself; leave it out")
            if names.count(name.lower()) > 1:
                raise ValueError(f"holds {name} twice, in capitals and small letters; keep one")
            if not _HEADER_VALUE_PATTERN.fullmatch(secret.get_secret_value()):
                raise ValueError(f"holds {name} with a sign that no header field may hold")
        return headers

    @field_validator("auth")
    @classmethod
    def _require_one_authorization(cls, auth: Auth | None, info: ValidationInfo) -> Auth | None:
        if auth and "authorization" in {name.lower() for name in info.data.get("headers", {})}:
            raise ValueError("and headers both set Authorization; keep one of the two")
        return auth

    @field_validator("message_id")
    @classmethod
    def _check_path(cls, path: str | None) -> str | None:
        if path is not None:
            AnswerPath(path)
        return path

    @field_validator("body")
    @classmethod
    def _check_body(cls, body: str, info: ValidationInfo) -> str:
        if "batch_size" in info.data:  # else it is at fault itself, and says so
            BodyTemplate(body, several=_has_batches(info.data["batch_size"]))
        return body

    @property
    def several(self) -> bool:
        """Return whether the body has a list of messages."""
        return _has_batches(self.batch_size)


def _has_batches(batch_size: int | None) -> bool:
    return (batch_size or 1) > 1


_EXPECTED_PARTS = frozenset(
    {"List-Unsubscribe", "List-Unsubscribe-Post", "text", "html", "from_address"}
)
"""Parts that each email should have."""


def probes(options: Options, _: str) -> tuple[Probe | Finding, ...]:
    """Return the findings that nothing can be asked, and which parts the body leaves out."""
    left_out = BodyTemplate(options.body, several=options.several).find_missing_parts()
    missing = [name for name in left_out if name in _EXPECTED_PARTS]
    findings = [unclear("provider", "nothing is known of a described provider but how it sends")]
    if missing:
        why = f"it leaves out {', '.join(missing)}"
        findings.append(unclear("provider body", why, "say them, where the provider can"))
    return tuple(findings)


_MIN_SECRET_CHARS = 6


class Described:
    """Translates batches to calls as the operator described them."""

    name = "http"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=options.batch_size or 1, own_body=True)
        address = urlsplit(options.url)
        path = address._replace(scheme="", netloc="").geturl()
        self._url = origin(options, f"{address.scheme}://{address.netloc}") + path
        fixed = {name: secret.get_secret_value() for name, secret in options.headers.items()}
        kind = next((fixed.pop(name) for name in [*fixed] if name.lower() == "content-type"), "")
        self._headers = {"Content-Type": kind or "application/json", **fixed}
        if options.auth:
            self._headers |= options.auth.header
        self._secrets = tuple(_secrets(options))
        self._template = BodyTemplate(options.body, several=options.several)
        self._options = options
        self._id = AnswerPath(options.message_id) if options.message_id else None
        self._checked = cached_by_content(_check)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return the call. Raises InvalidInput if the filled template is no valid JSON."""
        limit = self.capabilities.max_recipients
        readers = addresses(batch.recipients, limit=limit, label="one call", allow_duplicates=True)
        self._checked(batch.content)
        messages = [
            _message(batch.content, recipient, address)
            for recipient, address in zip(batch.recipients, readers, strict=True)
        ]
        try:
            body = self._template.fill(messages)
        except ValueError as error:
            raise field_error("provider.body", str(error)) from error
        return HttpRequest(method="POST", url=self._url, headers=self._headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call."""
        # the answer may repeat secrets
        text = response.body[:20_000].decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, "…")
        reason, status = (http.shorten(f"HTTP {response.status} {text}".strip()), response.status)
        if status in self._options.quota:
            return answers.make_answer(response, Verdict.QUOTA, reason)
        if status in self._options.rejected:
            return answers.make_answer(response, answers.reject_or_split(batch), reason)
        if status // 100 != 2:
            return answers.refuse_by_status(batch, response, reason)
        if status not in self._options.accepted:
            why = f"not among the accepted statuses: {reason}"
            return answers.make_answer(response, Verdict.UNKNOWN, why)
        if self._id is None:
            return answers.make_answer(response, Verdict.ACCEPTED, "")
        why = f"no id at {self._options.message_id}: {reason}"
        return answers.accept_with_id(response, self._id.find(response), why)


def _secrets(options: Options) -> Iterator[str]:
    """Yield the secrets to remove from reasons, longest first, except very short ones."""
    texts = [secret.get_secret_value() for secret in options.headers.values()]
    if options.auth:
        texts.append(options.auth.header["Authorization"].partition(" ")[2])
        password = options.auth.password
        texts += [password.get_secret_value()] if password else []
    texts += [word for value in texts for word in value.split()]  # the key alone, in "Bearer key"
    longest_first = sorted(set(texts), key=len, reverse=True)
    yield from (each for each in longest_first if len(each) >= _MIN_SECRET_CHARS)


def _check(content: Content) -> None:
    """Raise InvalidInput for content that the template or a message cannot have."""
    mime_template(content)  # refuses headers that no message can have
    names = [name.lower() for name, _ in content.headers]
    if len(set(names)) < len(names):
        raise field_error("headers", "two have the same name; a mapping has one of each")


def _message(content: Content, recipient: Recipient, address: str) -> dict[str, Any]:
    """Return the values of one message for the template. ``name`` is empty."""
    sender = content.sender
    return {
        "id": recipient.message_id,
        "to": address,
        "name": "",
        "subject": recipient.merge(content.subject),
        "html": recipient.merge(content.html),
        "text": recipient.merge(content.text),
        "headers": {name: recipient.merge(value) for name, value in content.headers},
        "from_name": sender.name,
        "from_address": ascii_domain(sender.address),
        "reply_to": ascii_domain(sender.reply_to),
    }
