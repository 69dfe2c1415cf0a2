"""What a person may have meant by a name that there is not."""

from collections.abc import Sequence
from difflib import get_close_matches

_ALIKE = 0.6
_MOST_NAMED = 3


def guess(name: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no name is like it."""
    close = get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return f"; did you mean {close[0]!r}?" if close else ""


def several(name: str, found: Sequence[str]) -> str:
    """That a beginning is that of several names, and what to write."""
    named = ", ".join(found[:_MOST_NAMED]) + (" …" if len(found) > _MOST_NAMED else "")
    return f"several names begin with {name!r}: {named}; write more of it"
