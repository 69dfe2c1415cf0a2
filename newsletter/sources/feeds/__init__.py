"""Feeds on the web."""
