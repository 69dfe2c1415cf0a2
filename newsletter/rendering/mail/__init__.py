"""A statement into a mail: templates, header fields, inlined styles."""
