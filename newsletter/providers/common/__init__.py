"""Parts that all providers share."""
