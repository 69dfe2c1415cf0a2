"""Turn the trees of web pages and Word files into pieces of Markdown."""
