"""Shared by the translators of all providers."""
