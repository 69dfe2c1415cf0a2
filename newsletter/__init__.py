"""Carries approved statements from a communications team to its readers' inboxes."""

__version__ = "0.1.0"
