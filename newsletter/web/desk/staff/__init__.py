"""Accounts of the staff: how they come in, who they are, and what was done."""
