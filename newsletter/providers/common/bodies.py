"""Builds request bodies: encodes content once, fills templates, refuses forbidden characters."""

import json
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import (
    MARK_PREFIX,
    NAME_MARKS,
    Content,
    MergeField,
    Recipient,
    Recipients,
)

CAMPAIGN_MARK, ATTEMPT_MARK, SUBSCRIBER_MARK, ADDRESS_MARK = _OUR_MARKS = tuple(
    MARK_PREFIX + name for name in ("CAMPAIGN", "ATTEMPT", "SUBSCRIBER", "ADDRESS")
)
"""Marks for values of a recipient that are no merge fields."""
METADATA_MARKS = {"campaign": CAMPAIGN_MARK, "attempt": ATTEMPT_MARK, "subscriber": SUBSCRIBER_MARK}
"""Metadata of a message, by which the provider's events and records identify the delivery."""
METADATA_TAG = "/".join(METADATA_MARKS.values())
"""The metadata as a tag, for a provider whose events return tags alone."""
_ALL_MARKS = [
    mark.encode() for mark in (*(field.value for field in MergeField), *_OUR_MARKS, *NAME_MARKS)
]
_MARK_PATTERN = re.compile(b"(%b)" % b"|".join(_ALL_MARKS))
_OUR_MARK_PATTERN = re.compile("|".join(_OUR_MARKS))
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Encode a value as compact JSON. Raises TypeError for a type that JSON does not have."""
_CONTROL_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FORBIDDEN_ADDRESS_SIGNS = dict.fromkeys(
    [*range(0x21), *range(0x7F, 0xA1), 0x2028, 0x2029, *map(ord, '"(),:;<>[]\\')]
)
"""Characters that no address may contain. This table is faster than a pattern."""
_HEADER_NAME_PATTERN = re.compile(r"[!-9;-~]+")  # RFC 5322
_SAFE_CHARS = (string.ascii_letters + string.digits + "._~+=-").encode()
_JSON_ESCAPE_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"\\&<>'`={}\[\]()%$*|_@:/]")
"""Special characters of JSON, HTML and providers' templates. ``greeting_name`` removes them."""
cached_by_content = lru_cache(maxsize=4)
"""Cache a function's results for the last few contents, which many batches share."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """An encoded body with gaps for the values of a recipient."""

    parts: tuple[bytes, ...]
    """Fixed texts alternate with marks; the first and the last part are fixed texts."""
    gaps: tuple[int, ...]
    """For each gap, the index of its value in the arguments of ``fill``."""

    def fill(self, *values: str) -> bytes:
        parts = list(self.parts)
        value_bytes = [value.encode() for value in values]  # once, however many gaps each fills
        parts[1::2] = [value_bytes[gap] for gap in self.gaps]
        return b"".join(parts)


def compile_template(value: Any) -> Template:
    """Encode a value as JSON, and split it at the marks of merge values, metadata and names."""
    parts = _MARK_PATTERN.split(to_json(value).encode())
    return Template(parts=tuple(parts), gaps=tuple(_ALL_MARKS.index(mark) for mark in parts[1::2]))


def fill_for_each(
    template: Template, batch: OutgoingBatch, *, limit: int, label: str
) -> list[bytes]:
    """Fill a template for each recipient. Raises InvalidInput for values that need escaping."""
    readers = check_values(batch.recipients, batch.campaign, batch.attempt_id)
    delivery = batch.campaign, batch.attempt_id
    return [
        template.fill(unsubscribe, message_id, *delivery, str(number), address, *names)
        for unsubscribe, message_id, number, address, names in zip(
            readers.unsubscribe,
            readers.message_ids,
            readers.subscriber_ids,
            addresses(batch.recipients, limit=limit, label=label),
            readers.names,
            strict=True,
        )
    ]


def format_mailbox(name: str, address: str) -> str:
    """Return ``"Name" <address>`` with the name quoted, or the address alone."""
    quoted_name = name.replace("\\", "\\\\").replace('"', '\\"')
    address = ascii_domain(address)
    return f'"{quoted_name}" <{address}>' if name else address


def mailbox_object(
    address: str, name: str = "", *, keys: tuple[str, str] = ("email", "name")
) -> dict[str, str]:
    """Return an address and a name under these keys, each only if it is not empty."""
    parts = zip(keys, (ascii_domain(address), name), strict=True)
    return {key: part for key, part in parts if part}


def field_error(key: str, message: str) -> InvalidInput:
    return InvalidInput([fault(key, message)])


def check_content(
    content: Content,
    label: str,
    *,
    marks: re.Pattern[str] = _OUR_MARK_PATTERN,
    name_pattern: re.Pattern[str] = _HEADER_NAME_PATTERN,
    forbidden: Iterable[str] = (),
    ascii_only: bool = False,
    faults: Iterable[Fault] = (),
) -> None:
    """Raise InvalidInput with each part of the content that the provider would misread.

    ``marks`` matches the provider's template marks, ``name_pattern`` the header names that it
    takes. ``forbidden`` has the headers, in lower case, that it refuses or sets itself. With
    ``ascii_only`` it encodes no headers. ``faults`` are added.
    """
    lines = (("from", content.sender.name), ("subject", content.subject), *content.headers)
    found_faults = [
        *(
            fault(name, "is not a name that a header field can have")
            for name, _ in content.headers
            if not name_pattern.fullmatch(name)
        ),
        *(
            fault(key, f"holds the control character {found.group()!r}; write it without")
            for key, value in lines
            if (found := _CONTROL_PATTERN.search(value))
        ),
        *(
            fault(
                key, f"holds “{found.group()}”, which {label} might replace; write it another way"
            )
            for key, value in (*lines, ("text", content.text), ("html", content.html))
            if (found := marks.search(value) or _OUR_MARK_PATTERN.search(value))
        ),
        *_repeated_headers(content.headers, label, forbidden),
        *(non_ascii_headers(content.headers) if ascii_only else ()),
        *faults,
    ]
    if found_faults:
        raise InvalidInput(found_faults)
    mime_template(content)  # refuses headers that no message can have


def _repeated_headers(
    headers: Iterable[tuple[str, str]], label: str, forbidden_headers: Iterable[str]
) -> Iterator[Fault]:
    seen = set(forbidden_headers)
    for name, _ in headers:
        if name.lower() in seen:
            yield fault(name, f"cannot be given to {label}, or not twice; leave it out")
        seen.add(name.lower())


def non_ascii_headers(headers: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    for name, value in headers:
        if not value.isascii():
            yield fault(name, "is more than ASCII; write it in plain letters")


def addresses(
    recipients: Sequence[Recipient], *, limit: int, label: str, allow_duplicates: bool = False
) -> list[str]:
    """Return the recipients' addresses in order, with domains in ASCII.

    Raises InvalidInput for no recipients or more than ``limit``, for an address that is there twice
    (unless ``allow_duplicates``), and for one that needs escaping in JSON or in a list.
    """
    # checked as one text, which is far faster than a thousand short ones
    found = list(Recipients.of(recipients).addresses)
    all_text = "".join(found)
    if not all_text.isascii():
        found = [ascii_domain(address) for address in found]
        all_text = "".join(found)
    if not 1 <= len(found) <= limit:
        limit_text = "one call takes one" if limit == 1 else f"{label} takes 1 to {limit}"
        raise field_error("to", f"{len(found)} recipients; {limit_text}")
    if "" in found or all_text != all_text.translate(_FORBIDDEN_ADDRESS_SIGNS):
        raise field_error("to", "an address is empty or holds a character none may")
    if not allow_duplicates and len(set(found)) < len(found):
        raise field_error("to", "an address appears in the batch twice")
    return found


def check_values(recipients: Sequence[Recipient], *values: str) -> Recipients:
    """Return the recipients as columns. Raises InvalidInput if a value needs escaping in JSON."""
    readers = Recipients.of(recipients)
    names = "".join(chain.from_iterable(readers.names))
    all_text = "".join([*values, *readers.unsubscribe, *readers.message_ids])
    letters_apart = all_text.encode("ascii", "replace").translate(None, delete=_SAFE_CHARS)
    if letters_apart or _JSON_ESCAPE_PATTERN.search(names):
        raise field_error("recipients", "a merge value or a name holds more than plain letters")
    return readers


def fault(key: str, message: str) -> Fault:
    """Return a fault of one field of a message: from, subject, text, html or a header."""
    return Fault(file="message", key=key, message=message)
