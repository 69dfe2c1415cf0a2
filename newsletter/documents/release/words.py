"""The words and patterns in many languages by which lines of a release are recognised."""

from newsletter.tables import Tables

_RELEASE = Tables("newsletter.documents.release", "words.yaml")
words, alternatives, pattern = _RELEASE.words, _RELEASE.alternatives, _RELEASE.pattern
