"""The documents as a site: assemble their Markdown, and have Sphinx build it."""
