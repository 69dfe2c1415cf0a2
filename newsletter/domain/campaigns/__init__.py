"""Campaigns: when they go out, in which languages, and the mails that gather others."""
