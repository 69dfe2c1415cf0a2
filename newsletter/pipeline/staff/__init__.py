"""Accounts of the staff: who may come in, and how."""
