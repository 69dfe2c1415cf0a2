"""Makes sent statements searchable."""
