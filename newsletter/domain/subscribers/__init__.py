"""Subscribers and their choices."""
