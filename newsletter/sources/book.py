"""What is kept in mind while a file of ours is read: its faults, and who stood in it before."""

from hashlib import blake2b

from newsletter.domain.audience import fold, parse_address
from newsletter.domain.errors import Fault
from newsletter.sources.faults import Faults


class Book:
    """Holds nobody. ``watchful`` asks for a fault where an address comes twice."""

    def __init__(self, faults: Faults, *, watchful: bool) -> None:
        self._faults = faults
        self._watchful = watchful
        self._subscribers: dict[bytes, int] = {}
        self._suppressed: dict[bytes, int] = {}

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

    def _address(self, text: str, line: int, lines: dict[bytes, int]) -> str:
        if not text:
            self.fault(line, "email", "needs an address like ana@example.org")
            return ""
        try:
            address = parse_address(text)
        except ValueError as error:
            self.fault(line, "email", str(error))
            return ""
        if self._watchful:
            key = _key(address)
            if key in lines:
                already = f"{address} stands on line {lines[key]} already"
                self.fault(line, "email", f"{already}; keep one of them")
                return ""
            lines[key] = line
        return address


def _key(address: str) -> bytes:
    # A short digest instead of the address: a million of them must fit into memory.
    return blake2b(fold(address).encode(), digest_size=15).digest()
