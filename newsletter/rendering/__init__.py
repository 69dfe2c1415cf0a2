"""Turn statements into content: Markdown, templates, inlined styles, text part, checks."""
