"""What the archive is searched by."""
