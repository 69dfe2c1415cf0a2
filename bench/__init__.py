"""What the figures in docs/performance.md were measured with; README.md beside it says how."""
