"""From sources to approved statements."""
