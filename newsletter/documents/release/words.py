"""The words and patterns by which lines of a release are recognised, in many languages."""

from newsletter.tables import Tables

_RELEASE = Tables("newsletter.documents.release", "words.yaml")
words, alternatives, pattern = _RELEASE.words, _RELEASE.alternatives, _RELEASE.pattern
