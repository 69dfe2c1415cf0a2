"""What is kept in mind while a file of ours is read: its faults, and who stood in it before."""

from newsletter.domain.audience import parse_address
from newsletter.domain.errors import Fault
from newsletter.sources.faults import Faults
from newsletter.sources.sightings import Sightings


class Book:
    """Holds nobody. ``watchful`` asks for a fault where an address comes twice."""

    def __init__(self, faults: Faults, *, watchful: bool) -> None:
        self._faults = faults
        self._watchful = watchful
        self._subscribers = Sightings()
        self._suppressed = Sightings()

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

    def _address(self, text: str, line: int, sightings: Sightings) -> str:
        if not text:
            self.fault(line, "email", "needs an address like ana@example.org")
            return ""
        try:
            address = parse_address(text)
        except ValueError as error:
            self.fault(line, "email", str(error))
            return ""
        first = sightings.note(address, line) if self._watchful else 0
        if first:
            self.fault(line, "email", f"{address} stands on line {first} already; keep one of them")
            return ""
        return address
