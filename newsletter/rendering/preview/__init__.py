"""A finished mail as different readers see it."""
