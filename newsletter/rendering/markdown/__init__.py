"""Turn Markdown into tokens and HTML that are safe to send."""
