"""What the archive is asked for."""
