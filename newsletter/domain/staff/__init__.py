"""Staff: accounts, roles and the audit log."""
