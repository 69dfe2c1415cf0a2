"""Who is written to, and what they choose for themselves."""
