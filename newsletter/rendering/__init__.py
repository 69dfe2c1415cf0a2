"""Statements into content: Markdown, templates, inlined styles, the text part, and checks."""
