"""Commands about the people on the lists."""
