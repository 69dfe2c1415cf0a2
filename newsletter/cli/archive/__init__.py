"""Commands about the archive."""
