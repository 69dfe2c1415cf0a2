"""What went out, for everybody who asks."""
