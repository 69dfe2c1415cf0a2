"""Statements, their approvals, and where they come from."""
