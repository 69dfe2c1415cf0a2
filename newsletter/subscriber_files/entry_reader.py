"""What is kept in mind while a file is read: its faults, and who stood in it before."""

from array import array
from hashlib import blake2b

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.subscribers.audience import fold, parse_address

MAX_FAULTS = 1000


class Faults:
    """The faults of one file. Beyond the thousandth they are only counted."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._kept: list[Fault] = []
        self._more = 0

    def __len__(self) -> int:
        return len(self._kept) + self._more

    def add(self, fault: Fault) -> None:
        """Note a fault."""
        if len(self._kept) < MAX_FAULTS:
            self._kept.append(fault)
        else:
            self._more += 1

    def finish(self) -> None:
        """Raises InvalidInput if anything at all was wrong."""
        if self._kept:
            message = f"and {self._more} more"
            more = [Fault(file=self.file, message=message)] if self._more else []
            raise InvalidInput([*self._kept, *more])


_SMALLEST = 1 << 10
_LINE = (1 << 32) - 1


class DuplicateCheck:
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


class EntryReader:
    """Holds nobody. ``watchful`` asks for a fault where an address comes twice."""

    def __init__(self, faults: Faults, *, watchful: bool) -> None:
        self._faults = faults
        self._watchful = watchful
        self._subscribers = DuplicateCheck()
        self._suppressed = DuplicateCheck()

    def __len__(self) -> int:
        """How many faults there are."""
        return len(self._faults)

    def fault(self, line: int, key: str, message: str, column: int = 0) -> None:
        """Note a fault of a line; 0 stands for none in particular."""
        file = self._faults.file
        self._faults.add(Fault(file=file, line=line, column=column, key=key, message=message))

    def subscriber_address(self, text: str, line: int) -> str:
        """The address of a subscriber; empty, with a fault, if bad or not the first of its kind."""
        return self._address(text, line, self._subscribers)

    def suppressed_address(self, text: str, line: int) -> str:
        """The address of a suppression; empty, with a fault, if bad or not the first."""
        return self._address(text, line, self._suppressed)

    def _address(self, text: str, line: int, known: DuplicateCheck) -> str:
        if not text:
            self.fault(line, "email", "needs an address like ana@example.org")
            return ""
        try:
            address = parse_address(text)
        except ValueError as error:
            self.fault(line, "email", str(error))
            return ""
        first = known.note(address, line) if self._watchful else 0
        if first:
            self.fault(line, "email", f"{address} stands on line {first} already; keep one of them")
            return ""
        return address
