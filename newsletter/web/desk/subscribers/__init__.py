"""Subscribers, one at a time: who they are, what they agreed to, and what they ask for."""
