"""The HTTP API under ``/api/v1``: each operation is declared once, by subject."""
