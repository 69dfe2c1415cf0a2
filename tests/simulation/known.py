"""Faults that are known and not mended yet: the one place that says which they are.

A scenario of such a fault is expected to fail, and no program that a seed gives leads to it.
Whoever mends one takes it off the list, and from then on it is looked for like any other.
"""

from enum import Enum


class Fault(Enum):
    """What goes wrong."""

    REPEAT = "repeat"
    """What waits to be handed over again, since its provider keeps one message of a name, counts as
    cancelled or suppressed when it is ended meanwhile, though it may have arrived."""


KNOWN_OPEN: frozenset[Fault] = frozenset({Fault.REPEAT})
