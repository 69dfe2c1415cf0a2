"""Batches, from the claim to the last outcome, and transactional email."""
