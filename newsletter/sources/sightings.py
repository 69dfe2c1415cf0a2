"""Which addresses a file has named so far, and where, in little memory."""

from array import array
from hashlib import blake2b

from newsletter.domain.audience import fold

_SMALLEST = 1 << 10
_LINE = (1 << 32) - 1


class Sightings:
    """Where each address stood first. Takes 24 to 48 bytes an address, and holds none.

    Of an address there is a digest of 95 bits and the line: a table of its own, as a dictionary of
    a million would take four times as much.
    """

    def __init__(self) -> None:
        self._size = _SMALLEST
        self._held = 0
        self._keys, self._values = self._empty()

    def note(self, address: str, line: int) -> int:
        """The line on which the address stood before; 0 if on none, and this one is noted."""
        digest = blake2b(fold(address).encode(), digest_size=12).digest()
        key = int.from_bytes(digest[:8], "big") | 1  # 0 stands for a free place
        check = int.from_bytes(digest[8:], "big") << 32
        slot = self._slot(key, check)
        if self._keys[slot]:
            return self._values[slot] & _LINE
        self._keys[slot] = key
        self._values[slot] = check | min(line, _LINE)
        self._held += 1
        if 3 * self._held > 2 * self._size:
            self._grow()
        return 0

    def _slot(self, key: int, check: int) -> int:
        """Where the digest is, or the free place where it belongs."""
        last = self._size - 1
        slot = key >> 1 & last
        while self._keys[slot]:
            if self._keys[slot] == key and self._values[slot] & ~_LINE == check:
                break
            slot = slot + 1 & last
        return slot

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self._size *= 2
        self._keys, self._values = self._empty()
        for key, value in zip(keys, values, strict=True):
            if key:
                slot = self._slot(key, value & ~_LINE)
                self._keys[slot], self._values[slot] = key, value

    def _empty(self) -> "tuple[array[int], array[int]]":
        free = array("Q", [0])
        return free * self._size, free * self._size
