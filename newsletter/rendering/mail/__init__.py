"""Turn a statement into a mail: templates, header fields, inlined styles."""
