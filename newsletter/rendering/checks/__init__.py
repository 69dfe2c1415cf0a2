"""What must be true of a statement's text, and of a finished mail."""
