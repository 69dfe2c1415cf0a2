"""Records providers' events as delivery states and suppressions."""
