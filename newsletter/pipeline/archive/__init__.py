"""What went out is made findable."""
