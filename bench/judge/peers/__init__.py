"""The same mails as other programs make them, before the same judges: docs/rendering.md."""
