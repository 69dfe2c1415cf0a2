"""Staff accounts and the audit log."""
