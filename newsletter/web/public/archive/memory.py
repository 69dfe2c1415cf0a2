"""The archive's answers in memory, until something changes that they tell of."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Lock

from newsletter.store.sql import Store
from newsletter.web.public.archive.build import Leaf

_MAX_BYTES = 32 << 20
_LARGEST_SHARE = 4
"""A single answer takes at most this part of the memory; larger ones are written each time."""
_WRITERS = 16


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An answer with its header fields, ready to be sent."""

    body: bytes
    media_type: str
    changed_at: datetime
    """To the second, which is what a field of HTTP can say."""
    fields: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.fields["ETag"]


def prepare(leaf: Leaf, fields: Mapping[str, str]) -> Prepared:
    """Add the fields by which a client tells whether it has an answer already."""
    changed_at = leaf.changed_at.astimezone(UTC).replace(microsecond=0)
    # of the whole response with its header fields: a new policy is a new response
    lines = "".join(f"{name}: {value}\n" for name, value in sorted(fields.items()))
    digest = hashlib.sha256(lines.encode() + leaf.body).hexdigest()[:32]
    marks = {"ETag": f'"{digest}"', "Last-Modified": format_datetime(changed_at, usegmt=True)}
    return Prepared(
        body=leaf.body,
        media_type=leaf.media_type,
        changed_at=changed_at,
        fields={**fields, **marks},
    )


class PageMemory:
    """The last responses by path, in at most so many bytes.

    They are valid until a statement, approval or campaign changes. Settings and templates do not
    change within a process. Any thread may use it.
    """

    def __init__(self, store: Store, *, max_bytes: int = _MAX_BYTES) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._turn = Lock()
        self._writers = [Lock() for _ in range(_WRITERS)]
        self._version: tuple[int, int] | None = None
        """The version of the database, and the number of the last change that pages tell of."""
        self._bytes = 0
        self._answers: OrderedDict[str, tuple[int, Prepared]] = OrderedDict()

    def find(self, path: str, write: Callable[[], Prepared | None]) -> Prepared | None:
        """Return the answer at a path, which ``write`` makes if it is not known."""
        # before it is written: what changes in between makes the answer an old one
        change = self._last_change()
        found = self._known(path, change)
        if found is None:
            with self._writers[hash(path) % _WRITERS]:  # of those who ask at once, one writes
                found = self._known(path, change) or write()
                if found is not None:
                    self._keep(path, change, found)
        return found

    def _last_change(self) -> int:
        version, before = self._store.version(), self._version
        if before is None or before[0] != version:
            with self._store.read() as tx:
                before = (version, tx.statements.changed_since(None)[0])
            self._version = before
        return before[1]

    def _known(self, path: str, change: int) -> Prepared | None:
        with self._turn:
            kept = self._answers.get(path)
            if kept is None or kept[0] != change:
                return None
            self._answers.move_to_end(path)
            return kept[1]

    def _keep(self, path: str, change: int, answer: Prepared) -> None:
        if len(answer.body) > self._max_bytes // _LARGEST_SHARE:
            return
        with self._turn:
            before = self._answers.pop(path, None)
            self._bytes -= len(before[1].body) if before else 0
            self._answers[path] = (change, answer)
            self._bytes += len(answer.body)
            while self._bytes > self._max_bytes:
                _, (_, oldest) = self._answers.popitem(last=False)
                self._bytes -= len(oldest.body)
