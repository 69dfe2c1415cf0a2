"""Sends batches and emails, and settles unknown outcomes."""
