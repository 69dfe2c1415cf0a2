"""Listing what happened to messages, for those whom no webhook can reach."""
