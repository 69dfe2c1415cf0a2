"""Statements, what readers get of them, and what a review says."""
