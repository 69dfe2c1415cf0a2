"""Staff accounts: sign-in, people and the audit log."""
