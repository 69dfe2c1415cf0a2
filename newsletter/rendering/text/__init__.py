"""The text part, and words taken out of a mail again."""
