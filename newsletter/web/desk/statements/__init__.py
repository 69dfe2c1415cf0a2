"""Statements at the desk: board, writing, review and approval."""
