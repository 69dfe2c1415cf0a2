"""Batches, from a claim to what is known of it, and transactional mail."""
