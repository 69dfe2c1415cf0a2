"""Providers' events."""
