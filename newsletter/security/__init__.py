"""Signed links and the clock: the few things with one right way."""
