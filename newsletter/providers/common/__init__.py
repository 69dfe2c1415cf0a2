"""What the translators of all providers share."""
