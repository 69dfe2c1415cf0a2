"""The cost of matching a text against a pattern, measured so that a loaded machine says the same.

Only the thread's own time counts, and only in relation: to that of a text an eighth as long, and to
that of the plainest pattern there is.
"""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.attacks.strings import pumped, pumps

_LENGTHS = (500, 4_000)
_FIRST_LENGTHS = (30, 45, 60)
"""A pattern whose time doubles with each word shows it here, and would never end at 4,000."""
_NOTICED = 0.0015  # seconds: below, nothing is wrong whatever the ratio is
_PLAIN = 0.02  # seconds: from here on, other work does not count for much
_STEEP = 2.2
"""Times what a text's length would explain."""
_DEAR = 300.0
"""Times what a step of the plainest pattern costs. Ours cost 53 at most."""
_TRIES = 4


def spent(act: Callable[[], object]) -> float:
    """Seconds of this thread alone."""
    began = time.thread_time()
    act()
    return time.thread_time() - began


def best(act: Callable[[], object], known: float) -> float:
    """The least of several times: what else goes on only ever adds to it."""
    return min(known, *(spent(act) for _ in range(_TRIES)))


def held_against(pattern: re.Pattern[Any], way: str, text: Any) -> Callable[[], object]:
    """One use of a pattern; ``search`` goes on to the end of the text, as ``sub`` does."""
    if way != "search":
        return lambda: getattr(pattern, way)(text)
    return lambda: sum(1 for _ in pattern.finditer(text))


def attacks(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """From a length to a text, for each way to attack a pattern."""
    for pump in pumps(pattern):
        for end in ("\x00", ""):
            yield lambda length, pump=pump, end=end: _typed(pattern, pumped(pump, length) + end)


def steep(
    pattern: re.Pattern[Any], way: str, attack: Callable[[int], Any], *, longest: int | None = None
) -> str:
    """Return the fault in the time of an attack, or "" where it grows with the length."""
    for length in _FIRST_LENGTHS:
        took = _time(pattern, way, attack(length))
        if took > _PLAIN:
            return f"{took * 1000:.0f} ms for {length} letters"
    length = longest or _LENGTHS[-1]
    act = held_against(pattern, way, attack(length))
    took = spent(act)
    if took <= _NOTICED:
        return ""
    # other work only adds to a time, so what passes the first time would pass any time
    dear = most = _DEAR * step() * length
    if longest is None:
        before = _time(pattern, way, attack(_LENGTHS[0]))
        most = min(dear, _STEEP * (length // _LENGTHS[0]) * before)
    took = best(act, took) if took > most else took
    if took > dear:
        return f"{took * 1000:.0f} ms for {length} letters: too much for each"
    return _confirmed(pattern, way, attack, took) if took > most else ""


def _confirmed(
    pattern: re.Pattern[Any], way: str, attack: Callable[[int], Any], took: float
) -> str:
    """Compare texts of which one is four times as long, and too long for other work to count."""
    length = _LENGTHS[-1] if took > _PLAIN else 4 * _LENGTHS[-1]
    short = _time(pattern, way, attack(length // 4))
    long = _time(pattern, way, attack(length))
    if long / short <= _STEEP * 4:
        return ""
    return f"{long * 1000:.0f} ms for {length} letters, {long / short:.0f} times a quarter of them"


def _time(pattern: re.Pattern[Any], way: str, text: Any) -> float:
    act = held_against(pattern, way, text)
    took = spent(act)
    return best(act, took) if took > _NOTICED else max(took, 1e-9)


def step() -> float:
    """Seconds for one step of the plainest pattern, under the load of this moment."""
    act = held_against(re.compile("a"), "search", "a" * 10_000)
    return best(act, 1.0) / 10_000


def _typed(pattern: re.Pattern[Any], text: str) -> Any:
    return text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
