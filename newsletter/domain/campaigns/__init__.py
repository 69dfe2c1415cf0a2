"""Campaigns: their states, times and languages, digest emails, and notices to staff."""
