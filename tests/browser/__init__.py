"""Our pages and mails in a browser."""
