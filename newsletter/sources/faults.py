"""What is wrong with a file, gathered while it is read."""

from newsletter.domain.errors import Fault, InvalidInput

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
