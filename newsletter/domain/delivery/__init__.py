"""Batches, what a provider answers, and how fast mail may leave."""
