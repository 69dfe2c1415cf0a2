"""Chances by a seed, and the parting of tuning and testing."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Draws for one release. The same seed draws the same again, on any machine."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - nothing here is secret
        self._half = seed % 2

    def own(self, options: Sequence[T]) -> T:
        """One of the half of a list that this part of the seeds may see."""
        half = options[self._half :: 2]
        return self._random.choice(half or options)

    def any(self, options: Sequence[T]) -> T:
        """One of a list that both parts see."""
        return self._random.choice(options)

    def some(self, options: Sequence[T], least: int, most: int) -> list[T]:
        """Several different ones, in the order of the list, of the half that this part sees."""
        options = options[self._half :: 2] or options
        count = min(len(options), self.number(least, most))
        places = self._random.sample(range(len(options)), count)
        return [options[place] for place in sorted(places)]

    def number(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(least, most)

    def chance(self, part: float) -> bool:
        """Return whether something happens that happens in this part of all cases."""
        return self._random.random() < part
