"""Campaigns, their audiences, and digests."""
