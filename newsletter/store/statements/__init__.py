"""Statements, their approvals, comments, drafts and feeds."""
