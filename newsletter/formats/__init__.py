"""Formats of files that people write: encodings, YAML values, dates and times."""
