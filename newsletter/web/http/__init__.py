"""Shared by all pages: forms, limits, connections."""
