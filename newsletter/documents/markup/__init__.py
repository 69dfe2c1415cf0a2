"""From the trees of web pages and Word files to pieces of Markdown."""
