"""The parts of request bodies: content encoded once, gaps filled, and forbidden characters.

A provider encodes content once. Values checked here need no escaping in JSON.
"""

import json
import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

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

_KEPT_CONTENTS = 4
CAMPAIGN, ATTEMPT, SUBSCRIBER, ADDRESS = _OWN = tuple(
    MARK_PREFIX + name for name in ("CAMPAIGN", "ATTEMPT", "SUBSCRIBER", "ADDRESS")
)
"""Marks for the values of a recipient besides the merge fields."""
ABOUT = {"campaign": CAMPAIGN, "attempt": ATTEMPT, "subscriber": SUBSCRIBER}
"""Metadata of a message, with which events and records name its delivery."""
_MARKS = [mark.encode() for mark in (*(field.value for field in MergeField), *_OWN, *NAME_MARKS)]
_GAP = re.compile(b"(%b)" % b"|".join(_MARKS))
_OURS = re.compile("|".join(_OWN))
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""A value in the fewest letters. Raises TypeError for what JSON does not have."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_ADDRESS = dict.fromkeys(
    [*range(0x21), *range(0x7F, 0xA1), 0x2028, 0x2029, *map(ord, '"(),:;<>[]\\')]
)
"""Characters that no address may contain. A translation table is six times faster than a
pattern."""
_ANY_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322
_WORDS = (string.ascii_letters + string.digits + "._~+=-").encode()
_NEEDS_ESCAPING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"\\&<>'`={}\[\]()%$*|_@:/]")
"""Special in JSON, HTML or a provider's template. ``greeting.speakable`` removes them all."""
_T = TypeVar("_T")


class ContentCache(Generic[_T]):
    """Content as a provider says it; the last few are kept, as many batches carry the same."""

    def __init__(self, say: Callable[[Content], _T]) -> None:
        self._say = say
        self._kept: dict[str, tuple[Content, _T]] = {}

    def of(self, batch: OutgoingBatch) -> _T:
        """Raises InvalidInput for content that the provider would misread."""
        known = self._kept.get(batch.content_hash)
        if known is None or known[0] != batch.content:
            known = (batch.content, self._say(batch.content))
            kept = dict(list(self._kept.items())[1 - _KEPT_CONTENTS :])
            self._kept = kept | {batch.content_hash: known}  # replaced whole: threads share it
        return known[1]


@dataclass(frozen=True, kw_only=True)
class Template:
    """Bytes with gaps."""

    row: tuple[bytes, ...]
    """Fixed text and marks in turn, fixed text at both ends."""
    gaps: tuple[int, ...]
    """Which value belongs into each gap."""

    def fill(self, *values: str) -> bytes:
        """Return the body with these values in its gaps."""
        row = list(self.row)
        encoded = [value.encode() for value in values]  # once, however many gaps each fills
        row[1::2] = [encoded[gap] for gap in self.gaps]
        return b"".join(row)


def template(value: Any) -> Template:
    """JSON, split at its marks: those of MergeField, our own, and those of names."""
    row = _GAP.split(to_json(value).encode())
    return Template(row=tuple(row), gaps=tuple(_MARKS.index(mark) for mark in row[1::2]))


def filled(compiled: Template, batch: OutgoingBatch, *, most: int, who: str) -> list[bytes]:
    """The template, filled for each recipient in order.

    Nothing is escaped: raises InvalidInput for what would need it, as ``addresses`` does.
    """
    readers = plain(batch.recipients, batch.campaign, batch.attempt_id)
    said = batch.campaign, batch.attempt_id
    return [
        compiled.fill(unsubscribe, message_id, *said, str(number), address, *names)
        for unsubscribe, message_id, number, address, names in zip(
            readers.unsubscribe,
            readers.message_ids,
            readers.subscriber_ids,
            addresses(batch.recipients, most=most, who=who),
            readers.names,
            strict=True,
        )
    ]


def mailbox(name: str, address: str) -> str:
    """A name, if there is one, and an address in one line, the name quoted."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    address = ascii_domain(address)
    return f'"{quoted}" <{address}>' if name else address


def refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([fault(key, message)])


def refuse(faults: Iterable[Fault]) -> None:
    """Raise InvalidInput with all faults, if there are any."""
    if found := list(faults):
        raise InvalidInput(found)


def check(
    content: Content,
    who: str,
    *,
    marks: re.Pattern[str] = _OURS,
    names: re.Pattern[str] = _ANY_NAME,
    taken: Iterable[str] = (),
    ascii_only: bool = False,
    more: Iterable[Fault] = (),
) -> None:
    """Refuse what a provider would misread, all of it at once. Raises InvalidInput.

    ``marks``: what it takes for marks of its own; ``names``: the names of header fields that it
    can carry; ``taken``: those, in lower case, that it refuses or sets by itself;
    ``ascii_only``: it sends a header field as it is, though it needs encoding; ``more``: what else
    it takes offence at.
    """
    lines = (("from", content.sender.name), ("subject", content.subject), *content.headers)
    refuse(
        (
            *(
                fault(name, "is not a name that a header field can have")
                for name, _ in content.headers
                if not names.fullmatch(name)
            ),
            *(
                fault(key, f"holds the control character {found.group()!r}; write it without")
                for key, value in lines
                if (found := _CONTROL.search(value))
            ),
            *(
                fault(
                    key,
                    f"holds “{found.group()}”, which {who} might replace; write it another way",
                )
                for key, value in (*lines, ("text", content.text), ("html", content.html))
                if (found := marks.search(value) or _OURS.search(value))
            ),
            *_doubled(content.headers, who, taken),
            *(more_than_ascii(content.headers) if ascii_only else ()),
            *more,
        )
    )
    mime_template(content)  # refuses what no message at all can have in its headers


def _doubled(headers: Iterable[tuple[str, str]], who: str, taken: Iterable[str]) -> Iterator[Fault]:
    seen = set(taken)
    for name, _ in headers:
        if name.lower() in seen:
            yield fault(name, f"cannot be given to {who}, or not twice; leave it out")
        seen.add(name.lower())


def more_than_ascii(headers: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    """A fault for each header that a provider would send as it is, though it needs encoding."""
    for name, value in headers:
        if not value.isascii():
            yield fault(name, "is more than ASCII; write it in plain letters")


def addresses(
    recipients: Sequence[Recipient], *, most: int, who: str, twice: bool = False
) -> list[str]:
    """Return the addresses in order, with domains in ASCII; each once, unless ``twice``.

    Raises InvalidInput for no recipients, for more than ``most``, for a duplicate, and for an
    address that a list of addresses or JSON would have to escape.
    """
    # looked at as one text: a thousand looks at short ones take far longer
    found = list(Recipients.of(recipients).addresses)
    everything = "".join(found)
    if not everything.isascii():
        found = [ascii_domain(address) for address in found]
        everything = "".join(found)
    if not 1 <= len(found) <= most:
        takes = "one call takes one" if most == 1 else f"{who} takes 1 to {most}"
        raise refusal("to", f"{len(found)} recipients; {takes}")
    if "" in found or everything != everything.translate(_NO_ADDRESS):
        raise refusal("to", "an address is empty or holds a character none may")
    if not twice and len(set(found)) < len(found):
        raise refusal("to", "an address appears in the batch twice")
    return found


def plain(recipients: Sequence[Recipient], *words: str) -> Recipients:
    """Return the columns of readers whose values need no escaping.

    Raises InvalidInput for a merge value, or another word of the call, that needs it.
    """
    readers = Recipients.of(recipients)
    called = "".join(chain.from_iterable(readers.names))
    values = "".join([*words, *readers.unsubscribe, *readers.message_ids])
    letters_apart = values.encode("ascii", "replace").translate(None, delete=_WORDS)
    if letters_apart or _NEEDS_ESCAPING.search(called):
        raise refusal("recipients", "a merge value or a name holds more than plain letters")
    return readers


def fault(key: str, message: str) -> Fault:
    """Return a fault in one field of a message: from, subject, text, html or a header."""
    return Fault(file="message", key=key, message=message)
