"""Campaigns and whom they go to."""
