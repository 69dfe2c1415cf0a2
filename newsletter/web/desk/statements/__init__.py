"""Statements at the desk: where they stand, how they are written, looked at and approved."""
