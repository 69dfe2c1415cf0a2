"""Check a statement's text, and a finished mail."""
