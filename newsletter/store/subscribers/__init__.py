"""Subscribers: their data, subscriptions and choices, imports and erasure."""
