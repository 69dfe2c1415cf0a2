"""Measures the figures in docs/performance.md; README.md in this folder says how."""
