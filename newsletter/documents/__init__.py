"""Documents that press offices have, into Markdown: plain text, web pages, Word files."""
