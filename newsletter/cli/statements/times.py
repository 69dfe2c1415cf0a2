"""A time as the options of commands take it."""

from datetime import datetime

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.schedule import resolve
from newsletter.formats.times import is_local


def instant_of(text: str, zone: str) -> datetime:
    """The instant of a wall time after ``--at``. Raises InvalidInput."""
    if is_local(text):
        message = (
            f"{text!r} is a time by each reader's own clock, and --at sets one moment for all;"
            " write send_at: 09:00 local into the statement's file instead, and take back what"
            " --at has set with 'newsletter statement unschedule'"
        )
        raise InvalidInput([Fault(file="--at", message=message)])
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        why = "" if "isoformat" in str(error) else f" ({error})"
        message = f"{text!r} is not a time{why}; write it like 2026-11-24 14:00"
        raise InvalidInput([Fault(file="--at", message=message)]) from error
    try:
        return resolve(wall, zone)
    except ValueError as error:
        raise InvalidInput([Fault(file="--at", message=str(error))]) from error
