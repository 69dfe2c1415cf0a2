"""The words and patterns in many languages by which lines of a release are recognised."""

from functools import partial

from newsletter.tables import Tables

_RELEASE = Tables("newsletter.documents.release", "words.yaml")
words, alternatives, pattern = _RELEASE.words, _RELEASE.alternatives, _RELEASE.pattern
folded = partial(pattern, flags=0)
"""Compile patterns of a folded text, in which case is no question: three times as fast."""
