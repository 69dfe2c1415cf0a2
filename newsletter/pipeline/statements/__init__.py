"""Reads, renders, reviews and approves statements."""
