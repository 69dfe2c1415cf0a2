"""Import the documents of press offices as Markdown: plain text, web pages, Word files."""
