"""Statements, their approvals and their sources."""
