"""Asking providers what they have of an attempt, each in its own words."""
