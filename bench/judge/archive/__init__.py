"""The archive before its judges: pages, feeds, site map, structured data and link previews."""
