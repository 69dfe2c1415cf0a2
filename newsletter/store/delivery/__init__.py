"""Batches, from the claim to the last outcome, rate limits, and transactional email."""
