"""Batches, the answers of providers, rate limits, and transactional email."""
